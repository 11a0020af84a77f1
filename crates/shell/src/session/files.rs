//! The files that a pipeline ends in are tried before anything of it is run: who
//! cannot keep what comes out would have run the task for nothing.

use super::perform::ours;
use super::{Halt, Session};
use crate::binder::{Bound, bind};
use crate::cmdlets::Cmdlet;
use crate::host::{Console, Host};
use crate::pipe;
use crate::syntax::{Argument, Command, Element, Pipeline};

impl<H: Host> Session<H> {
    /// Whether the files can be written, as far as it is known which they are.
    pub(super) fn try_files(
        &mut self,
        pipeline: &Pipeline,
        console: &mut dyn Console,
    ) -> Result<(), Halt> {
        for element in &pipeline.elements {
            let Element::Command(command) = element else {
                continue;
            };
            for argument in &command.arguments {
                if let Argument::Each(inner) = argument {
                    self.try_files(inner, console)?;
                }
            }
            let Some(bound) = self.writes(command, console)? else {
                continue;
            };
            pipe::try_file(&bound, console)
                .map_err(|e| self.report(&e, bound.cmdlet.name, Some(bound.common), console))?;
        }
        Ok(())
    }

    /// A cmdlet that writes a file, if that is known of it already.
    fn writes(
        &mut self,
        command: &Command,
        console: &mut dyn Console,
    ) -> Result<Option<Bound>, Halt> {
        let is_writer =
            |cmdlet: &&Cmdlet| matches!(cmdlet.name, "Export-Csv" | "Out-File" | "Tee-Object");
        let Some(cmdlet) = ours(&command.name).filter(is_writer) else {
            return Ok(None);
        };
        let Some(given) = self.given_at_hand(&command.arguments) else {
            return Ok(None);
        };
        bind(cmdlet, given)
            .map(|bound| Some(bound).filter(|bound| !bound.common.what_if))
            .map_err(|error| self.report(&error, cmdlet.name, None, console))
    }
}
