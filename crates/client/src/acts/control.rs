//! Whether privileged access is enabled.

use writ_core::names::{Address, Pattern, Upn};
use writ_core::object::{Approval, Control, MAX_EXEMPTION, Object, Policy, SystemAccount};
use writ_core::time::Time;

use crate::client::Client;
use crate::error::Error;

/// How privileged access is enabled; what is absent stays as it was.
#[derive(Clone, Debug, Default)]
pub struct Enabling {
    /// The group that decides where a policy names none.
    pub admin_group: Option<Address>,
    /// All services that run tasks without asking; others no longer do.
    pub system_accounts: Option<Vec<Upn>>,
    /// Whether the default group is asked for tasks that no policy covers.
    pub ask_unlisted: bool,
}

/// Privileged access was enabled.
#[derive(Clone, Debug)]
pub struct Enabled {
    /// The group that decides where a policy names none.
    pub admin_group: Option<Address>,
    /// The services that run tasks without asking from now on.
    pub exempt: Vec<SystemAccount>,
    /// Those that no longer do.
    pub no_longer_exempt: Vec<Upn>,
    /// What became of tasks that no policy covers.
    pub unlisted: Unlisted,
}

/// What became of tasks that no policy covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlisted {
    /// They are as they were.
    AsBefore,
    /// The default group is asked for them, but for those of high risk.
    Asked,
    /// There was a policy on `*`, and it stays.
    Covered,
}

/// Privileged access was disabled.
#[derive(Clone, Copy, Debug)]
pub struct Disabled {
    /// Whether there are system accounts that go on.
    pub accounts_go_on: bool,
}

impl Client {
    /// Enables privileged access.
    pub async fn enable(&self, enabling: Enabling) -> Result<Enabled, Error> {
        let before = self.control().await?;
        let mut control = before.value.unwrap_or_default();
        control.enabled = true;
        control.stop_system_accounts = false;
        control.admin_group = enabling.admin_group.or(control.admin_group);
        if enabling.ask_unlisted && control.admin_group.is_none() {
            return Err(Error::Usage(
                "there is no default group that could be asked; name one: --admin-group ADDRESS"
                    .to_owned(),
            ));
        }
        let exempt_until = self.http.now().plus(MAX_EXEMPTION);
        let no_longer_exempt = match enabling.system_accounts {
            Some(named) => exempt_only(&mut control, named, exempt_until),
            None => Vec::new(),
        };
        let exempt = control.system_accounts.clone();
        let admin_group = control.admin_group.clone();
        self.set(Object::Control(control.into()), before.seen)
            .await?;
        let unlisted = match enabling.ask_unlisted {
            true => self.ask_for_unlisted().await?,
            false => Unlisted::AsBefore,
        };
        Ok(Enabled {
            admin_group,
            exempt,
            no_longer_exempt,
            unlisted,
        })
    }

    /// Sets the policy that covers what no other does, unless there is one.
    async fn ask_for_unlisted(&self) -> Result<Unlisted, Error> {
        let everything = Pattern::parse("*").map_err(|error| Error::Usage(error.to_string()))?;
        let policies = self.policies().await?;
        let mut policies_now = policies.value.iter();
        if policies_now.any(|policy| policy.task == everything) {
            return Ok(Unlisted::Covered);
        }
        let policy = Policy::new(everything, Approval::Manual);
        self.set(Object::Policy(policy.into()), policies.seen)
            .await?;
        Ok(Unlisted::Asked)
    }

    /// Disables privileged access, and stops the system accounts too or not. None
    /// if that is so already.
    pub async fn disable(&self, stop_accounts: bool) -> Result<Option<Disabled>, Error> {
        let before = self.control().await?;
        let Some(mut control) = before.value.filter(|c| !is_disabled(c, stop_accounts)) else {
            return Ok(None);
        };
        control.enabled = false;
        control.stop_system_accounts |= stop_accounts;
        let accounts_go_on = !control.system_accounts.is_empty() && !control.stop_system_accounts;
        self.set(Object::Control(control.into()), before.seen)
            .await?;
        Ok(Some(Disabled { accounts_go_on }))
    }
}

/// Whether there is nothing left to disable.
pub fn is_disabled(control: &Control, stop_accounts: bool) -> bool {
    !control.enabled && (control.stop_system_accounts || !stop_accounts)
}

/// Exempts these, and nobody else; answers who no longer is. Who was exempt for some
/// tasks only stays so: naming a service again does not widen what it may do.
fn exempt_only(control: &mut Control, named: Vec<Upn>, until: Time) -> Vec<Upn> {
    let before = std::mem::take(&mut control.system_accounts);
    for upn in named {
        let known = before.iter().find(|known| known.upn == upn);
        let account = SystemAccount {
            tasks: known.and_then(|known| known.tasks.clone()),
            upn,
            until,
        };
        exempt(control, account);
    }
    let is_gone = |upn: &Upn| control.system_account(upn).is_none();
    let before = before.into_iter().map(|known| known.upn);
    before.filter(is_gone).collect()
}

/// Exempts a system account, or anew.
pub fn exempt(control: &mut Control, account: SystemAccount) {
    let mut known = control.system_accounts.iter_mut();
    match known.find(|known| known.upn == account.upn) {
        Some(known) => *known = account,
        None => control.system_accounts.push(account),
    }
}
