//! The shapes of what administrators set, and of who is there.

use super::schema::Schema;

fn named(name: &str) -> Schema {
    Schema::named(name)
}

/// All of them, by name.
pub(super) fn all() -> Vec<(&'static str, Schema)> {
    let people = people();
    let rest = [site(), workloads(), policies(), installation()];
    people
        .into_iter()
        .chain(rest.into_iter().flatten())
        .collect()
}

fn people() -> Vec<(&'static str, Schema)> {
    vec![
        (
            "Role",
            Schema::one_of(&["installer", "auditor", "administrator"]),
        ),
        ("PersonKind", Schema::one_of(&["human", "service", "app"])),
        (
            "Person",
            Schema::object(
                [
                    ("upn", named("Upn")),
                    ("kind", named("PersonKind")),
                    (
                        "active",
                        Schema::flag().about("Whether they may act at all."),
                    ),
                    ("keys", named("Key").list()),
                ],
                [
                    ("name", Schema::text()),
                    ("mail", Schema::text()),
                    ("role", named("Role")),
                    ("invited_until", named("Time")),
                    (
                        "manifest",
                        named("Value").about("What an app says of itself."),
                    ),
                ],
            ),
        ),
        (
            "Key",
            Schema::object(
                [
                    ("id", named("Digest")),
                    ("label", Schema::text()),
                    ("passkey", Schema::flag()),
                    ("since", named("Time")),
                ],
                [],
            )
            .about("A key of a person."),
        ),
        (
            "Trial",
            Schema::object(
                [
                    (
                        "kind",
                        Schema::text().about("Of which kind it would be: request, invoke."),
                    ),
                    (
                        "payload",
                        Schema::text().about("Canonical JSON, as it would be signed."),
                    ),
                ],
                [],
            )
            .closed(),
        ),
        (
            "Tried",
            Schema::object(
                [(
                    "accepted",
                    Schema::flag().about("Whether it would be, now."),
                )],
                [
                    ("code", Schema::text().about("Of the refusal.")),
                    ("detail", Schema::text().about("The refusal as a sentence.")),
                ],
            ),
        ),
        (
            "WhoAmI",
            Schema::object(
                [
                    ("upn", named("Upn")),
                    (
                        "groups",
                        named("Address")
                            .list()
                            .about("That contain them, directly or through others."),
                    ),
                    ("key", named("Digest").about("That they signed in with.")),
                ],
                [("role", named("Role"))],
            ),
        ),
        (
            "Group",
            Schema::object(
                [
                    ("address", named("Address")),
                    ("members", named("Address").list()),
                ],
                [
                    ("name", Schema::text()),
                    ("mail_to", Schema::one_of(&["members", "address"])),
                    ("remind", named("Remind")),
                    ("escalate_to", named("Address")),
                ],
            ),
        ),
        (
            "Remind",
            Schema::object(
                [("after_s", named("Seconds")), ("every_s", named("Seconds"))],
                [],
            ),
        ),
        (
            "Preferences",
            Schema::object(
                [],
                [
                    ("digest", Schema::flag()),
                    ("quiet", Schema::text().example("22:00-07:00")),
                    ("away_until", named("Time")),
                ],
            ),
        ),
    ]
}

fn site() -> Vec<(&'static str, Schema)> {
    vec![
        (
            "Site",
            Schema::object(
                [
                    ("origins", Schema::text().list()),
                    ("rp_id", Schema::text()),
                    ("rules", Schema::count()),
                    ("services", named("Services")),
                ],
                [],
            ),
        ),
        (
            "Services",
            Schema::object(
                [
                    ("log", named("PublicKey")),
                    ("runner", named("PublicKey")),
                    ("sealing", named("SealingKey")),
                ],
                [],
            )
            .about("The public keys of the organization's nodes."),
        ),
        (
            "PublicKey",
            Schema::object(
                [
                    ("alg", Schema::one_of(&["ed25519", "p256"])),
                    ("public", named("Hex")),
                ],
                [],
            ),
        ),
        (
            "SealingKey",
            Schema::object(
                [
                    ("alg", Schema::one_of(&["x25519"])),
                    ("public", named("Hex")),
                ],
                [],
            ),
        ),
        (
            "Control",
            Schema::object(
                [("enabled", Schema::flag())],
                [
                    ("admin_group", named("Address")),
                    ("system_accounts", named("SystemAccount").list()),
                    ("stop_system_accounts", Schema::flag()),
                ],
            )
            .about("Whether privileged access is enabled, and for whom."),
        ),
        (
            "SystemAccount",
            Schema::object(
                [("upn", named("Upn")), ("until", named("Time"))],
                [("tasks", named("Pattern").list())],
            ),
        ),
    ]
}

fn workloads() -> Vec<(&'static str, Schema)> {
    let types = ["string", "integer", "boolean", "list", "table", "secret"];
    vec![
        (
            "Workload",
            Schema::object(
                [("name", named("Name")), ("connector", named("Name"))],
                [
                    (
                        "settings",
                        named("Value")
                            .map(Schema::text())
                            .about("For auditors and administrators."),
                    ),
                    ("origin", Schema::text()),
                    ("secrets", named("SecretVersion").map(named("Name"))),
                    ("open_tasks", Schema::flag()),
                ],
            ),
        ),
        (
            "SecretVersion",
            Schema::object(
                [("version", Schema::count()), ("digest", named("Digest"))],
                [],
            ),
        ),
        ("Risk", Schema::one_of(&["low", "medium", "high"])),
        (
            "Task",
            Schema::object(
                [
                    ("name", named("TaskName")),
                    ("template", named("Value").map(Schema::text())),
                ],
                [
                    ("title", Schema::text()),
                    ("risk", named("Risk").about("Medium, if not given.")),
                    (
                        "parameters",
                        named("ParameterSchema").map(named("ParameterName")),
                    ),
                    ("deadline_s", named("Seconds").about("300, if not given.")),
                    (
                        "output_cap",
                        Schema::count().about("In bytes; 1048576, if not given."),
                    ),
                ],
            ),
        ),
        (
            "ParameterSchema",
            Schema::object(
                [("type", Schema::one_of(&types))],
                [
                    ("required", Schema::flag()),
                    ("one_of", named("Value").list()),
                    ("min", Schema::whole()),
                    ("max", Schema::whole()),
                    ("max_length", Schema::count()),
                    ("multiline", Schema::flag()),
                    ("leading_dash", Schema::flag()),
                    ("title", Schema::text()),
                ],
            ),
        ),
    ]
}

fn policies() -> Vec<(&'static str, Schema)> {
    vec![
        ("ApprovalKind", Schema::one_of(&["manual", "auto"])),
        (
            "Policy",
            Schema::object(
                [
                    ("task", named("Pattern")),
                    ("approval", named("ApprovalKind")),
                ],
                [
                    ("stages", named("Stage").list()),
                    ("requesters", named("Address")),
                    (
                        "max_duration_s",
                        named("Seconds").about("A day, if not given."),
                    ),
                    (
                        "pending_for_s",
                        named("Seconds").about("A day, if not given."),
                    ),
                    ("parameters", named("Constraints")),
                    ("others", Schema::one_of(&["allow", "refuse"])),
                    ("max_runs", Schema::count()),
                    ("passkey", Schema::flag()),
                    ("kill_on_end", Schema::flag()),
                    ("output_readers", named("Address").list()),
                ],
            ),
        ),
        (
            "Stage",
            Schema::object(
                [
                    ("group", named("Address")),
                    ("approvals", Schema::integer(1, u32::MAX.into())),
                ],
                [],
            ),
        ),
    ]
}

fn installation() -> Vec<(&'static str, Schema)> {
    vec![
        (
            "Status",
            Schema::object(
                [
                    ("organization_id", named("Digest")),
                    ("organization", Schema::text()),
                    ("verifier_key", Schema::text()),
                    ("log_size", named("LogSize")),
                    ("log_time", named("Time")),
                    ("time", named("Time")),
                    ("rules", Schema::count()),
                    ("node", named("Name")),
                    ("version", Schema::text()),
                ],
                [
                    ("control", named("Control")),
                    ("recovered", named("Recovered")),
                ],
            ),
        ),
        (
            "Recovered",
            Schema::object(
                [
                    ("epoch", Schema::count()),
                    ("at", named("Time")),
                    ("by", named("Upn")),
                    (
                        "lost",
                        Schema::count().about("The size of the log that was."),
                    ),
                    (
                        "kept",
                        Schema::count().about("The size of what was left of it."),
                    ),
                ],
                [],
            )
            .about("How the log last went on after a restore that lost its end."),
        ),
    ]
}
