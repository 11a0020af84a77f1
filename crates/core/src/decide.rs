//! Deciding: who says it, is it fresh, and then the rules of its kind.

use crate::credentials;
use crate::digest::{Index, KeyId};
use crate::fact::Fact;
use crate::names::{Name, Upn};
use crate::object::{PersonKind, Role, decide_set};
use crate::reading::Reading;
use crate::refusal::Refusal;
use crate::statement::{Body, Principal, Verified};
use crate::{app, genesis, recover, request, run};

/// Answers facts of entry `at`, or why not. Changes nothing.
pub(crate) fn decide(
    r: &Reading<'_>,
    at: Index,
    node: &Name,
    said: &Verified,
) -> Result<Vec<Fact>, Refusal> {
    let statement = said.statement();
    if !statement.is_fresh(r.now()) {
        return Err(Refusal::Stale {
            at: statement.at,
            now: r.now(),
        });
    }
    if let Some(before) = r.answer(said.digest()) {
        return Err(Refusal::Replayed {
            index: before.index.0,
        });
    }
    if let Body::Genesis(genesis) = &statement.body {
        return genesis::found(r, said, genesis);
    }
    if statement.instance != r.organization() || statement.instance.is_none() {
        return Err(match r.organization() {
            Some(_) => Refusal::WrongInstance {},
            None => Refusal::GenesisFirst {},
        });
    }
    // What was lost is undone, and nobody brings part of it back.
    if let Some(recovery) = r.recovery().filter(|recovery| statement.at <= recovery.at) {
        return Err(Refusal::BeforeRecovery {
            at: statement.at,
            recovered: recovery.at,
        });
    }
    match (&statement.body, &statement.by) {
        (Body::Genesis(_), _) => Err(Refusal::GenesisTwice {}),
        // Service keys are no passkeys.
        (_, Principal::Node) if said.assertion().is_some() => Err(Refusal::KeyNotLive {
            who: Principal::Node,
        }),
        (Body::Tick(_), _) => tick(r, said),
        (Body::Outcome(outcome), Principal::Node) => run::outcome(r, said.keyid(), outcome),
        (_, Principal::Node) => Err(Refusal::KeyNotLive {
            who: Principal::Node,
        }),
        (Body::Enrol(enrol), Principal::Person(upn)) => credentials::enrol(r, upn, said, enrol),
        (body, Principal::Person(upn)) => {
            let signer = signer(r, upn, said)?;
            match body {
                Body::Set(set) => decide_set(r, &signer, set),
                Body::RevokeKey(revoke) => credentials::revoke(r, &signer, revoke),
                Body::Signout(signout) => credentials::sign_out(r, &signer, signout),
                Body::Request(request) => request::raise(r, &signer, said.digest(), request),
                Body::Approve(approve) => request::approve(r, &signer, approve),
                Body::End(end) => request::end(r, &signer, end),
                Body::Invoke(invoke) => run::invoke(r, &signer, node, said.digest(), invoke),
                Body::Outcome(outcome) => run::resolve(r, &signer, outcome),
                Body::Recover(said) => recover::recover(r, at, &signer, said),
                Body::Genesis(_) | Body::Enrol(_) | Body::Tick(_) => Err(Refusal::KeyNotLive {
                    who: Principal::Person(upn.clone()),
                }),
            }
        }
    }
}

/// A person who signed with a live key of theirs and may act.
#[derive(Clone, Debug)]
pub(crate) struct Signer {
    /// Who.
    pub(crate) upn: Upn,
    /// Whether they signed by the gesture of a passkey.
    pub(crate) passkey: bool,
    kind: PersonKind,
    role: Option<Role>,
}

impl Signer {
    /// A person who may act, as if they had signed; with a passkey, if they have one.
    pub(crate) fn unsigned(r: &Reading<'_>, upn: &Upn) -> Result<Self, Refusal> {
        let person = r.active(upn)?;
        let keys = r
            .credentials(upn)
            .into_iter()
            .flat_map(|credentials| credentials.keys.values());
        Ok(Self {
            upn: upn.clone(),
            passkey: keys.into_iter().any(|device| device.is_passkey()),
            kind: person.kind,
            role: person.role,
        })
    }

    /// A person who may act, as if they had signed with this key of theirs.
    pub(crate) fn with_key(r: &Reading<'_>, upn: &Upn, key: KeyId) -> Result<Self, Refusal> {
        let person = r.active(upn)?;
        let device = r
            .credentials(upn)
            .and_then(|credentials| credentials.keys.get(&key))
            .ok_or_else(|| Refusal::KeyNotLive {
                who: Principal::Person(upn.clone()),
            })?;
        Ok(Self {
            upn: upn.clone(),
            passkey: device.is_passkey(),
            kind: person.kind,
            role: person.role,
        })
    }

    /// Whether they administer.
    pub(crate) fn is_administrator(&self) -> bool {
        self.role == Some(Role::Administrator)
    }

    /// Whether they are a service: a system account, if the control exempts them.
    pub(crate) fn is_service(&self) -> bool {
        self.kind == PersonKind::Service
    }

    /// Whether they are an app.
    pub(crate) fn is_app(&self) -> bool {
        self.kind == PersonKind::App
    }

    /// Whether they install apps.
    pub(crate) fn installs(&self) -> bool {
        app::installs(self.role)
    }

    /// Refuses anybody but installers and administrators.
    pub(crate) fn installs_or_administers(&self) -> Result<(), Refusal> {
        match self.installs() {
            true => Ok(()),
            false => Err(Refusal::NotInstaller {
                person: self.upn.clone(),
            }),
        }
    }

    /// What an app is told that does anything but run.
    pub(crate) fn as_app_only_runs(&self) -> Refusal {
        Refusal::AppRuns {
            app: self.upn.clone(),
        }
    }

    /// Refuses services: they run, and neither request nor approve.
    pub(crate) fn asks(&self) -> Result<(), Refusal> {
        match self.is_service() {
            true => Err(Refusal::SystemAccount {
                person: self.upn.clone(),
            }),
            false => Ok(()),
        }
    }

    /// Refuses services and apps: they run.
    pub(crate) fn approves(&self) -> Result<(), Refusal> {
        self.asks()?;
        match self.is_app() {
            true => Err(self.as_app_only_runs()),
            false => Ok(()),
        }
    }

    /// Refuses anybody but administrators.
    pub(crate) fn administers(&self) -> Result<(), Refusal> {
        match self.is_administrator() {
            true => Ok(()),
            false => Err(Refusal::NotAdministrator {
                person: self.upn.clone(),
            }),
        }
    }
}

/// Whose live key it is, as of now, and that it signed as it was enrolled to.
pub(crate) fn signer(r: &Reading<'_>, upn: &Upn, said: &Verified) -> Result<Signer, Refusal> {
    let person = r.active(upn)?;
    let device = r
        .credentials(upn)
        .and_then(|credentials| credentials.keys.get(&said.keyid()))
        .ok_or_else(|| Refusal::KeyNotLive {
            who: Principal::Person(upn.clone()),
        })?;
    credentials::as_enrolled(r, device, said.assertion())?;
    Ok(Signer {
        upn: upn.clone(),
        passkey: device.is_passkey(),
        kind: person.kind,
        role: person.role,
    })
}

/// A tick lets time pass, which has happened already; only the log's key may say it.
fn tick(r: &Reading<'_>, said: &Verified) -> Result<Vec<Fact>, Refusal> {
    match r.site()?.services.log.id() == said.keyid() {
        true => Ok(Vec::new()),
        false => Err(Refusal::KeyNotLive {
            who: Principal::Node,
        }),
    }
}
