//! P8: what deciding costs as there is more to decide by.

use writ_bench::{Bound, Figure, exponent, is_restless, median};
use writ_core::digest::Index;
use writ_core::statement::{Unverified, Verified};
use writ_core::testing::{SAY, World, asking, manual, running};

use crate::Tier;
use crate::process::thread_cpu;
use crate::rounds::figure;

/// How often the same decision is made.
const TIMES: u32 = 2_000;
/// How often that is measured.
const ROUNDS: usize = 5;

/// Bob's run, decided again and again on the same State, in seconds of
/// processor time.
fn cost(world: &mut World) -> f64 {
    let body = running(SAY, &[("word", "hello")]);
    let envelope = world.envelope("bob", "bob", body);
    let said: Verified = Unverified::read(envelope.into()).unwrap().trust_the_root();
    let at = Index(world.size());
    let decide = |times| {
        let start = thread_cpu();
        for _ in 0..times {
            let (_, decided) = world.state.apply(at, world.now, &world.node, &said);
            assert!(decided.refusal.is_none(), "{:?}", decided.refusal);
        }
        (thread_cpu() - start) / f64::from(times)
    };
    decide(TIMES / 4);
    let rounds: Vec<f64> = (0..ROUNDS).map(|_| decide(TIMES)).collect();
    median(&rounds).unwrap()
}

fn ready() -> World {
    let mut world = World::ready();
    world.signs = false;
    world.yes("bob", asking(SAY));
    world
}

/// The exponent over the number of policies.
pub(crate) fn policies(tier: Tier) -> Figure {
    let mut world = ready();
    let (mut points, mut set) = (Vec::new(), 0);
    for count in tier.pick(
        vec![10, 100, 1_000, 10_000],
        vec![10, 100, 1_000, 10_000, 100_000],
    ) {
        while set < count {
            world.set(manual(&format!(r"Host\Other{set}*"), &[]));
            set += 1;
        }
        points.push((f64::from(count), cost(&mut world)));
    }
    let mut figure = figure(
        "P8",
        &format!("exponent of the CPU of a decision, 10 to {set} policies"),
        Bound::AtMost(0.05),
        Bound::AtMost(0.02),
    );
    figure.values.extend(exponent(&points));
    figure.made_of = points
        .iter()
        .map(|(count, cost)| format!("{:.1} us at {count}", cost * 1e6))
        .collect::<Vec<_>>()
        .join(", ");
    figure
}

/// The cost among many live grants, to that among few.
pub(crate) fn grants(tier: Tier) -> Figure {
    let mut world = ready();
    let most = tier.pick(10_000, 100_000);
    let mut live = 0;
    let mut few = None;
    for count in [1_000, most] {
        while live < count {
            if live % 900 == 0 {
                // One person has a thousand at most.
                let name = format!("p{live}");
                world.join(&name);
                world.set(writ_core::testing::group("staff", &["bob", &name]));
            }
            world.yes(&format!("p{}", live / 900 * 900), asking(SAY));
            live += 1;
        }
        few.get_or_insert_with(|| world.clone());
    }
    let mut figure = figure(
        "P8",
        &format!("CPU of a decision among {most} live grants, to among 1000"),
        Bound::AtMost(1.2),
        Bound::AtMost(1.05),
    );
    let mut few = few.unwrap();
    // In turns, so that what changes slowly weighs on both alike.
    let costs: Vec<_> = (0..ROUNDS)
        .map(|_| (cost(&mut world), cost(&mut few)))
        .collect();
    figure.values = costs.iter().map(|(many, few)| many / few).collect();
    let (many, few): (Vec<_>, Vec<_>) = costs.into_iter().unzip();
    figure.restless = is_restless(&few);
    figure.made_of = format!(
        "{:.1} us to {:.1} us",
        median(&many).unwrap() * 1e6,
        median(&few).unwrap() * 1e6
    );
    figure
}
