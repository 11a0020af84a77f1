//! What cmdlets do to the tenant.

use serde_json::{Map, Value};

use super::{Act, Bound, Bounds, Done};
use crate::envelope::Refused;
use crate::tenant::{Noun, Object, Permission, Property, Tenant};

/// How many rows are shown where nobody says how many.
const USUAL: usize = 1_000;

impl Act {
    pub(super) fn run(
        self,
        tenant: &mut Tenant,
        bounds: &Bounds,
        now: i64,
    ) -> Result<Done, Refused> {
        match self {
            Self::Get(noun) => get(tenant, noun, bounds),
            Self::New(noun) => {
                let made = tenant.make(noun, bounds, now)?;
                Ok(rows(vec![made.shown()]))
            }
            Self::Set(noun) => {
                let object = tenant.find_mut(noun, identity(bounds))?;
                Ok(said_if_same(object.set(bounds), identity(bounds)))
            }
            Self::Remove(noun) => {
                tenant.remove(noun, identity(bounds))?;
                Ok(Done::default())
            }
            Self::Turn(noun, property, value) => {
                let object = tenant.find_mut(noun, identity(bounds))?;
                let value = match value.parse() {
                    Ok(truth) => Property::Boolean(truth),
                    Err(_) => Property::Text(value.to_owned()),
                };
                Ok(said_if_same(object.put(property, value), identity(bounds)))
            }
            Self::GetConfig => Ok(rows(vec![tenant.config.shown()])),
            Self::SetConfig => Ok(said_if_same(tenant.config.set(bounds), "Organization")),
            Self::GetPermission => {
                let mailbox = tenant.find(Noun::Mailbox, identity(bounds))?.name();
                let user = text(bounds, "User");
                let wanted = |one: &&Permission| {
                    one.mailbox == mailbox
                        && user.is_none_or(|user| one.user.eq_ignore_ascii_case(user))
                };
                let found = tenant.permissions.iter().filter(wanted);
                Ok(rows(found.map(Permission::shown).collect()))
            }
            Self::AddPermission => {
                let permission = permission(tenant, bounds)?;
                match tenant.permissions.contains(&permission) {
                    true => Ok(said_if_same(false, identity(bounds))),
                    false => {
                        let shown = permission.shown();
                        tenant.permissions.push(permission);
                        Ok(rows(vec![shown]))
                    }
                }
            }
            Self::RemovePermission => {
                let permission = permission(tenant, bounds)?;
                let before = tenant.permissions.len();
                tenant.permissions.retain(|one| *one != permission);
                Ok(said_if_same(
                    tenant.permissions.len() != before,
                    identity(bounds),
                ))
            }
            Self::GetMember => {
                let members = tenant.find(Noun::Group, identity(bounds))?.members.clone();
                let found = members.iter().map(|one| tenant.find(Noun::Mailbox, one));
                let found: Vec<_> = found.flatten().map(Object::shown).collect();
                Ok(rows(found))
            }
            Self::AddMember => {
                let member = member(tenant, bounds)?;
                let group = tenant.find_mut(Noun::Group, identity(bounds))?;
                match group.members.contains(&member) {
                    true => Err(Refused::exists(&member)),
                    false => {
                        group.members.push(member);
                        Ok(Done::default())
                    }
                }
            }
            Self::RemoveMember => {
                let member = member(tenant, bounds)?;
                let group = tenant.find_mut(Noun::Group, identity(bounds))?;
                match group.members.contains(&member) {
                    false => Err(Refused::not_found(&member)),
                    true => {
                        group.members.retain(|one| *one != member);
                        Ok(Done::default())
                    }
                }
            }
        }
    }
}

fn rows(rows: Vec<Map<String, Value>>) -> Done {
    Done {
        rows,
        ..Done::default()
    }
}

fn said_if_same(changed: bool, what: &str) -> Done {
    let warning = format!("Nothing of '{what}' was changed: it is so already.");
    Done {
        warnings: Some(warning).filter(|_| !changed).into_iter().collect(),
        ..Done::default()
    }
}

pub(crate) fn text<'a>(bounds: &'a Bounds, name: &str) -> Option<&'a str> {
    match bounds.get(name)? {
        Bound::Text(text) => Some(text),
        Bound::Boolean(_)
        | Bound::Integer(_)
        | Bound::Texts(_)
        | Bound::Changes { .. }
        | Bound::Unlimited => None,
    }
}

fn identity(bounds: &Bounds) -> &str {
    text(bounds, "Identity").unwrap_or_default()
}

fn member(tenant: &Tenant, bounds: &Bounds) -> Result<String, Refused> {
    let named = text(bounds, "Member").unwrap_or_default();
    Ok(tenant.find(Noun::Mailbox, named)?.name())
}

fn permission(tenant: &Tenant, bounds: &Bounds) -> Result<Permission, Refused> {
    let mailbox = tenant.find(Noun::Mailbox, identity(bounds))?.name();
    let user = text(bounds, "User").unwrap_or_default();
    tenant.find(Noun::Mailbox, user)?;
    let rights = match bounds.get("AccessRights") {
        Some(Bound::Texts(rights)) => rights.clone(),
        Some(_) | None => Vec::new(),
    };
    const KNOWN: [&str; 3] = ["FullAccess", "ReadPermission", "ChangePermission"];
    match rights.iter().find(|right| !KNOWN.contains(&right.as_str())) {
        Some(right) => Err(Refused::parameter(format!(
            "'{right}' is not one of the access rights {}.",
            KNOWN.join(", ")
        ))),
        None => Ok(Permission {
            mailbox,
            user: user.to_owned(),
            rights,
        }),
    }
}

fn get(tenant: &Tenant, noun: Noun, bounds: &Bounds) -> Result<Done, Refused> {
    let mut found: Vec<&Object> = match text(bounds, "Identity") {
        Some(identity) => vec![tenant.find(noun, identity)?],
        None => tenant.all(noun).iter().collect(),
    };
    for (parameter, property) in [
        ("MoveStatus", "Status"),
        ("BatchName", "BatchName"),
        ("State", "State"),
    ] {
        if let Some(wanted) = text(bounds, parameter) {
            found.retain(|object| object.is(property, wanted));
        }
    }
    if let Some(Bound::Texts(kinds)) = bounds.get("RecipientTypeDetails") {
        let is_kind = |object: &Object| {
            kinds
                .iter()
                .any(|kind| object.is("RecipientTypeDetails", kind))
        };
        found.retain(|object| is_kind(object));
    }
    if let Some(filter) = text(bounds, "Filter") {
        let (property, value) = simple_filter(filter)?;
        found.retain(|object| object.is(&property, &value));
    }
    let (most, is_usual) = match bounds.get("ResultSize") {
        Some(Bound::Integer(most)) => (usize::try_from(*most).unwrap_or(0), false),
        Some(Bound::Unlimited) => (usize::MAX, false),
        Some(_) | None => (USUAL, true),
    };
    let mut done = Done::default();
    if is_usual && found.len() > most {
        done.warnings.push(format!(
            "Only the first {most} results are shown; ask for all with -ResultSize Unlimited."
        ));
    }
    done.rows = found.into_iter().take(most).map(Object::shown).collect();
    Ok(done)
}

/// `Property -eq 'value'`, the one filter that is understood here.
fn simple_filter(filter: &str) -> Result<(String, String), Refused> {
    let inside = filter.trim().trim_start_matches('{').trim_end_matches('}');
    let parts = inside.split_once(" -eq ");
    let value = parts.and_then(|(_, value)| {
        let value = value.trim();
        let bare = value.strip_prefix('\'')?.strip_suffix('\'')?;
        (!bare.replace("''", "").contains('\'')).then(|| bare.replace("''", "'"))
    });
    match (parts, value) {
        (Some((property, _)), Some(value)) => Ok((property.trim().to_owned(), value)),
        (Some(_) | None, _) => Err(Refused::operation(format!(
            "The filter {filter:?} is not understood here: only Property -eq 'value' is."
        ))),
    }
}
