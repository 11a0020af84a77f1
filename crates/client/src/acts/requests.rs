//! Asking, deciding, ending.

use std::time::Duration;

use tokio::time::sleep;
use writ_core::digest::RequestId;
use writ_core::envelope::Kind;
use writ_core::names::TaskName;
use writ_core::record::Status;
use writ_core::statement::{Approve, End, Request};
use writ_core::time::{Seconds, Time};
use writ_core::value::Constraints;
use writ_core::view::RequestView;

use crate::client::Client;
use crate::error::Error;
use crate::http::Listing;

/// How often to look whether a request was decided.
const LOOK: Duration = Duration::from_secs(1);

/// What somebody asks for.
#[derive(Clone, Debug)]
pub struct Asking {
    /// Which task.
    pub task: TaskName,
    /// Why.
    pub reason: String,
    /// The ticket it is for.
    pub ticket: Option<String>,
    /// For how long.
    pub duration: Option<Seconds>,
    /// With which parameters.
    pub parameters: Constraints,
    /// From when.
    pub start: Option<Time>,
    /// How often.
    pub runs: Option<u64>,
}

/// How an approval gives less than was asked for.
#[derive(Clone, Debug, Default)]
pub struct Narrowing {
    /// Why.
    pub comment: Option<String>,
    /// For a shorter time.
    pub duration: Option<Seconds>,
    /// With narrower parameters.
    pub parameters: Constraints,
}

/// How a request is ended.
#[derive(Clone, Debug, Default)]
pub struct Ending {
    /// Why.
    pub comment: Option<String>,
    /// Whether runs in flight are killed.
    pub kill: bool,
}

impl Client {
    /// Raises a request; answers its id and what became of it.
    pub async fn request(&self, asking: Asking) -> Result<(RequestId, Vec<String>), Error> {
        let request = Request {
            task: asking.task,
            reason: asking.reason,
            duration_s: asking.duration,
            parameters: asking.parameters,
            start: asking.start,
            ticket: asking.ticket,
            runs: asking.runs,
            on_behalf_of: None,
        };
        let said = self.say(Kind::Request, request, &[]).await?;
        Ok((RequestId(said.digest), said.posted.facts))
    }

    /// Approves; answers what became of it.
    pub async fn approve(
        &self,
        request: RequestId,
        narrowing: Narrowing,
    ) -> Result<Vec<String>, Error> {
        let approve = Approve {
            request,
            comment: narrowing.comment,
            duration_s: narrowing.duration,
            parameters: narrowing.parameters,
        };
        let said = self.say(Kind::Approve, approve, &[]).await?;
        Ok(said.posted.facts)
    }

    /// Cancels, denies or revokes; answers what became of it.
    pub async fn end(&self, request: RequestId, ending: Ending) -> Result<Vec<String>, Error> {
        let end = End {
            request,
            comment: ending.comment,
            kill: ending.kill,
        };
        let said = self.say(Kind::End, end, &[]).await?;
        Ok(said.posted.facts)
    }

    /// One request, by its id or the first digits of it.
    pub async fn show(&self, id: &str) -> Result<RequestView, Error> {
        self.get(&format!("/v1/requests/{id}"), &[]).await
    }

    /// Waits until a request is decided, and shows it each time it looks.
    pub async fn decision(
        &self,
        mut view: RequestView,
        mut show: impl FnMut(&RequestView),
    ) -> Result<RequestView, Error> {
        while view.status == Status::Pending {
            show(&view);
            sleep(LOOK).await;
            view = self.show(&view.id.to_string()).await?;
        }
        Ok(view)
    }

    /// Requests, the newest first.
    pub async fn requests(&self, listing: &Listing) -> Result<Vec<RequestView>, Error> {
        self.list("/v1/requests", listing).await
    }

    /// Live grants, the one ending first first.
    pub async fn grants(&self, listing: &Listing) -> Result<Vec<RequestView>, Error> {
        Ok(self.seen_list("/v1/grants", listing).await?.value)
    }
}
