//! Refusals: every no, its code, and what to do next.
//!
//! A **refusal** is what a rule of State says; it becomes an entry with its
//! code. What is **turned away** never reaches the log: it was too big, badly
//! formed, stale, or not signed by a key that counts, or the node could not
//! take it. Both are listed, with their sentences, in `docs/refusals.md`, which
//! a test writes from here.

use std::fmt;

use crate::credentials::MAX_KEYS;
use crate::digest::{ExecutionId, KeyId, RequestId};
use crate::names::{Address, Name, TaskName, Upn};
use crate::object::{MAX_GROUP_DEPTH, Noun};
use crate::request::{MAX_LIVE, MAX_PENDING};
use crate::rules::Rules;
use crate::statement::{FRESH, Principal};
use crate::time::{Seconds, Time};
use crate::value::{Value, Values};

/// The newest rules, for the sentence about others.
const NEWEST: u16 = Rules::NEWEST.number();

/// One line of `docs/refusals.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// As entries and answers spell it.
    pub code: &'static str,
    /// When it is said.
    pub when: &'static str,
    /// What is said, with its fields in braces.
    pub sentence: &'static str,
    /// What to do next: how the sentence goes on.
    pub next: &'static str,
}

/// An enum of refusals: each variant with its code, its sentence and what to do
/// next beside it, so that none can be forgotten.
macro_rules! refusals {
    (
        $(#[$doc:meta])* $name:ident;
        $( #[doc = $when:literal] $variant:ident { $( $field:ident : $type:ty ),* }
            $code:literal $sentence:literal $next:literal )*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each sentence names its fields")]
        pub enum $name {
            $(
                #[doc = $when]
                $variant { $( $field: $type ),* },
            )*
        }

        impl $name {
            /// All of them, as the documentation lists them.
            pub const CATALOG: &[Listed] = &[
                $( Listed { code: $code, when: $when, sentence: $sentence, next: $next }, )*
            ];

            /// As entries and answers spell it.
            pub const fn code(&self) -> &'static str {
                match self {
                    $( Self::$variant { .. } => $code, )*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $( Self::$variant { $( $field ),* } => {
                        write!(f, $sentence)?;
                        write!(f, $next)
                    } )*
                }
            }
        }

        impl std::error::Error for $name {}
    };
}

refusals! {
    /// What a rule of State answers instead of facts.
    Refusal;

    /// The organization exists already.
    GenesisTwice {} "genesis-twice"
        "this organization has been founded already"
        "; a second one needs a data directory of its own: writ --data-dir DIR init"
    /// Nothing has been said yet, and this is not a genesis.
    GenesisFirst {} "genesis-first"
        "the log is empty"
        "; found the organization first: writ init --organization DOMAIN --admin UPN"
    /// The statement asks for what this version does not do.
    NotYet { what: &'static str } "not-yet"
        "{what} is not supported by this version"
        "; do without it, or update when the CHANGELOG of a newer version has it"
    /// The statement was made for another organization.
    WrongInstance {} "wrong-instance"
        "the statement was made for another organization"
        "; sign in to this one: writ login URL --as UPN"
    /// The statement's own time is too far from the log's.
    Stale { at: Time, now: Time } "stale"
        "the statement says it was made at {at}, and here it is {now}; they may differ by at most {FRESH}"
        ": set the clock and repeat"
    /// The statement is from before the log went on from a backup.
    BeforeRecovery { at: Time, recovered: Time } "before-recovery"
        "the statement says it was made at {at}, and at {recovered} the log went on from a backup: what was said before does not count unless it is in it"
        "; to say it still, make it anew"
    /// The same statement is in the log already.
    Replayed { index: u64 } "replayed"
        "the same statement is entry {index} already, and acts once"
        "; that entry is its answer: to say it again, make a new one"
    /// The key that signed is not one of the person's live keys.
    KeyNotLive { who: Principal } "key-not-live"
        "this key is not enrolled for {who}, or was revoked"
        "; ask an administrator for a new invitation and run: writ login URL --as UPN"
    /// The invitation was used or has ended.
    InvitationEnded { person: Upn } "invitation-ended"
        "the invitation of {person} was used already, replaced or has ended"
        "; an administrator makes a new one: writ person invite {person}"
    /// The person was deactivated, or does not exist.
    Inactive { person: Upn } "inactive"
        "{person} is not an active person of this organization"
        "; an administrator can change that: writ person invite {person}"
    /// The statement needs an administrator.
    NotAdministrator { person: Upn } "not-administrator"
        "only administrators may do this, and {person} is not one"
        "; ask one to do it, or to make you one: writ person invite {person} --role administrator"
    /// The statement concerns somebody else.
    NotYours { person: Upn } "not-yours"
        "this belongs to {person}, and only they or an administrator may do it"
        "; ask one of them"

    /// The object changed after the signer looked at it.
    Changed { what: String, index: u64 } "changed"
        "the {what} was changed by entry {index}, after you looked"
        "; look again and repeat"
    /// The object does not exist.
    UnknownObject { noun: Noun, name: String } "unknown-object"
        "there is no {noun} {name}"
        "; see: writ {noun} list"
    /// A person and a group would have the same name; a removed group keeps its own.
    NameTaken { name: String, noun: Noun } "name-taken"
        "{name} names a {noun} already, or did; people and groups share their names"
        ": choose another one"
    /// The group would contain itself.
    GroupCycle { group: Address, member: Address } "group-cycle"
        "{member} contains {group}, directly or through others, so it cannot be its member"
        "; see who is in it: writ group show {member}"
    /// The groups would nest too deeply.
    GroupDepth { group: Address } "group-depth"
        "{group} would nest groups deeper than {MAX_GROUP_DEPTH} levels"
        "; put people into it instead of groups: writ group set {group} --add UPN"
    /// Nobody would be left to administer.
    LastAdministrator { person: Upn } "last-administrator"
        "{person} is the last active administrator with a key"
        "; make another one first: writ person invite UPN --role administrator"
    /// The site names rules that this version does not know, or older ones.
    RulesUnknown { rules: u16 } "rules-unknown"
        "rules {rules} cannot be chosen; this version follows rules up to {NEWEST} and never goes back"
        ": keep the rules that are in force, or update Writ first"

    /// More than one of the services' keys would change at once.
    OneKey {} "one-key"
        "the keys of the services change one at a time"
        ": writ site rotate-key log, then writ site rotate-key runner"
    /// The key is one of the person's already, or that of their invitation.
    KeyExists { key: KeyId } "key-exists"
        "the key {key} is enrolled already"
        "; make a new one, and enrol that"
    /// The person has as many keys as anybody may have.
    KeyLimit { person: Upn } "key-limit"
        "{person} has {MAX_KEYS} keys, which is all that anybody may have"
        "; revoke one first: writ key list, writ key revoke KEY"
    /// A passkey signed plainly, or another key by a gesture.
    PasskeyMismatch { key: KeyId } "passkey-mismatch"
        "the key {key} did not sign as it was enrolled to: a passkey signs by a gesture, and no other key does"
        "; see: writ key list"
    /// The gesture was on a page of somebody else.
    PasskeyOrigin { origin: String } "passkey-origin"
        "the passkey was used on a page of `{origin}`, which is no address of this organization"
        "; open one of its own: writ status"
    /// The passkey is bound to another domain than the site's.
    PasskeyDomain { rp_id: String } "passkey-domain"
        "the passkey is not one of the domain `{rp_id}`"
        "; enrol one on a page of this site: writ status"
    /// The policy asks for passkeys, and the approver signed with another key.
    PasskeyRequired { task: TaskName } "passkey-required"
        "the policy of {task} asks approvers for a passkey, and this key is none"
        "; see yours: writ key list"
    /// The person has no such key.
    UnknownKey { key: KeyId, person: Upn } "unknown-key"
        "{person} has no key {key}"
        "; see: writ key list {person}"

    /// Privileged access has been disabled.
    Disabled {} "disabled"
        "privileged access is disabled: nothing can be requested, approved or run"
        "; an administrator enables it: writ enable"
    /// Privileged access was never enabled.
    NeverEnabled {} "never-enabled"
        "privileged access has not been enabled yet"
        "; an administrator does it once: writ enable --admin-group ADDRESS"
    /// The person is a service, and only people ask and approve.
    SystemAccount { person: Upn } "system-account"
        "{person} is a system account: it runs what its exemption names, and neither requests nor approves"
        "; see: writ system-account list"
    /// Somebody who is no service was to be exempt.
    NotService { person: Upn } "not-a-service"
        "{person} is not a system account, and only those can be exempt"
        "; choose another name: writ system-account set UPN"
    /// The exemption has ended already, or lasts too long.
    Exemption { person: Upn } "exemption"
        "the exemption of {person} must end in the future, and within 90 days"
        ": writ system-account renew {person} --for 90d"
    /// The task does not exist.
    UnknownTask { task: TaskName } "unknown-task"
        "there is no task {task}"
        "; see: writ task list"
    /// No policy covers the task, so it is closed.
    NoPolicy { task: TaskName } "no-policy"
        "No approval policy covers {task}, so nobody may run it."
        " An administrator allows it with: writ policy set '{task}' --approval manual"
    /// The policy asks for approval, and names nobody who could give it.
    NoApprovers { task: TaskName } "no-approvers"
        "the policy of {task} names no approvers and there is no default group"
        "; an administrator sets one: writ enable --admin-group ADDRESS"
    /// The policy says who may ask, and the person is not among them.
    NotRequester { task: TaskName, group: Address } "not-requester"
        "only members of {group} may ask for {task}"
        "; an administrator can add you: writ group set {group} --add UPN"
    /// The duration is outside what the policy grants.
    Duration { longest: Seconds } "duration"
        "the duration must be from 1m to {longest}, which is the most that the policy grants"
        "; give another: --for {longest}"
    /// A parameter is not what the task, the policy or the grant allows.
    Parameters { task: TaskName, problem: String } "parameters"
        "{problem}"
        "; see what the task takes: writ task show '{task}'"
    /// The asked start is in the past or too far ahead.
    Start {} "start"
        "the start must be in the future, and at most 30 days ahead"
        "; give another, or leave it out to start when it is approved: --start TIME"
    /// More runs are asked for than the policy grants.
    Runs { most: u64 } "runs"
        "the policy grants at most {most} runs"
        "; ask for no more: --runs {most}"
    /// The same is pending already.
    AlreadyPending { request: RequestId } "already-pending"
        "you asked for the same already and it is pending"
        "; see who can decide it: writ show {request}"
    /// The person has as many pending requests as anybody may have.
    PendingLimit {} "pending-limit"
        "you have {MAX_PENDING} pending requests, which is all that anybody may have"
        "; cancel some first: writ requests --mine, writ cancel ID"
    /// The person has as many live grants as anybody may have.
    LiveLimit { person: Upn } "live-limit"
        "{person} has {MAX_LIVE} live grants, which is all that anybody may have"
        "; some must end first: writ grants, writ revoke ID"

    /// The statement sets up an app, or asks for one, and it does not fit.
    App { app: Upn, problem: String } "app"
        "{app}: {problem}"
        "; see what it wants: writ app show {app}"
    /// Apps are set up, and asked for, by installers.
    NotInstaller { person: Upn } "not-installer"
        "only installers and administrators ask for an app, and {person} is neither"
        "; an administrator can make you one: writ person invite {person} --role installer"
    /// An app requests, approves, or reads what is no dataset.
    AppRuns { app: Upn } "app-runs"
        "{app} is an app: it reads what was granted for it, and neither requests nor approves"
        "; its installer asks: writ app install MANIFEST"
    /// Somebody who is no app wants rows of a dataset.
    AppsOnly { task: TaskName } "apps-only"
        "{task} is a dataset, which apps read and nobody else"
        "; install one that wants it: writ app install MANIFEST"
    /// An app is to run what is no dataset.
    NotDataset { task: TaskName } "not-a-dataset"
        "{task} is no dataset, and apps read those and nothing else"
        "; see which there are: writ dataset list"
    /// No live grant of the app covers the run.
    NotConsented { task: TaskName, app: Upn } "not-consented"
        "nothing is granted that lets {app} read this of {task}"
        "; see what was asked for and what is granted: writ app show {app}"
    /// What a grant is for is defined in another way since.
    DatasetChanged { task: TaskName, app: Upn } "dataset-changed"
        "{task} is defined in another way than when {app} was allowed to read it"
        "; its installer asks anew: writ app upgrade MANIFEST"
    /// The same was denied or revoked before.
    StaysSo { request: RequestId, status: &'static str } "stays-so"
        "the same was {status} by the request {request}, and stays so until the manifest or the dataset is another"
        "; see why: writ show {request}"
    /// An app asks again by itself for what nobody has asked for.
    InstallerAsks { task: TaskName, app: Upn } "installer-asks"
        "nobody asked for what {app} wants of {task} now, and an app asks again only for what was asked"
        "; its installer does: writ app upgrade MANIFEST"
    /// An app asks again by itself too soon.
    AskedToday { task: TaskName, from: Time } "asked-today"
        "this was asked for less than a day ago, and an app asks for {task} again from {from} on"
        "; ask then, or ask its installer"

    /// The request was decided or has ended, or never was.
    NotPending { request: RequestId } "not-pending"
        "the request {request} was decided, has ended, or does not exist"
        "; see what became of it: writ show {request}"
    /// The approver is the requester.
    SelfApproval { request: RequestId } "self-approval"
        "you asked for this yourself, so somebody else must approve it"
        "; see who can: writ show {request}"
    /// The person is not in the group that is asked now.
    NotApprover { group: Address } "not-approver"
        "only members of {group} may approve this now"
        "; ask one of them, or an administrator to add you: writ group set {group} --add UPN"
    /// The person decided this request before.
    AlreadyDecided { request: RequestId } "already-decided"
        "you approved this request already, and each person decides once"
        "; see who else can: writ show {request}"
    /// The approval would give more than was asked for.
    Wider { longest: Seconds } "wider"
        "an approval may give less than was asked for and not more: from 1m to {longest}"
        "; give a shorter time, or leave it out: --for {longest}"
    /// Ending somebody else's request needs a comment.
    CommentRequired {} "comment-required"
        "whoever ends somebody else's request must say why"
        ": add --comment TEXT"
    /// The person may not end this request.
    NotYoursToEnd { request: RequestId } "not-yours-to-end"
        "only its requester, its approvers and administrators may end the request {request}"
        "; ask one of them: writ show {request}"

    /// No live grant covers the run.
    Insufficient { task: TaskName, with: Asked } "insufficient"
        "Insufficient permissions. Please raise an elevated access request for this task."
        "\n  writ request '{task}'{with} --reason 'TEXT'"
    /// The grant covers the run and has not begun.
    NotStarted { request: RequestId, from: Time } "not-started"
        "the grant {request} begins at {from}"
        "; run it then"
    /// The grant is for so many runs, and there were so many.
    UsedUp { request: RequestId, task: TaskName, most: u64 } "used-up"
        "the grant {request} was for at most {most} runs, and they are used up"
        "; ask again: writ request '{task}' --reason 'TEXT'"
    /// The grant is older than the policy now allows.
    TooOld { task: TaskName, longest: Seconds } "too-old"
        "the policy of {task} now grants at most {longest}, and this grant is older"
        "; ask again: writ request '{task}' --reason 'TEXT'"
    /// The run has no outcome yet; only its node can say one.
    StillOpen { execution: ExecutionId } "still-open"
        "the execution {execution} may still run, and only what ended unknown is resolved"
        "; see: writ executions show {execution}"
    /// What is to be recovered is not this log, or not this log any more.
    OtherLog { size: u64 } "other-log"
        "the log has {size} entries now, and this was signed for another one"
        "; stop the node and repeat on its host: writ recover"
    /// A secret would go to another target than it was given for.
    OtherTarget { workload: Name, secret: Name } "other-target"
        "the secret {secret} was given for the connector and the origin that {workload} had, and goes nowhere else"
        "; give it again: writ secret set {workload} {secret}"
    /// The new value of a secret has not the next version.
    SecretVersion { workload: Name, secret: Name, version: u64 } "secret-version"
        "the next version of the secret {secret} of {workload} is {version}"
        "; give it again: writ secret set {workload} {secret}"
    /// The secrets of a run were sealed to another node.
    OtherNode { named: Name, node: Name } "other-node"
        "the run is for the node {named}, and this is {node}"
        "; send it there, or leave out the node"
    /// There is no such run, or it has its outcome already.
    UnknownExecution { execution: ExecutionId } "unknown-execution"
        "the execution {execution} does not exist or has its outcome already"
        "; see: writ executions"
}

refusals! {
    /// What never reaches the log.
    TurnedAway;

    /// The envelope or what travels beside it is too big.
    TooBig { size: usize, most: usize } "too-big"
        "the statement is {size} bytes and may be {most}"
        "; shorten its texts, or give a long one with --param NAME=@FILE"
    /// The envelope or its payload is not of the right form.
    BadForm { problem: String } "bad-form"
        "{problem}"
        "; nothing was recorded: correct it and repeat"
    /// The statement was made for another organization.
    OtherInstance {} "wrong-instance"
        "the statement was made for another organization"
        "; sign in to this one: writ login URL --as UPN"
    /// The statement's own time is too far from the server's.
    OutOfTime { at: Time, now: Time } "stale"
        "the statement says it was made at {at}, and the server's clock says {now}; they may differ by at most {FRESH}"
        ": set the clock and repeat"
    /// No live key of that person has the id.
    NoSuchKey { who: Principal } "key-not-live"
        "this key is not enrolled for {who}, or was revoked, or the invitation was used or has ended"
        "; ask an administrator for a new invitation: writ person invite UPN"
    /// The signature does not fit.
    BadSignature {} "bad-signature"
        "the signature does not fit the statement, so it was changed on the way or made by another key; nothing was recorded"
        ": repeat, and if it stays so, enrol a new key: writ login URL --as UPN"
    /// What travels beside the envelope is missing, odd or not what it says.
    BadAttachment { problem: String } "bad-attachment"
        "{problem}"
        "; nothing was recorded: send every text that the statement names, and no other"
    /// The connector does not understand the task or the workload.
    BadTemplate { problem: String } "bad-template"
        "{problem}"
        "; nothing was recorded: correct it and send it again"
    /// Enrolled people could never give the approvals that the policy asks for.
    Quorum { task: TaskName, group: Address, problem: String } "quorum"
        "nobody could ever approve this request for {task}: {problem}"
        "; an administrator adds people: writ group set {group} --add UPN"
    /// The person says more than one may in so short a time.
    TooMany { after: Seconds } "too-many"
        "that was too much at once; nothing was recorded"
        ": repeat in {after}"
    /// This node has as many runs in flight as it may.
    Busy {} "busy"
        "this node has as many runs in flight as it may"
        "; repeat in a few seconds"
    /// Too much is waiting.
    Overloaded {} "overloaded"
        "the server is overloaded; nothing was recorded"
        ": repeat in a few seconds"
    /// The log could not be written.
    Unavailable { problem: String } "unavailable"
        "nothing was recorded: {problem}"
        "; repeat in a few seconds, and if it stays so, the operator finds more with: writ status"
    /// It is not known whether the log was written.
    Unknown {} "unknown-fate"
        "the server lost its database while recording this"
        "; send the same again: it acts once"
    /// The node is stopping.
    Stopping {} "stopping"
        "the server is stopping; nothing was recorded"
        ": repeat in a few seconds"
}

impl Refusal {
    /// The sentence of a code where nothing else is known of the refusal.
    pub fn sentence_of(code: &str) -> &'static str {
        Self::CATALOG
            .iter()
            .find(|listed| listed.code == code)
            .map_or("refused", |listed| listed.when.trim())
    }
}

/// The parameters of a run, as options of the command that would ask for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked(pub Values);

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.0 {
            let text = value.to_string();
            let is_short = text.len() <= 200 && !matches!(value, Value::Table(_));
            if is_short {
                write!(f, " --param {}", shell_word(&format!("{name}={text}")))?;
            }
        }
        Ok(())
    }
}

/// A word as a POSIX shell reads it back: quoted where it must be.
pub fn shell_word(text: &str) -> String {
    let plain = !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-./:=@,+%".contains(&b));
    match plain {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// A name in a sentence, where the type does not say it.
pub(crate) fn unknown(noun: Noun, name: &str) -> Refusal {
    Refusal::UnknownObject {
        noun,
        name: name.to_owned(),
    }
}

/// The workload that a task names does not exist.
pub(crate) fn unknown_workload(name: &Name) -> Refusal {
    unknown(Noun::Workload, name.as_str())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_is_said_by_one_variant() {
        for catalog in [Refusal::CATALOG, TurnedAway::CATALOG] {
            let codes: BTreeSet<_> = catalog.iter().map(|listed| listed.code).collect();
            assert_eq!(codes.len(), catalog.len());
        }
    }

    #[test]
    fn every_no_says_what_to_do_next() {
        for listed in [Refusal::CATALOG, TurnedAway::CATALOG].concat() {
            let next = listed.next.trim_start_matches([';', ':', ',', ' ', '\n']);
            assert!(next.len() > 8 && next != listed.next, "{listed:?}");
            assert!(!listed.sentence.is_empty() && !listed.next.ends_with('.'));
        }
    }

    #[test]
    fn the_command_that_would_ask_reads_back_in_a_shell() {
        let refusal = Refusal::Insufficient {
            task: TaskName::parse(r"Host\Say").unwrap(),
            with: Asked(Values::from([(
                "word".parse().unwrap(),
                Value::Text("it's $(id)".into()),
            )])),
        };
        assert!(
            refusal
                .to_string()
                .ends_with(r"writ request 'Host\Say' --param 'word=it'\''s $(id)' --reason 'TEXT'")
        );
    }
}
