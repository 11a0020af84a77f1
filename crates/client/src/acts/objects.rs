//! What administrators set: control, groups, workloads, tasks, policies.

use serde::de::DeserializeOwned;
use writ_core::envelope::Kind;
use writ_core::names::{Address, Pattern, TaskName};
use writ_core::object::{
    Control, Group, Object, ObjectName, Policy, Preferences, Site, Task, Workload,
};
use writ_core::statement::Set;
use writ_core::view::{Seen, StatusView};

use super::people::segment;
use crate::client::Client;
use crate::error::Error;
use crate::http::Listing;

impl Client {
    /// How the installation is doing.
    pub async fn status(&self) -> Result<StatusView, Error> {
        self.get("/v1/status", &[]).await
    }

    /// Where the installation is reached, and its public keys.
    pub async fn site(&self) -> Result<Seen<Site>, Error> {
        self.seen("/v1/site").await
    }

    /// Whether privileged access is enabled; none if it never was set.
    pub async fn control(&self) -> Result<Seen<Option<Control>>, Error> {
        self.seen("/v1/control").await
    }

    /// All groups.
    pub async fn groups(&self) -> Result<Seen<Vec<Group>>, Error> {
        self.objects(&Listing::ALL).await
    }

    /// One group.
    pub async fn group(&self, address: &Address) -> Result<Seen<Group>, Error> {
        self.one("/v1/groups", address.as_str()).await
    }

    /// All workloads.
    pub async fn workloads(&self) -> Result<Seen<Vec<Workload>>, Error> {
        self.objects(&Listing::ALL).await
    }

    /// All tasks.
    pub async fn tasks(&self) -> Result<Seen<Vec<Task>>, Error> {
        self.objects(&Listing::ALL).await
    }

    /// One task.
    pub async fn task(&self, name: &TaskName) -> Result<Seen<Task>, Error> {
        self.one("/v1/tasks", name.as_str()).await
    }

    /// One task, under its own spelling; none if there is no such task.
    pub async fn known_task(&self, name: &TaskName) -> Result<Option<Task>, Error> {
        match self.task(name).await {
            Ok(task) => Ok(Some(task.value)),
            Err(error) if error.code() == Some("unknown-object") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All policies.
    pub async fn policies(&self) -> Result<Seen<Vec<Policy>>, Error> {
        self.objects(&Listing::ALL).await
    }

    /// One policy.
    pub async fn policy(&self, pattern: &Pattern) -> Result<Seen<Policy>, Error> {
        self.one("/v1/policies", pattern.as_str()).await
    }

    /// What one chose for oneself.
    pub async fn preferences(&self) -> Result<Seen<Preferences>, Error> {
        self.seen("/v1/preferences").await
    }

    async fn one<T: DeserializeOwned>(&self, path: &str, name: &str) -> Result<Seen<T>, Error> {
        self.seen(&format!("{path}/{}", segment(name))).await
    }

    /// Creates or changes an object, if nobody did since it was looked at.
    pub async fn set(&self, object: Object, seen: u64) -> Result<(), Error> {
        let set = Set {
            object: Some(object),
            remove: None,
            seen,
        };
        self.say(Kind::Set, set, &[]).await.map(drop)
    }

    /// Removes an object, if nobody changed it since it was looked at.
    pub async fn remove(&self, name: ObjectName, seen: u64) -> Result<(), Error> {
        let set = Set {
            object: None,
            remove: Some(name),
            seen,
        };
        self.say(Kind::Set, set, &[]).await.map(drop)
    }
}
