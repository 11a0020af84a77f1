//! `[[webhook]]` in `writ.toml`: what is said, and what is checked of it at start.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io::Read as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::hmac::Key;
use reqwest::{Certificate, Url};
use serde::Deserialize;
use toml::Spanned;
use writ_core::names::{Name, Pattern};
use writ_core::secret::Secret;

use super::allow::{Allow, address};
use super::filter::{Filter, kinds};
use super::sign;
use crate::Wrong;

/// Where Slack's own methods are.
const SLACK: &str = "https://slack.com/api/";
/// What no webhook is called.
const MAIL: &str = crate::post::Post::NAME;
/// The most that a file with a key or a token may hold, in bytes.
const LONGEST_FILE: u64 = 16 << 10;

/// One `[[webhook]]`, as `writ.toml` has it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    name: Spanned<String>,
    #[serde(default)]
    format: Format,
    url: Option<Spanned<String>>,
    url_file: Option<Spanned<PathBuf>>,
    events: Option<Vec<Spanned<String>>>,
    tasks: Option<Vec<Spanned<String>>>,
    secret_files: Option<Spanned<Vec<Spanned<PathBuf>>>>,
    channel: Option<Spanned<String>>,
    token_file: Option<Spanned<PathBuf>>,
    api: Option<Spanned<String>>,
    #[serde(default)]
    allow: Vec<Spanned<String>>,
    ca_file: Option<Spanned<PathBuf>>,
}

/// What is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    CloudEvents,
    Slack,
    Teams,
}

impl fmt::Debug for Settings {
    /// Without the URL: whoever knows it may post, in Slack and in Teams.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// One endpoint, checked.
#[derive(Clone)]
pub struct Config {
    pub(super) name: String,
    pub(super) target: Target,
    pub(super) filter: Filter,
    pub(super) allow: Allow,
    pub(super) authorities: Vec<Certificate>,
}

/// What is sent, and where to.
#[derive(Clone)]
pub(super) enum Target {
    /// Events for a program.
    Events { url: Url, keys: Vec<Key> },
    /// Messages for a channel, through an incoming webhook of Slack.
    SlackHook { url: Url },
    /// Messages for a channel, by a token, so that they can be updated.
    SlackApp {
        api: Url,
        channel: String,
        token: Arc<Secret>,
    },
    /// Cards for a channel or chat of Teams.
    Teams { url: Url },
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// The name of the endpoint.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Checks all of them; paths start in `folder`.
pub fn check_all(all: &[Settings], folder: &Path) -> Result<Vec<Config>, Wrong> {
    let (mut names, mut files) = (BTreeSet::new(), BTreeSet::new());
    for settings in all {
        let own = settings.secret_files.iter().flat_map(Spanned::get_ref);
        for file in own {
            if !files.insert(folder.join(file.get_ref())) {
                let problem = "is named twice: each webhook has keys of its own, so that none of \
                               those that know one can pretend to another";
                return Err(wrong(file.span(), "secret_files", problem.into()));
            }
        }
        if settings.name.get_ref().eq_ignore_ascii_case(MAIL) {
            let problem = format!("`{MAIL}` is what the sink of mails is called");
            return Err(wrong(settings.name.span(), "name", problem));
        }
        if !names.insert(settings.name.get_ref().to_ascii_lowercase()) {
            let problem = format!("another webhook is called `{}`", settings.name.get_ref());
            return Err(wrong(settings.name.span(), "name", problem));
        }
    }
    all.iter().map(|settings| settings.check(folder)).collect()
}

impl Settings {
    /// Checks one; paths start in `folder`, where `writ.toml` lies.
    pub fn check(&self, folder: &Path) -> Result<Config, Wrong> {
        let name = Name::parse(self.name.get_ref())
            .map_err(|error| wrong(self.name.span(), "name", error.to_string()))?;
        let allow = self.allow()?;
        let target = self.target(folder, &allow)?;
        let hosts = match &target {
            Target::Events { url, .. } | Target::SlackHook { url } | Target::Teams { url } => url,
            Target::SlackApp { api, .. } => api,
        };
        let host = hosts.host_str().unwrap_or_default();
        let stray = |text: &&Spanned<String>| {
            let text = text.get_ref().to_ascii_lowercase();
            allow.names().contains(&text) && text != host
        };
        if let Some(stray) = self.allow.iter().find(stray) {
            let problem = format!("calls go to `{host}`, not to `{}`", stray.get_ref());
            return Err(wrong(stray.span(), "allow", problem));
        }
        Ok(Config {
            name: name.to_string(),
            target,
            filter: self.filter()?,
            allow,
            authorities: self.authorities(folder)?,
        })
    }

    fn allow(&self) -> Result<Allow, Wrong> {
        let mut allow = Allow::default();
        for text in &self.allow {
            let added = allow.add(text.get_ref());
            added.map_err(|problem| wrong(text.span(), "allow", problem))?;
        }
        Ok(allow)
    }

    fn filter(&self) -> Result<Filter, Wrong> {
        let mut filter = match self.format {
            Format::CloudEvents => Filter::everything(),
            Format::Slack | Format::Teams => Filter::for_people(),
        };
        if let Some(events) = &self.events {
            let mut wanted = BTreeSet::new();
            for text in events {
                let found = kinds(text.get_ref());
                wanted.extend(found.map_err(|why| wrong(text.span(), "events", why))?);
            }
            if wanted.is_empty() {
                let problem = "names no event; leave the line out for the usual ones".into();
                return Err(wrong(self.name.span(), "events", problem));
            }
            filter = filter.only(wanted);
        }
        let mut tasks = Vec::new();
        for text in self.tasks.iter().flatten() {
            let pattern = Pattern::parse(text.get_ref());
            tasks.push(pattern.map_err(|e| wrong(text.span(), "tasks", e.to_string()))?);
        }
        Ok(filter.of(tasks))
    }

    fn target(&self, folder: &Path, allow: &Allow) -> Result<Target, Wrong> {
        let here = || self.name.span();
        let unused = |at: Option<Range<usize>>, key: &str, why: &str| match at {
            Some(at) => Err(wrong(at, key, why.into())),
            None => Ok(()),
        };
        if self.format != Format::Slack || self.channel.is_none() {
            let why = "only with format = \"slack\" and a channel";
            let channel = self.channel.as_ref().map(Spanned::span);
            unused(channel, "channel", why)?;
            unused(
                self.token_file.as_ref().map(Spanned::span),
                "token_file",
                why,
            )?;
            unused(self.api.as_ref().map(Spanned::span), "api", why)?;
        }
        let keys = self.secret_files.as_ref();
        if self.format != Format::CloudEvents {
            let why = "only calls of format = \"cloudevents\" are signed";
            unused(keys.map(Spanned::span), "secret_files", why)?;
        }
        if let (Format::Slack, Some(channel)) = (self.format, &self.channel) {
            let why = "give either a url, or a channel and a token_file";
            unused(self.url.as_ref().map(Spanned::span), "url", why)?;
            unused(self.url_file.as_ref().map(Spanned::span), "url_file", why)?;
            return self.slack_app(channel, folder, allow);
        }
        let url = self.url(folder, allow)?;
        match self.format {
            Format::Slack => Ok(Target::SlackHook { url }),
            Format::Teams => Ok(Target::Teams { url }),
            Format::CloudEvents => {
                let missing = || {
                    let problem = "is missing: name a file with a key that calls are signed \
                                   with; make one with: (umask 077; openssl rand -base64 32 | \
                                   sed s/^/whsec_/ >webhook.key)";
                    wrong(here(), "secret_files", problem.into())
                };
                let keys = self.keys(keys.ok_or_else(missing)?, folder)?;
                Ok(Target::Events { url, keys })
            }
        }
    }

    fn slack_app(
        &self,
        channel: &Spanned<String>,
        folder: &Path,
        allow: &Allow,
    ) -> Result<Target, Wrong> {
        let missing = || {
            let problem = "is missing: a channel is posted to with the token of a bot".into();
            wrong(channel.span(), "token_file", problem)
        };
        let file = self.token_file.as_ref().ok_or_else(missing)?;
        let token = private(file, "token_file", folder)?;
        let token = Secret::new(token.expose().trim_ascii().to_vec());
        let is_token = |byte: &u8| byte.is_ascii_graphic();
        if token.expose().is_empty() || !token.expose().iter().all(is_token) {
            let problem = "holds no token: one line, such as xoxb-…".into();
            return Err(wrong(file.span(), "token_file", problem));
        }
        let api = match &self.api {
            Some(api) => {
                let base = format!("{}/", api.get_ref().trim_end_matches('/'));
                address_of(&base, allow).map_err(|why| wrong(api.span(), "api", why))?
            }
            None => address_of(SLACK, allow).map_err(|why| wrong(channel.span(), "api", why))?,
        };
        let name = channel.get_ref();
        if name.is_empty() || name.chars().any(|c| c.is_whitespace() || c.is_control()) {
            let problem = "the channel's id, such as C0123456789".into();
            return Err(wrong(channel.span(), "channel", problem));
        }
        Ok(Target::SlackApp {
            api,
            channel: name.clone(),
            token: Arc::new(token),
        })
    }

    fn url(&self, folder: &Path, allow: &Allow) -> Result<Url, Wrong> {
        match (&self.url, &self.url_file) {
            (Some(url), None) => {
                address_of(url.get_ref(), allow).map_err(|why| wrong(url.span(), "url", why))
            }
            (None, Some(file)) => {
                let at = |why: String| wrong(file.span(), "url_file", why);
                let text = private(file, "url_file", folder)?;
                let text = std::str::from_utf8(text.expose()).map_err(|_| at("no text".into()))?;
                address_of(text.trim(), allow).map_err(at)
            }
            (Some(url), Some(_)) => {
                let problem = "give either url or url_file".into();
                Err(wrong(url.span(), "url", problem))
            }
            (None, None) => {
                let problem =
                    "is missing: where to call, such as https://hooks.example/writ".into();
                Err(wrong(self.name.span(), "url", problem))
            }
        }
    }

    fn keys(
        &self,
        files: &Spanned<Vec<Spanned<PathBuf>>>,
        folder: &Path,
    ) -> Result<Vec<Key>, Wrong> {
        const KEY: &str = "secret_files";
        if !(1..=2).contains(&files.get_ref().len()) {
            let problem = "name one file, or two while the key is replaced".into();
            return Err(wrong(files.span(), KEY, problem));
        }
        let key = |file: &Spanned<PathBuf>| {
            let text = private(file, KEY, folder)?;
            let shown = file.get_ref().display();
            sign::key(text.expose())
                .map_err(|why| wrong(file.span(), KEY, format!("{shown}: {why}")))
        };
        files.get_ref().iter().map(key).collect()
    }

    fn authorities(&self, folder: &Path) -> Result<Vec<Certificate>, Wrong> {
        let Some(file) = &self.ca_file else {
            return Ok(Vec::new());
        };
        let path = folder.join(file.get_ref());
        let bad = |why: &dyn fmt::Display| {
            wrong(file.span(), "ca_file", format!("{}: {why}", path.display()))
        };
        let text = fs::read(&path).map_err(|error| bad(&error))?;
        match Certificate::from_pem_bundle(&text) {
            Ok(found) if !found.is_empty() => Ok(found),
            Ok(_) | Err(_) => Err(bad(&"holds no certificate in PEM")),
        }
    }
}

fn wrong(at: Range<usize>, key: &str, problem: String) -> Wrong {
    let key = format!("webhook.{key}");
    Wrong { at, key, problem }
}

/// A URL that may be called as far as it can be told without looking its name up.
/// What it says of a bad one does not hold it.
fn address_of(text: &str, allow: &Allow) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("is no URL: {error}"))?;
    let host = url.host_str().unwrap_or_default();
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a user or a password; calls are signed instead".into());
    }
    if let Some(ip) = address(host) {
        allow.admits(host, ip)?;
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if allow.names_host(host) => Ok(url),
        "http" => Err(format!(
            "calls go over https; if `{host}` is this host or one on a network of yours: allow = \
             [\"{host}\"]"
        )),
        scheme => Err(format!("calls go over https, not over {scheme}")),
    }
}

/// What a file holds that nobody else may read.
fn private(file: &Spanned<PathBuf>, key: &str, folder: &Path) -> Result<Secret, Wrong> {
    let path = folder.join(file.get_ref());
    let shown = path.display();
    let bad = |why: &dyn fmt::Display| wrong(file.span(), key, format!("{shown}: {why}"));
    let mut open = fs::File::open(&path).map_err(|error| bad(&error))?;
    let about = open.metadata().map_err(|error| bad(&error))?;
    if is_open_to_others(&about) {
        return Err(bad(&format_args!(
            "others may read it; type: chmod 600 {shown}"
        )));
    }
    if about.len() >= LONGEST_FILE {
        return Err(bad(&format_args!("is longer than {LONGEST_FILE} bytes")));
    }
    // As long as it can be from the start: what grows leaves copies behind.
    let mut held = Vec::with_capacity(usize::try_from(LONGEST_FILE).unwrap_or_default());
    let read = open.by_ref().take(LONGEST_FILE).read_to_end(&mut held);
    read.map_err(|error| bad(&error))?;
    Ok(Secret::new(held))
}

#[cfg(unix)]
fn is_open_to_others(about: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    about.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn is_open_to_others(_: &fs::Metadata) -> bool {
    false
}
