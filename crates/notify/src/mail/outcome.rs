//! What an answer of a mail server means, and what somebody can do about it.

use std::error::Error as _;
use std::io;

use lettre::transport::smtp::Error as SmtpError;
use tokio_rustls::rustls::{CertificateError, Error as TlsError};

use super::config::{Config, Private};
use super::text::{cut, words};
use super::wire::NoTls;
use crate::Failure;

/// What was not a yes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum No {
    /// The server will never do it (5xx); its words.
    Never(String),
    /// The server may do it later (4xx).
    Later(String),
    /// The server takes nothing more on this connection (421).
    Closing(String),
    /// There was no answer, or none that means something; what happened.
    Silence(String),
}

impl No {
    /// Nothing was said in time.
    pub(super) fn late() -> Self {
        Self::Silence("it does not answer".into())
    }

    /// Whether the connection is of no use any more.
    pub(super) const fn ends(&self) -> bool {
        matches!(self, Self::Closing(_) | Self::Silence(_))
    }

    /// The words.
    pub(super) fn said(&self) -> &str {
        match self {
            Self::Never(said) | Self::Later(said) | Self::Closing(said) | Self::Silence(said) => {
                said
            }
        }
    }
}

impl From<SmtpError> for No {
    fn from(error: SmtpError) -> Self {
        let source = error.source().map(ToString::to_string).unwrap_or_default();
        let Some(code) = error.status() else {
            let what = match source.is_empty() {
                true => error.to_string(),
                false => source,
            };
            return Self::Silence(words(&what));
        };
        let said = words(&format!("{code} {source}"));
        match code.to_string().as_str() {
            "421" => Self::Closing(said),
            _ if error.is_transient() => Self::Later(said),
            _ => Self::Never(said),
        }
    }
}

/// The answer to who sends it.
pub(super) fn of_sender(config: &Config, no: &No) -> Failure {
    let at = config.at();
    match no {
        No::Later(said) => Failure::Later(format!("{at} says: {said}"), None),
        No::Never(said) if said.starts_with("530") && config.login.is_none() => {
            Failure::Down(format!(
                "{at} wants to know who sends (\"{said}\"); set mail.user and mail.password_file"
            ))
        }
        No::Never(said) => Failure::Down(format!(
            "{at} takes no mail from {} (\"{said}\"); check mail.from",
            config.from()
        )),
        No::Closing(_) | No::Silence(_) => busy(&at, no),
    }
}

/// The answer to whom it is for.
pub(super) fn of_recipient(config: &Config, to: &str, no: &No) -> Failure {
    let at = config.at();
    match no {
        No::Later(said) => Failure::Later(
            format!("{at} does not take mail for {to} yet: {said}"),
            None,
        ),
        No::Never(said) => Failure::Never(format!("{at} takes no mail for {to}: {said}")),
        No::Closing(_) | No::Silence(_) => busy(&at, no),
    }
}

/// The answer to what it says. Whether a mail arrived whose answer did not is not
/// known: it goes again, under the same id.
pub(super) fn of_content(config: &Config, no: &No) -> Failure {
    let at = config.at();
    match no {
        No::Never(said) => Failure::Never(format!("{at} does not take this mail: {said}")),
        No::Later(said) => {
            Failure::Later(format!("{at} does not take this mail yet: {said}"), None)
        }
        No::Closing(_) => busy(&at, no),
        No::Silence(what) => Failure::Later(
            format!("{at} did not say whether it took this mail: {what}"),
            None,
        ),
    }
}

fn busy(at: &str, no: &No) -> Failure {
    Failure::Down(format!("{at} takes no mail now: {}", no.said()))
}

/// There is no connection.
pub(super) fn not_reached(config: &Config, error: &io::Error) -> Failure {
    let why = cut(&error.to_string(), 200);
    Failure::Down(format!(
        "{} cannot be reached: {why}; check mail.host and mail.port, and that nothing between \
         keeps this host from it",
        config.at()
    ))
}

/// There is a connection, and no mail server behind it that speaks with us.
pub(super) fn not_greeted(config: &Config, no: &No) -> Failure {
    let hint = match (&config.server.private, no) {
        (Private::Tls(_) | Private::Loopback, No::Silence(_)) => "; check mail.port and mail.tls",
        (Private::StartTls(_), No::Silence(_)) => {
            "; check mail.port (a server that speaks TLS from the first byte needs mail.tls = \"tls\")"
        }
        (_, No::Never(_) | No::Later(_) | No::Closing(_)) => "",
    };
    Failure::Down(format!(
        "{} does not speak with this host: {}{hint}",
        config.at(),
        no.said()
    ))
}

/// It does not become private.
pub(super) fn not_private(config: &Config, no: NoTls) -> Failure {
    let at = config.at();
    match no {
        NoTls::NotOffered => Failure::Down(format!(
            "{at} does not offer STARTTLS, and nothing is sent that others could read; if it \
             speaks TLS on a port of its own (465), set mail.port to that and mail.tls = \"tls\""
        )),
        NoTls::Refused(said) => Failure::Down(format!("{at} does not begin TLS: {}", words(&said))),
        NoTls::Broken(error) => not_greeted(config, &No::Silence(cut(&error.to_string(), 200))),
    }
}

/// The server does not show that it is the one that was named.
pub(super) fn not_trusted(config: &Config, error: &io::Error) -> Failure {
    let at = config.at();
    let tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<TlsError>());
    let Some(TlsError::InvalidCertificate(problem)) = tls else {
        let why = cut(&error.to_string(), 200);
        return Failure::Down(format!(
            "TLS with {at} fails: {why}; check mail.port and mail.tls"
        ));
    };
    Failure::Down(format!(
        "the certificate of {at} is not trusted: {}",
        certificate(problem)
    ))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "rustls adds to its enum")]
fn certificate(problem: &CertificateError) -> String {
    match problem {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "no authority that this host knows issued it; set \
             mail.ca_file to the certificate of the one that did"
                .into()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired; renew it on the mail server".into()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet; check the clocks of both hosts".into()
        }
        CertificateError::NotValidForName => OTHER_NAME.into(),
        CertificateError::NotValidForNameContext { presented, .. } => {
            let names: Vec<_> = presented.iter().map(|name| cut(name, 80)).take(5).collect();
            format!("{OTHER_NAME} ({})", names.join(", "))
        }
        other => cut(&other.to_string(), 200),
    }
}

const OTHER_NAME: &str = "it is for another host; set mail.host to a name that it is for";

/// The server does not take the password.
pub(super) fn not_signed_in(config: &Config, no: &No) -> Failure {
    let (at, login) = (config.at(), config.login.as_ref());
    let (user, file) = login.map_or_else(Default::default, |login| {
        (login.user.as_str(), login.file.display().to_string())
    });
    Failure::Down(match no {
        No::Never(said) => format!(
            "{at} does not let {user} sign in: {said}; check mail.user and the password in {file}"
        ),
        No::Later(said) | No::Closing(said) | No::Silence(said) => {
            format!("{at} does not let {user} sign in now: {said}")
        }
    })
}

/// It knows no way to take a password.
pub(super) fn no_way_to_sign_in(config: &Config) -> Failure {
    Failure::Down(format!(
        "{} offers no way to sign in that takes a password (PLAIN or LOGIN); if it needs none, \
         remove mail.user and mail.password_file",
        config.at()
    ))
}
