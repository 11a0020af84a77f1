//! Apps: installing them, asking for them, and reading as one.

use writ_core::dataset::{Dataset, Manifest, Wanted};
use writ_core::digest::{ExecutionId, RequestId};
use writ_core::envelope::Kind;
use writ_core::names::{TaskName, Upn};
use writ_core::object::{Invitation, Object, Person, PersonKind};
use writ_core::statement::Request;
use writ_core::time::{Seconds, Time};
use writ_core::value::Constraints;
use writ_core::view::{AccessView, PersonView, Seen};

use crate::client::Client;
use crate::code::Code;
use crate::error::Error;

/// How long an app's invitation lasts: 7 days.
const INVITED: Seconds = Seconds(7 * 86_400);
/// Why an app is asked for, where nobody says more.
const REASON: &str = "An app installed for your organization requires approval for access to data.";

/// An app that was set up, and what became of each request for it.
#[derive(Debug)]
pub struct Installed {
    /// The code by which it enrols its key, shown once; none where it has one.
    pub code: Option<(Code, Time)>,
    /// Each dataset that it wants, with its request or why there is none.
    pub asked: Vec<(String, Result<RequestId, Error>)>,
}

impl Client {
    /// All apps.
    pub async fn apps(&self) -> Result<Seen<Vec<PersonView>>, Error> {
        self.get("/v1/apps", &[]).await
    }

    /// One app.
    pub async fn app(&self, upn: &Upn) -> Result<Seen<PersonView>, Error> {
        let Seen { seen, value } = self.apps().await?;
        let found = value.into_iter().find(|app| app.upn == *upn);
        let value = found
            .ok_or_else(|| Error::Usage(format!("there is no app {upn}; see: writ app list")))?;
        Ok(Seen { seen, value })
    }

    /// Sets an app up as its manifest says, and asks for each dataset that it wants.
    pub async fn install(
        &self,
        upn: &Upn,
        name: Option<String>,
        manifest: &Manifest,
        reason: Option<&str>,
    ) -> Result<Installed, Error> {
        let apps = self.apps().await?;
        let found = apps.value.iter().find(|app| app.upn == *upn);
        let members = manifest.members().map_err(Error::Usage)?;
        let mut person = Person {
            kind: PersonKind::App,
            name,
            manifest: Some(members),
            ..Person::new(upn.clone())
        };
        let mut code = None;
        if found.is_none_or(|app| app.keys.is_empty() || !app.active) {
            let new = Code::invitation(self.account().organization);
            let until = self.http.now().plus(INVITED);
            person.invitation = Some(Invitation {
                key: new.key(self.account().organization, upn).public(),
                until,
            });
            code = Some((new, until));
        }
        self.set(Object::Person(person.into()), apps.seen).await?;
        let mut asked = Vec::new();
        for wanted in &manifest.datasets {
            let request = self.ask_for(upn, wanted, reason.unwrap_or(REASON)).await;
            asked.push((wanted.dataset.to_string(), request));
        }
        Ok(Installed { code, asked })
    }

    async fn ask_for(&self, upn: &Upn, wanted: &Wanted, reason: &str) -> Result<RequestId, Error> {
        let task = self.task(&wanted.dataset).await?.value;
        let dataset = Dataset::read(&task.template).map_err(Error::Usage)?;
        let parameters = wanted.constraints(&dataset).map_err(Error::Usage)?;
        self.ask_of(upn, task.name, parameters, reason).await
    }

    /// Asks again, as an app, for what nobody decided in time.
    pub async fn ask_again(
        &self,
        dataset: TaskName,
        parameters: Constraints,
    ) -> Result<RequestId, Error> {
        let app = self.account().upn.clone();
        self.ask_of(&app, dataset, parameters, REASON).await
    }

    async fn ask_of(
        &self,
        app: &Upn,
        task: TaskName,
        parameters: Constraints,
        reason: &str,
    ) -> Result<RequestId, Error> {
        let request = Request {
            task,
            reason: reason.to_owned(),
            duration_s: None,
            parameters,
            start: None,
            ticket: None,
            runs: None,
            on_behalf_of: Some(app.clone()),
        };
        let said = self.say(Kind::Request, request, &[]).await?;
        Ok(RequestId(said.digest))
    }

    /// Takes all power from an app, at once.
    pub async fn remove_app(&self, upn: &Upn) -> Result<(), Error> {
        let Seen { seen, value: app } = self.app(upn).await?;
        let person = Person {
            kind: PersonKind::App,
            name: app.name,
            manifest: app.manifest,
            active: false,
            ..Person::new(upn.clone())
        };
        self.set(Object::Person(person.into()), seen).await
    }

    /// What one may read as an app.
    pub async fn access(&self) -> Result<AccessView, Error> {
        self.get("/v1/data", &[]).await
    }

    /// Reads the rows of a run as they come; fails where they were not all.
    pub async fn pull(
        &self,
        id: ExecutionId,
        show: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let session = self.session().await?;
        self.http
            .stream(&format!("/v1/data/{id}"), session, show)
            .await
    }
}
