//! `writ.toml`: what one node is told about itself.
//!
//! Every line of the file that `init` writes is a comment: it works as it is.
//! An error names the file, the line and the key.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use writ_core::names::Name;

/// What `init` writes.
pub(crate) const TEMPLATE: &str = r#"# Writ: the configuration of this node. Every line is a comment; the defaults work.
# Restart `writ serve` after a change. Check a change with: writ serve --check

# The node's name in the log. Do not change it while runs are in flight.
# node = "main"

# Where it listens. Only loopback addresses are allowed for now.
# listen = "127.0.0.1:8420"

# How many runs it has in flight at most.
# max_runs = 64

# The programs that tasks of a workload with the connector `command` may run:
# absolute paths. A task only chooses among them.
# [command]
# programs = ["/bin/echo"]
"#;

/// What one node is told about itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// Its name in the log.
    pub(crate) node: Name,
    /// Where it listens.
    pub(crate) listen: String,
    /// How many runs it has in flight at most.
    pub(crate) max_runs: u32,
    /// The connector `command`.
    pub(crate) command: Command,
}

/// The connector `command`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Command {
    /// The programs that tasks may choose among.
    pub(crate) programs: Vec<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        #[expect(clippy::expect_used, reason = "a constant that is a name")]
        let node = Name::parse("main").expect("a name");
        Self {
            node,
            listen: "127.0.0.1:8420".into(),
            max_runs: 64,
            command: Command::default(),
        }
    }
}

impl Config {
    /// Reads a file; the error says where and what.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        Self::parse(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let config: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        if !(1..=10_000).contains(&config.max_runs) {
            return Err("max_runs: from 1 to 10000".into());
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_all_comments_and_says_the_defaults() {
        let plain = Config::parse(TEMPLATE).unwrap();
        let uncommented: String = TEMPLATE
            .lines()
            .filter_map(|line| line.strip_prefix("# "))
            .filter(|line| line.contains(" = ") || line.starts_with('['))
            .map(|line| format!("{line}\n"))
            .collect();
        let spelled = Config::parse(&uncommented).unwrap();
        assert_eq!(plain.node, spelled.node);
        assert_eq!(plain.listen, spelled.listen);
        assert_eq!(plain.max_runs, spelled.max_runs);
        assert_eq!(spelled.command.programs, [PathBuf::from("/bin/echo")]);
    }

    #[test]
    fn errors_name_line_and_key() {
        let error = Config::parse("node = \"main\"\nmax_run = 3\n").unwrap_err();
        assert!(
            error.contains("line 2") && error.contains("max_run"),
            "{error}"
        );
        let error = Config::parse("max_runs = 0").unwrap_err();
        assert!(error.contains("max_runs"), "{error}");
        assert!(Config::parse("node = \"a b\"").unwrap_err().contains("a b"));
    }
}
