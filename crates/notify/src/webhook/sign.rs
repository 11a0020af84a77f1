//! The signature of a call, in the form of Standard Webhooks.
//!
//! HMAC-SHA-256 over `id.timestamp.body` with each of the endpoint's keys: a receiver
//! that knows any one of them can check it, so a key is replaced without a gap.

use std::fmt::Write as _;

use aws_lc_rs::hmac::{Context, HMAC_SHA256, Key};
use data_encoding::BASE64;

/// What marks a key that is written in base64.
const MARK: &str = "whsec_";
/// The shortest key, in bytes.
const SHORTEST: usize = 32;
/// And the longest.
const LONGEST: usize = 1_024;

/// The key that a file holds: the text itself, or what it stands for in base64.
pub(super) fn key(file: &[u8]) -> Result<Key, String> {
    let text = file.trim_ascii();
    let key = match text.strip_prefix(MARK.as_bytes()) {
        Some(coded) => BASE64
            .decode(coded)
            .map_err(|_| format!("what follows `{MARK}` is not base64"))?,
        None => text.to_vec(),
    };
    match key.len() {
        0..SHORTEST => Err(format!(
            "the key has {} bytes and needs {SHORTEST} at least; make one with: \
             openssl rand -base64 32 | sed s/^/{MARK}/",
            key.len()
        )),
        SHORTEST..=LONGEST => Ok(Key::new(HMAC_SHA256, &key)),
        _ => Err(format!("the key is longer than {LONGEST} bytes")),
    }
}

/// The value of `webhook-signature`: one signature for each key.
pub(super) fn signature(keys: &[Key], id: &str, timestamp: i64, body: &[u8]) -> String {
    let mut all = String::new();
    for key in keys {
        let mut context = Context::with_key(key);
        context.update(format!("{id}.{timestamp}.").as_bytes());
        context.update(body);
        let space = if all.is_empty() { "" } else { " " };
        let coded = BASE64.encode(context.sign().as_ref());
        let _ = write!(all, "{space}v1,{coded}");
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that the libraries of Standard Webhooks are tested with:
    /// <https://github.com/standard-webhooks/standard-webhooks>, `libraries/`. Its key
    /// is shorter than the ones taken here.
    #[test]
    fn the_published_example_is_signed_alike() {
        let key = BASE64.decode(b"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let key = Key::new(HMAC_SHA256, &key);
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let body = br#"{"test": 2432232314}"#;
        let wanted = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(
            signature(std::slice::from_ref(&key), id, 1_614_265_330, body),
            wanted
        );
        let both = signature(&[key.clone(), key], id, 1_614_265_330, body);
        assert_eq!(both, format!("{wanted} {wanted}"));
    }

    #[test]
    fn keys_are_text_or_base64_and_long_enough() {
        for (file, wanted) in [
            ("0123456789abcdef0123456789abcdef\n", None),
            ("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n", None),
            ("short", Some("has 5 bytes")),
            ("", Some("has 0 bytes")),
            (
                "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                Some("has 24 bytes"),
            ),
            ("whsec_not base64", Some("not base64")),
        ] {
            match (key(file.as_bytes()), wanted) {
                (Ok(_), None) => {}
                (Err(error), Some(wanted)) => assert!(error.contains(wanted), "{error}"),
                (Ok(_), Some(_)) | (Err(_), None) => panic!("{file}"),
            }
        }
    }
}
