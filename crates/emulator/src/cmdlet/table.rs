//! The cmdlets, with their parameters.

use super::Kind::{Boolean, Changes, Integer, OneOf, Size, Switch, Text, Texts};
use super::{Act, Cmdlet, Kind, Parameter};
use crate::tenant::Noun::{Group, Journal, Mailbox, Move, Transport};

const fn may(name: &'static str, kind: Kind) -> Parameter {
    Parameter {
        name,
        kind,
        is_mandatory: false,
    }
}

const fn must(name: &'static str, kind: Kind) -> Parameter {
    Parameter {
        is_mandatory: true,
        ..may(name, kind)
    }
}

/// The object that a cmdlet is about.
const IT: Parameter = must("Identity", Text);
/// The objects that a cmdlet shows; all where it is absent.
const WHICH: Parameter = may("Identity", Text);

/// What every cmdlet that reads takes as well.
pub(super) const READING: [Parameter; 2] = [may("ResultSize", Size), may("Filter", Text)];
/// What every cmdlet that changes something takes as well.
pub(super) const CHANGING: [Parameter; 3] = [
    may("Confirm", Switch),
    may("WhatIf", Switch),
    may("Force", Switch),
];

const MODES: Kind = OneOf(&["Enforce", "Audit", "AuditAndNotify"]);
const SCOPES: Kind = OneOf(&["Global", "Internal", "External"]);
const RIGHTS: Parameter = must("AccessRights", Texts);

const RULE: [Parameter; 9] = [
    may("SubjectContainsWords", Texts),
    may("From", Texts),
    may("SentTo", Texts),
    may("RedirectMessageTo", Texts),
    may("BlindCopyTo", Texts),
    may("PrependSubject", Text),
    may("RejectMessageReasonText", Text),
    may("Priority", Integer),
    may("Mode", MODES),
];

/// A rule's parameters between two others.
const fn rule(first: Parameter, last: Parameter) -> [Parameter; 11] {
    let [a, b, c, d, e, f, g, h, i] = RULE;
    [first, a, b, c, d, e, f, g, h, i, last]
}

const NEW_RULE: [Parameter; 11] = rule(must("Name", Text), may("Enabled", Boolean));
const SET_RULE: [Parameter; 11] = rule(IT, may("Name", Text));

const fn cmdlet(name: &'static str, act: Act, parameters: &'static [Parameter]) -> Cmdlet {
    Cmdlet {
        name,
        act,
        parameters,
    }
}

pub(super) static CMDLETS: [Cmdlet; 34] = [
    cmdlet(
        "Get-Mailbox",
        Act::Get(Mailbox),
        &[WHICH, may("RecipientTypeDetails", Texts)],
    ),
    cmdlet(
        "New-Mailbox",
        Act::New(Mailbox),
        &[
            must("Name", Text),
            may("Alias", Text),
            may("DisplayName", Text),
            may("PrimarySmtpAddress", Text),
            may("MicrosoftOnlineServicesID", Text),
            may("Shared", Switch),
            may("Password", Text),
        ],
    ),
    cmdlet(
        "Set-Mailbox",
        Act::Set(Mailbox),
        &[
            IT,
            may("DisplayName", Text),
            may("ForwardingSmtpAddress", Text),
            may("DeliverToMailboxAndForward", Boolean),
            may("HiddenFromAddressListsEnabled", Boolean),
            may("LitigationHoldEnabled", Boolean),
            may("ProhibitSendQuota", Text),
            may("CustomAttribute1", Text),
            may("EmailAddresses", Changes),
            may("GrantSendOnBehalfTo", Changes),
            may("Type", OneOf(&["Regular", "Shared", "Room", "Equipment"])),
        ],
    ),
    cmdlet("Remove-Mailbox", Act::Remove(Mailbox), &[IT]),
    cmdlet(
        "Get-MoveRequest",
        Act::Get(Move),
        &[WHICH, may("MoveStatus", Text), may("BatchName", Text)],
    ),
    cmdlet(
        "New-MoveRequest",
        Act::New(Move),
        &[
            IT,
            may("TargetDatabase", Text),
            may("TargetDeliveryDomain", Text),
            may("RemoteHostName", Text),
            may("BatchName", Text),
            may("BadItemLimit", Size),
            may("LargeItemLimit", Size),
            may("Priority", Text),
            may("Remote", Switch),
            may("Outbound", Switch),
            may("Suspend", Switch),
            may("SuspendWhenReadyToComplete", Switch),
        ],
    ),
    cmdlet(
        "Set-MoveRequest",
        Act::Set(Move),
        &[
            IT,
            may("BatchName", Text),
            may("BadItemLimit", Size),
            may("Priority", Text),
            may("SuspendWhenReadyToComplete", Boolean),
        ],
    ),
    cmdlet(
        "Suspend-MoveRequest",
        Act::Turn(Move, "Status", "Suspended"),
        &[IT, may("SuspendComment", Text)],
    ),
    cmdlet(
        "Resume-MoveRequest",
        Act::Turn(Move, "Status", "InProgress"),
        &[IT],
    ),
    cmdlet("Remove-MoveRequest", Act::Remove(Move), &[IT]),
    cmdlet("Get-JournalRule", Act::Get(Journal), &[WHICH]),
    cmdlet(
        "New-JournalRule",
        Act::New(Journal),
        &[
            must("Name", Text),
            must("JournalEmailAddress", Text),
            may("Recipient", Text),
            may("Scope", SCOPES),
            may("Enabled", Boolean),
        ],
    ),
    cmdlet(
        "Set-JournalRule",
        Act::Set(Journal),
        &[
            IT,
            may("Name", Text),
            may("JournalEmailAddress", Text),
            may("Recipient", Text),
            may("Scope", SCOPES),
        ],
    ),
    cmdlet(
        "Enable-JournalRule",
        Act::Turn(Journal, "Enabled", "true"),
        &[IT],
    ),
    cmdlet(
        "Disable-JournalRule",
        Act::Turn(Journal, "Enabled", "false"),
        &[IT],
    ),
    cmdlet("Remove-JournalRule", Act::Remove(Journal), &[IT]),
    cmdlet(
        "Get-TransportRule",
        Act::Get(Transport),
        &[WHICH, may("State", Text)],
    ),
    cmdlet("New-TransportRule", Act::New(Transport), &NEW_RULE),
    cmdlet("Set-TransportRule", Act::Set(Transport), &SET_RULE),
    cmdlet(
        "Enable-TransportRule",
        Act::Turn(Transport, "State", "Enabled"),
        &[IT],
    ),
    cmdlet(
        "Disable-TransportRule",
        Act::Turn(Transport, "State", "Disabled"),
        &[IT],
    ),
    cmdlet("Remove-TransportRule", Act::Remove(Transport), &[IT]),
    cmdlet(
        "Get-MailboxPermission",
        Act::GetPermission,
        &[IT, may("User", Text)],
    ),
    cmdlet(
        "Add-MailboxPermission",
        Act::AddPermission,
        &[
            IT,
            must("User", Text),
            RIGHTS,
            may("AutoMapping", Boolean),
            may("InheritanceType", Text),
        ],
    ),
    cmdlet(
        "Remove-MailboxPermission",
        Act::RemovePermission,
        &[IT, must("User", Text), RIGHTS],
    ),
    cmdlet("Get-DistributionGroup", Act::Get(Group), &[WHICH]),
    cmdlet(
        "New-DistributionGroup",
        Act::New(Group),
        &[
            must("Name", Text),
            may("Alias", Text),
            may("DisplayName", Text),
            may("PrimarySmtpAddress", Text),
            may("Members", Texts),
            may("ManagedBy", Texts),
            may("Type", OneOf(&["Distribution", "Security"])),
            may("RequireSenderAuthenticationEnabled", Boolean),
        ],
    ),
    cmdlet(
        "Set-DistributionGroup",
        Act::Set(Group),
        &[
            IT,
            may("DisplayName", Text),
            may("ManagedBy", Changes),
            may("HiddenFromAddressListsEnabled", Boolean),
            may("RequireSenderAuthenticationEnabled", Boolean),
            may("AcceptMessagesOnlyFrom", Changes),
        ],
    ),
    cmdlet("Remove-DistributionGroup", Act::Remove(Group), &[IT]),
    cmdlet("Get-DistributionGroupMember", Act::GetMember, &[IT]),
    cmdlet(
        "Add-DistributionGroupMember",
        Act::AddMember,
        &[IT, must("Member", Text)],
    ),
    cmdlet(
        "Remove-DistributionGroupMember",
        Act::RemoveMember,
        &[IT, must("Member", Text)],
    ),
    cmdlet("Get-OrganizationConfig", Act::GetConfig, &[]),
    cmdlet(
        "Set-OrganizationConfig",
        Act::SetConfig,
        &[
            may("CustomerLockBoxEnabled", Boolean),
            may("AuditDisabled", Boolean),
            may("MailTipsExternalRecipientsTipsEnabled", Boolean),
            may("OAuth2ClientProfileEnabled", Boolean),
            may("DefaultGroupAccessType", OneOf(&["Public", "Private"])),
        ],
    ),
];
