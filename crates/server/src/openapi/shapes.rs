//! The shapes that have a name: the alphabet, and what the log and its runs show.
//!
//! [`objects`](super::objects) has what administrators set.

use std::collections::BTreeMap;

use serde_json::Value;
use writ_core::envelope::Kind;
use writ_core::record::Status;

use super::objects;
use super::schema::Schema;
use crate::recent::kinds;

const NAME: &str = "[A-Za-z0-9][A-Za-z0-9._-]{0,63}";
const MAILBOX: &str = r"[A-Za-z0-9._%+'#-]{1,64}@[A-Za-z0-9.-]{1,253}";

/// All of them, by name.
pub(super) fn all() -> BTreeMap<&'static str, Value> {
    let all = alphabet()
        .into_iter()
        .chain(objects::all())
        .chain(requests())
        .chain(executions())
        .chain(log())
        .chain(answers());
    all.map(|(name, schema)| (name, schema.into_json()))
        .collect()
}

fn named(name: &str) -> Schema {
    Schema::named(name)
}

fn alphabet() -> Vec<(&'static str, Schema)> {
    let task = format!(r"{NAME}\\{NAME}");
    let beginning = r"[A-Za-z0-9._-]{1,129}(?:\\[A-Za-z0-9._-]{0,128})?";
    let pattern = format!(r"{task}|(?:{beginning})?\*");
    vec![
        (
            "Time",
            Schema::whole().about("Milliseconds since 1970-01-01T00:00:00Z."),
        ),
        (
            "Seconds",
            Schema::count().about("A length of time in seconds."),
        ),
        (
            "Index",
            Schema::count().about("A place in the log, from 0."),
        ),
        (
            "LogSize",
            Schema::count().about("How many entries the log had: the `seen` of a `set`."),
        ),
        (
            "Digest",
            Schema::form("[0-9a-f]{64}").about("SHA-256, as hexadecimal."),
        ),
        (
            "Id",
            Schema::form("[0-9A-Fa-f]{4}[0-9A-Fa-f-]{0,60}")
                .about("An id, or its first digits: at least 4; dashes do not count.")
                .example("1a2b3c4d-5e6f"),
        ),
        (
            "Hex",
            Schema::form("(?:[0-9a-f]{2})*").about("Bytes, as hexadecimal."),
        ),
        (
            "Base64",
            Schema::form("(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
                .about("Bytes, as standard base64 with padding."),
        ),
        (
            "Upn",
            Schema::form(MAILBOX)
                .about("Names a person, human or not; case does not count.")
                .example("alice@fabrikam.com"),
        ),
        (
            "Address",
            Schema::form(MAILBOX)
                .about("Names a group, or a member of one; case does not count.")
                .example("approvers@fabrikam.com"),
        ),
        (
            "Principal",
            Schema::either([named("Upn"), Schema::one_of(&["node"])])
                .about("Who says something: a person, or the organization's own services."),
        ),
        (
            "Name",
            Schema::form(NAME).about("Names a workload, a node, a secret; case does not count."),
        ),
        (
            "TaskName",
            Schema::form(&task)
                .about("Names a task, `Workload\\Command`; case does not count.")
                .example("Host\\Restart-Service"),
        ),
        (
            "Pattern",
            Schema::form(&pattern)
                .about("What a policy covers: a task, a beginning followed by `*`, or `*`.")
                .example("Host\\*"),
        ),
        (
            "ParameterName",
            Schema::form("[A-Za-z][A-Za-z0-9_-]{0,63}").about("Names a parameter of a task."),
        ),
        (
            "Cursor",
            Schema::form("[A-Za-z0-9_-]{54}")
                .about("The `next` of a page; pass it back unchanged."),
        ),
        (
            "Value",
            Schema::either([
                Schema::text(),
                Schema::whole(),
                Schema::flag(),
                named("Value").list(),
                named("Value").map(Schema::text()),
            ])
            .about("The value of a parameter or of a setting."),
        ),
        (
            "Constraint",
            Schema::either([
                Schema::object([("equals", named("Value"))], []),
                Schema::object([("one_of", named("Value").list())], []),
                Schema::object([("glob", Schema::text())], []),
                Schema::object([("range", named("Range"))], []),
                Schema::object([("subset_of", named("Value").list())], []),
                Schema::object([("superset_of", named("Value").list())], []),
                Schema::one_of(&["absent"]),
            ])
            .about("What a parameter must satisfy."),
        ),
        (
            "Range",
            Schema::object([], [("min", Schema::whole()), ("max", Schema::whole())]),
        ),
        (
            "Constraints",
            named("Constraint").map(named("ParameterName")),
        ),
        ("Values", named("Value").map(named("ParameterName"))),
    ]
}

fn requests() -> Vec<(&'static str, Schema)> {
    let statuses = Status::ALL.map(Status::name);
    vec![
        ("RequestStatus", Schema::one_of(&statuses)),
        (
            "Request",
            Schema::object(
                [
                    ("id", named("Digest")),
                    ("by", named("Upn")),
                    ("task", named("TaskName")),
                    ("reason", Schema::text()),
                    ("status", named("RequestStatus")),
                    ("duration_s", named("Seconds")),
                    ("raised", named("Time")),
                    (
                        "expires",
                        named("Time").about("When it expires if nobody decides."),
                    ),
                    ("policy", named("Pattern").about("Which policy governs it.")),
                    ("approval", named("ApprovalKind")),
                    ("stages", named("RequestStage").list()),
                    ("approvals", named("Approval").list()),
                ],
                [
                    ("ticket", Schema::text()),
                    ("parameters", named("Constraints")),
                    ("start", named("Time")),
                    ("runs", Schema::count()),
                    ("grant", named("Grant")),
                    ("ending", named("Ending")),
                    ("app", named("RequestApp")),
                ],
            ),
        ),
        (
            "RequestApp",
            Schema::object(
                [
                    ("upn", named("Upn")),
                    ("installer", named("Upn")),
                    ("manifest", named("Value")),
                    ("definition", named("Digest")),
                ],
                [("name", Schema::text()), ("before", named("Value"))],
            )
            .about("The app that a request is for, and what it has already."),
        ),
        (
            "Access",
            Schema::object(
                [
                    ("app", named("Upn")),
                    ("datasets", named("DatasetAccess").list()),
                ],
                [],
            ),
        ),
        (
            "DatasetAccess",
            Schema::object(
                [("dataset", named("TaskName"))],
                [
                    ("status", named("RequestStatus")),
                    ("request", named("Digest")),
                    ("until", named("Time")),
                    ("parameters", named("Value")),
                    ("key", Schema::text()),
                    ("problem", Schema::text()),
                    ("again", named("Again")),
                ],
            )
            .about("What an app may read of one dataset."),
        ),
        (
            "Again",
            Schema::object(
                [
                    ("from", named("Time")),
                    ("parameters", named("Constraints")),
                ],
                [],
            )
            .about("A request that nobody decided, which the app may repeat from then on."),
        ),
        (
            "Rows",
            Schema::object(
                [
                    ("asked", Schema::count()),
                    ("delivered", Schema::count()),
                    ("withheld", Schema::count()),
                ],
                [],
            )
            .about("How many rows of a dataset a run was about."),
        ),
        (
            "RequestStage",
            Schema::object(
                [
                    ("group", named("Address")),
                    ("needed", Schema::count()),
                    ("given", Schema::count()),
                ],
                [],
            )
            .about("One step of an approval: how many of a group are needed, and were given."),
        ),
        (
            "Approval",
            Schema::object(
                [
                    ("by", named("Upn")),
                    ("at", named("Time")),
                    ("stage", Schema::count().about("For which stage, from 1.")),
                ],
                [
                    ("comment", Schema::text()),
                    ("duration_s", named("Seconds").about("For a shorter time.")),
                    (
                        "parameters",
                        named("Constraints").about("With narrower parameters."),
                    ),
                ],
            ),
        ),
        (
            "Grant",
            Schema::object(
                [
                    ("from", named("Time").about("Included.")),
                    ("until", named("Time").about("Excluded.")),
                    ("limits", named("Constraints").list()),
                ],
                [],
            )
            .about("The live half of a request's life."),
        ),
        (
            "Ending",
            Schema::object(
                [("at", named("Time"))],
                [
                    ("by", named("Principal")),
                    ("comment", Schema::text()),
                    (
                        "kill",
                        Schema::flag().about("Whether runs in flight were killed."),
                    ),
                ],
            )
            .about("How a request ended."),
        ),
    ]
}

fn executions() -> Vec<(&'static str, Schema)> {
    let statuses = ["authorized", "succeeded", "failed", "unknown"];
    vec![
        ("RunStatus", Schema::one_of(&statuses)),
        (
            "Execution",
            Schema::object(
                [
                    ("id", named("Digest")),
                    ("by", named("Upn").about("On whose behalf.")),
                    ("task", named("TaskName")),
                    ("node", named("Name")),
                    ("authorized", named("Time")),
                    ("status", named("RunStatus")),
                ],
                [
                    ("request", named("Digest").about("Under which grant.")),
                    (
                        "exempt",
                        Schema::flag().about("Whether a system account ran it."),
                    ),
                    ("parameters", named("Values")),
                    ("attached", named("Attachment").map(named("ParameterName"))),
                    (
                        "sealed",
                        named("ParameterName")
                            .list()
                            .about("With which secrets, by name; never their values."),
                    ),
                    ("ended", named("Time")),
                    ("exit_code", Schema::whole()),
                    ("output", named("Output")),
                    ("rows", named("Rows")),
                    ("note", Schema::text()),
                    ("resolved", named("Resolved")),
                ],
            ),
        ),
        (
            "Attachment",
            Schema::object([("digest", named("Digest")), ("size", Schema::count())], []),
        ),
        (
            "Output",
            Schema::object([("digest", named("Digest")), ("size", Schema::count())], [])
                .about("What was put out: SHA-256 of 16 random bytes and it, and its size."),
        ),
        (
            "Resolved",
            Schema::object(
                [
                    ("at", named("Time")),
                    ("by", named("Upn")),
                    ("note", Schema::text()),
                ],
                [],
            )
            .about("What an administrator found out of a run that ended unknown."),
        ),
        (
            "Event",
            Schema::object(
                [
                    ("kind", Schema::one_of(&kinds().collect::<Vec<_>>())),
                    (
                        "noun",
                        Schema::text().about("What it is about: `request`, `policy`."),
                    ),
                    ("time", named("Time")),
                ],
                [(
                    "id",
                    Schema::text().about("Which: a digest, or the name of an object."),
                )],
            )
            .about("The data of an event of `/v1/events`."),
        ),
    ]
}

fn log() -> Vec<(&'static str, Schema)> {
    let path = || named("Digest").list();
    vec![
        (
            "Entry",
            Schema::object([("index", named("Index")), ("leaf", named("Base64"))], [])
                .about("One entry of the log, its bytes in base64."),
        ),
        (
            "Inclusion",
            Schema::object(
                [
                    ("index", named("Index")),
                    ("size", Schema::count()),
                    ("leaf_hash", named("Digest")),
                    ("path", path()),
                ],
                [],
            )
            .about("That a leaf is in the log of some size (RFC 9162, 2.1.3)."),
        ),
        (
            "Consistency",
            Schema::object(
                [
                    ("from", Schema::count()),
                    ("to", Schema::count()),
                    ("path", path()),
                ],
                [],
            )
            .about("That one log is the beginning of another (RFC 9162, 2.1.4)."),
        ),
        (
            "Organization",
            Schema::object(
                [
                    ("id", named("Digest")),
                    ("organization", Schema::text()),
                    ("genesis", named("Base64").about("The leaf of entry 0.")),
                    ("services", named("Services")),
                    ("time", named("Time")),
                    (
                        "mails",
                        Schema::flag().about("Whether whoever is asked to approve gets a mail."),
                    ),
                ],
                [],
            ),
        ),
    ]
}

fn answers() -> Vec<(&'static str, Schema)> {
    vec![
        ("Statement", statement()),
        ("Envelope", envelope()),
        (
            "Posted",
            Schema::object(
                [
                    ("receipt", named("Receipt")),
                    (
                        "facts",
                        Schema::text().list().about("What has become so, in words."),
                    ),
                    ("checkpoint", Schema::text().about("A signed note.")),
                ],
                [("detail", Schema::text().about("The refusal as a sentence."))],
            ),
        ),
        (
            "Receipt",
            Schema::object(
                [
                    ("index", named("Index")),
                    ("time", named("Time")),
                    ("digest", named("Digest")),
                    ("accepted", Schema::flag()),
                ],
                [("code", Schema::text().about("Why not."))],
            )
            .about("The answer to a statement that was recorded: equal for ever."),
        ),
        (
            "Problem",
            Schema::object(
                [
                    ("type", Schema::text()),
                    ("title", Schema::text()),
                    ("status", Schema::integer(400, 599)),
                    (
                        "detail",
                        Schema::text().about("What happened, and what to do next."),
                    ),
                    ("code", Schema::form("[a-z][a-z-]*").about("For programs.")),
                ],
                [],
            )
            .about("Why a call was not answered (RFC 9457)."),
        ),
    ]
}

fn statement() -> Schema {
    let blobs = named("Base64").map(named("Digest"));
    Schema::object(
        [("envelope", named("Envelope"))],
        [(
            "blobs",
            blobs.about("What travels beside it, by the SHA-256 of each."),
        )],
    )
    .closed()
}

fn envelope() -> Schema {
    let kinds = Kind::ALL.map(|kind| format!("application/vnd.writ.{kind}.v1+json"));
    let kinds: Vec<_> = kinds.iter().map(String::as_str).collect();
    let passkey = Schema::object(
        [
            ("authenticator_data", named("Hex")),
            ("client_data", named("Hex")),
        ],
        [],
    );
    let signature = Schema::object(
        [("keyid", named("Digest")), ("sig", named("Base64"))],
        [("passkey", passkey.closed())],
    );
    Schema::object(
        [
            ("payload", named("Base64")),
            ("payloadType", Schema::one_of(&kinds)),
            ("signatures", signature.closed().list_of(1, 1)),
        ],
        [],
    )
    .closed()
    .about("DSSE: canonical JSON and the one signature over it.")
}
