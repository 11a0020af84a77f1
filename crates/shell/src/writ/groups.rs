//! Groups.

use std::collections::BTreeSet;

use writ_client::{Client, Listing};
use writ_core::names::Address;
use writ_core::object::{Group, MailTo, Object as Noun, ObjectName};

use super::refused::refused;
use super::{Done, address, addresses, objects, one, usage};
use crate::binder::Bound;
use crate::record::ErrorRecord;
use crate::values::Value;

fn identity(bound: &Bound) -> Result<Address, ErrorRecord> {
    address(bound, "Identity")?.ok_or_else(|| usage("Name the group: -Identity ADDRESS"))
}

pub(super) async fn new(client: &Client, bound: &Bound) -> Done {
    let address = identity(bound)?;
    let groups = client.groups().await.map_err(refused)?;
    if groups.value.iter().any(|group| group.address == address) {
        return Err(usage(format!("The group {address} is there already."))
            .with_next(format!("Set-ElevatedAccessGroup {address} -Add UPN")));
    }
    let members = addresses(bound, "Members")?.unwrap_or_default();
    let group = Group {
        address,
        name: bound.text("DisplayName"),
        members: members.into_iter().collect::<BTreeSet<_>>(),
        mail_to: MailTo::default(),
        remind: None,
        escalate_to: None,
    };
    put(client, group, groups.seen).await
}

pub(super) async fn get(client: &Client, bound: &Bound) -> Done {
    if let Some(address) = address(bound, "Identity")? {
        let group = client.group(&address).await.map_err(refused)?;
        return Ok(one(objects::group(&group.value)));
    }
    let member = address(bound, "Member")?;
    let with = member.map(|member| ("member", member.to_string()));
    let listing = Listing {
        with: with.into_iter().collect(),
        most: usize::MAX,
    };
    let groups = client.objects::<Group>(&listing).await.map_err(refused)?;
    let groups = groups.value.iter().map(objects::group);
    Ok(groups.map(Value::Object).collect())
}

pub(super) async fn set(client: &Client, bound: &Bound) -> Done {
    let address = identity(bound)?;
    let found = client.group(&address).await.map_err(refused)?;
    let mut group = found.value;
    if let Some(members) = addresses(bound, "Members")? {
        group.members = members.into_iter().collect();
    }
    for member in addresses(bound, "Remove")?.unwrap_or_default() {
        if !group.members.remove(&member) {
            return Err(usage(format!("{member} is not in {address}."))
                .with_next(format!("Get-ElevatedAccessGroup {address}")));
        }
    }
    let added = addresses(bound, "Add")?.unwrap_or_default();
    group.members.extend(added);
    group.name = bound.text("DisplayName").or(group.name);
    put(client, group, found.seen).await
}

async fn put(client: &Client, group: Group, seen: u64) -> Done {
    let object = objects::group(&group);
    client
        .set(Noun::Group(group.into()), seen)
        .await
        .map_err(refused)?;
    Ok(one(object))
}

pub(super) async fn remove(client: &Client, bound: &Bound) -> Done {
    let address = identity(bound)?;
    let seen = client.group(&address).await.map_err(refused)?.seen;
    client
        .remove(ObjectName::Group(address), seen)
        .await
        .map_err(refused)?;
    Ok(Vec::new())
}
