//! Setting objects: whole, conditional, by administrators.

use std::collections::BTreeSet;

use super::{
    Control, Group, Invitation, MAX_EXEMPTION, MAX_GROUP_DEPTH, Noun, Object, ObjectName, Person,
    PersonKind, Policy, Site, SystemAccount, Task, Workload,
};
use crate::app;
use crate::credentials::changed as keys_changed;
use crate::decide::Signer;
use crate::digest::Index;
use crate::fact::{Fact, KeyEvent};
use crate::names::{Address, Upn};
use crate::reading::Reading;
use crate::record::Credentials;
use crate::refusal::{Refusal, unknown, unknown_workload};
use crate::rules::Rules;
use crate::state::Touched;
use crate::statement::{Change, FRESH, Set};

/// Sets or removes one object, and ends what that overrules. Preferences are of
/// whoever sets them; all else is for administrators.
pub(crate) fn decide(r: &Reading<'_>, signer: &Signer, set: &Set) -> Result<Vec<Fact>, Refusal> {
    let by = &signer.upn;
    let change = set.change().ok_or(Refusal::NotYet {
        what: "a set of nothing",
    })?;
    match change {
        Change::Object(Object::Preferences(_)) => {}
        Change::Object(Object::Person(person)) => app::may_set(r, signer, person)?,
        Change::Object(_) | Change::Remove(_) => signer.administers()?,
    }
    let (fact, also) = match change {
        Change::Object(object) => {
            unchanged(r, by, set.seen, object)?;
            let fact = Fact::ObjectSet {
                object: object.clone(),
                by: by.clone(),
            };
            (fact, admit(r, object)?)
        }
        Change::Remove(name) => {
            removable(r, set.seen, name)?;
            let fact = Fact::ObjectRemoved {
                name: name.clone(),
                by: by.clone(),
            };
            (fact, Vec::new())
        }
    };
    let overruled = match change {
        Change::Object(Object::Person(person)) => app::outdated(r, signer, person),
        Change::Object(_) | Change::Remove(_) => overruled(r, by, change, &fact),
    };
    Ok(std::iter::once(fact).chain(also).chain(overruled).collect())
}

/// Refuses if the object changed after the signer looked.
fn unchanged(r: &Reading<'_>, by: &Upn, seen: u64, object: &Object) -> Result<(), Refusal> {
    let changed = match object {
        Object::Site(_) => r.site_changed(),
        Object::Control(_) => r.control_changed(),
        Object::Person(person) => r.person_changed(&person.upn),
        Object::Group(group) => r.group_changed(&group.address),
        Object::Workload(workload) => r.workload_changed(&workload.name),
        Object::Task(task) => r.task_changed(&task.name),
        Object::Policy(policy) => r.policy_changed(&policy.task),
        Object::Preferences(_) => r.preferences_changed(by),
    };
    not_since(seen, changed, object.noun(), object.name())
}

fn not_since(seen: u64, changed: Option<Index>, noun: Noun, name: &str) -> Result<(), Refusal> {
    match changed {
        Some(Index(index)) if index >= seen => Err(Refusal::Changed {
            what: format!("{noun} {name}").trim_end().to_owned(),
            index,
        }),
        _ => Ok(()),
    }
}

fn removable(r: &Reading<'_>, seen: u64, name: &ObjectName) -> Result<(), Refusal> {
    let (exists, changed) = match name {
        ObjectName::Group(address) => (r.group(address).is_some(), r.group_changed(address)),
        ObjectName::Workload(name) => (r.workload(name).is_some(), r.workload_changed(name)),
        ObjectName::Task(task) => (r.task(task).is_some(), r.task_changed(task)),
        ObjectName::Policy(pattern) => (r.policy(pattern).is_some(), r.policy_changed(pattern)),
    };
    not_since(seen, changed, name.noun(), name.as_str())?;
    match exists {
        true => Ok(()),
        false => Err(unknown(name.noun(), name.as_str())),
    }
}

/// The rules of each noun; answers what else becomes so.
fn admit(r: &Reading<'_>, object: &Object) -> Result<Vec<Fact>, Refusal> {
    match object {
        Object::Site(site) => admit_site(r, site),
        Object::Control(control) => admit_control(r, control),
        Object::Person(person) => admit_person(r, person),
        Object::Group(group) => admit_group(r, group),
        Object::Workload(workload) => admit_workload(r, workload),
        Object::Task(task) => admit_task(r, task),
        Object::Policy(policy) => admit_policy(r, policy),
        Object::Preferences(_) => Ok(Vec::new()),
    }
}

fn admit_site(r: &Reading<'_>, site: &Site) -> Result<Vec<Fact>, Refusal> {
    let before = r.site()?;
    let (rules, old) = (Rules::of(site.rules)?, Rules::of(before.rules)?);
    if rules < old {
        return Err(Refusal::RulesUnknown {
            rules: rules.number(),
        });
    }
    // So that one entry says which key it was, and the others still vouch.
    match site.services.differences(&before.services) {
        0 | 1 => Ok(Vec::new()),
        _ => Err(Refusal::OneKey {}),
    }
}

fn admit_control(r: &Reading<'_>, control: &Control) -> Result<Vec<Fact>, Refusal> {
    let before = r.control();
    for account in &control.system_accounts {
        // What stands as it stood is not judged again: an exemption that has
        // ended must not keep anybody from disabling.
        let stood = before.and_then(|before| before.system_account(&account.upn));
        if stood != Some(account) {
            admit_exemption(r, account)?;
        }
    }
    match &control.admin_group {
        Some(group) if r.group(group).is_none() => Err(unknown(Noun::Group, group.as_str())),
        _ => Ok(Vec::new()),
    }
}

/// An exemption may be there before its system account is; but not of anybody
/// else, and not for longer than [`MAX_EXEMPTION`].
fn admit_exemption(r: &Reading<'_>, account: &SystemAccount) -> Result<(), Refusal> {
    let person = || account.upn.clone();
    let known = r.person(&account.upn);
    if known.is_some_and(|known| known.kind != PersonKind::Service) {
        return Err(Refusal::NotService { person: person() });
    }
    // Counted by the signer's clock, which may be ahead of ours.
    let latest = r.now().plus(MAX_EXEMPTION).plus(FRESH);
    match r.now() < account.until && account.until <= latest {
        true => Ok(()),
        false => Err(Refusal::Exemption { person: person() }),
    }
}

fn admit_person(r: &Reading<'_>, person: &Person) -> Result<Vec<Fact>, Refusal> {
    let upn = &person.upn;
    app::admit(r.person(upn).map(AsRef::as_ref), person)?;
    // A removed group may still be named as a member somewhere: whoever got its
    // name would get its memberships.
    if r.group_changed(&Address::from(upn)).is_some() {
        return Err(Refusal::NameTaken {
            name: upn.to_string(),
            noun: Noun::Group,
        });
    }
    let did = r.person(upn).is_some_and(|before| before.administers());
    if did && !person.administers() && r.other_administrator(upn).is_none() {
        return Err(Refusal::LastAdministrator {
            person: upn.clone(),
        });
    }
    admit_invitation(r, person)
}

/// Makes, replaces or withdraws the invitation, where this `set` says another
/// one than the last. An edit of anything else carries the old one along, and
/// must not bring it back once it was used.
fn admit_invitation(r: &Reading<'_>, person: &Person) -> Result<Vec<Fact>, Refusal> {
    let upn = &person.upn;
    let said = r.person(upn).and_then(|before| before.invitation.as_ref());
    let before = r.credentials(upn);
    if said == person.invitation.as_ref() {
        return Ok(Vec::new());
    }
    let key = |invitation: Option<&Invitation>| invitation.map(|i| i.key.id());
    let (old, new) = (key(said), key(person.invitation.as_ref()));
    let was_used = before.is_some_and(|credentials| credentials.invitation.is_none());
    if new.is_some() && new == old && was_used {
        return Err(Refusal::InvitationEnded {
            person: upn.clone(),
        });
    }
    let credentials = Credentials {
        keys: before.map(|c| c.keys.clone()).unwrap_or_default(),
        invitation: person.invitation.clone(),
    };
    Ok(vec![keys_changed(upn, KeyEvent::Invited, credentials)])
}

fn admit_group(r: &Reading<'_>, group: &Group) -> Result<Vec<Fact>, Refusal> {
    if r.person(&Upn::from(&group.address)).is_some() {
        let name = group.address.to_string();
        return Err(Refusal::NameTaken {
            name,
            noun: Noun::Person,
        });
    }
    for member in &group.members {
        let is_group = r.group(member).is_some();
        if !is_group && r.person(&Upn::from(member)).is_none() {
            return Err(unknown(Noun::Person, member.as_str()));
        }
        if is_group {
            below(r, &group.address, member)?;
        }
    }
    Ok(Vec::new())
}

/// Follows a member downwards: it must not lead back, nor too deep. A group
/// that was removed may still be named down there, and now comes back.
fn below(r: &Reading<'_>, group: &Address, member: &Address) -> Result<(), Refusal> {
    let mut seen = BTreeSet::from([member.clone()]);
    let mut level = vec![member.clone()];
    for _ in 1..MAX_GROUP_DEPTH {
        let members = level
            .iter()
            .filter_map(|address| r.group(address))
            .flat_map(|group| &group.members);
        level = members
            .filter(|address| *address == group || r.group(address).is_some())
            .filter(|address| seen.insert((*address).clone()))
            .cloned()
            .collect();
        if level.contains(group) {
            let (group, member) = (group.clone(), member.clone());
            return Err(Refusal::GroupCycle { group, member });
        }
        if level.is_empty() {
            return Ok(());
        }
    }
    Err(Refusal::GroupDepth {
        group: group.clone(),
    })
}

fn admit_workload(r: &Reading<'_>, workload: &Workload) -> Result<Vec<Fact>, Refusal> {
    admit_secrets(r.workload(&workload.name).map(AsRef::as_ref), workload)?;
    Ok(Vec::new())
}

/// A secret stays what it was, or its version is the next one. None stays where
/// the workload gets another connector or origin: it was given for that target,
/// and its box opens for no other.
fn admit_secrets(before: Option<&Workload>, workload: &Workload) -> Result<(), Refusal> {
    let is_same_target = before.is_some_and(|before| before.has_target_of(workload));
    for (name, said) in &workload.secrets {
        let old = before.and_then(|before| before.secrets.get(name));
        let of = || (workload.name.clone(), name.clone());
        if old == Some(said) {
            if !is_same_target {
                let (workload, secret) = of();
                return Err(Refusal::OtherTarget { workload, secret });
            }
            continue;
        }
        let version = old.map_or(0, |old| old.version).saturating_add(1);
        if said.version != version {
            let (workload, secret) = of();
            return Err(Refusal::SecretVersion {
                workload,
                secret,
                version,
            });
        }
    }
    Ok(())
}

fn admit_task(r: &Reading<'_>, task: &Task) -> Result<Vec<Fact>, Refusal> {
    let workload = task.name.workload();
    if r.workload(&workload).is_none() {
        return Err(unknown_workload(&workload));
    }
    Ok(Vec::new())
}

fn admit_policy(r: &Reading<'_>, policy: &Policy) -> Result<Vec<Fact>, Refusal> {
    let stages = policy.stages.iter().map(|stage| &stage.group);
    let groups = stages
        .chain(&policy.requesters)
        .chain(&policy.output_readers);
    for group in groups {
        if r.group(group).is_none() {
            return Err(unknown(Noun::Group, group.as_str()));
        }
    }
    Ok(Vec::new())
}

/// What ends because another rule governs from now on.
fn overruled(r: &Reading<'_>, by: &Upn, change: Change<'_>, fact: &Fact) -> Vec<Fact> {
    let workload_prefix;
    let touched = match change {
        Change::Object(Object::Control(_)) => Touched::All,
        Change::Object(Object::Policy(policy)) => Touched::Prefix(policy.task.prefix()),
        Change::Object(Object::Task(task)) => Touched::Task(&task.name),
        Change::Remove(ObjectName::Policy(pattern)) => Touched::Prefix(pattern.prefix()),
        Change::Remove(ObjectName::Task(task)) => Touched::Task(task),
        // Whether its tasks are open may have changed.
        Change::Object(Object::Workload(workload)) => {
            workload_prefix = format!("{}\\", workload.name.key());
            Touched::Prefix(&workload_prefix)
        }
        Change::Remove(ObjectName::Workload(name)) => {
            workload_prefix = format!("{}\\", name.key());
            Touched::Prefix(&workload_prefix)
        }
        Change::Object(
            Object::Site(_) | Object::Person(_) | Object::Group(_) | Object::Preferences(_),
        )
        | Change::Remove(ObjectName::Group(_)) => return Vec::new(),
    };
    r.overruled(fact, by, &touched)
}
