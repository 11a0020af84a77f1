//! `writ completions`: what a shell needs to complete the command line.

use clap::ValueEnum;
use clap_complete::env::Shells;

use crate::complete::{ASKED, LINE};
use crate::exit::{Exit, Failure};
use crate::output::print_bytes;

/// Print completions for a shell, also of ids, tasks and people
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Which shell
    #[arg(value_enum)]
    shell: Known,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Known {
    /// writ completions bash > /etc/bash_completion.d/writ
    Bash,
    /// writ completions zsh > ~/.zfunc/_writ
    Zsh,
    /// writ completions fish > ~/.config/fish/completions/writ.fish
    Fish,
    /// writ completions powershell >> $PROFILE
    #[value(name = "powershell")]
    PowerShell,
}

impl Known {
    const fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
            Self::PowerShell => "powershell",
        }
    }
}

/// In bash a word does not say whether it stands in quotes; the line does.
fn with_line(script: &str) -> String {
    const HERE: &str = "_CLAP_IFS=\"$IFS\" \\\n";
    let line = format!("{LINE}=\"${{COMP_LINE:0:COMP_POINT}}\" \\\n        {HERE}");
    script.replacen(HERE, &line, 1)
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    let shells = Shells::builtins();
    let shell = shells.completer(args.shell.name());
    let shell = shell.ok_or_else(|| Failure::usage("this shell is not known"))?;
    shell
        .write_registration(ASKED, "writ", "writ", "writ", &mut script)
        .map_err(Failure::broken)?;
    print_bytes(with_line(&String::from_utf8_lossy(&script)).as_bytes());
    Ok(Exit::Done)
}
