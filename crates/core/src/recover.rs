//! Recovering: how a log goes on after an honest restore.
//!
//! A backup is older than the log that was lost, so what was said since is
//! undone: approvals, and revocations too. An administrator signs for that. All
//! that somebody could still act on ends, so that it has to be asked for again,
//! and the log gets another name in its checkpoints: its next **epoch**. One of
//! the log that was lost is then of another log, not a proof of a split one.

use std::sync::Arc;

use crate::decide::Signer;
use crate::digest::Index;
use crate::fact::Fact;
use crate::reading::Reading;
use crate::record::{Ending, Recovery, Status};
use crate::refusal::Refusal;
use crate::state::ended;
use crate::statement::{Principal, Recover};

/// Goes on as entry `at`, which must be the one after what was kept. That the
/// root is that of the kept log, whoever has its tree checks.
pub(crate) fn recover(
    r: &Reading<'_>,
    at: Index,
    signer: &Signer,
    recover: &Recover,
) -> Result<Vec<Fact>, Refusal> {
    signer.administers()?;
    if recover.kept.size != at.0 {
        return Err(Refusal::OtherLog { size: at.0 });
    }
    let recovery = Recovery {
        epoch: r.recovery().map_or(0, |before| before.epoch) + 1,
        at: r.now(),
        by: signer.upn.clone(),
        lost: recover.lost,
        kept: recover.kept,
    };
    let over = r.open_requests().map(|record| {
        let status = match record.grant {
            Some(_) => Status::Revoked,
            None => Status::Denied,
        };
        let ending = Ending {
            at: r.now(),
            by: Some(Principal::Person(signer.upn.clone())),
            comment: Some("the log was restored from a backup; ask again".into()),
            kill: false,
        };
        ended(record, status, ending)
    });
    let recovered = Fact::Recovered {
        recovery: Arc::new(recovery),
    };
    Ok(std::iter::once(recovered).chain(over).collect())
}
