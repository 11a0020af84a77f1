//! What a workload says of its tenant: which one, of which cloud, and the app.
//!
//! Secrets are sealed for an **origin**: the host that gives tokens for them. It
//! must be the one of the cloud, so that no setting sends a secret elsewhere.

use std::collections::BTreeMap;
use std::net::IpAddr;

use reqwest::Url;
use writ_core::object::Workload;
use writ_core::value::Value;

/// A cloud of Microsoft's, with hosts of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cloud {
    /// Everybody's, GCC too.
    #[default]
    Worldwide,
    /// Microsoft 365 GCC High.
    GccHigh,
    /// Microsoft 365 DoD.
    Dod,
    /// Operated by 21Vianet in China.
    China,
}

impl Cloud {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Worldwide, Self::GccHigh, Self::Dod, Self::China];

    /// As settings spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Worldwide => "worldwide",
            Self::GccHigh => "gcc-high",
            Self::Dod => "dod",
            Self::China => "china",
        }
    }

    /// Where tokens come from.
    pub const fn login(self) -> &'static str {
        match self {
            Self::Worldwide => "https://login.microsoftonline.com",
            Self::GccHigh | Self::Dod => "https://login.microsoftonline.us",
            Self::China => "https://login.partner.microsoftonline.cn",
        }
    }

    /// Where cmdlets go.
    pub const fn service(self) -> &'static str {
        match self {
            Self::Worldwide => "https://outlook.office365.com",
            Self::GccHigh => "https://outlook.office365.us",
            Self::Dod => "https://outlook-dod.office365.us",
            Self::China => "https://outlook.office365.cn",
        }
    }

    /// What tokens are for: where cmdlets go, but in China.
    pub const fn resource(self) -> &'static str {
        match self {
            Self::Worldwide | Self::GccHigh | Self::Dod => self.service(),
            Self::China => "https://partner.outlook.cn",
        }
    }
}

/// How an app signs that it is itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Signing {
    /// RSASSA-PSS with SHA-256.
    #[default]
    Ps256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
}

/// The settings of a workload, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// A GUID or a domain.
    pub(crate) tenant: String,
    /// A GUID.
    pub(crate) client_id: String,
    pub(crate) signing: Signing,
    pub(crate) login: String,
    pub(crate) service: String,
    /// What tokens are asked for.
    pub(crate) scope: String,
}

impl Settings {
    /// The origin that a workload with some settings must have.
    pub fn origin_of(settings: &BTreeMap<String, Value>) -> Result<String, String> {
        let text = |name: &str| match settings.get(name) {
            Some(Value::Text(text)) => Some(text.as_str()),
            Some(_) | None => None,
        };
        match (text("emulator"), text("cloud")) {
            (Some(url), _) => emulator_url(url),
            (None, Some(cloud)) => Ok(cloud_of(cloud)?.login().to_owned()),
            (None, None) => Ok(Cloud::default().login().to_owned()),
        }
    }

    /// Reads the settings of a workload; the first problem, in words.
    pub fn of(workload: &Workload) -> Result<Self, String> {
        let mut tenant = None;
        let mut client_id = None;
        let mut cloud = None;
        let mut emulator = None;
        let mut signing = Signing::default();
        for (name, value) in &workload.settings {
            let Value::Text(value) = value else {
                return Err(format!("the setting `{name}` is a text"));
            };
            match name.as_str() {
                "tenant" if is_host(value) => tenant = Some(value.clone()),
                "tenant" => return Err("`tenant` is the GUID of the tenant, or its domain".into()),
                "client_id" if is_guid(value) => client_id = Some(value.clone()),
                "client_id" => return Err("`client_id` is the app's id, a GUID".into()),
                "cloud" => cloud = Some(cloud_of(value)?),
                "emulator" => emulator = Some(emulator_url(value)?),
                "signing" => {
                    signing = match value.as_str() {
                        "PS256" => Signing::Ps256,
                        "RS256" => Signing::Rs256,
                        _ => return Err("`signing` is PS256 or RS256".into()),
                    }
                }
                _ => {
                    return Err(format!(
                        "the connector `exchange` has the settings tenant, client_id, cloud, \
                         emulator and signing; `{}` means nothing",
                        name.escape_debug()
                    ));
                }
            }
        }
        let needed = |name: &str| {
            let option = name.replace('_', "-");
            format!(
                "the setting `{name}` is missing: writ workload set {} --connector exchange \
                 --{option} ID",
                workload.name
            )
        };
        let tenant = tenant.ok_or_else(|| needed("tenant"))?;
        let client_id = client_id.ok_or_else(|| needed("client_id"))?;
        if cloud.is_some() && emulator.is_some() {
            return Err("either `cloud` or `emulator`: the emulator is no cloud".into());
        }
        let cloud = cloud.unwrap_or_default();
        // The emulator is the cloud for everybody, and everything on one host.
        let scope = format!("{}/.default", cloud.resource());
        let (login, service) = match &emulator {
            Some(url) => (url.clone(), url.clone()),
            None => (cloud.login().to_owned(), cloud.service().to_owned()),
        };
        // INVARIANT: a secret goes only to the origin that it was sealed for.
        if workload.origin.as_ref() != Some(&login) {
            return Err(format!(
                "its origin must be `{login}`, where its tokens come from: \
                 writ workload set {} --connector exchange --origin {login}",
                workload.name
            ));
        }
        Ok(Self {
            tenant,
            client_id,
            signing,
            login,
            service,
            scope,
        })
    }

    /// Where tokens are asked for.
    pub(crate) fn token_url(&self) -> String {
        format!("{}/{}/oauth2/v2.0/token", self.login, self.tenant)
    }

    /// Where cmdlets are sent.
    pub(crate) fn invoke_url(&self) -> String {
        format!(
            "{}/adminapi/beta/{}/InvokeCommand",
            self.service, self.tenant
        )
    }

    /// The mailbox by which the service finds the right server: one that every
    /// tenant has.
    pub(crate) fn anchor(&self, cmdlet: &str) -> String {
        match cmdlet.eq_ignore_ascii_case("Set-AdminAuditLogConfig") {
            true => format!(
                "UPN:SystemMailbox{{8cc370d3-822a-4ab8-a926-bb94bd0641a9}}@{}",
                self.tenant
            ),
            false => format!(
                "APP:SystemMailbox{{bb558c35-97f1-4cb9-8ff7-d53741dc928c}}@{}",
                self.tenant
            ),
        }
    }
}

fn cloud_of(text: &str) -> Result<Cloud, String> {
    let mut all = Cloud::ALL.into_iter();
    all.find(|cloud| cloud.name() == text).ok_or_else(|| {
        let names = Cloud::ALL.map(Cloud::name).join(", ");
        format!(
            "there is no cloud `{}`; there are: {names}",
            text.escape_debug()
        )
    })
}

fn is_guid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

/// Whether a text is a GUID or a domain, and so one part of a path.
fn is_host(text: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part.len() <= 63
            && !part.starts_with('-')
            && part.bytes().all(|b| b == b'-' || b.is_ascii_alphanumeric())
    };
    is_guid(text) || (text.len() <= 253 && text.contains('.') && text.split('.').all(is_part))
}

/// The address of an emulator: on this machine, without a path.
fn emulator_url(text: &str) -> Result<String, String> {
    let bad = || {
        format!(
            "`{}` is not the address of an emulator on this machine, such as http://127.0.0.1:8421",
            text.escape_debug()
        )
    };
    let url = Url::parse(text).map_err(|_| bad())?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let bare = url.as_str().trim_end_matches('/');
    // Spelled as it is meant, so that origins can be compared as texts.
    let is_plain = bare == text.trim_end_matches('/')
        && url.path() == "/"
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    match url.scheme() == "http" && is_here && is_plain && url.port().is_some() {
        true => Ok(bare.to_owned()),
        false => Err(bad()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use writ_core::names::Name;

    const ID: &str = "1b730954-0000-4000-8000-04b07795ee0a";

    fn read(origin: Option<&str>, settings: &[(&str, &str)]) -> Result<Settings, String> {
        let settings = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::Text((*value).into())));
        Settings::of(&Workload {
            name: Name::parse("Exchange").unwrap(),
            connector: Name::parse("exchange").unwrap(),
            settings: settings.collect(),
            origin: origin.map(str::to_owned),
            secrets: BTreeMap::new(),
            open_tasks: true,
        })
    }

    #[test]
    fn a_secret_goes_to_its_origin_alone() {
        let app = [("tenant", "fabrikam.onmicrosoft.com"), ("client_id", ID)];
        let with = |more| [&app[..], &[more]].concat();
        let login = Some("https://login.microsoftonline.com");
        let read_one = read(login, &app).unwrap();
        assert_eq!(
            read_one.token_url(),
            "https://login.microsoftonline.com/fabrikam.onmicrosoft.com/oauth2/v2.0/token"
        );
        assert_eq!(read_one.scope, "https://outlook.office365.com/.default");
        for (origin, settings) in [
            (None, app.to_vec()),
            (Some("https://elsewhere.example"), app.to_vec()),
            (login, with(("cloud", "gcc-high"))),
            (login, with(("emulator", "http://127.0.0.1:8421"))),
        ] {
            let error = read(origin, &settings).unwrap_err();
            assert!(error.contains("--origin"), "{error}");
        }
        for cloud in Cloud::ALL {
            let settings = with(("cloud", cloud.name()));
            let read = read(Some(cloud.login()), &settings).unwrap();
            assert!(read.invoke_url().starts_with(cloud.service()));
        }
    }

    #[test]
    fn mistakes_are_named() {
        let login = Some("https://login.microsoftonline.com");
        let tenant = ("tenant", ID);
        for (settings, words) in [
            (vec![], "--tenant ID"),
            (vec![tenant], "--client-id ID"),
            (vec![("tenant", "a/../b")], "`tenant`"),
            (vec![("tenant", "fabrikam")], "`tenant`"),
            (vec![tenant, ("client_id", "me")], "`client_id`"),
            (vec![tenant, ("cloud", "mars")], "worldwide, gcc-high"),
            (vec![tenant, ("shell", "x")], "`shell` means nothing"),
            (vec![tenant, ("signing", "none")], "PS256"),
        ] {
            let error = read(login, &settings).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn an_emulator_is_on_this_machine() {
        for good in ["http://127.0.0.1:8421", "http://[::1]:1/"] {
            assert_eq!(emulator_url(good).unwrap(), good.trim_end_matches('/'));
        }
        for bad in [
            "http://10.0.0.1:80",
            "https://127.0.0.1:8421",
            "http://localhost:1",
            "http://127.0.0.1:1/x",
            "http://127.1:1",
            "http://a@127.0.0.1:1",
            "http://127.0.0.1:1/?x",
            "http://127.0.0.1:1/#x",
            "",
        ] {
            assert!(emulator_url(bad).is_err(), "{bad}");
        }
    }
}
