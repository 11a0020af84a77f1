//! Runs and nothing else, for whoever looks at a node with a profiler meanwhile.

use crate::checks;
use crate::load::{Done, Plan, What};
use crate::null::Counts;
use crate::place;
use crate::process::{Role, work};

/// So many runs in ten portions, and what the node took for each of them.
pub(crate) async fn run(count: usize) {
    let folder = tempfile::Builder::new().prefix("writ-bench").tempdir();
    let folder = folder.unwrap();
    let directory = folder.path();
    checks::on_disk(directory);
    let organization = place::found(directory).await;
    let node = Role::start("node", directory);
    println!("process {}, {:.0} MiB", node.process(), node.resident());
    let plan = |rate: Option<f64>, count| Plan {
        address: node.address,
        organization,
        what: What::Runs,
        clients: 64,
        count,
        rate,
    };
    for _ in 0..10 {
        let (cpu, written) = (node.cpu(), node.number("io", "write_bytes:"));
        let done: Done = work("load", &plan(None, count / 10));
        let runs = done.count as f64;
        println!(
            "{:.0} runs/s, {:.0} us and {:.0} kB written for each; {:.0} MiB",
            runs / done.seconds,
            (node.cpu() - cpu) / runs * 1e6,
            (node.number("io", "write_bytes:") - written) / runs / 1e3,
            node.resident()
        );
    }
    let done: Done = work("load", &plan(Some(250.0), 500));
    let p50 = |of: &[f64]| writ_bench::median(of).unwrap_or(0.0) * 1e3;
    println!(
        "p50 {:.2} ms to the receipt, {:.2} ms to the outcome, at 250 runs/s",
        p50(&done.posted),
        p50(&done.latencies)
    );
    let Counts {
        appends, entries, ..
    } = node.end();
    println!("{entries} entries in {appends} appends");
}
