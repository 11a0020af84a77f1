//! What entries speak of: an approval names its request, and what the request
//! was for is in another entry. Looked up once a page.

use std::collections::BTreeMap;

use writ_core::audit::{Fits, Record, Wanted};
use writ_core::digest::{Digest, ExecutionId, RequestId};
use writ_core::names::TaskName;
use writ_core::view::{ExecutionView, RequestView};

use crate::app::App;
use crate::failure::Failure;
use crate::guard::{Anyone, Caller};
use crate::shown::{Shown, shown};

/// Requests and runs that were looked up.
pub(in crate::portal) struct Known<'a> {
    caller: &'a Caller<Anyone>,
    app: &'a App,
    requests: BTreeMap<Digest, Option<RequestView>>,
    executions: BTreeMap<Digest, Option<ExecutionView>>,
}

impl<'a> Known<'a> {
    /// Nothing yet.
    pub(in crate::portal) fn new(caller: &'a Caller<Anyone>, app: &'a App) -> Self {
        Self {
            caller,
            app,
            requests: BTreeMap::new(),
            executions: BTreeMap::new(),
        }
    }

    /// A request.
    pub(super) async fn request(&mut self, id: RequestId) -> Result<Option<RequestView>, Failure> {
        if let Some(known) = self.requests.get(&id.0) {
            return Ok(known.clone());
        }
        let found = look::<RequestView>(self.caller, self.app, id.0).await?;
        self.requests.insert(id.0, found.clone());
        Ok(found)
    }

    /// A run.
    pub(super) async fn execution(
        &mut self,
        id: ExecutionId,
    ) -> Result<Option<ExecutionView>, Failure> {
        if let Some(known) = self.executions.get(&id.0) {
            return Ok(known.clone());
        }
        let found = look::<ExecutionView>(self.caller, self.app, id.0).await?;
        self.executions.insert(id.0, found.clone());
        Ok(found)
    }

    /// The task of a statement that asked for one or ran one.
    async fn task(&mut self, id: Digest) -> Result<Option<TaskName>, Failure> {
        if let Some(request) = self.request(RequestId(id)).await? {
            return Ok(Some(request.task));
        }
        let execution = self.execution(ExecutionId(id)).await?;
        Ok(execution.map(|execution| execution.task))
    }

    /// Whether a record is wanted.
    pub(super) async fn fits(&mut self, wanted: &Wanted, record: &Record) -> Result<bool, Failure> {
        Ok(match wanted.fits(record) {
            Fits::Yes => true,
            Fits::No => false,
            Fits::IfTaskOf(earlier) => {
                let task = self.task(earlier).await?;
                let covers = |task| wanted.task.as_ref().is_none_or(|want| want.covers(task));
                task.as_ref().is_some_and(covers)
            }
        })
    }
}

async fn look<V: Shown>(
    caller: &Caller<Anyone>,
    app: &App,
    id: Digest,
) -> Result<Option<V>, Failure> {
    if let Some(open) = V::of_state(caller.state(), id) {
        return Ok(Some(open));
    }
    match app.engine().store().row(V::NOUN, id).await? {
        Some(row) => shown(caller.state(), &row),
        None => Ok(None),
    }
}
