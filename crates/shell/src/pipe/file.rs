//! Files that a pipeline ends in.

use crate::binder::Bound;
use crate::format::default_view;
use crate::host::{Console, Writing};
use crate::record::{ErrorRecord, Reason};
use crate::values::Value;

/// How long a line of a file is where nobody said it: nothing is cut.
const UNCUT: i64 = 10_000;

/// Out-File: what would be shown.
pub(crate) fn out(
    bound: &Bound,
    input: &[Value],
    console: &mut dyn Console,
) -> Result<(), ErrorRecord> {
    let width = bound.integer("Width").unwrap_or(UNCUT);
    let width = usize::try_from(width).ok().filter(|width| *width > 0);
    let width = width.ok_or_else(|| {
        let message = "-Width is at least 1.";
        ErrorRecord::binding(
            bound.cmdlet.name,
            "ParameterArgumentValidationError",
            message,
        )
    })?;
    write(bound, "FilePath", &default_view(input, width), console)
}

/// Writes the file that a parameter names, as the others say.
pub(super) fn write(
    bound: &Bound,
    parameter: &str,
    text: &str,
    console: &mut dyn Console,
) -> Result<(), ErrorRecord> {
    let name = bound.cmdlet.name;
    if let Some(encoding) = bound.text("Encoding")
        && !encoding.to_ascii_lowercase().starts_with("utf8")
    {
        let id = "CannotConvertArgumentNoMessage";
        return Err(ErrorRecord::binding(name, id, "-Encoding is UTF8."));
    }
    let path = bound.text(parameter).unwrap_or_default();
    let how = match (bound.switch("Append"), bound.switch("NoClobber")) {
        (true, _) => Writing::After,
        (false, true) => Writing::New,
        (false, false) => Writing::Over,
    };
    console.write_file(&path, text, how).map_err(|problem| {
        let message = format!("{path}: {problem}");
        ErrorRecord::new(Reason::Usage, &format!("FileOpenFailure,{name}"), message)
    })
}
