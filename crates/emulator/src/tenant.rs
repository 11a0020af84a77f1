//! The tenant: a few kinds of objects, and what they are at the moment.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use serde_json::{Map, Value, json};

use crate::Settings;
use crate::clock::written;
use crate::cmdlet::{Bound, Bounds, text};
use crate::envelope::Refused;

/// When what was there from the beginning was made: 2022-09-21.
const BEGINNING_S: i64 = 1_663_747_667;

/// A kind of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Noun {
    Mailbox,
    Move,
    Journal,
    Transport,
    Group,
}

/// A property of an object, with its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Property {
    Text(String),
    Guid(String),
    Time(i64),
    Boolean(bool),
    Integer(i64),
    Texts(Vec<String>),
    Null,
}

/// An object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Object {
    properties: BTreeMap<String, Property>,
    /// Of a group, by name.
    pub(crate) members: Vec<String>,
}

/// Who may do what with a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Permission {
    pub(crate) mailbox: String,
    pub(crate) user: String,
    pub(crate) rights: Vec<String>,
}

/// Everything.
#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    domain: String,
    objects: BTreeMap<Noun, Vec<Object>>,
    pub(crate) permissions: Vec<Permission>,
    pub(crate) config: Object,
}

/// A GUID that a text always has.
fn guid(text: &str) -> String {
    let hex = HEXLOWER.encode(digest(&SHA256, text.as_bytes()).as_ref());
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
    [
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32),
    ]
    .join("-")
}

fn words(text: &str) -> Property {
    Property::Text(text.to_owned())
}

impl Property {
    fn is(&self, text: &str) -> bool {
        match self {
            Self::Text(own) | Self::Guid(own) => own.eq_ignore_ascii_case(text),
            Self::Boolean(truth) => truth.to_string().eq_ignore_ascii_case(text),
            Self::Integer(number) => number.to_string() == text,
            Self::Texts(all) => all.iter().any(|own| own.eq_ignore_ascii_case(text)),
            Self::Time(_) | Self::Null => false,
        }
    }

    /// The value of a property with its annotations beside it.
    fn show(&self, name: &str, row: &mut Map<String, Value>) {
        let mut note = |what: &str, value: &str| {
            row.insert(format!("{name}@{what}"), value.into());
        };
        let value = match self {
            Self::Text(text) => json!(text),
            Self::Boolean(truth) => json!(truth),
            Self::Integer(number) => json!(number),
            Self::Null => Value::Null,
            Self::Guid(text) => {
                note("data.type", "System.Guid");
                note("odata.type", "#Guid");
                json!(text)
            }
            Self::Time(seconds) => {
                note("data.type", "System.DateTime");
                json!(written(*seconds))
            }
            Self::Texts(all) => {
                note("odata.type", "#Collection(String)");
                json!(all)
            }
        };
        row.insert(name.to_owned(), value);
    }
}

impl Permission {
    pub(crate) fn shown(&self) -> Map<String, Value> {
        let object = Object::of([
            ("Identity", words(&self.mailbox)),
            ("User", words(&self.user)),
            ("AccessRights", Property::Texts(self.rights.clone())),
            ("IsInherited", Property::Boolean(false)),
            ("Deny", Property::Boolean(false)),
            ("InheritanceType", words("All")),
        ]);
        object.shown()
    }
}

impl Object {
    fn of<const N: usize>(properties: [(&str, Property); N]) -> Self {
        let properties = properties.map(|(name, property)| (name.to_owned(), property));
        Self {
            properties: properties.into(),
            members: Vec::new(),
        }
    }

    /// The name by which others know it.
    pub(crate) fn name(&self) -> String {
        match self.properties.get("Name") {
            Some(Property::Text(name)) => name.clone(),
            Some(_) | None => String::new(),
        }
    }

    pub(crate) fn is(&self, property: &str, value: &str) -> bool {
        let named = |(name, _): &(&String, &Property)| name.eq_ignore_ascii_case(property);
        let found = self.properties.iter().find(named);
        found.is_some_and(|(_, own)| own.is(value))
    }

    fn answers_to(&self, identity: &str) -> bool {
        const KEYS: [&str; 7] = [
            "Name",
            "Identity",
            "Guid",
            "Alias",
            "UserPrincipalName",
            "PrimarySmtpAddress",
            "EmailAddresses",
        ];
        KEYS.iter().any(|key| self.is(key, identity))
    }

    pub(crate) fn shown(&self) -> Map<String, Value> {
        let mut row = Map::new();
        for (name, property) in &self.properties {
            property.show(name, &mut row);
        }
        row
    }

    /// Gives a property a value; whether that changed it.
    pub(crate) fn put(&mut self, name: &str, value: Property) -> bool {
        self.properties.insert(name.to_owned(), value.clone()) != Some(value)
    }

    /// Takes the values of parameters; whether that changed anything.
    pub(crate) fn set(&mut self, bounds: &Bounds) -> bool {
        let mut changed = false;
        for (name, bound) in bounds {
            // What is no property: what it is about, and how it is done.
            if ["Identity", "Force", "Members", "Password"].contains(name) {
                continue;
            }
            let value = match bound {
                Bound::Text(text) => Property::Text(text.clone()),
                Bound::Boolean(truth) => Property::Boolean(*truth),
                Bound::Integer(number) => Property::Integer(*number),
                Bound::Texts(all) => Property::Texts(all.clone()),
                Bound::Unlimited => words("Unlimited"),
                Bound::Changes { add, remove } => {
                    let mut all = match self.properties.get(*name) {
                        Some(Property::Texts(all)) => all.clone(),
                        Some(_) | None => Vec::new(),
                    };
                    all.retain(|one| !remove.contains(one));
                    all.extend(
                        add.iter()
                            .filter(|one| !all.contains(one))
                            .cloned()
                            .collect::<Vec<_>>(),
                    );
                    Property::Texts(all)
                }
            };
            changed |= self.put(name, value);
        }
        changed
    }
}

impl Tenant {
    /// A tenant with a few people, a shared mailbox, a group and a rule.
    pub(crate) fn seeded(settings: &Settings) -> Self {
        let mut tenant = Self {
            domain: settings.domain.clone(),
            objects: BTreeMap::new(),
            permissions: Vec::new(),
            config: Object::of([
                ("Name", words(&settings.domain)),
                ("Guid", Property::Guid(settings.tenant.clone())),
                ("AuditDisabled", Property::Boolean(false)),
                ("CustomerLockBoxEnabled", Property::Boolean(false)),
                ("OAuth2ClientProfileEnabled", Property::Boolean(true)),
                (
                    "MailTipsExternalRecipientsTipsEnabled",
                    Property::Boolean(false),
                ),
                ("DefaultGroupAccessType", words("Private")),
                ("WhenCreated", Property::Time(BEGINNING_S)),
            ]),
        };
        let named = ["alice", "bob", "carol", "dave"].map(str::to_owned);
        let more = (0..settings.more_mailboxes).map(|number| format!("person{number:05}"));
        for name in named.into_iter().chain(more) {
            let mailbox = tenant.mailbox(&name, None, BEGINNING_S);
            tenant
                .objects
                .entry(Noun::Mailbox)
                .or_default()
                .push(mailbox);
        }
        let mut sales = tenant.mailbox("sales", None, BEGINNING_S);
        sales.put("RecipientTypeDetails", words("SharedMailbox"));
        tenant.objects.entry(Noun::Mailbox).or_default().push(sales);
        let mut staff = tenant.group("staff", None, BEGINNING_S);
        staff.members = vec!["alice".into(), "bob".into()];
        tenant.objects.entry(Noun::Group).or_default().push(staff);
        let mut rule = rule("Mark mail from outside", BEGINNING_S);
        rule.put("PrependSubject", words("[outside] "));
        tenant
            .objects
            .entry(Noun::Transport)
            .or_default()
            .push(rule);
        tenant
    }

    fn address(&self, name: &str) -> String {
        match name.contains('@') {
            true => name.to_owned(),
            false => format!("{name}@{}", self.domain),
        }
    }

    fn mailbox(&self, name: &str, address: Option<&str>, now: i64) -> Object {
        let address = self.address(address.unwrap_or(name));
        Object::of([
            ("Name", words(name)),
            ("Alias", words(name)),
            ("DisplayName", words(name)),
            ("Identity", words(name)),
            ("Guid", Property::Guid(guid(&format!("mailbox {name}")))),
            (
                "ExchangeGuid",
                Property::Guid(guid(&format!("exchange {name}"))),
            ),
            ("UserPrincipalName", words(&address)),
            ("PrimarySmtpAddress", words(&address)),
            (
                "EmailAddresses",
                Property::Texts(vec![format!("SMTP:{address}")]),
            ),
            ("RecipientTypeDetails", words("UserMailbox")),
            ("Database", words("EURPR05DG001-db001")),
            ("DatabaseGuid", Property::Guid(guid("EURPR05DG001-db001"))),
            ("ForwardingSmtpAddress", Property::Null),
            ("DeliverToMailboxAndForward", Property::Boolean(false)),
            ("HiddenFromAddressListsEnabled", Property::Boolean(false)),
            ("LitigationHoldEnabled", Property::Boolean(false)),
            ("LitigationHoldDuration", words("Unlimited")),
            ("AuditLogAgeLimit", words("90.00:00:00")),
            ("Languages", Property::Texts(vec!["en-US".into()])),
            ("IsResource", Property::Boolean(false)),
            ("ProhibitSendQuota", words("99 GB (106,300,440,576 bytes)")),
            ("WhenMailboxCreated", Property::Time(now)),
        ])
    }

    fn group(&self, name: &str, address: Option<&str>, now: i64) -> Object {
        Object::of([
            ("Name", words(name)),
            ("Alias", words(name)),
            ("DisplayName", words(name)),
            ("Identity", words(name)),
            ("Guid", Property::Guid(guid(&format!("group {name}")))),
            (
                "PrimarySmtpAddress",
                words(&self.address(address.unwrap_or(name))),
            ),
            ("GroupType", words("Universal")),
            (
                "RecipientTypeDetails",
                words("MailUniversalDistributionGroup"),
            ),
            (
                "ManagedBy",
                Property::Texts(vec!["Organization Management".into()]),
            ),
            ("HiddenFromAddressListsEnabled", Property::Boolean(false)),
            (
                "RequireSenderAuthenticationEnabled",
                Property::Boolean(true),
            ),
            ("WhenCreated", Property::Time(now)),
        ])
    }

    pub(crate) fn all(&self, noun: Noun) -> &[Object] {
        self.objects
            .get(&noun)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    pub(crate) fn find(&self, noun: Noun, identity: &str) -> Result<&Object, Refused> {
        let mut found = self.all(noun).iter().filter(|one| one.answers_to(identity));
        found.next().ok_or_else(|| Refused::not_found(identity))
    }

    pub(crate) fn find_mut(&mut self, noun: Noun, identity: &str) -> Result<&mut Object, Refused> {
        let objects = self.objects.entry(noun).or_default();
        let mut found = objects.iter_mut().filter(|one| one.answers_to(identity));
        found.next().ok_or_else(|| Refused::not_found(identity))
    }

    pub(crate) fn remove(&mut self, noun: Noun, identity: &str) -> Result<(), Refused> {
        let name = self.find(noun, identity)?.name();
        if let Some(objects) = self.objects.get_mut(&noun) {
            objects.retain(|one| one.name() != name);
        }
        if noun == Noun::Mailbox {
            self.permissions.retain(|one| one.mailbox != name);
        }
        Ok(())
    }

    /// Makes an object; refuses a name that is taken.
    pub(crate) fn make(
        &mut self,
        noun: Noun,
        bounds: &Bounds,
        now: i64,
    ) -> Result<Object, Refused> {
        let name = match noun {
            Noun::Move => {
                let identity = text(bounds, "Identity").unwrap_or_default();
                self.find(Noun::Mailbox, identity)?.name()
            }
            Noun::Mailbox | Noun::Journal | Noun::Transport | Noun::Group => {
                text(bounds, "Name").unwrap_or_default().to_owned()
            }
        };
        if self.find(noun, &name).is_ok() {
            return Err(Refused::exists(&name));
        }
        let address = text(bounds, "PrimarySmtpAddress")
            .or_else(|| text(bounds, "MicrosoftOnlineServicesID"));
        let mut object = match noun {
            Noun::Mailbox => self.mailbox(&name, address, now),
            Noun::Group => self.group(&name, address, now),
            Noun::Transport => rule(&name, now),
            Noun::Journal => Object::of([
                ("Name", words(&name)),
                ("Identity", words(&name)),
                ("Guid", Property::Guid(guid(&format!("journal {name}")))),
                ("Recipient", Property::Null),
                ("Scope", words("Global")),
                ("Enabled", Property::Boolean(true)),
                ("WhenCreated", Property::Time(now)),
            ]),
            Noun::Move => Object::of([
                ("Name", words(&name)),
                ("DisplayName", words(&name)),
                ("Alias", words(&name)),
                ("Identity", words(&name)),
                ("Guid", Property::Guid(guid(&format!("move {name}")))),
                ("Status", words("Queued")),
                ("RequestStyle", words("IntraOrg")),
                ("Direction", words("Pull")),
                ("BatchName", words("")),
                ("QueuedTimestamp", Property::Time(now)),
            ]),
        };
        object.set(bounds);
        match (noun, bounds.get("Shared"), bounds.get("Suspend")) {
            (Noun::Mailbox, Some(Bound::Boolean(true)), _) => {
                object.put("RecipientTypeDetails", words("SharedMailbox"));
            }
            (Noun::Move, _, Some(Bound::Boolean(true))) => {
                object.put("Status", words("Suspended"));
            }
            _ => {}
        }
        if let Some(Bound::Texts(members)) = bounds.get("Members") {
            let found = members
                .iter()
                .map(|member| self.find(Noun::Mailbox, member).map(Object::name));
            object.members = found.collect::<Result<_, _>>()?;
        }
        self.objects.entry(noun).or_default().push(object.clone());
        Ok(object)
    }
}

fn rule(name: &str, now: i64) -> Object {
    Object::of([
        ("Name", words(name)),
        ("Identity", words(name)),
        ("Guid", Property::Guid(guid(&format!("transport {name}")))),
        ("State", words("Enabled")),
        ("Mode", words("Enforce")),
        ("Priority", Property::Integer(0)),
        ("WhenChanged", Property::Time(now)),
    ])
}
