//! Hints: what well-known cmdlets take, as their public reference says.
//!
//! A **hint** helps whoever asks to give values of the right type. It is advice
//! and no rule: a tenant may have other cmdlets, and these may take more.

use writ_core::names::ParameterName;
use writ_core::value::{MAX_TEXT, Schema, Schemas, ValueType};

/// What is known of a cmdlet.
#[derive(Clone, Copy, Debug)]
pub struct Hint {
    /// `New-MoveRequest`.
    pub cmdlet: &'static str,
    /// Its parameters, in words: a name, `|` and its other names, `!` if it must be
    /// given, `+` if it is given often, `:` and its type where that is no text:
    /// **b**oolean or switch, **i**nteger, **l**ist, **s**ecret, **t**able.
    words: &'static str,
}

/// One parameter of a hint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HintParameter {
    /// As it is given.
    pub name: &'static str,
    /// What it is called too.
    pub aliases: Vec<&'static str>,
    /// Of which type its values are.
    pub value_type: ValueType,
    /// Whether it must be given.
    pub required: bool,
    /// Whether it is given often.
    pub usual: bool,
}

const fn hint(cmdlet: &'static str, words: &'static str) -> Hint {
    Hint { cmdlet, words }
}

/// Every cmdlet of which something is known.
pub static HINTS: [Hint; 36] = [
    hint(
        "Get-Mailbox",
        "Identity+ Anr Archive:b Filter+ InactiveMailboxOnly:b RecipientTypeDetails:l ResultSize+ SoftDeletedMailbox:b SortBy",
    ),
    hint(
        "New-Mailbox",
        "Name! Alias DisplayName+ FirstName LastName MicrosoftOnlineServicesID+ Password+:s PrimarySmtpAddress ResetPasswordOnNextLogon:b Room:b Shared+:b",
    ),
    hint(
        "Set-Mailbox",
        "Identity! AccountDisabled:b AuditEnabled:b CustomAttribute1 DeliverToMailboxAndForward+:b DisplayName EmailAddresses:l ForwardingAddress ForwardingSmtpAddress+ GrantSendOnBehalfTo:l HiddenFromAddressListsEnabled+:b LitigationHoldDuration LitigationHoldEnabled+:b MaxReceiveSize MaxSendSize ProhibitSendQuota RetentionPolicy Type",
    ),
    hint("Remove-Mailbox", "Identity! Force:b PermanentlyDelete:b"),
    hint(
        "Get-MailboxStatistics",
        "Identity! Archive:b IncludeSoftDeletedRecipients:b",
    ),
    hint("Get-MailboxPermission", "Identity! Owner:b ResultSize User"),
    hint(
        "Add-MailboxPermission",
        "Identity! User! AccessRights!:l AutoMapping:b Deny:b InheritanceType Owner",
    ),
    hint(
        "Remove-MailboxPermission",
        "Identity! User! AccessRights!:l Deny:b InheritanceType",
    ),
    hint("Get-MailboxFolderPermission", "Identity! User"),
    hint(
        "Add-MailboxFolderPermission",
        "Identity! User! AccessRights!:l SendNotificationToUser:b SharingPermissionFlags",
    ),
    hint("Remove-MailboxFolderPermission", "Identity! User!"),
    hint(
        "Get-RecipientPermission",
        "Identity AccessRights:l ResultSize Trustee",
    ),
    hint(
        "Add-RecipientPermission",
        "Identity! Trustee! AccessRights!:l",
    ),
    hint(
        "Remove-RecipientPermission",
        "Identity! Trustee! AccessRights!:l",
    ),
    hint(
        "Get-MoveRequest",
        "Identity+ BatchName+ Flags MoveStatus+ RemoteHostName ResultSize SourceDatabase TargetDatabase",
    ),
    hint(
        "New-MoveRequest",
        "Identity! AcceptLargeDataLoss:b ArchiveOnly:b BadItemLimit BatchName+ CompleteAfter LargeItemLimit Outbound:b PrimaryOnly:b Remote:b RemoteHostName RemoteTargetDatabase Suspend:b SuspendComment SuspendWhenReadyToComplete:b TargetDatabase+ TargetDeliveryDomain+",
    ),
    hint(
        "Set-MoveRequest",
        "Identity! BadItemLimit BatchName CompleteAfter LargeItemLimit SuspendWhenReadyToComplete:b",
    ),
    hint("Suspend-MoveRequest", "Identity! SuspendComment"),
    hint(
        "Resume-MoveRequest",
        "Identity! SuspendWhenReadyToComplete:b",
    ),
    hint("Remove-MoveRequest", "Identity! Force:b"),
    hint("Get-JournalRule", "Identity"),
    hint(
        "New-JournalRule",
        "Name! JournalEmailAddress! Enabled:b Recipient Scope",
    ),
    hint(
        "Set-JournalRule",
        "Identity! JournalEmailAddress Name Recipient Scope",
    ),
    hint("Enable-JournalRule", "Identity!"),
    hint("Disable-JournalRule", "Identity!"),
    hint("Remove-JournalRule", "Identity!"),
    hint("Get-TransportRule", "Identity Filter ResultSize State"),
    hint(
        "New-TransportRule",
        "Name! ApplyHtmlDisclaimerText BlindCopyTo:l Enabled:b From+:l FromScope Mode PrependSubject Priority:i RedirectMessageTo:l RejectMessageReasonText+ SentTo+:l SentToScope StopRuleProcessing:b SubjectContainsWords:l",
    ),
    hint("Enable-TransportRule", "Identity! Mode"),
    hint("Disable-TransportRule", "Identity!"),
    hint("Remove-TransportRule", "Identity!"),
    hint(
        "Get-DistributionGroupMember",
        "Identity! IncludeSoftDeletedObjects:b ResultSize",
    ),
    hint(
        "Add-DistributionGroupMember",
        "Identity! Member|Members BypassSecurityGroupManagerCheck:b",
    ),
    hint(
        "Remove-DistributionGroupMember",
        "Identity! Member|Members BypassSecurityGroupManagerCheck:b",
    ),
    hint("Get-OrganizationConfig", ""),
    hint(
        "Set-OrganizationConfig",
        "AuditDisabled:b CustomerLockBoxEnabled:b DefaultGroupAccessType MailTipsExternalRecipientsTipsEnabled:b OAuth2ClientProfileEnabled:b",
    ),
];

/// What every cmdlet that changes something takes as well.
const CHANGING: &str = "Confirm|cf:b WhatIf|wi:b";

/// What is known of a cmdlet, in any case.
pub fn find(cmdlet: &str) -> Option<&'static Hint> {
    HINTS
        .iter()
        .find(|hint| hint.cmdlet.eq_ignore_ascii_case(cmdlet))
}

impl Hint {
    /// Its parameters.
    pub fn parameters(&self) -> impl Iterator<Item = HintParameter> {
        let shared = match self.cmdlet.starts_with("Get-") {
            true => "",
            false => CHANGING,
        };
        let words = self.words.split(' ').chain(shared.split(' '));
        words.filter(|word| !word.is_empty()).map(parameter)
    }

    /// The same as schemas.
    pub fn schemas(&self) -> Schemas {
        let schema = |parameter: HintParameter| {
            let schema = Schema {
                required: parameter.required,
                max_length: MAX_TEXT,
                multiline: true,
                leading_dash: true,
                ..Schema::of(parameter.value_type)
            };
            ParameterName::parse(parameter.name).ok().zip(Some(schema))
        };
        self.parameters().filter_map(schema).collect()
    }

    /// The names of what is given often.
    pub fn usual(&self) -> Vec<ParameterName> {
        let usual = self.parameters().filter(|parameter| parameter.usual);
        usual
            .filter_map(|parameter| ParameterName::parse(parameter.name).ok())
            .collect()
    }
}

fn parameter(word: &'static str) -> HintParameter {
    let (named, kind) = word.split_once(':').unwrap_or((word, ""));
    let required = named.ends_with('!');
    let usual = named.ends_with('+');
    let mut names = named.trim_end_matches(['!', '+']).split('|');
    HintParameter {
        name: names.next().unwrap_or_default(),
        aliases: names.collect(),
        value_type: match kind {
            "b" => ValueType::Boolean,
            "i" => ValueType::Integer,
            "l" => ValueType::List,
            "s" => ValueType::Secret,
            "t" => ValueType::Table,
            _ => ValueType::String,
        },
        required,
        usual,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_hint_can_be_read() {
        let mut seen = BTreeSet::new();
        for hint in &HINTS {
            assert!(super::super::is_cmdlet(hint.cmdlet), "{}", hint.cmdlet);
            assert!(
                seen.insert(hint.cmdlet),
                "{} stands there twice",
                hint.cmdlet
            );
            let count = hint.parameters().count();
            assert_eq!(hint.schemas().len(), count, "{}", hint.cmdlet);
            for word in hint.words.split(' ') {
                let kind = word.split_once(':').map_or("b", |(_, kind)| kind);
                assert!(["b", "i", "l", "s", "t"].contains(&kind), "{word}");
            }
        }
        let add: Vec<_> = find("add-mailboxpermission")
            .unwrap()
            .parameters()
            .collect();
        assert_eq!(
            add[2],
            HintParameter {
                name: "AccessRights",
                aliases: Vec::new(),
                value_type: ValueType::List,
                required: true,
                usual: false,
            }
        );
        let mv = find("New-MoveRequest").unwrap();
        let usual: Vec<_> = mv.usual().iter().map(ToString::to_string).collect();
        assert_eq!(
            usual,
            ["BatchName", "TargetDatabase", "TargetDeliveryDomain"]
        );
        let mut member = find("Add-DistributionGroupMember").unwrap().parameters();
        assert_eq!(member.nth(1).unwrap().aliases, ["Members"]);
        assert!(find("Get-Nothing").is_none());
    }
}
