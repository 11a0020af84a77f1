//! The people of the simulation: what they say, and how they ask until they have
//! an answer.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::time::sleep;
use writ_core::digest::{Digest, RequestId};
use writ_core::envelope::Envelope;
use writ_core::object::{Object, Person};
use writ_core::refusal::TurnedAway;
use writ_core::statement::{Attachment, Body, End, Invoke, Request, Set, Unverified};
use writ_core::testing::{RESTART, Say, approving, asking, control, parameter, person, running};
use writ_core::view::Posted;
use writ_engine::{Engine, Submission};

use super::grants::DURATION;
use super::journal::{Event, Journal, Said};
use super::world::{Life, Simulation};
use crate::world::{fill, signed};

/// How often somebody asks again who is told that nothing was recorded.
const TRIES: usize = 3;

/// What somebody says. Requests are named by their number, the newest is 0.
#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    Request(&'static str),
    Approve(usize),
    /// Ends it, and kills what runs under it, or not.
    End(usize, bool),
    /// Runs a task with a text.
    Run(&'static str, &'static str),
    /// Runs [`RESTART`] with a text that travels beside the statement.
    RunBeside(&'static str),
    /// Enables privileged access, or disables it.
    Enable(bool),
    /// Lets somebody do things, or nothing any more.
    Activate(&'static str, bool),
}

/// Somebody says something now. Nothing, if it is about a request and there is none.
pub(super) fn say(
    world: &Simulation,
    life: &mut Life,
    who: &'static str,
    what: What,
    copies: usize,
) {
    let voice = Voice { world, life, who };
    let mut beside = None;
    let envelope = match what {
        What::Request(task) => voice.envelope(Request {
            duration_s: Some(DURATION),
            ..asking(task)
        }),
        What::Approve(which) => match request(&world.journal, which) {
            Some(request) => voice.envelope(approving(request)),
            None => return,
        },
        What::End(which, kill) => match request(&world.journal, which) {
            Some(request) => voice.envelope(End {
                request,
                comment: Some("no longer needed".into()),
                // Two that are killed at once end in any order, not always the same.
                kill: kill && voice.runs() <= 1,
            }),
            None => return,
        },
        What::Run(task, text) => {
            let name = if task == RESTART { "unit" } else { "word" };
            voice.envelope(running(task, &[(name, text)]))
        }
        What::RunBeside(text) => {
            beside = Some(text);
            voice.envelope(invoke_beside(text))
        }
        What::Enable(yes) => voice.set(control(yes, Some("approvers"))),
        What::Activate(name, yes) => voice.set(Person {
            active: yes,
            ..person(name)
        }),
    };
    let read = Unverified::read(Arc::new(envelope.clone())).unwrap();
    let number = world.journal.say(Said {
        digest: envelope.digest(),
        body: read.statement().body.clone(),
        envelope,
        beside,
        answer: None,
    });
    ask(world, life, number, copies);
}

/// Who says something, and to whom.
struct Voice<'a> {
    world: &'a Simulation,
    life: &'a Life,
    who: &'static str,
}

impl Voice<'_> {
    fn envelope<B: Say + Serialize>(&self, body: B) -> Envelope {
        let instance = Some(self.world.organization);
        let now = self.life.engine.now();
        signed(
            &fill(&self.world.entropy, now, instance, self.who, body),
            self.who,
        )
    }

    /// How many runs there are or may be.
    fn runs(&self) -> usize {
        let published = self.life.engine.published();
        let open = published.state().open_executions(self.life.engine.node());
        let seen = self.world.journal.seen();
        let waits = |said: &&Said| said.answer.is_none() && matches!(said.body, Body::Invoke(_));
        open.count() + seen.said.iter().filter(waits).count()
    }

    fn set(&self, object: impl Into<Object>) -> Envelope {
        self.envelope(Set {
            object: Some(object.into()),
            remove: None,
            seen: self.life.engine.published().size(),
        })
    }
}

fn invoke_beside(text: &str) -> Invoke {
    let attachment = Attachment {
        digest: Digest::of(text.as_bytes()),
        size: text.len() as u64,
    };
    Invoke {
        attached: [(parameter("unit"), attachment)].into(),
        ..running(RESTART, &[])
    }
}

/// The request of this number, counted from the newest; none if there is none.
fn request(journal: &Journal, which: usize) -> Option<RequestId> {
    let seen = journal.seen();
    let asked = seen.said.iter().rev();
    let mut asked = asked.filter(|said| matches!(said.body, Body::Request(_)));
    asked.nth(which).map(|said| RequestId(said.digest))
}

/// Somebody who has no answer asks, with so many copies at once.
pub(super) fn ask(world: &Simulation, life: &mut Life, number: usize, copies: usize) {
    let client = Client::new(world, life, number);
    life.clients.spawn(client.ask(copies));
}

/// Somebody who has a receipt asks once more: it must be the same.
pub(super) fn again(world: &Simulation, life: &mut Life, which: usize) {
    let answered: Vec<_> = {
        let seen = world.journal.seen();
        let has_receipt = |number: &usize| matches!(seen.said[*number].answer, Some(Ok(_)));
        (0..seen.said.len()).filter(has_receipt).collect()
    };
    if let Some(number) = answered.get(which % answered.len().max(1)) {
        let client = Client::new(world, life, *number);
        life.clients
            .spawn(async move { drop(client.submit().await) });
    }
}

/// Somebody on the other side of the line.
struct Client {
    engine: Engine,
    journal: Journal,
    number: usize,
}

impl Client {
    fn new(world: &Simulation, life: &Life, number: usize) -> Self {
        Self {
            engine: life.engine.clone(),
            journal: world.journal.clone(),
            number,
        }
    }

    /// Asks until there is an answer; the same envelope each time.
    async fn ask(self, copies: usize) {
        let mut tries = 0;
        loop {
            let answer = match copies {
                1 => self.submit().await,
                _ => {
                    let (one, two) = tokio::join!(self.submit(), self.submit());
                    better(one, two)
                }
            };
            match answer {
                Err(TurnedAway::Unknown {}) => {}
                // Whoever is there next is asked.
                Err(TurnedAway::Stopping {}) => return,
                Err(TurnedAway::Unavailable { .. } | TurnedAway::Busy {}) if tries < TRIES => {
                    tries += 1;
                }
                answer => {
                    self.journal.seen().said[self.number].answer = Some(answer);
                    return;
                }
            }
            sleep(Duration::from_secs(1)).await;
        }
    }

    async fn submit(&self) -> Result<Posted, TurnedAway> {
        let said = self.journal.seen().said[self.number].clone();
        let attachments = said.beside.iter().map(|text| text.as_bytes().to_vec());
        let submission = Submission {
            envelope: said.envelope,
            attachments: attachments.collect(),
        };
        let answer = self.engine.submit(submission).await;
        self.journal
            .note(Event::Answered(self.number, answer.clone()));
        answer
    }
}

/// Of two answers to the same, the one that says more.
fn better(
    one: Result<Posted, TurnedAway>,
    two: Result<Posted, TurnedAway>,
) -> Result<Posted, TurnedAway> {
    let is_open = matches!(
        two,
        Err(TurnedAway::Unknown {} | TurnedAway::Stopping {} | TurnedAway::Unavailable { .. })
    );
    match (&one, &two) {
        (Ok(_), _) => one,
        (_, Ok(_)) => two,
        _ if is_open => two,
        _ => one,
    }
}
