//! What a profile can see: its server, the clocks, its own key.

use writ_client::{Client, Error, Profile};

use super::{Finding, certificate};
use crate::context::Context;
use crate::output::local;

/// Clocks that differ by more than this, in milliseconds, are worth a look.
const APART: u64 = 60_000;

/// Also whether this person may read the whole log.
pub(super) async fn look(profile: &Profile, context: &Context) -> (Vec<Finding>, bool) {
    let client = match context.client() {
        Ok(client) => client,
        Err(failure) => {
            let next = format!(
                "writ login {} --as {}",
                profile.account().url,
                profile.account().upn
            );
            return (
                vec![Finding::fail("profile", failure.sentence(), next)],
                false,
            );
        }
    };
    match see(&client).await {
        Ok(seen) => seen,
        Err(error) => {
            let next = match error {
                Error::Unreachable(_) => "is it served there? On its host: writ serve",
                Error::Usage(_)
                | Error::Refused { .. }
                | Error::OnlyTried
                | Error::Untrusted(_) => "writ whoami",
            };
            (
                vec![Finding::fail("server", error.to_string(), next)],
                false,
            )
        }
    }
}

async fn see(client: &Client) -> Result<(Vec<Finding>, bool), Error> {
    let who = client.who_am_i().await?;
    let status = client.status().await?;
    let here = writ_client::now();
    let apart = here.0.abs_diff(status.time.0);
    let mut findings = vec![Finding::ok(
        "server",
        format!(
            "{} answers {}, version {}",
            client.url(),
            who.upn,
            status.version
        ),
    )];
    findings.push(match apart > APART {
        true => Finding::warn(
            "server's clock",
            format!(
                "it shows {}, and this machine's {}",
                local(status.time),
                local(here)
            ),
            "set both by a time server: timedatectl set-ntp true",
        ),
        false => Finding::ok("server's clock", "agrees with this machine's"),
    });
    if let Some(recovered) = &status.recovered {
        findings.push(Finding::warn(
            "recovered",
            format!(
                "at {} {} went on from a restored database; {} entries are lost",
                local(recovered.at),
                recovered.by,
                recovered.lost.saturating_sub(recovered.kept)
            ),
            "look through what they had taken away: writ person list, writ group list",
        ));
    }
    findings.extend(
        client
            .certificate()
            .await?
            .map(|der| certificate::of_server(&der)),
    );
    Ok((findings, who.role.is_some()))
}
