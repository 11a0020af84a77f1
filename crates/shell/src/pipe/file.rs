//! Files that a pipeline ends in.

use crate::binder::Bound;
use crate::format::default_view;
use crate::host::{Console, Writing};
use crate::record::{ErrorRecord, Reason};
use crate::values::Value;

/// How long a line of a file is where nobody said it: nothing is cut.
const UNCUT: i64 = 10_000;

/// A file, and what becomes of what is in it.
pub(super) struct Place {
    pub(super) path: String,
    pub(super) how: Writing,
}

impl Place {
    /// The one that parameters name, if they name one, and as they say.
    pub(super) fn of(bound: &Bound) -> Result<Option<Self>, ErrorRecord> {
        let name = bound.cmdlet.name;
        if let Some(encoding) = bound.text("Encoding")
            && !encoding.to_ascii_lowercase().starts_with("utf8")
        {
            let id = "CannotConvertArgumentNoMessage";
            return Err(ErrorRecord::binding(name, id, "-Encoding is UTF8."));
        }
        let path = bound.text("Path").or_else(|| bound.text("FilePath"));
        let how = match (bound.switch("Append"), bound.switch("NoClobber")) {
            (true, _) => Writing::After,
            (false, true) => Writing::New,
            (false, false) => Writing::Over,
        };
        Ok(path.map(|path| Self { path, how }))
    }

    /// Why it was not read or written.
    pub(super) fn failed(&self, bound: &Bound, problem: &str) -> ErrorRecord {
        let message = format!("{}: {problem}", self.path);
        let id = format!("FileOpenFailure,{}", bound.cmdlet.name);
        ErrorRecord::new(Reason::Usage, &id, message)
    }

    /// Writes it.
    pub(super) fn write(
        &self,
        bound: &Bound,
        text: &str,
        console: &mut dyn Console,
    ) -> Result<(), ErrorRecord> {
        console
            .write_file(&self.path, text, self.how)
            .map_err(|problem| self.failed(bound, &problem))
    }
}

/// Whether the file of a command can be written as it says.
pub(crate) fn try_file(bound: &Bound, console: &mut dyn Console) -> Result<(), ErrorRecord> {
    if bound.cmdlet.name == "Out-File" {
        width(bound)?;
    }
    let Some(place) = Place::of(bound)? else {
        return Ok(());
    };
    console
        .try_file(&place.path, place.how)
        .map_err(|problem| place.failed(bound, &problem))
}

fn width(bound: &Bound) -> Result<usize, ErrorRecord> {
    let width = bound.integer("Width").unwrap_or(UNCUT);
    let width = usize::try_from(width).ok().filter(|width| *width > 0);
    width.ok_or_else(|| {
        let id = "ParameterArgumentValidationError";
        ErrorRecord::binding(bound.cmdlet.name, id, "-Width is at least 1.")
    })
}

/// Out-File, and the file of Tee-Object: what would be shown.
pub(crate) fn out(
    bound: &Bound,
    input: &[Value],
    console: &mut dyn Console,
) -> Result<(), ErrorRecord> {
    let text = default_view(input, width(bound)?);
    match Place::of(bound)? {
        Some(place) => place.write(bound, &text, console),
        None => Ok(()),
    }
}
