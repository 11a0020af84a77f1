//! The reference: the rules once more, as plainly as they can be said.
//!
//! It keeps everything for ever, finds everything by looking at all of it, and
//! shares nothing with the rules but the words of the steps.

use std::collections::BTreeMap;

use writ_core::digest::{ExecutionId, RequestId};
use writ_core::record::Status;
use writ_core::statement::RunResult;
use writ_core::testing::PEOPLE;

use super::steps::{Ask, Fixed, PATTERNS, Step, TASKS, Terms};

const ADMIN: usize = PEOPLE.len();
const HIGH_RISK: usize = 2;
const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;

/// Which code is said; none where it is accepted.
pub(crate) type Code = Option<&'static str>;

/// A rule: the terms, with the default group filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    pattern: usize,
    terms: Terms,
    stages: Vec<(usize, u32)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) id: RequestId,
    pub(crate) by: usize,
    pub(crate) task: usize,
    pub(crate) status: Status,
    /// From, until; milliseconds.
    pub(crate) grant: Option<(i64, i64)>,
    pub(crate) used: u64,
    minutes: u64,
    fixed: Fixed,
    start: Option<i64>,
    runs: Option<u64>,
    expires: i64,
    rule: Rule,
    /// Who, for which stage, minutes, fixed.
    approvals: Vec<(usize, usize, Option<u64>, Fixed)>,
    limits: Vec<u8>,
}

#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) id: ExecutionId,
    pub(crate) under: RequestId,
    ended: bool,
}

pub(crate) struct Reference {
    time: i64,
    clock: i64,
    enabled: bool,
    default_group: Option<usize>,
    groups: Vec<(Vec<usize>, Vec<usize>)>,
    policies: BTreeMap<usize, Terms>,
    active: Vec<bool>,
    pub(crate) requests: Vec<Asked>,
    pub(crate) runs: Vec<Run>,
}

impl Reference {
    /// As `steps::beginning` says.
    pub(crate) fn new(time: i64) -> Self {
        let star = Terms {
            auto: false,
            stages: Vec::new(),
            requesters: None,
            max_minutes: 1_440,
            pending_minutes: 1_440,
            max_runs: None,
            fixed: None,
            others_refused: false,
        };
        Self {
            time,
            clock: time,
            enabled: true,
            default_group: Some(0),
            groups: vec![
                (vec![1, 2], vec![]),
                (vec![2, 3], vec![]),
                (vec![0], vec![0, 1]),
            ],
            policies: BTreeMap::from([(PATTERNS.len() - 1, star)]),
            active: vec![true; PEOPLE.len()],
            requests: Vec::new(),
            runs: Vec::new(),
        }
    }

    /// The request that is the `nth` newest.
    pub(crate) fn nth_request(&self, nth: usize) -> Option<usize> {
        self.requests.len().checked_sub(nth + 1)
    }

    /// The run that is the `nth` newest.
    pub(crate) fn nth_run(&self, nth: usize) -> Option<usize> {
        self.runs.len().checked_sub(nth + 1)
    }

    /// What the step answers. `id` is what a new request or run is called.
    pub(crate) fn step(&mut self, step: &Step, id: impl Fn() -> writ_core::digest::Digest) -> Code {
        if let Step::Wait(seconds) = step {
            self.clock += seconds * 1_000;
            return None;
        }
        self.time = self.time.max(self.clock);
        self.pass();
        if self.time - self.clock > 300_000 {
            return Some("stale");
        }
        match step {
            Step::Wait(_) => None,
            Step::Control(on, group) => {
                self.enabled = *on;
                self.default_group = *group;
                self.overrule();
                None
            }
            Step::Group(group, people, groups) => {
                self.groups[*group] = (people.clone(), groups.clone());
                None
            }
            Step::Policy(pattern, terms) => {
                self.policies.insert(*pattern, terms.clone());
                self.overrule();
                None
            }
            Step::RemovePolicy(pattern) => {
                if self.policies.remove(pattern).is_none() {
                    return Some("unknown-object");
                }
                self.overrule();
                None
            }
            Step::Active(who, active) => {
                self.active[*who] = *active;
                None
            }
            Step::Request(who, task, ask) => {
                self.request(*who, *task, ask, || RequestId(id())).err()
            }
            Step::Approve(who, nth, minutes, fixed) => {
                self.approve(*who, *nth, *minutes, *fixed).err()
            }
            Step::End(who, nth, says_why) => self.end(*who, *nth, *says_why).err(),
            Step::Invoke(who, task, fixed, nth) => self
                .invoke(*who, *task, *fixed, *nth, || ExecutionId(id()))
                .err(),
            Step::Outcome(nth, result) => self.outcome(*nth, *result).err(),
        }
    }

    fn pass(&mut self) {
        let now = self.time;
        for asked in &mut self.requests {
            match (asked.status, asked.grant) {
                (Status::Pending, _) if asked.expires <= now => asked.status = Status::Expired,
                (Status::Live, Some((_, until))) if until <= now => asked.status = Status::Ended,
                _ => {}
            }
        }
    }

    fn overrule(&mut self) {
        let rules: Vec<_> = (0..TASKS.len()).map(|task| self.rule(task)).collect();
        for asked in &mut self.requests {
            let now = &rules[asked.task];
            let made_by_itself = asked.rule.terms.auto;
            let by_people = now.as_ref().is_some_and(|rule| !rule.terms.auto);
            if asked.status == Status::Pending && now.as_ref() != Some(&asked.rule) {
                asked.status = Status::Superseded;
            } else if asked.status == Status::Live && (now.is_none() || made_by_itself && by_people)
            {
                asked.status = Status::Ended;
            }
        }
    }

    fn rule(&self, task: usize) -> Option<Rule> {
        let name = TASKS[task];
        let covers = |pattern: &str| match pattern.strip_suffix('*') {
            Some("") => task != HIGH_RISK,
            Some(prefix) => name.starts_with(prefix),
            None => name == pattern,
        };
        // An exact name is longer than every pattern that covers it, star or not.
        let rank = |pattern: &str| {
            pattern.trim_end_matches('*').len() * 2 + usize::from(!pattern.ends_with('*'))
        };
        let pattern = self
            .policies
            .keys()
            .copied()
            .filter(|pattern| covers(PATTERNS[*pattern]))
            .max_by_key(|pattern| rank(PATTERNS[*pattern]))?;
        let terms = self.policies[&pattern].clone();
        let stages = match (terms.auto, terms.stages.as_slice(), self.default_group) {
            (false, [], Some(group)) => vec![(group, 1)],
            (_, named, _) => named.to_vec(),
        };
        Some(Rule {
            pattern,
            terms,
            stages,
        })
    }

    fn is_member(&self, group: usize, who: usize) -> bool {
        let (people, groups) = &self.groups[group];
        people.contains(&who) || groups.iter().any(|below| self.is_member(*below, who))
    }

    fn acts(&self, who: usize) -> Result<(), &'static str> {
        match who == ADMIN || self.active[who] {
            true => Ok(()),
            false => Err("inactive"),
        }
    }

    fn may_ask(&self, who: usize, rule: &Rule) -> Result<(), &'static str> {
        match rule.terms.requesters {
            Some(group) if !self.is_member(group, who) => Err("not-requester"),
            _ => Ok(()),
        }
    }

    fn open(&self) -> Result<(), &'static str> {
        match self.enabled {
            true => Ok(()),
            false => Err("disabled"),
        }
    }

    fn request(
        &mut self,
        who: usize,
        task: usize,
        ask: &Ask,
        id: impl Fn() -> RequestId,
    ) -> Result<(), &'static str> {
        self.acts(who)?;
        self.open()?;
        let now = self.time;
        let rule = self.rule(task).ok_or("no-policy")?;
        self.may_ask(who, &rule)?;
        if !rule.terms.auto && rule.stages.is_empty() {
            return Err("no-approvers");
        }
        let longest = rule.terms.max_minutes;
        let minutes = ask.minutes.unwrap_or(longest.min(240));
        if minutes < 1 || minutes > longest {
            return Err("duration");
        }
        match (ask.fixed, rule.terms.fixed) {
            (Some(asked), Some(wanted)) if asked != wanted => return Err("parameters"),
            (Some(_), None) if rule.terms.others_refused => return Err("parameters"),
            _ => {}
        }
        let start = ask.ahead_minutes.map(|m| self.clock + m * MINUTE);
        if start.is_some_and(|start| start <= now || start > now + 30 * DAY) {
            return Err("start");
        }
        if let (Some(most), Some(asked)) = (rule.terms.max_runs, ask.runs)
            && asked > most
        {
            return Err("runs");
        }
        let same = |a: &&Asked| {
            a.by == who
                && a.task == task
                && a.status == Status::Pending
                && a.fixed == ask.fixed
                && a.start == start
        };
        if self.requests.iter().find(same).is_some() {
            return Err("already-pending");
        }
        let mut asked = Asked {
            id: id(),
            by: who,
            task,
            status: Status::Pending,
            grant: None,
            used: 0,
            minutes,
            fixed: ask.fixed,
            start,
            runs: ask.runs.or(rule.terms.max_runs),
            expires: now + i64::try_from(rule.terms.pending_minutes).unwrap() * MINUTE,
            approvals: Vec::new(),
            limits: ask.fixed.into_iter().collect(),
            rule,
        };
        if asked.rule.terms.auto {
            asked.go_live(now, minutes);
        }
        self.requests.push(asked);
        Ok(())
    }

    /// The first stage that lacks approvals of people who are in its group and active now.
    fn current(&self, asked: &Asked) -> Option<usize> {
        asked
            .rule
            .stages
            .iter()
            .enumerate()
            .find_map(|(at, (_, needed))| {
                let given = asked
                    .approvals
                    .iter()
                    .filter(|a| a.1 == at && self.counts(asked, a.0, at));
                (given.count() < *needed as usize).then_some(at)
            })
    }

    fn counts(&self, asked: &Asked, who: usize, stage: usize) -> bool {
        self.active[who] && self.is_member(asked.rule.stages[stage].0, who)
    }

    fn approve(
        &mut self,
        who: usize,
        nth: usize,
        minutes: Option<u64>,
        fixed: Fixed,
    ) -> Result<(), &'static str> {
        self.acts(who)?;
        self.open()?;
        let at = self.nth_request(nth).ok_or("not-pending")?;
        let mut asked = self.requests[at].clone();
        if asked.status != Status::Pending {
            return Err("not-pending");
        }
        if asked.by == who {
            return Err("self-approval");
        }
        self.acts(asked.by)?;
        if asked.approvals.iter().any(|a| a.0 == who) {
            return Err("already-decided");
        }
        let stage = self.current(&asked).unwrap_or(asked.rule.stages.len() - 1);
        if !self.is_member(asked.rule.stages[stage].0, who) {
            return Err("not-approver");
        }
        if minutes.is_some_and(|m| m < 1 || m > asked.minutes) {
            return Err("wider");
        }
        asked.approvals.push((who, stage, minutes, fixed));
        if self.current(&asked).is_none() {
            let counted: Vec<_> = asked
                .approvals
                .iter()
                .filter(|a| self.counts(&asked, a.0, a.1))
                .copied()
                .collect();
            let shortest = counted
                .iter()
                .filter_map(|a| a.2)
                .chain([asked.minutes])
                .min()
                .unwrap();
            asked.limits.extend(counted.iter().filter_map(|a| a.3));
            asked.go_live(self.time, shortest);
        }
        self.requests[at] = asked;
        Ok(())
    }

    fn end(&mut self, who: usize, nth: usize, says_why: bool) -> Result<(), &'static str> {
        self.acts(who)?;
        let at = self.nth_request(nth).ok_or("not-pending")?;
        let asked = &self.requests[at];
        if !asked.status.is_open() {
            return Err("not-pending");
        }
        let approves = asked
            .rule
            .stages
            .iter()
            .any(|(group, _)| self.is_member(*group, who));
        if asked.by != who && who != ADMIN && !approves {
            return Err("not-yours-to-end");
        }
        if asked.by != who && !says_why {
            return Err("comment-required");
        }
        self.requests[at].status = match (asked.status, asked.by == who) {
            (Status::Live, _) => Status::Revoked,
            (_, true) => Status::Canceled,
            (_, false) => Status::Denied,
        };
        Ok(())
    }

    fn invoke(
        &mut self,
        who: usize,
        task: usize,
        given: Fixed,
        nth: Option<usize>,
        id: impl Fn() -> ExecutionId,
    ) -> Result<(), &'static str> {
        self.acts(who)?;
        self.open()?;
        let now = self.time;
        let rule = self.rule(task).ok_or("no-policy")?;
        let named = nth.map(|nth| self.nth_request(nth));
        let mut mine: Vec<usize> = (0..self.requests.len())
            .filter(|at| {
                let asked = &self.requests[*at];
                asked.by == who && asked.task == task && asked.status == Status::Live
            })
            .filter(|at| named.is_none_or(|named| named == Some(*at)))
            .collect();
        mine.sort_by_key(|at| (self.requests[*at].grant.unwrap().1, self.requests[*at].id));
        let mut why = "insufficient";
        let mut found = None;
        for at in mine {
            let asked = &self.requests[at];
            let (from, _) = asked.grant.unwrap();
            if asked.runs.is_some_and(|most| asked.used >= most) {
                if why == "insufficient" {
                    why = "used-up";
                }
            } else if asked.limits.iter().any(|wanted| given != Some(*wanted)) {
                if nth.is_some() {
                    why = "parameters";
                }
            } else if now < from {
                why = "not-started";
            } else if now >= from + i64::try_from(rule.terms.max_minutes).unwrap() * MINUTE {
                why = "too-old";
            } else {
                found = Some(at);
                break;
            }
        }
        let at = found.ok_or(why)?;
        self.may_ask(who, &rule)?;
        match rule.terms.fixed {
            Some(wanted) if given != Some(wanted) => return Err("parameters"),
            None if rule.terms.others_refused && given.is_some() => return Err("parameters"),
            _ => {}
        }
        self.requests[at].used += 1;
        self.runs.push(Run {
            id: id(),
            under: self.requests[at].id,
            ended: false,
        });
        Ok(())
    }

    fn outcome(&mut self, nth: usize, _: RunResult) -> Result<(), &'static str> {
        let at = self.nth_run(nth).ok_or("unknown-execution")?;
        match std::mem::replace(&mut self.runs[at].ended, true) {
            true => Err("unknown-execution"),
            false => Ok(()),
        }
    }
}

impl Asked {
    fn go_live(&mut self, now: i64, minutes: u64) {
        let from = self.start.map_or(now, |start| start.max(now));
        self.grant = Some((from, from + i64::try_from(minutes).unwrap() * MINUTE));
        self.status = Status::Live;
    }
}
