//! A host without a server, and a console that remembers.

use std::collections::{BTreeMap, VecDeque};

use async_trait::async_trait;
use writ_core::secret::Secret;
use writ_core::time::Time;
use writ_shell::{
    Bound, Console, Described, Ended, ErrorRecord, Host, Invocation, Listed, Object, Reason,
    Session, Taken, Value, Writing, parse,
};

/// Remembers what it was asked, and answers with what is always there.
#[derive(Default)]
pub(crate) struct StandIn {
    pub(crate) asked: Vec<String>,
}

pub(crate) fn request(at: i64, status: &str) -> Object {
    Object::new()
        .with("RequestorUPN", "admin@contoso.com")
        .with("Service", "Office365")
        .with("RequestedAccess", "Data Access Request")
        .with(
            "Identity",
            format!("a4bc1bd{at}-00a1-42b4-be65-b6c63d6be279"),
        )
        .with("RequestStatus", status)
        .with("DurationHours", at * 2)
        .with(
            "Context",
            Value::Table(
                Object::new()
                    .with("DataTable", "Message")
                    .with("Columns", "Subject"),
            ),
        )
        .with("DateCreatedUtc", Time(1_532_455_362_000 + at * 86_400_000))
}

#[async_trait]
impl Host for StandIn {
    async fn call(
        &mut self,
        bound: &Bound,
        _: &mut dyn Console,
    ) -> Result<Vec<Value>, ErrorRecord> {
        let given: Vec<_> = bound
            .cmdlet
            .parameters
            .iter()
            .filter_map(|parameter| {
                Some(format!(
                    " -{} {}",
                    parameter.name,
                    bound.text(parameter.name)?
                ))
            })
            .collect();
        self.asked
            .push(format!("{}{}", bound.cmdlet.name, given.concat()));
        match bound.cmdlet.name {
            "Get-ElevatedAccessRequest" => Ok(match bound.text("Identity").as_deref() {
                Some("none") => Vec::new(),
                Some(_) => vec![Value::Object(request(1, "Pending"))],
                None => vec![
                    Value::Object(request(2, "Pending")),
                    Value::Object(request(1, "Approved")),
                    Value::Object(request(3, "pending")),
                ],
            }),
            "Deny-ElevatedAccessRequest" => Err(ErrorRecord::new(
                Reason::Refused,
                "NotPending",
                "It is decided already.",
            )),
            _ => Ok(Vec::new()),
        }
    }

    async fn try_call(&mut self, bound: &Bound, _: &mut dyn Console) -> Result<(), ErrorRecord> {
        let identity = bound.text("RequestId").unwrap_or_default();
        match identity.starts_with("dead") {
            true => Err(ErrorRecord::new(
                Reason::Refused,
                "NotFound",
                "There is no such request.",
            )),
            false => Ok(()),
        }
    }

    async fn try_invoke(
        &mut self,
        run: &Invocation,
        _: &mut dyn Console,
    ) -> Result<String, ErrorRecord> {
        match run.task.as_str() {
            r"Exchange\New-Impossible" => Err(ErrorRecord::new(
                Reason::Refused,
                "882BD051",
                "Insufficient permissions.",
            )),
            task => Ok(task.to_owned()),
        }
    }

    fn now(&self) -> Time {
        Time(1_764_514_800_000)
    }

    async fn described(&mut self, task: &str) -> Result<Option<Described>, ErrorRecord> {
        if !task.eq_ignore_ascii_case(r"Exchange\New-MoveRequest") {
            return Ok(None);
        }
        let taken = |name: &str, required| Taken {
            name: name.to_owned(),
            kind: "string".to_owned(),
            required,
            notes: Vec::new(),
        };
        Ok(Some(Described {
            task: r"Exchange\New-MoveRequest".to_owned(),
            title: "Move a mailbox".to_owned(),
            parameters: vec![taken("Identity", true), taken("TargetDatabase", false)],
            is_open: true,
        }))
    }

    async fn tasks(&mut self) -> Result<Vec<Listed>, ErrorRecord> {
        let listed = |task: &str, title: &str| Listed {
            task: task.to_owned(),
            title: title.to_owned(),
        };
        Ok(vec![
            listed(r"Exchange\New-MoveRequest", ""),
            listed(r"Host\Restart-Service", "Restart a service"),
        ])
    }

    async fn invoke(
        &mut self,
        run: &Invocation,
        _: &mut dyn Console,
    ) -> Result<Vec<Value>, ErrorRecord> {
        let unnamed = run.positional.iter();
        let unnamed = unnamed.map(|value| format!(" {}", value.text()));
        let named = run.parameters.iter();
        let named =
            named.map(|(name, value)| format!(" -{name} {:?}", value.as_ref().map(Value::text)));
        let given: Vec<_> = unnamed.chain(named).collect();
        self.asked.push(format!("{}{}", run.task, given.concat()));
        if run.task.ends_with("Fail") {
            return Err(ErrorRecord::new(
                Reason::TaskFailed,
                "TaskFailed",
                "The task failed.",
            ));
        }
        Ok(vec![Value::from("moved")])
    }
}

/// What was shown, and what is answered.
#[derive(Default)]
pub(crate) struct Remembered {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) answers: Option<VecDeque<String>>,
    pub(crate) files: BTreeMap<String, String>,
    pub(crate) width: Option<usize>,
    pub(crate) cleared: usize,
}

impl Console for Remembered {
    fn out(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn err(&mut self, text: &str) {
        self.err.push_str(text);
        self.err.push('\n');
    }

    fn is_interactive(&self) -> bool {
        self.answers.is_some()
    }

    fn ask(&mut self, question: &str) -> Option<String> {
        self.err.push_str(question);
        self.err.push('\n');
        self.answers.as_mut().and_then(VecDeque::pop_front)
    }

    fn ask_secret(&mut self, _: &str) -> Option<Secret> {
        None
    }

    fn width(&self) -> usize {
        self.width.unwrap_or(80)
    }

    fn clear(&mut self) {
        self.cleared += 1;
    }

    fn try_file(&mut self, path: &str, how: Writing) -> Result<(), String> {
        match (how, self.files.contains_key(path)) {
            _ if path.starts_with("/nowhere/") => Err("there is no such folder".to_owned()),
            (Writing::New, true) => Err("there is such a file already".to_owned()),
            (Writing::New | Writing::Over | Writing::After, _) => Ok(()),
        }
    }

    fn first_line(&mut self, path: &str) -> Result<Option<String>, String> {
        let file = self.files.get(path);
        Ok(file
            .and_then(|text| text.lines().next())
            .map(ToOwned::to_owned))
    }

    fn write_file(&mut self, path: &str, text: &str, how: Writing) -> Result<(), String> {
        let is_there = self.files.contains_key(path);
        let file = self.files.entry(path.to_owned()).or_default();
        match how {
            Writing::New if is_there => return Err("there is such a file already".to_owned()),
            Writing::New | Writing::Over => text.clone_into(file),
            Writing::After => file.push_str(text),
        }
        Ok(())
    }
}

/// Everything that came of a script.
pub(crate) struct Came {
    pub(crate) console: Remembered,
    pub(crate) asked: Vec<String>,
    pub(crate) ended: Ended,
}

/// Runs a script on a console.
pub(crate) fn run_on(text: &str, mut console: Remembered) -> Came {
    let script = parse(text).map_err(|fault| fault.shown(text)).unwrap();
    let mut session = Session::new(StandIn::default());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let ended = runtime.block_on(session.run(&script, &mut console));
    let asked = std::mem::take(&mut session.host().asked);
    Came {
        console,
        asked,
        ended,
    }
}

pub(crate) fn run(text: &str) -> Came {
    run_on(text, Remembered::default())
}

/// What a script shows; it fails at nothing.
pub(crate) fn shown(text: &str) -> String {
    let came = run(text);
    assert_eq!(came.console.err, "", "{text}");
    came.console.out
}
