//! What a store may answer instead.

/// What went wrong, and what is certain all the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The log is not at the head that the batch builds on. Nothing was written.
    /// Read what is new, decide again.
    #[error("the log has moved on (it holds {size} entries); nothing was written")]
    Conflict {
        /// How many entries the log holds.
        size: u64,
    },
    /// The batch may or may not have been written. Ask for the head until it
    /// answers; its answer is final.
    #[error("whether the batch was written is not known, look at the head: {0}")]
    Unknown(String),
    /// The disk is full. Nothing was written; trying again helps once there is room.
    #[error("the disk is full, nothing was written: {0}")]
    Full(String),
    /// The store cannot be used now, or not by this program. Nothing was written;
    /// trying again may help.
    #[error("the store cannot be used, nothing was written: {0}")]
    Unavailable(String),
    /// What is there contradicts itself, or the batch contradicts itself or what
    /// is there. Nothing was written; trying again will not help.
    #[error("the store contradicts itself: {0}")]
    Corrupt(String),
}
