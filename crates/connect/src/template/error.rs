//! Why a template makes no sense, or why values do not fit it.

use thiserror::Error;
use writ_core::names::{Name, ParameterName};
use writ_core::value::ValueType;

/// Why a template makes no sense, or why values do not fit it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TemplateError {
    /// No program.
    #[error("the template needs a `program`, the absolute path of one, as text")]
    NoProgram,
    /// A program by name only.
    #[error("the program `{0}` is not an absolute path; nothing is looked up in PATH")]
    NotAbsolute(String),
    /// A member that the connector does not know.
    #[error("the template has `{0}`, but only `program`, `args` and `sha256` may be in it")]
    UnknownMember(String),
    /// A pin that is no digest.
    #[error(
        "the template's `sha256` must be the 64 lower-case hexadecimal digits that sha256sum \
         says of the program"
    )]
    NotADigest,
    /// Arguments that are not a list of texts.
    #[error("the template's `args` must be a list of texts")]
    NotTexts,
    /// A brace that opens or closes nothing.
    #[error(
        "the element `{element}`: {problem}; write {{name}} for a parameter, {{{{ and }}}} for braces"
    )]
    Braces {
        /// The element of `args`.
        element: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A parameter that the task does not have.
    #[error("the template uses `{0}`, which is not among the task's parameters")]
    UnknownParameter(ParameterName),
    /// A parameter whose type has no form as an argument.
    #[error("the parameter `{name}` is a {value_type}, which cannot be an argument")]
    NoForm {
        /// The parameter.
        name: ParameterName,
        /// Its type.
        value_type: ValueType,
    },
    /// A list in an element with something else.
    #[error("the list `{0}` must stand alone in its element, as \"{{{0}}}\"")]
    ListNotAlone(ParameterName),
    /// A value that is not of the parameter's type, or nested.
    #[error("the value of `{0}` cannot be an argument")]
    Misfit(ParameterName),
    /// A required parameter that is not given.
    #[error("the parameter `{0}` is required")]
    Missing(ParameterName),
    /// A secret that is not there.
    #[error("the secret `{0}` is not there")]
    NoSecret(Name),
    /// A value that a program would take for an option.
    #[error(
        "the parameter `{0}` must not begin with a dash: the program would take it for an option"
    )]
    Dash(ParameterName),
    /// A NUL byte, which ends an argument.
    #[error("an argument cannot hold a NUL byte, and `{0}` would")]
    Nul(String),
}
