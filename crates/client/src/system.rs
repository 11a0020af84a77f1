//! The machine: its clock, its randomness, its name. The only file that asks.

use std::process::Command;

use writ_core::key::SigningKey;
use writ_core::time::Time;
use zeroize::Zeroizing;

/// The time on this machine.
pub fn now() -> Time {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks the system"
    )]
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let millis = since.map(|since| since.as_millis()).unwrap_or_default();
    Time(i64::try_from(millis).unwrap_or(i64::MAX))
}

/// Bytes that nobody can foretell.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(
        clippy::expect_used,
        reason = "without randomness nothing here is safe"
    )]
    aws_lc_rs::rand::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}

/// A key that was never anywhere else.
pub fn new_key() -> SigningKey {
    SigningKey::from_seed(Zeroizing::new(random()))
}

/// What the machine is called, to label its key by.
pub fn computer_name() -> String {
    let asked = Command::new("uname").arg("-n").output();
    let asked = asked.map(|output| output.stdout).unwrap_or_default();
    let named = std::env::var("COMPUTERNAME").unwrap_or_default();
    let name: String = String::from_utf8_lossy(&asked)
        .trim()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || ".-_".contains(*c))
        .take(60)
        .collect();
    [name, named, "this computer".to_owned()]
        .into_iter()
        .find(|name| !name.is_empty())
        .unwrap_or_default()
}
