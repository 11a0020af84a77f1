//! From values to a program's arguments.
//!
//! The **template** of a command task names a **program** and the **elements**
//! of its arguments:
//!
//! ```json
//! {"program": "/usr/bin/systemctl", "args": ["restart", "--job-mode={mode}", "--", "{unit}"]}
//! ```
//!
//! `{name}` stands for the value of a parameter, anywhere in an element; `{{`
//! and `}}` are braces. `{secret:name}` stands for a secret of the workload: not
//! for its value, which no argument ever holds, but for the path of a file that
//! the program inherits open, such as `/dev/fd/7`. So does `{name}` where the
//! parameter is a secret. An element of which a parameter is not given is left
//! out. A list stands alone in its element, which becomes as many arguments as
//! the list has values.
//!
//! `sha256` **pins** the program: nothing else is run in its place (see
//! [`pin`](crate::pin)).
//!
//! INVARIANT: a value is never read again. No shell, no splitting, no second
//! pass over braces: one element in, one argument out, whatever the value is.

mod error;

use writ_core::digest::Digest;
use writ_core::names::{Name, ParameterName};
use writ_core::object::Template as Members;
use writ_core::value::{Schema, Schemas, Value, ValueType, Values};

use crate::Paths;

pub use error::TemplateError;

/// What a command task runs: a program, and how its arguments are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    program: String,
    pin: Option<Digest>,
    elements: Vec<Element>,
}

/// One element of `args`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Element(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Parameter(ParameterName),
    Secret(Name),
}

impl Template {
    /// Reads the template of a task.
    pub fn read(members: &Members) -> Result<Self, TemplateError> {
        if let Some(name) = members
            .keys()
            .find(|name| !["program", "args", "sha256"].contains(&name.as_str()))
        {
            return Err(TemplateError::UnknownMember(name.clone()));
        }
        let Some(Value::Text(program)) = members.get("program") else {
            return Err(TemplateError::NoProgram);
        };
        if !program.starts_with('/') {
            return Err(TemplateError::NotAbsolute(program.clone()));
        }
        if program.contains('\0') {
            return Err(TemplateError::Nul("program".into()));
        }
        let pin = match members.get("sha256") {
            None => None,
            Some(Value::Text(digits)) => {
                Some(digits.parse().map_err(|_| TemplateError::NotADigest)?)
            }
            Some(_) => return Err(TemplateError::NotADigest),
        };
        let elements = match members.get("args") {
            None => Vec::new(),
            Some(Value::List(items)) => items.iter().map(read_item).collect::<Result<_, _>>()?,
            Some(_) => return Err(TemplateError::NotTexts),
        };
        Ok(Self {
            program: program.clone(),
            pin,
            elements,
        })
    }

    /// The absolute path of the program.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// The digest that the program's file must have, if the task says one.
    pub const fn pin(&self) -> Option<Digest> {
        self.pin
    }

    /// Checks that the template fits the parameters of its task.
    pub fn check(&self, schemas: &Schemas) -> Result<(), TemplateError> {
        for element in &self.elements {
            for name in element.parameters() {
                let value_type = schema_of(schemas, name)?.value_type;
                match value_type {
                    ValueType::String
                    | ValueType::Integer
                    | ValueType::Boolean
                    | ValueType::Secret => {}
                    ValueType::List if element.0.len() == 1 => {}
                    ValueType::List => return Err(TemplateError::ListNotAlone(name.clone())),
                    ValueType::Table => {
                        let name = name.clone();
                        return Err(TemplateError::NoForm { name, value_type });
                    }
                }
            }
        }
        Ok(())
    }

    /// The program's arguments for these values.
    pub fn arguments(
        &self,
        schemas: &Schemas,
        values: &Values,
        paths: &Paths,
    ) -> Result<Vec<String>, TemplateError> {
        let mut arguments = Vec::new();
        for element in &self.elements {
            element.expand(schemas, values, paths, &mut arguments)?;
        }
        Ok(arguments)
    }

    /// The parameters that the arguments name.
    pub fn parameters(&self) -> impl Iterator<Item = &ParameterName> {
        self.elements.iter().flat_map(Element::parameters)
    }

    /// The secrets of the workload that the arguments name.
    pub fn secrets(&self) -> impl Iterator<Item = &Name> {
        let parts = self.elements.iter().flat_map(|element| &element.0);
        parts.filter_map(|part| match part {
            Part::Secret(name) => Some(name),
            Part::Literal(_) | Part::Parameter(_) => None,
        })
    }
}

fn schema_of<'a>(schemas: &'a Schemas, name: &ParameterName) -> Result<&'a Schema, TemplateError> {
    schemas
        .get(name)
        .ok_or_else(|| TemplateError::UnknownParameter(name.clone()))
}

fn read_item(item: &Value) -> Result<Element, TemplateError> {
    match item {
        Value::Text(text) => Element::read(text),
        Value::Integer(_) | Value::Boolean(_) | Value::List(_) | Value::Table(_) => {
            Err(TemplateError::NotTexts)
        }
    }
}

impl Element {
    fn read(text: &str) -> Result<Self, TemplateError> {
        let wrong = |problem| TemplateError::Braces {
            element: text.to_owned(),
            problem,
        };
        if text.contains('\0') {
            return Err(TemplateError::Nul(text.escape_debug().to_string()));
        }
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            literal.push_str(before);
            if let Some(after) = from.strip_prefix("{{") {
                literal.push('{');
                rest = after;
            } else if let Some(after) = from.strip_prefix("}}") {
                literal.push('}');
                rest = after;
            } else if let Some(after) = from.strip_prefix('{') {
                let (name, after) = after
                    .split_once('}')
                    .ok_or_else(|| wrong("a brace is not closed"))?;
                let part = match name.strip_prefix("secret:") {
                    Some(name) => Name::parse(name)
                        .map(Part::Secret)
                        .map_err(|_| wrong("what is after `secret:` is no secret's name"))?,
                    None => ParameterName::parse(name)
                        .map(Part::Parameter)
                        .map_err(|_| wrong("what is between the braces is no parameter's name"))?,
                };
                if !literal.is_empty() {
                    parts.push(Part::Literal(std::mem::take(&mut literal)));
                }
                parts.push(part);
                rest = after;
            } else {
                return Err(wrong("a closing brace stands alone"));
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() || parts.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Ok(Self(parts))
    }

    fn parameters(&self) -> impl Iterator<Item = &ParameterName> {
        self.0.iter().filter_map(|part| match part {
            Part::Parameter(name) => Some(name),
            Part::Literal(_) | Part::Secret(_) => None,
        })
    }

    /// Adds the arguments that this element becomes: none, one, or a list's.
    fn expand(
        &self,
        schemas: &Schemas,
        values: &Values,
        paths: &Paths,
        arguments: &mut Vec<String>,
    ) -> Result<(), TemplateError> {
        if let [Part::Parameter(name)] = self.0.as_slice()
            && let Some(Value::List(items)) = values.get(name)
        {
            let schema = schema_of(schemas, name)?;
            if schema.value_type != ValueType::List {
                return Err(TemplateError::Misfit(name.clone()));
            }
            for item in items {
                let mut argument = String::new();
                append(&mut argument, name, schema, item)?;
                arguments.push(argument);
            }
            return Ok(());
        }
        let mut argument = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(literal) => argument.push_str(literal),
                Part::Secret(name) => {
                    let path = paths.secrets.get(name);
                    argument.push_str(path.ok_or_else(|| TemplateError::NoSecret(name.clone()))?);
                }
                Part::Parameter(name) => {
                    let schema = schema_of(schemas, name)?;
                    let path = paths.parameters.get(name);
                    match values.get(name) {
                        _ if path.is_some() => argument.extend(path.map(String::as_str)),
                        Some(value) => append(&mut argument, name, schema, value)?,
                        None if schema.required => {
                            return Err(TemplateError::Missing(name.clone()));
                        }
                        None => return Ok(()),
                    }
                }
            }
        }
        arguments.push(argument);
        Ok(())
    }
}

fn append(
    argument: &mut String,
    name: &ParameterName,
    schema: &Schema,
    value: &Value,
) -> Result<(), TemplateError> {
    if schema.is_secret() {
        return Err(TemplateError::Misfit(name.clone()));
    }
    let text = match value {
        Value::Text(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Boolean(boolean) => boolean.to_string(),
        Value::List(_) => return Err(TemplateError::ListNotAlone(name.clone())),
        Value::Table(_) => return Err(TemplateError::Misfit(name.clone())),
    };
    if text.contains('\0') {
        return Err(TemplateError::Nul(name.to_string()));
    }
    // The rules refuse such texts already; what they let through is a negative
    // number, and `kill -1` is not `kill 1`.
    if argument.is_empty() && text.starts_with('-') && !schema.leading_dash {
        return Err(TemplateError::Dash(name.clone()));
    }
    argument.push_str(&text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(text: &str) -> ParameterName {
        ParameterName::parse(text).unwrap()
    }

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    fn template(args: &[&str]) -> Result<Template, TemplateError> {
        let args = args.iter().map(|arg| text(arg)).collect();
        Template::read(&Members::from([
            ("program".into(), text("/bin/echo")),
            ("args".into(), Value::List(args)),
        ]))
    }

    /// Parameters named after their types; only `string` takes a dash.
    fn schemas() -> Schemas {
        [
            ValueType::String,
            ValueType::Integer,
            ValueType::Boolean,
            ValueType::List,
            ValueType::Table,
            ValueType::Secret,
        ]
        .map(|value_type| {
            let mut schema = Schema::of(value_type);
            schema.leading_dash = value_type == ValueType::String;
            (name(&value_type.to_string()), schema)
        })
        .into()
    }

    fn expand(args: &[&str], values: &[(&str, Value)]) -> Result<Vec<String>, TemplateError> {
        let values = values.iter().map(|(n, v)| (name(n), v.clone())).collect();
        let paths = Paths {
            secrets: [(Name::parse("token").unwrap(), "/dev/fd/7".to_owned())].into(),
            parameters: [(name("secret"), "/dev/fd/8".to_owned())].into(),
        };
        template(args)?.arguments(&schemas(), &values, &paths)
    }

    #[test]
    fn elements_become_arguments() {
        let list = Value::List(vec![text("a b"), Value::Integer(2), Value::Boolean(false)]);
        let no_list = Value::List(Vec::new());
        for (args, values, wanted) in [
            (&["a", "", "b c"][..], &[][..], &["a", "", "b c"][..]),
            (&["{string}"], &[("string", text("x y"))], &["x y"]),
            (
                &["{secret:Token}", "--pin={secret}"],
                &[],
                &["/dev/fd/7", "--pin=/dev/fd/8"],
            ),
            (&["{string}"], &[("string", text(""))], &[""]),
            (&["{string}"], &[("string", text("-x"))], &["-x"]),
            (
                &["-{integer}{integer}."],
                &[("integer", Value::Integer(5))],
                &["-55."],
            ),
            (
                &["--n={integer}"],
                &[("integer", Value::Integer(-5))],
                &["--n=-5"],
            ),
            (
                &["{boolean}"],
                &[("boolean", Value::Boolean(true))],
                &["true"],
            ),
            (
                &["<", "{list}", ">"],
                &[("list", list)],
                &["<", "a b", "2", "false", ">"],
            ),
            (&["<", "{list}", ">"], &[("list", no_list)], &["<", ">"]),
            (&["<", "--x={string}", "{list}", ">"], &[], &["<", ">"]),
            (&["{{string}}", "}}{{"], &[], &["{string}", "}{"]),
            (
                &["{{{string}}}"],
                &[("string", text("{string}"))],
                &["{{string}}"],
            ),
        ] {
            assert_eq!(expand(args, values).unwrap(), wanted, "{args:?}");
        }
    }

    #[test]
    fn values_that_do_not_fit_are_refused() {
        let list = || Value::List(vec![text("a")]);
        let nested = Value::List(vec![list()]);
        let table = Value::Table([("a".to_owned(), text("b"))].into());
        for (arg, parameter, value, wanted) in [
            (
                "x{list}",
                "list",
                list(),
                TemplateError::ListNotAlone(name("list")),
            ),
            (
                "{list}",
                "list",
                nested,
                TemplateError::ListNotAlone(name("list")),
            ),
            (
                "{string}",
                "string",
                list(),
                TemplateError::Misfit(name("string")),
            ),
            (
                "{table}",
                "table",
                table,
                TemplateError::Misfit(name("table")),
            ),
            (
                "{integer}",
                "integer",
                Value::Integer(-1),
                TemplateError::Dash(name("integer")),
            ),
            (
                "{list}",
                "list",
                Value::List(vec![text("-rf")]),
                TemplateError::Dash(name("list")),
            ),
            (
                "{string}",
                "string",
                text("a\0b"),
                TemplateError::Nul("string".into()),
            ),
        ] {
            assert_eq!(expand(&[arg], &[(parameter, value)]), Err(wanted), "{arg}");
        }
        let mut required = schemas();
        required.get_mut(&name("string")).unwrap().required = true;
        assert_eq!(
            template(&["{string}"]).unwrap().arguments(
                &required,
                &Values::new(),
                &Paths::default()
            ),
            Err(TemplateError::Missing(name("string")))
        );
    }

    #[test]
    fn a_dash_cannot_hide_behind_an_empty_value() {
        let values = [("list", text("")), ("integer", Value::Integer(-9))];
        assert_eq!(
            expand(&["{list}{integer}"], &values),
            Err(TemplateError::Dash(name("integer")))
        );
    }

    #[test]
    fn templates_that_make_no_sense_are_refused() {
        for (arg, wanted) in [
            ("{", "is not closed"),
            ("a}", "stands alone"),
            ("{string}}", "stands alone"),
            ("{}", "no parameter's name"),
            ("{a b}", "no parameter's name"),
            ("{{{", "is not closed"),
            ("a\0b", "NUL"),
        ] {
            let error = template(&[arg]).unwrap_err().to_string();
            assert!(error.contains(wanted), "{arg}: {error}");
        }
        for (arg, wanted) in [
            (
                "{other}",
                "the template uses `other`, which is not among the task's parameters",
            ),
            (
                "{table}",
                "the parameter `table` is a table, which cannot be an argument",
            ),
            (
                "-{list}",
                "the list `list` must stand alone in its element, as \"{list}\"",
            ),
        ] {
            let error = template(&[arg]).unwrap().check(&schemas()).unwrap_err();
            assert_eq!(error.to_string(), wanted);
        }
        let all = [
            "{string}{integer}{boolean}",
            "{list}",
            "--pin={secret}{secret:token}",
        ];
        template(&all).unwrap().check(&schemas()).unwrap();
    }

    #[test]
    fn only_a_program_and_texts_may_be_in_it() {
        let program = || ("program".to_owned(), text("/bin/echo"));
        let with = |name: &str, value| Members::from([program(), (name.to_owned(), value)]);
        assert!(Template::read(&Members::from([program()])).is_ok());
        for (members, wanted) in [
            (Members::new(), TemplateError::NoProgram),
            (with("program", Value::Integer(1)), TemplateError::NoProgram),
            (
                with("program", text("echo")),
                TemplateError::NotAbsolute("echo".into()),
            ),
            (
                with("program", text("/a\0")),
                TemplateError::Nul("program".into()),
            ),
            (
                with("env", text("x")),
                TemplateError::UnknownMember("env".into()),
            ),
            (with("args", text("x")), TemplateError::NotTexts),
            (
                with("args", Value::List(vec![Value::Integer(1)])),
                TemplateError::NotTexts,
            ),
        ] {
            assert_eq!(Template::read(&members), Err(wanted));
        }
    }

    proptest! {
        #[test]
        fn a_value_is_never_read_again(value in "[^\0]*", before in "[^{}\0]*", after in "[^{}\0]*") {
            let arg = format!("{before}{{string}}{after}");
            let found = expand(&[&arg, "last"], &[("string", text(&value))]).unwrap();
            prop_assert_eq!(found, [format!("{before}{value}{after}"), "last".into()]);
        }

        #[test]
        fn escaped_braces_read_back(literal in "[^\0]*") {
            let arg = literal.replace('{', "{{").replace('}', "}}");
            prop_assert_eq!(expand(&[&arg], &[]).unwrap(), [literal]);
        }

        #[test]
        fn no_text_breaks_the_reader(arg in "[{}a-z\0 ]*") {
            let _ = expand(&[&arg], &[]);
        }
    }
}
