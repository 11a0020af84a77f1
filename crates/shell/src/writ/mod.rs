//! The host over the client: each cmdlet is one act of `writ-client`, signed by
//! the person's own key.

mod audit;
mod control;
mod executions;
mod groups;
mod objects;
mod policies;
mod refused;
mod requests;
mod runs;
mod typed;

use std::collections::BTreeSet;

use async_trait::async_trait;
use writ_client::{Client, Listing, Profile, Profiles};
use writ_core::names::{Address, Upn};
use writ_core::time::Time;

use crate::binder::Bound;
use crate::complete::Known;
use crate::host::{Console, Described, Host, Invocation, Listed};
use crate::record::{ErrorRecord, Reason};
use crate::values::{Object, Value};

use self::audit::Searches;
use self::refused::refused;

/// What comes of a cmdlet.
type Done = Result<Vec<Value>, ErrorRecord>;

/// How many requests are listed where nobody said how many.
const MOST: usize = 1_000;
/// How many ids are known to the prompt.
const MOST_KNOWN: usize = 100;

/// Does what cmdlets say as one of the people who signed in on this machine.
#[derive(Debug)]
pub struct Writ {
    profiles: Profiles,
    /// Who, and where, if that was named.
    profile: Option<String>,
    server: Option<String>,
    client: Option<Client>,
    searches: Searches,
    /// Whether somebody was to sign in, and could not.
    is_nobody: bool,
}

impl Writ {
    /// As the profile that is named, or the one that is used where none is.
    pub fn new(profiles: Profiles, profile: Option<String>, server: Option<String>) -> Self {
        Self {
            profiles,
            profile,
            server,
            client: None,
            searches: Searches::default(),
            is_nobody: false,
        }
    }

    /// Speaks to the server.
    fn client(&mut self) -> Result<&Client, ErrorRecord> {
        if self.is_nobody {
            let message = "Nobody is signed in, since the last one who was to sign in could not, or \
                           signed out: nothing is done as somebody else.";
            let record = ErrorRecord::new(Reason::Usage, "NotConnected", message);
            return Err(record.with_next("Connect-ExchangeOnline -UserPrincipalName UPN"));
        }
        if self.client.is_none() {
            let profile = self
                .profiles
                .get(self.profile.as_deref())
                .map_err(refused)?;
            let client = Client::new(profile, self.server.as_deref()).map_err(refused)?;
            self.client = Some(client);
        }
        let missing = || ErrorRecord::new(Reason::Usage, "NotConnected", "Nobody is signed in.");
        self.client.as_ref().ok_or_else(missing)
    }

    /// Asks what the rules would say, and says nothing.
    fn client_that_only_tries(&mut self) -> Result<Client, ErrorRecord> {
        // Whether anybody is signed in.
        self.client()?;
        let profile = self.profiles.get(self.profile.as_deref());
        let client = Client::new(profile.map_err(refused)?, self.server.as_deref());
        Ok(client.map_err(refused)?.that_only_tries())
    }

    /// What the prompt can complete; nothing, if nobody answers.
    pub async fn known(&mut self) -> Known {
        let Ok(client) = self.client() else {
            return Known::default();
        };
        let all = Listing {
            with: vec![("scope", "all".to_owned())],
            most: MOST_KNOWN,
        };
        let requests = client.requests(&all).await.unwrap_or_default();
        let groups = client.groups().await.map(|seen| seen.value);
        let groups = groups.unwrap_or_default();
        let listed = runs::listed(client).await.unwrap_or_default();
        let tasks: Vec<_> = listed.into_iter().map(|listed| listed.task).collect();
        let mut people: BTreeSet<String> =
            requests.iter().map(|view| view.by.to_string()).collect();
        people.insert(client.upn().to_string());
        let members = groups.iter().flat_map(|group| &group.members);
        people.extend(members.map(ToString::to_string));
        let groups: Vec<_> = groups
            .iter()
            .map(|group| group.address.to_string())
            .collect();
        Known {
            requests: requests.iter().map(|view| view.id.short()).collect(),
            parameters: runs::parameters(client, &tasks).await,
            people: people
                .into_iter()
                .filter(|name| !groups.contains(name))
                .collect(),
            tasks,
            groups,
            ..Known::default()
        }
    }

    /// Goes on as somebody who signed in on this machine.
    async fn sign_in(&mut self, bound: &Bound, console: &mut dyn Console) -> Done {
        // Until this one is, nobody is: what follows is not said by who was before.
        self.is_nobody = true;
        let named = bound.text("UserPrincipalName");
        let profile = match &named {
            Some(name) => self.profile_of(name)?,
            None => {
                let named = self.profile.as_deref();
                self.profiles.get(named).map_err(refused)?
            }
        };
        // Another person goes to their own server, and not to where somebody else was.
        let server = match named {
            Some(_) => None,
            None => self.server.clone(),
        };
        let server = bound.text("ConnectionUri").or(server);
        let name = profile.name().to_owned();
        let client = Client::new(profile, server.as_deref()).map_err(refused)?;
        let who = client.who_am_i().await.map_err(refused)?;
        self.is_nobody = false;
        self.profile = Some(name);
        self.server = server;
        self.searches = Searches::default();
        let client = self.client.insert(client);
        let is_quiet = bound
            .get("ShowBanner")
            .is_some_and(|shown| !shown.is_true());
        if !is_quiet {
            console.err(&format!(
                "Signed in as {} at {}. Your key {} signs what you do.",
                who.upn,
                client.url(),
                who.key.short()
            ));
        }
        Ok(Vec::new())
    }

    /// Goes on as nobody.
    fn sign_out(&mut self, console: &mut dyn Console) -> Vec<Value> {
        self.is_nobody = true;
        self.client = None;
        self.searches = Searches::default();
        console.err("Nobody is signed in here any more. Your key stays on this machine.");
        Vec::new()
    }

    /// The profile of a person, or of that name.
    fn profile_of(&self, name: &str) -> Result<Profile, ErrorRecord> {
        let upn = Upn::parse(name).map_err(|error| usage(error.to_string()))?;
        for known in self.profiles.names() {
            let profile = self.profiles.get(Some(&known)).map_err(refused)?;
            if profile.account().upn == upn {
                return Ok(profile);
            }
        }
        let message = format!("{upn} never signed in on this machine.");
        let record = ErrorRecord::new(Reason::Usage, "NotConnected", message);
        Err(record.with_next(format!("writ login URL --as {upn}")))
    }
}

#[async_trait]
impl Host for Writ {
    async fn call(&mut self, bound: &Bound, console: &mut dyn Console) -> Done {
        let name = bound.cmdlet.name;
        if matches!(name, "Connect-ExchangeOnline" | "Connect-EXOPSSession") {
            return self.sign_in(bound, console).await;
        }
        if name == "Search-UnifiedAuditLog" {
            let mut searches = std::mem::take(&mut self.searches);
            let done = match self.client() {
                Ok(client) => searches.search(client, bound, console).await,
                Err(error) => Err(error),
            };
            self.searches = searches;
            return done;
        }
        if name == "Disconnect-ExchangeOnline" {
            return Ok(self.sign_out(console));
        }
        perform(self.client()?, bound, console).await
    }

    async fn try_call(
        &mut self,
        bound: &Bound,
        console: &mut dyn Console,
    ) -> Result<(), ErrorRecord> {
        let client = self.client_that_only_tries()?;
        tried(perform(&client, bound, console).await)
    }

    async fn try_invoke(
        &mut self,
        invocation: &Invocation,
        console: &mut dyn Console,
    ) -> Result<String, ErrorRecord> {
        let client = self.client_that_only_tries()?;
        tried(runs::run(&client, invocation, console).await)?;
        let described = runs::described(&client, &invocation.task).await?;
        let known = described.map(|described| described.task);
        Ok(known.unwrap_or_else(|| invocation.task.clone()))
    }

    fn now(&self) -> Time {
        writ_client::now()
    }

    async fn described(&mut self, task: &str) -> Result<Option<Described>, ErrorRecord> {
        runs::described(self.client()?, task).await
    }

    async fn tasks(&mut self) -> Result<Vec<Listed>, ErrorRecord> {
        runs::listed(self.client()?).await
    }

    async fn invoke(&mut self, invocation: &Invocation, console: &mut dyn Console) -> Done {
        runs::run(self.client()?, invocation, console).await
    }
}

/// Does what a cmdlet says: one act of the client.
async fn perform(client: &Client, bound: &Bound, console: &mut dyn Console) -> Done {
    let name = bound.cmdlet.name;
    match name {
        "Enable-ElevatedAccessControl" => control::enable(client, bound, console).await,
        "Get-ElevatedAccessControl" => control::get(client).await,
        "Get-ElevatedAccessExecution" => executions::get(client, bound).await,
        "Disable-ElevatedAccessControl" => control::disable(client, bound, console).await,
        "New-ElevatedAccessApprovalPolicy" => policies::new(client, bound, console).await,
        "Get-ElevatedAccessApprovalPolicy" => policies::get(client, bound).await,
        "Set-ElevatedAccessApprovalPolicy" => policies::set(client, bound, console).await,
        "Remove-ElevatedAccessApprovalPolicy" => policies::remove(client, bound).await,
        "New-ElevatedAccessRequest" => requests::new(client, bound, console).await,
        "Get-ElevatedAccessRequest" => requests::get(client, bound, console).await,
        "Approve-ElevatedAccessRequest" => requests::approve(client, bound, console).await,
        "Deny-ElevatedAccessRequest" => requests::deny(client, bound, console).await,
        "Get-ElevatedAccessAuthorization" => requests::authorizations(client, bound).await,
        "Revoke-ElevatedAccessAuthorization" => requests::revoke(client, bound, console).await,
        "New-ElevatedAccessGroup" => groups::new(client, bound).await,
        "Get-ElevatedAccessGroup" => groups::get(client, bound).await,
        "Set-ElevatedAccessGroup" => groups::set(client, bound).await,
        "Remove-ElevatedAccessGroup" => groups::remove(client, bound).await,
        other => Err(ErrorRecord::unknown_command(other)),
    }
}

/// What would be done is no error of a trial, and neither is what there was nothing to
/// say for.
fn tried(done: Done) -> Result<(), ErrorRecord> {
    match done {
        Ok(_) => Ok(()),
        Err(record) if record.id == refused::ONLY_TRIED => Ok(()),
        Err(record) => Err(record),
    }
}

/// What was typed cannot be meant.
fn usage(message: impl Into<String>) -> ErrorRecord {
    ErrorRecord::new(Reason::Usage, "InvalidArgument", message)
}

/// The address in a parameter, if it was given.
fn address(bound: &Bound, name: &str) -> Result<Option<Address>, ErrorRecord> {
    let text = bound.text(name);
    text.map(|text| Address::parse(&text).map_err(|error| usage(error.to_string())))
        .transpose()
}

/// The addresses in a parameter, if it was given.
fn addresses(bound: &Bound, name: &str) -> Result<Option<Vec<Address>>, ErrorRecord> {
    let read = |text: &String| Address::parse(text).map_err(|error| usage(error.to_string()));
    bound
        .texts(name)
        .map(|texts| texts.iter().map(read).collect())
        .transpose()
}

/// An id as people type it: the first digits, 4 at least, with or without dashes.
fn id(text: &str) -> Result<String, ErrorRecord> {
    let digits = text.trim().replace('-', "").to_ascii_lowercase();
    let is_prefix =
        (4..=64).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
    match is_prefix {
        true => Ok(digits),
        false => Err(usage(format!(
            "'{}' is no id; give one, or at least its first 4 digits.",
            text.escape_debug()
        ))
        .with_next("Get-ElevatedAccessRequest | ft Identity, RequestedAccess, RequestStatus")),
    }
}

fn one(object: Object) -> Vec<Value> {
    vec![Value::Object(object)]
}
