//! Rates, in rounds: the node and its baselines take turns on the same disk.

use std::path::Path;

use writ_bench::{Bound, Figure, is_restless, median, percentile};
use writ_core::digest::OrganizationId;

use crate::Tier;
use crate::baseline::{L1, Written, l2};
use crate::load::{Done, Plan, What};
use crate::null::Counts;
use crate::place;
use crate::process::{Others, Role, work};

/// A node under measurement, and what it was found to do.
pub(crate) struct Rounds<'a> {
    tier: Tier,
    directory: &'a Path,
    organization: OrganizationId,
    node: Role,
    pub(crate) figures: Vec<Figure>,
    /// Successful runs, and everything else that must be an entry.
    pub(crate) runs: usize,
    pub(crate) entries: usize,
    pub(crate) wrong: usize,
    saturation: f64,
    idle: f64,
}

/// How much others may have of the processors, or rates say more of them.
pub(crate) const MOST_OF_OTHERS: f64 = 0.15;

/// What one goal asks for.
pub(crate) fn figure(goal: &str, what: &str, must: Bound, aim: Bound) -> Figure {
    Figure {
        goal: goal.to_owned(),
        what: what.to_owned(),
        values: Vec::new(),
        must,
        aim,
        restless: false,
        made_of: String::new(),
    }
}

fn about(values: &[f64]) -> f64 {
    median(values).unwrap_or(0.0)
}

impl<'a> Rounds<'a> {
    pub(crate) fn begin(tier: Tier, directory: &'a Path, organization: OrganizationId) -> Self {
        let node = Role::start("node", directory);
        let idle = node.resident();
        Self {
            tier,
            directory,
            organization,
            node,
            figures: Vec::new(),
            runs: 0,
            entries: 0,
            wrong: 0,
            saturation: 0.0,
            idle,
        }
    }

    fn plan(&self, what: What, clients: usize, count: usize) -> Plan {
        Plan {
            address: self.node.address,
            organization: self.organization,
            what,
            clients,
            count,
            rate: None,
        }
    }

    fn load(&mut self, plan: &Plan) -> Done {
        let done: Done = work("load", plan);
        let (runs, each) = match plan.what {
            What::Runs => (done.count, 2),
            What::Lifecycles => (done.count, 4),
            What::Effects => (done.count, 6),
            What::Mixed => (done.count - done.count / 5, 0),
            What::Nothing => (0, 0),
        };
        self.runs += runs;
        self.entries += match plan.what {
            What::Mixed => 2 * runs + done.count / 5,
            What::Runs | What::Lifecycles | What::Effects | What::Nothing => each * done.count,
        };
        self.wrong += done.wrong;
        done
    }

    fn l1(&self, clients: usize, bytes: usize, seconds: f64) -> Written {
        let directory = self.directory.to_owned();
        work(
            "l1",
            &L1 {
                directory,
                clients,
                bytes,
                seconds,
            },
        )
    }

    /// P2, P3, P5: what the node does at most.
    pub(crate) fn rates(&mut self, clients: usize) {
        let seconds = self.tier.pick(1.5, 3.0);
        // Saturation first, which also warms up.
        let plan = self.plan(What::Runs, clients, 1_500);
        let first = self.load(&plan);
        let rate = first.count as f64 / first.seconds;
        let count = (rate * seconds) as usize + 64;
        let bytes = self.bytes_of_an_entry();
        let mut runs = figure(
            "P2",
            &format!("runs/s, {clients} clients, to half of L1's records/s"),
            Bound::AtLeast(0.5),
            Bound::AtLeast(0.75),
        );
        let mut lives = figure(
            "P5",
            &format!("lifecycles/s, {clients} clients, to a quarter of L1's"),
            Bound::AtLeast(0.4),
            Bound::AtLeast(0.7),
        );
        let (mut l1, mut rates, mut life_rates, mut costs) = (vec![], vec![], vec![], vec![]);
        let mut again = 0;
        let others = Others::watch(&self.node);
        for round in 0..self.tier.pick(5, 7) {
            // A B B A: what changes slowly weighs on both alike.
            let early = (round % 2 == 1).then(|| self.l1(clients, bytes, seconds / 2.0));
            let before = self.node.cpu();
            let plan = self.plan(What::Runs, clients, count);
            let done = self.load(&plan);
            again += done.again;
            costs.push((self.node.cpu() - before) / done.count as f64);
            let plan = self.plan(What::Lifecycles, clients, count / 3);
            let whole = self.load(&plan);
            again += whole.again;
            let written = early.unwrap_or_else(|| self.l1(clients, bytes, seconds / 2.0));
            rates.push(done.count as f64 / done.seconds);
            life_rates.push(whole.count as f64 / whole.seconds);
            runs.values
                .push(about(&rates[round..]) / (written.rate / 2.0));
            lives
                .values
                .push(about(&life_rates[round..]) / (written.rate / 4.0));
            l1.push(written.rate);
        }
        self.saturation = about(&rates);
        let share = others.share(&self.node);
        let restless = is_restless(&l1) || share > MOST_OF_OTHERS;
        let beside = format!(
            "L1 {:.0}/s of {bytes} B; sent again {again}; others had {:.0} % of the CPU",
            about(&l1),
            share * 100.0
        );
        runs.made_of = format!("{:.0} runs/s; {beside}", about(&rates));
        lives.made_of = format!("{:.0} lifecycles/s; {beside}", about(&life_rates));
        (runs.restless, lives.restless) = (restless, restless);
        let cpu = self.cpu(clients, bytes, &costs);
        self.figures.extend([runs, cpu, lives]);
    }

    /// P3: processor time of a run, to that of L0 and L2.
    fn cpu(&mut self, clients: usize, bytes: usize, costs: &[f64]) -> Figure {
        let mut cpu = figure(
            "P3",
            &format!("CPU of a run, {clients} clients, to that of L0 and L2"),
            Bound::AtMost(2.0),
            Bound::AtMost(1.4),
        );
        let nothing = Role::start("l0", self.directory);
        let mut unavoidable = Vec::new();
        let mut parts = (0.0, 0.0);
        for _ in 0..5 {
            let before = nothing.cpu();
            let mut plan = self.plan(What::Nothing, clients, 6_000);
            plan.address = nothing.address;
            let done: Done = work("load", &plan);
            let l0 = (nothing.cpu() - before) / done.count as f64;
            let l2 = l2(bytes);
            parts = (l0, l2);
            unavoidable.push(l0 + l2);
        }
        let floor = about(&unavoidable);
        cpu.values = costs.iter().map(|cost| cost / floor).collect();
        cpu.restless = is_restless(&unavoidable);
        cpu.made_of = format!(
            "{:.0} us; L0 {:.0} us, L2 {:.0} us",
            about(costs) * 1e6,
            parts.0 * 1e6,
            parts.1 * 1e6
        );
        cpu
    }

    /// P4: how long a run takes while there is little to do.
    pub(crate) fn latency(&mut self) {
        let mut figure = figure(
            "P4",
            "p50 of a run at 10 % load, to two single L1 commits",
            Bound::AtMost(1.5),
            Bound::AtMost(1.1),
        );
        let bytes = self.bytes_of_an_entry();
        let rate = (self.saturation / 10.0).max(10.0);
        let seconds = self.tier.pick(2.0, 4.0);
        let (mut single, mut p50s, mut p99s, mut achieved) = (vec![], vec![], vec![], vec![]);
        let others = Others::watch(&self.node);
        for round in 0..5 {
            let early = (round % 2 == 1).then(|| self.l1(1, bytes, 1.0));
            let mut plan = self.plan(What::Runs, 32, (rate * seconds) as usize);
            plan.rate = Some(rate);
            let done = self.load(&plan);
            let written = early.unwrap_or_else(|| self.l1(1, bytes, 1.0));
            let p50 = about(&done.latencies);
            figure.values.push(p50 / (2.0 * written.p50));
            p50s.push(p50);
            p99s.push(percentile(&done.latencies, 0.99).unwrap_or(0.0));
            achieved.push(done.count as f64 / done.seconds / rate);
            single.push(written.p50);
        }
        // The last of few is sent before the time is over.
        let share = others.share(&self.node);
        figure.restless = is_restless(&single) || about(&achieved) < 0.9 || share > MOST_OF_OTHERS;
        figure.made_of = format!(
            "p50 {:.2} ms, p99 {:.2} ms at {rate:.0}/s; a commit {:.2} ms; others had {:.0} %",
            about(&p50s) * 1e3,
            about(&p99s) * 1e3,
            about(&single) * 1e3,
            share * 100.0
        );
        self.figures.push(figure);
    }

    /// P1: a receipt is in force at once, under load.
    pub(crate) fn effects(&mut self) {
        let count = self.tier.pick(1_000, 10_000);
        let beside = self.plan(What::Mixed, 16, 2 * count);
        let plan = self.plan(What::Effects, 16, count);
        let mixed = std::thread::scope(|scope| {
            let mixed = scope.spawn(|| work::<_, Done>("load", &beside));
            let done: Done = work("load", &plan);
            (done, mixed.join().unwrap())
        });
        let (done, mixed) = mixed;
        let denied = mixed.count / 5;
        self.runs += done.count + mixed.count - denied;
        self.entries += 6 * done.count + 2 * (mixed.count - denied) + denied;
        self.wrong += mixed.wrong + done.wrong;
        let mut figure = figure(
            "P1",
            "runs after an approval that ran, and after a revocation that did not",
            Bound::AtLeast(1.0),
            Bound::AtLeast(1.0),
        );
        let right = done.count - done.wrong;
        figure.values = vec![right as f64 / count as f64];
        figure.made_of = format!(
            "{right} of {count} both, beside {} other runs, one in five refused, {} wrong",
            mixed.count, mixed.wrong
        );
        self.figures.push(figure);
    }

    /// P12: what it holds in memory.
    pub(crate) fn memory(&mut self) {
        let mut idle = figure(
            "P12",
            "memory of an idle node, MiB",
            Bound::AtMost(32.0),
            Bound::AtMost(16.0),
        );
        idle.values = vec![self.idle];
        idle.made_of = format!("{} people", place::PEOPLE + place::APPROVERS);
        let mut used = figure(
            "P12",
            "memory after runs, MiB",
            Bound::AtMost(96.0),
            Bound::AtMost(64.0),
        );
        used.values = vec![self.node.resident()];
        used.made_of = format!("after {} runs", self.runs);
        self.figures.extend([idle, used]);
    }

    /// The bytes that one entry takes, its rows with it.
    fn bytes_of_an_entry(&self) -> usize {
        let database = place::database(self.directory);
        let connection = rusqlite::Connection::open(database).unwrap();
        let sum = |sql: &str| connection.query_row(sql, (), |row| row.get::<_, f64>(0));
        let entries = "select avg(length(leaf) + length(facts) + length(reads) + 64.0)
             from (select * from entries order by position desc limit 2000)";
        let rows = "select avg(length(view) + 32.0) from rows where noun = 'execution'";
        // A row is written again with each of two entries.
        (sum(entries).unwrap() + sum(rows).unwrap()) as usize
    }

    /// Stops the node; answers what it counted, and what it wrote to the disk.
    pub(crate) fn end(self) -> (Counts, f64, Vec<Figure>) {
        let written = self.node.number("io", "write_bytes:");
        (self.node.end(), written, self.figures)
    }
}
