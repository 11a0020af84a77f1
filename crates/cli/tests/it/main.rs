//! The real binary, end to end: real processes, a real database, a real target.

#![cfg(test)]

mod apps;
mod audit;
mod completion;
mod disk;
mod doctor;
mod emulated;
mod example;
mod exchange;
mod forms;
mod hosts;
mod isolation;
mod keys;
mod kill;
mod live;
mod next_steps;
#[cfg(feature = "points")]
mod points;
mod power;
mod preferences;
mod prompt;
mod proof;
mod resolve;
mod revoke_kill;
mod secrets;
mod shell;
mod shell_daily;
mod shell_exchange;
mod site;
mod site_keys;
mod story;
mod system_accounts;
mod tamper;
mod telling;
mod tls;
mod unlisted;
mod wrong_input;
