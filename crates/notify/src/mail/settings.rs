//! `[mail]` of `writ.toml`.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use jiff::civil;
use jiff::tz::TimeZone;
use lettre::message::Mailbox;
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio_rustls::rustls::pki_types::ServerName;
use toml::Spanned;
use writ_core::value::is_plain;

use super::address::address;
use super::config::{Config, Login, Private, Server, authorities, connector, password};
use crate::Wrong;

/// What `[mail]` says. [`check`](Self::check) makes a [`Config`] of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    host: Spanned<String>,
    port: Option<Spanned<u16>>,
    tls: Option<Spanned<Mode>>,
    from: Spanned<String>,
    reply_to: Option<Spanned<String>>,
    user: Option<Spanned<String>>,
    password_file: Option<Spanned<PathBuf>>,
    /// Known, so that no error shows the line with it.
    password: Option<Spanned<IgnoredAny>>,
    ca_file: Option<Spanned<PathBuf>>,
    time_zone: Option<Spanned<String>>,
    digest_at: Option<Spanned<String>>,
}

/// How the connection to the mail server is kept private.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It begins in the clear and must become TLS before anything is said.
    #[default]
    StartTls,
    /// It is TLS from its first byte.
    Tls,
    /// It is not: only to a server on this host.
    None,
}

impl Mode {
    /// The port that servers listen on for it.
    const fn port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

fn wrong<T>(value: &Spanned<T>, key: &str, problem: impl Into<String>) -> Wrong {
    Wrong {
        at: value.span(),
        key: format!("mail.{key}"),
        problem: problem.into(),
    }
}

impl Settings {
    /// Checks all of it, and reads the files that it names. Paths start at `folder`,
    /// where `writ.toml` lies.
    pub fn check(&self, folder: &Path) -> Result<Config, Wrong> {
        let reply_to = self.reply_to.as_ref();
        Ok(Config {
            server: self.server(folder)?,
            login: self.login(folder)?,
            from: mailbox(&self.from, "from")?,
            reply_to: reply_to.map(|to| mailbox(to, "reply_to")).transpose()?,
            zone: self.zone()?,
            digest_at: self.digest_at()?,
        })
    }

    fn server(&self, folder: &Path) -> Result<Server, Wrong> {
        let host = self.host.get_ref();
        let Ok(name) = ServerName::try_from(host.clone()) else {
            let problem = format!(
                "`{}` is not the name of a host, nor an address",
                host.escape_debug()
            );
            return Err(wrong(&self.host, "host", problem));
        };
        let tls = self
            .tls
            .as_ref()
            .map_or(Mode::default(), |tls| *tls.get_ref());
        if tls == Mode::None && !is_loopback(host) {
            let at = self.tls.as_ref().map_or(self.host.span(), Spanned::span);
            let problem = "\"none\" is only for a mail server on this host (localhost): what is \
                           sent to another one could be read and changed on its way";
            return Err(Wrong {
                at,
                key: "mail.tls".into(),
                problem: problem.into(),
            });
        }
        let port = match &self.port {
            None => tls.port(),
            Some(port) if *port.get_ref() == 0 => {
                return Err(wrong(port, "port", "from 1 to 65535"));
            }
            Some(port) => *port.get_ref(),
        };
        let private = match tls {
            Mode::StartTls => Private::StartTls(self.connector(folder)?),
            Mode::Tls => Private::Tls(self.connector(folder)?),
            Mode::None => Private::Loopback,
        };
        Ok(Server {
            host: host.clone(),
            name,
            port,
            private,
        })
    }

    fn login(&self, folder: &Path) -> Result<Option<Login>, Wrong> {
        if let Some(password) = &self.password {
            let problem = "a password does not belong into this file: write it into a file of \
                           its own that only the node can read, and name that in password_file";
            return Err(wrong(password, "password", problem));
        }
        let (user, file) = match (&self.user, &self.password_file) {
            (None, None) => return Ok(None),
            (Some(user), None) => {
                let problem = "there is no password_file: name the file with the password of \
                               this user";
                return Err(wrong(user, "user", problem));
            }
            (None, Some(file)) => {
                let problem = "there is no user: say whose password this is";
                return Err(wrong(file, "password_file", problem));
            }
            (Some(user), Some(file)) => (user, file),
        };
        let name = user.get_ref();
        if name.is_empty() || !name.chars().all(|c| is_plain(c, false)) {
            return Err(wrong(
                user,
                "user",
                "it is empty, or holds what cannot be seen",
            ));
        }
        let path = folder.join(file.get_ref());
        let password = password(&path).map_err(|problem| {
            wrong(
                file,
                "password_file",
                format!("{}: {problem}", path.display()),
            )
        })?;
        Ok(Some(Login {
            user: name.clone(),
            password,
            file: path,
        }))
    }

    fn connector(&self, folder: &Path) -> Result<tokio_rustls::TlsConnector, Wrong> {
        let Some(file) = &self.ca_file else {
            return connector(Vec::new()).map_err(|problem| {
                let problem = format!(
                    "{problem}: install the package ca-certificates, or name the authority of \
                     the mail server in ca_file"
                );
                wrong(&self.host, "ca_file", problem)
            });
        };
        let path = folder.join(file.get_ref());
        authorities(&path)
            .and_then(connector)
            .map_err(|problem| wrong(file, "ca_file", format!("{}: {problem}", path.display())))
    }

    fn zone(&self) -> Result<TimeZone, Wrong> {
        let Some(zone) = &self.time_zone else {
            return Ok(TimeZone::UTC);
        };
        match zone.get_ref().as_str() {
            "UTC" => Ok(TimeZone::UTC),
            name => TimeZone::get(name).map_err(|_| {
                let problem = format!(
                    "this host knows no time zone `{}`; write it like \"Europe/Zurich\" (they \
                     are in the package tzdata)",
                    name.escape_debug()
                );
                wrong(zone, "time_zone", problem)
            }),
        }
    }

    fn digest_at(&self) -> Result<civil::Time, Wrong> {
        let Some(at) = &self.digest_at else {
            return Ok(civil::time(8, 0, 0, 0));
        };
        let text = at.get_ref();
        let time = civil::Time::strptime("%H:%M", text).ok();
        time.filter(|_| text.len() == 5)
            .ok_or_else(|| wrong(at, "digest_at", "write it as hours and minutes: \"08:00\""))
    }
}

/// Whether nothing leaves this host on the way there.
fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn mailbox(value: &Spanned<String>, key: &str) -> Result<Mailbox, Wrong> {
    let problem = |problem: &str| {
        let example = "write it as \"writ@contoso.com\" or \"Writ <writ@contoso.com>\"";
        wrong(value, key, format!("{problem}; {example}"))
    };
    if !value.get_ref().chars().all(|c| is_plain(c, false)) {
        return Err(problem("it holds what cannot be seen"));
    }
    let mailbox: Mailbox = value
        .get_ref()
        .parse()
        .map_err(|_| problem("it is not an address"))?;
    address(mailbox.email.as_ref()).map_err(problem)?;
    Ok(mailbox)
}
