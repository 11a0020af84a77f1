//! Sight: who may read what. One function says so, [`may_read`], wherever
//! something is shown.
//!
//! A **resource** is something that can be shown, with what the answer turns
//! on: whose it is, and which groups are asked about it. A **reader** is who
//! is signed in, or nobody. Groups are looked up in State when somebody looks,
//! so whoever leaves a group sees no more from then on.
//!
//! Whoever may not read something gets the answer that they would get if it
//! were not there. `tests/sight.txt` has the table of readers and resources.

use crate::names::{Address, Upn};
use crate::object::{PersonKind, Role};
use crate::state::State;
use crate::view::{ExecutionView, RequestView};

/// Something that can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// What names nobody: the organization's id and keys, the log's hashes,
    /// its checkpoint and its proofs of inclusion.
    Public,
    /// What everybody works with: groups, workloads, tasks, policies, control.
    Shared,
    /// How a workload is reached.
    Settings,
    /// Who there is.
    People,
    /// One person, their keys and what they chose.
    Person(Upn),
    /// An app, with its manifest.
    App(Upn),
    /// A request.
    Request {
        /// Whose.
        by: Upn,
        /// Which app it is for, if it is for one.
        app: Option<Upn>,
        /// Who installed that.
        installer: Option<Upn>,
        /// Who may be asked to approve it.
        asked: Vec<Address>,
    },
    /// An execution.
    Execution {
        /// For whom it runs.
        by: Upn,
    },
    /// What an execution put out.
    Output {
        /// For whom it ran.
        by: Upn,
        /// Who may read it besides.
        readers: Vec<Address>,
    },
    /// The entries of the log.
    Log,
    /// Figures about how the node works.
    Figures,
}

impl Resource {
    /// A request is for its requester, its possible approvers, and the groups that are
    /// told when those are slow.
    pub fn request(view: &RequestView) -> Self {
        Self::Request {
            by: view.by.clone(),
            app: view.app.as_ref().map(|app| app.upn.clone()),
            installer: view.app.as_ref().map(|app| app.installer.clone()),
            asked: view.stages.iter().map(|s| s.group.clone()).collect(),
        }
    }

    /// An execution is for whom it runs.
    pub fn execution(view: &ExecutionView) -> Self {
        let by = view.by.clone();
        Self::Execution { by }
    }

    /// Output is for whom it ran, and for the readers that the policy names
    /// which governs the task now.
    pub fn output(state: &State, view: &ExecutionView) -> Self {
        let governed = state.governing(&view.task, state.time());
        let readers = governed.map(|governed| governed.rule.policy.output_readers);
        Self::Output {
            by: view.by.clone(),
            readers: readers.into_iter().flatten().collect(),
        }
    }
}

/// Whether a role, or none, reads everything.
pub const fn reads_everything(role: Option<Role>) -> bool {
    match role {
        Some(Role::Auditor | Role::Administrator) => true,
        Some(Role::Installer) | None => false,
    }
}

/// Whether a reader may read a resource: in this State, and nobody unless it is
/// public. The one place that says so.
pub fn may_read(state: &State, reader: Option<&Upn>, resource: &Resource) -> bool {
    let active = reader
        .and_then(|upn| state.person(upn))
        .filter(|p| p.active);
    let Some(person) = active else {
        return *resource == Resource::Public;
    };
    let me = &person.upn;
    let is_in = |group: &Address| state.is_member(group, me);
    // Who is told when a group is slow can see of what, and decides nothing by it.
    let hears_of = |group: &Address| {
        let group = state.group(group);
        let further = group.and_then(|group| group.escalate_to.as_ref());
        further.is_some_and(is_in)
    };
    // Nobody else's program learns who works here.
    let is_app = person.kind == PersonKind::App;
    let is_me = |upn: &Option<Upn>| upn.as_ref() == Some(me);
    if is_app {
        return match resource {
            Resource::Public => true,
            Resource::Person(upn) | Resource::App(upn) => upn == me,
            Resource::Request { app, .. } => is_me(app),
            Resource::Execution { by } | Resource::Output { by, .. } => by == me,
            Resource::Shared
            | Resource::Settings
            | Resource::People
            | Resource::Log
            | Resource::Figures => false,
        };
    }
    reads_everything(person.role)
        || match resource {
            Resource::Public | Resource::Shared | Resource::App(_) => true,
            Resource::Settings | Resource::People | Resource::Log | Resource::Figures => false,
            Resource::Person(upn) => upn == me,
            Resource::Request {
                by,
                installer,
                asked,
                ..
            } => {
                by == me
                    || is_me(installer)
                    || asked.iter().any(|group| is_in(group) || hears_of(group))
            }
            Resource::Execution { by } => by == me,
            Resource::Output { by, readers } => by == me || readers.iter().any(is_in),
        }
}
