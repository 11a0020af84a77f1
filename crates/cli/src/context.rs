//! What every command is told: which profile, which server, which form.

use clap::ValueEnum;
use inquire::Confirm;
use writ_client::{Client, Profile, Profiles};
use writ_core::digest::OrganizationId;

use crate::args::Global;
use crate::exit::Failure;
use crate::node::DataDirectory;
use crate::output::is_interactive;

/// In which form results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// For people.
    #[default]
    Table,
    /// For programs.
    Json,
    /// For programs, and easier to read.
    Yaml,
}

/// What every command is told.
#[derive(Debug)]
pub(crate) struct Context {
    global: Global,
    pub(crate) profiles: Profiles,
}

impl Context {
    pub(crate) fn new(global: Global) -> Result<Self, Failure> {
        let profiles = Profiles::new(global.config_home.clone())?.trusting(global.ca_file.clone());
        Ok(Self { global, profiles })
    }

    /// Whether what is printed is read by programs: JSON, or the same as YAML.
    pub(crate) fn is_json(&self) -> bool {
        self.global.output != Form::Table
    }

    /// The profile that was named on the command line.
    pub(crate) fn named_profile(&self) -> Option<&str> {
        self.global.profile.as_deref()
    }

    /// The server that was named on the command line.
    pub(crate) fn named_server(&self) -> Option<&str> {
        self.global.server.as_deref()
    }

    /// The profile to act as.
    pub(crate) fn profile(&self) -> Result<Profile, Failure> {
        Ok(self.profiles.get(self.named_profile())?)
    }

    /// Speaks to the server as that profile.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        Ok(Client::new(self.profile()?, self.named_server())?)
    }

    /// Speaks to a server at some address as that profile.
    pub(crate) fn client_at(&self, url: &str) -> Result<Client, Failure> {
        Ok(Client::new(self.profile()?, Some(url))?)
    }

    /// Another data directory.
    pub(crate) fn data_at(&self, path: &str) -> Result<DataDirectory, Failure> {
        Ok(DataDirectory::new(Some(path.into()))?)
    }

    /// The data directory of a node on this machine.
    pub(crate) fn data(&self) -> Result<DataDirectory, Failure> {
        Ok(DataDirectory::new(self.global.data_dir.clone())?)
    }

    /// The profile to act as on the host of an organization's node.
    pub(crate) fn profile_of(&self, organization: OrganizationId) -> Result<Profile, Failure> {
        let profile = self.profile()?;
        match profile.account().organization == organization {
            true => Ok(profile),
            false => Err(Failure::usage(format!(
                "the profile `{}` is of another organization than the data directory; name one of \
                 an administrator there: --profile NAME",
                profile.name()
            ))),
        }
    }

    /// Asks before what cannot be undone: where nobody can be asked, the answer
    /// must have been given.
    pub(crate) fn insist(&self, question: &str, yes: bool) -> Result<(), Failure> {
        match yes || (!self.is_json() && is_interactive()) {
            true => self.confirm(question, yes),
            false => Err(Failure::usage(format!(
                "{question} Nothing was done, since there is nobody to ask here; if that is \
                 meant, say so: --yes"
            ))),
        }
    }

    /// Asks, if there is somebody to ask and the answer is not given already.
    pub(crate) fn confirm(&self, question: &str, yes: bool) -> Result<(), Failure> {
        if yes || self.is_json() || !is_interactive() {
            return Ok(());
        }
        match Confirm::new(question).with_default(false).prompt() {
            Ok(true) => Ok(()),
            Ok(false) => Err(Failure::usage("nothing was done")),
            Err(error) => Err(Failure::usage(format!("nothing was done: {error}"))),
        }
    }
}
