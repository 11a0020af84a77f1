//! Apps: installing them, asking for them, and what they may run.
//!
//! An **installer** sets apps up and asks **for** them; what is asked is what the
//! app's manifest says and nothing else. The app runs what was granted, and
//! neither asks nor approves, but for one thing: where nobody decided in time it
//! may ask for the same again, once a day. What was denied or revoked stays so
//! until the manifest or the dataset is another.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::dataset::{Dataset, Extraction, Manifest, Subjects, Wanted, is_data, texts};
use crate::decide::Signer;
use crate::digest::RequestId;
use crate::fact::Fact;
use crate::names::{TaskName, Upn};
use crate::object::{Person, PersonKind, Role, Task};
use crate::reading::{Governed, Reading};
use crate::record::{AppAsk, Asked, Before, Ending, ExecutionRecord, RequestRecord, Status};
use crate::refusal::Refusal;
use crate::request::limits_under;
use crate::state::{State, ended};
use crate::statement::Request;
use crate::time::Seconds;
use crate::value::{Constraint, Values};

/// How long an app gets what it asked for: 180 days, where the policy has no less.
pub const APP_DURATION: Seconds = Seconds(4_320 * 3_600);

/// The rules for setting a person that is an app, or was one.
pub(crate) fn admit(before: Option<&Person>, person: &Person) -> Result<(), Refusal> {
    let is_app = person.kind == PersonKind::App;
    let bad = |problem: &str| Refusal::App {
        app: person.upn.clone(),
        problem: problem.to_owned(),
    };
    if before.is_some_and(|before| (before.kind == PersonKind::App) != is_app) {
        return Err(bad("no person becomes an app, and no app a person"));
    }
    match (&person.manifest, is_app) {
        (Some(_), false) => Err(bad("only apps have a manifest")),
        (None, false) => Ok(()),
        (None, true) => Err(bad("an app needs a manifest")),
        (Some(_), true) if person.role.is_some() => Err(bad("an app has no role")),
        (Some(members), true) => match Manifest::read(members) {
            Ok(_) => Ok(()),
            Err(problem) => Err(bad(&problem)),
        },
    }
}

/// Refuses whoever may not set this person: administrators may, and installers
/// an app.
pub(crate) fn may_set(r: &Reading<'_>, signer: &Signer, person: &Person) -> Result<(), Refusal> {
    let was_app = || {
        let before = r.person(&person.upn);
        before.is_none_or(|before| before.kind == PersonKind::App)
    };
    match signer.installs() && person.kind == PersonKind::App && was_app() {
        true => Ok(()),
        false => signer.administers(),
    }
}

/// The app as it is now, with its manifest.
fn app<'a>(r: &Reading<'a>, upn: &Upn) -> Result<(&'a Arc<Person>, Manifest), Refusal> {
    let person = r.active(upn)?;
    let manifest = person.manifest.as_ref().map(Manifest::read);
    match (person.kind, manifest) {
        (PersonKind::App, Some(Ok(manifest))) => Ok((person, manifest)),
        (PersonKind::App | PersonKind::Human | PersonKind::Service, _) => Err(Refusal::App {
            app: upn.clone(),
            problem: "it is no app, and only for apps somebody else asks".into(),
        }),
    }
}

/// The dataset that a task is; `None` where its workload has no datasets.
fn dataset(governed: &Governed) -> Result<Option<Dataset>, Refusal> {
    match is_data(&governed.workload) {
        false => Ok(None),
        true => read(&governed.task).map(Some),
    }
}

fn read(task: &Task) -> Result<Dataset, Refusal> {
    Dataset::read(&task.template).map_err(|problem| Refusal::Parameters {
        task: task.name.clone(),
        problem,
    })
}

/// What a request for an app holds beside what every request holds; none where
/// somebody asks for oneself.
pub(crate) fn asked_for(
    r: &Reading<'_>,
    signer: &Signer,
    governed: &Governed,
    ask: &Request,
) -> Result<Option<Arc<AppAsk>>, Refusal> {
    let task = &governed.task.name;
    let (upn, dataset) = match (&ask.on_behalf_of, dataset(governed)?) {
        (None, None) => return Ok(None),
        (None, Some(_)) => return Err(Refusal::AppsOnly { task: task.clone() }),
        (Some(_), None) => return Err(Refusal::NotDataset { task: task.clone() }),
        (Some(upn), Some(dataset)) => (upn, dataset),
    };
    let (person, manifest) = app(r, upn)?;
    let odd = |problem: String| Refusal::App {
        app: upn.clone(),
        problem,
    };
    let wanted = manifest
        .wants(task)
        .ok_or_else(|| odd(format!("its manifest wants nothing of {task}")))?;
    let constraints = wanted.constraints(&dataset).map_err(odd)?;
    if constraints != ask.parameters {
        return Err(odd(format!(
            "the request is not for what its manifest wants of {task}"
        )));
    }
    let definition = dataset.fingerprint(&wanted.columns).map_err(odd)?;
    let said = r.asked(upn, task);
    let same = said.filter(|said| said.is(&manifest.version, definition, &ask.parameters));
    let taken = same.and_then(|said| said.taken);
    if let (Some(said), Some(status @ (Status::Denied | Status::Revoked))) = (same, taken) {
        return Err(Refusal::StaysSo {
            request: said.request,
            status: status.name(),
        });
    }
    let installer = match signer.is_app() {
        false => {
            signer.installs_or_administers()?;
            signer.upn.clone()
        }
        true => again(r, signer, upn, task, same)?,
    };
    // What it has now, for whoever decides: the newest grant.
    let before = r.grants_of(upn).filter(|grant| grant.task == *task);
    let before = before.max_by_key(|grant| (grant.raised, grant.id));
    let before = match before {
        None => None,
        Some(found) => {
            let found = r.request(found.id)?;
            found
                .grant
                .as_ref()
                .zip(found.app.as_ref())
                .map(|(grant, app)| Before {
                    request: found.id,
                    version: app.manifest.version.clone(),
                    definition: app.definition,
                    limits: grant.limits.clone(),
                })
        }
    };
    Ok(Some(Arc::new(AppAsk {
        upn: upn.clone(),
        name: person.name.clone(),
        installer,
        manifest: manifest.head(),
        definition,
        before,
    })))
}

impl State {
    /// What a run of an app's grant gives to read as much as may be, with the key
    /// to go on after, or why nothing can be read.
    pub fn readable(&self, grant: &RequestRecord) -> Result<(Values, Option<String>), String> {
        let values = Wanted::most(grant.limits())?;
        let task = self.task(&grant.task).ok_or("the dataset is gone")?;
        let dataset = Dataset::read(&task.template)?;
        if !is_as_approved(&dataset, grant) {
            return Err(
                "the dataset is defined in another way than when it was approved; it \
                        has to be asked for anew"
                    .into(),
            );
        }
        let asked = Extraction::read(&dataset, &values)?;
        let key = asked.key(&dataset).map(|key| key.name.clone());
        Ok((values, key))
    }

    /// What an app that wants this may ask for again by itself, as far as it is
    /// what was last asked for it and nobody took it away.
    pub fn repeatable(&self, app: &Person, wanted: &Wanted) -> Option<&Asked> {
        let manifest = Manifest::read(app.manifest.as_ref()?).ok()?;
        let dataset = Dataset::read(&self.task(&wanted.dataset)?.template).ok()?;
        let parameters = wanted.constraints(&dataset).ok()?;
        let definition = dataset.fingerprint(&wanted.columns).ok()?;
        let said = self.asked(&app.upn, &wanted.dataset)?;
        let is_same = said.is(&manifest.version, definition, &parameters);
        (is_same && said.taken.is_none()).then_some(said)
    }
}

/// Who installed an app that asks again by itself, where it may.
fn again(
    r: &Reading<'_>,
    signer: &Signer,
    upn: &Upn,
    task: &TaskName,
    same: Option<&Arc<Asked>>,
) -> Result<Upn, Refusal> {
    let first = || Refusal::InstallerAsks {
        task: task.clone(),
        app: upn.clone(),
    };
    if signer.upn != *upn {
        return Err(signer.as_app_only_runs());
    }
    let said = same.filter(|said| said.taken.is_none()).ok_or_else(first)?;
    // What it has it need not ask for.
    let has = r.grants_of(upn).find(|grant| {
        let app = grant.app.as_ref();
        grant.task == *task
            && grant.parameters == said.parameters
            && app.is_some_and(|app| {
                app.definition == said.definition && app.manifest.version == said.version
            })
    });
    if let Some(grant) = has {
        return Err(Refusal::AlreadyPending { request: grant.id });
    }
    let from = said.again_from();
    match r.now() < from {
        true => Err(Refusal::AskedToday {
            task: task.clone(),
            from,
        }),
        false => Ok(said.installer.clone()),
    }
}

/// What a new grant of an app replaces: its others for the same dataset.
pub(crate) fn replaced(r: &Reading<'_>, granted: &RequestRecord) -> Vec<Fact> {
    let Some(app) = &granted.app else {
        return Vec::new();
    };
    let others: Vec<RequestId> = r
        .grants_of(&app.upn)
        .filter(|other| other.task == granted.task && other.id != granted.id)
        .map(|other| other.id)
        .collect();
    let others = others.into_iter().filter_map(|id| r.request(id).ok());
    others
        .map(|other| {
            let ending = Ending {
                at: r.now(),
                by: None,
                comment: Some(format!("replaced by {}", granted.id.short())),
                kill: false,
            };
            ended(other, Status::Ended, ending)
        })
        .collect()
}

/// Whether a dataset is still defined as it was when a request for an app was
/// raised, as far as the columns turn on it that were asked for then.
fn is_as_approved(dataset: &Dataset, request: &RequestRecord) -> bool {
    let columns = request.parameters.get("columns");
    let columns = columns.map_or_else(Vec::new, Constraint::texts);
    let app = request.app.as_ref();
    app.is_some_and(|app| dataset.fingerprint(&columns).ok() == Some(app.definition))
}

/// What a run of a dataset asks for has to be what was granted, of a dataset
/// that is what it was then. Says nothing of other tasks.
pub(crate) fn may_extract(
    governed: &Governed,
    grant: &RequestRecord,
    values: &Values,
) -> Result<(), Refusal> {
    let Some(dataset) = dataset(governed)? else {
        return Ok(());
    };
    let task = &governed.task.name;
    let Some(app) = &grant.app else {
        return Err(Refusal::AppsOnly { task: task.clone() });
    };
    // INVARIANT: what is read is defined as it was when it was approved.
    if !is_as_approved(&dataset, grant) {
        return Err(Refusal::DatasetChanged {
            task: task.clone(),
            app: app.upn.clone(),
        });
    }
    let no = |problem| Refusal::Parameters {
        task: task.clone(),
        problem,
    };
    let granted = Wanted::most(grant.limits()).map_err(no)?;
    for name in AS_GRANTED {
        if set(values, name).map_err(no)? != set(&granted, name).map_err(no)? {
            return Err(no(format!(
                "`{name}` must be what was granted, all of it and no more: see GET /v1/data"
            )));
        }
    }
    Extraction::read(&dataset, values).map_err(no).map(drop)
}

/// Whose rows are read and which of them. An app that chose less could tell from
/// what is missing whose a row is.
const AS_GRANTED: [&str; 3] = ["scope", "filter", "deny"];

fn set(values: &Values, name: &str) -> Result<BTreeSet<String>, String> {
    Ok(texts(values, name)?.into_iter().collect())
}

/// Refuses an approval that leaves an app nothing that it could read.
pub(crate) fn may_narrow(r: &Reading<'_>, approved: &RequestRecord) -> Result<(), Refusal> {
    if approved.app.is_none() {
        return Ok(());
    }
    let Some(task) = r.task(&approved.task) else {
        return Ok(());
    };
    let limits = limits_under(approved, &approved.approvals);
    let dataset = read(task)?;
    let most = Wanted::most(&limits).and_then(|values| Extraction::read(&dataset, &values));
    most.map(drop).map_err(|problem| Refusal::Parameters {
        task: approved.task.clone(),
        problem: format!("the app could read nothing with that: {problem}"),
    })
}

/// Whom a run is about, as groups are now; nobody in particular where it is
/// none of a dataset.
pub(crate) fn subjects(
    r: &Reading<'_>,
    record: &ExecutionRecord,
) -> Result<Option<Arc<Subjects>>, String> {
    if !is_data(&record.definition.workload) {
        return Ok(None);
    }
    let dataset = Dataset::read(&record.definition.task.template)?;
    let asked = Extraction::read(&dataset, &record.parameters)?;
    Ok(Some(Arc::new(r.subjects(&asked))))
}

/// Pending requests that an app's manifest no longer asks for.
pub(crate) fn outdated(r: &Reading<'_>, signer: &Signer, person: &Person) -> Vec<Fact> {
    if person.kind != PersonKind::App {
        return Vec::new();
    }
    let manifest = person.manifest.as_ref().map(Manifest::read);
    let manifest = manifest.and_then(Result::ok);
    let is_wanted = |record: &RequestRecord, app: &AppAsk| {
        let manifest = manifest.as_ref();
        manifest
            .filter(|m| m.version == app.manifest.version)
            .is_some_and(|m| {
                let wanted = m.wants(&record.task);
                let task = r.task(&record.task);
                let dataset = task.and_then(|task| Dataset::read(&task.template).ok());
                wanted.zip(dataset).is_some_and(|(wanted, dataset)| {
                    wanted.constraints(&dataset).ok().as_ref() == Some(&record.parameters)
                })
            })
    };
    let pending = r
        .open_requests()
        .filter(|record| record.status == Status::Pending);
    pending
        .filter(|record| {
            let app = record.app.as_ref().filter(|app| app.upn == person.upn);
            app.is_some_and(|app| !person.active || !is_wanted(record, app))
        })
        .map(|record| {
            let ending = Ending {
                at: r.now(),
                by: Some(crate::statement::Principal::Person(signer.upn.clone())),
                comment: None,
                kill: false,
            };
            ended(record, Status::Superseded, ending)
        })
        .collect()
}

/// Whether a role, or none, installs apps.
pub(crate) const fn installs(role: Option<Role>) -> bool {
    match role {
        Some(Role::Installer | Role::Administrator) => true,
        Some(Role::Auditor) | None => false,
    }
}
