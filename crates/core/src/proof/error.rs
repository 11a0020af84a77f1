//! What can be wrong with a proof, with the place.

use std::fmt;

use crate::digest::{Index, OrganizationId};
use crate::log::CheckpointError;
use crate::proof::file::line_of;

/// Why something is not proved.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProofError {
    /// A line of the file is not spelt as it must be.
    Form {
        /// Which, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// It does not begin with the organization in question.
    OtherOrganization {
        /// The one that it begins with.
        found: OrganizationId,
        /// The one in question.
        expected: OrganizationId,
    },
    /// An entry could not have been accepted.
    Entry {
        /// Which entry of the file, from 0.
        place: usize,
        /// Its index in the log.
        index: Index,
        /// What is wrong.
        problem: String,
    },
    /// No later entry of the file needs this one.
    NotNeeded {
        /// Which entry of the file, from 0.
        place: usize,
        /// Its index in the log.
        index: Index,
    },
    /// The checkpoint is not one of this log.
    Checkpoint(CheckpointError),
    /// Entries and hashes do not lead to the root that was signed.
    NotInLog {
        /// The number of entries in the file.
        entries: usize,
        /// The number of hashes in the file.
        hashes: usize,
    },
    /// The log has another entry at this place.
    AnotherEntry {
        /// The place.
        index: Index,
    },
    /// The ids of several runs begin so.
    SeveralRuns {
        /// The digits.
        digits: String,
    },
    /// The log was shorter, or another one, than the file says.
    AnotherLog {
        /// The size that the file says.
        size: u64,
        /// The size of the log.
        found: u64,
    },
}

impl fmt::Display for ProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form { line, problem } => write!(f, "line {line}: {problem}"),
            Self::OtherOrganization { found, expected } => write!(
                f,
                "line {}: entry 0 founds the organization {found}, and the one in question is \
                 {expected}",
                line_of(0)
            ),
            Self::Entry {
                place,
                index,
                problem,
            } => write!(f, "line {}: entry {index}: {problem}", line_of(*place)),
            Self::NotNeeded { place, index } => write!(
                f,
                "line {}: entry {index} is not needed by any entry below",
                line_of(*place)
            ),
            Self::Checkpoint(error) => write!(f, "the checkpoint at the end: {error}"),
            Self::NotInLog { entries, hashes } => write!(
                f,
                "the {entries} entries and the {hashes} hashes below them do not lead to the root \
                 of the checkpoint: one of them was changed, added or left out"
            ),
            Self::AnotherEntry { index } => {
                write!(
                    f,
                    "entry {index} of the log is another one than in the file"
                )
            }
            Self::SeveralRuns { digits } => {
                write!(
                    f,
                    "the ids of several runs begin with {digits}; give more digits"
                )
            }
            Self::AnotherLog { size, found } if size > found => write!(
                f,
                "the log has {found} entries, and the file was made when it had {size}: the log \
                 was cut"
            ),
            Self::AnotherLog { size, .. } => write!(
                f,
                "the first {size} entries of the log are not those that the checkpoint of the \
                 file is of: one of the two was forged, and both are signed"
            ),
        }
    }
}

impl std::error::Error for ProofError {}
