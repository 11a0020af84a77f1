//! Secret bytes: a **secret** is cleared when it is dropped, and has no form
//! in which it could be shown, logged or written by mistake.
//!
//! ```compile_fail
//! let secret = writ_core::secret::Secret::new(b"value".to_vec());
//! println!("{secret:?}");
//! ```

use zeroize::Zeroizing;

/// The longest that a secret may be, in bytes: 64 KiB.
pub const MAX_SECRET: usize = 64 << 10;

/// Bytes that nobody but their target may read. Neither `Debug` nor `Display`,
/// neither `Clone` nor `PartialEq`: whoever needs the bytes must say so.
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes bytes over; nobody else should have a copy.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes themselves.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}
