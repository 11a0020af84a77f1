//! Decisions at the same moment: the log puts them in one order, and each is
//! judged by what stands before it.

use std::time::Duration;

use tokio::task::JoinSet;
use writ_core::digest::RequestId;
use writ_core::testing::{RESTART, approving, ending, group, manual};
use writ_core::view::Receipt;

use crate::world::{World, restarting};

/// What somebody says about a request of alice that needs two approvals.
#[derive(Clone, Copy, Debug)]
enum What {
    Approve(&'static str),
    End(&'static str),
    Run,
}

use What::{Approve, End, Run};

const SAID: [What; 6] = [
    Approve("bob"),
    Approve("carol"),
    Approve("dave"),
    Run,
    Run,
    End("alice"),
];

/// In how many orders that can be said.
const ORDERS: usize = 720;

/// Where the request is.
#[derive(Clone, Copy, Debug)]
enum Stand {
    /// It has so many approvals.
    Pending(u32),
    Live,
    Over,
}

impl Stand {
    /// Where it is after that, if that may be said now.
    fn after(self, what: What) -> Option<Self> {
        match (self, what) {
            (Self::Pending(0), Approve(_)) => Some(Self::Pending(1)),
            (Self::Pending(_), Approve(_)) | (Self::Live, Run) => Some(Self::Live),
            (Self::Pending(_) | Self::Live, End(_)) => Some(Self::Over),
            (Self::Pending(_), Run) | (Self::Live, Approve(_)) | (Self::Over, _) => None,
        }
    }
}

/// How often something came out, of all races.
#[derive(Debug, Default)]
struct Tally {
    /// Runs that were authorised.
    ran: usize,
    /// Approvals after the second.
    too_many: usize,
    /// Approvals of what had ended.
    too_late: usize,
    /// Runs of what had ended.
    after_the_end: usize,
}

/// All of [`SAID`], in the order of this number.
fn ordered(mut number: usize) -> Vec<What> {
    let mut left = SAID.to_vec();
    let mut take = |count| {
        let at = number % count;
        number /= count;
        left.remove(at)
    };
    (1..=SAID.len()).rev().map(&mut take).collect()
}

/// Says all at once; what was answered, in the order of the log.
async fn raced(world: &World, request: RequestId, said: Vec<What>) -> Vec<(What, Receipt)> {
    let mut asking = JoinSet::new();
    for what in said {
        let envelope = match what {
            Approve(who) => world.envelope(who, approving(request)),
            End(who) => world.envelope(who, ending(request)),
            Run => world.envelope("alice", restarting()),
        };
        let world = world.clone();
        asking.spawn(async move { (what, world.submit(envelope).await.unwrap().receipt) });
    }
    let mut answered = asking.join_all().await;
    answered.sort_by_key(|(_, receipt)| receipt.index);
    answered
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_said_at_once_is_judged_in_the_order_of_the_log() {
    let world = World::ready().await.restart_with(10_000).await;
    let approvers = ["bob", "carol", "dave"];
    world.set(group("approvers", &approvers)).await;
    world.set(manual(RESTART, &[("approvers", 2)])).await;
    let mut tally = Tally::default();
    let mut runs = Vec::new();
    for number in 0..ORDERS {
        let request = world.request("alice", RESTART).await;
        let mut stand = Stand::Pending(0);
        for (what, receipt) in raced(&world, request, ordered(number)).await {
            let next = stand.after(what);
            assert_eq!(
                receipt.accepted,
                next.is_some(),
                "{number}: {what:?} of {stand:?}"
            );
            match (stand, what) {
                (Stand::Live, Run) => tally.ran += 1,
                (Stand::Live, Approve(_)) => tally.too_many += 1,
                (Stand::Over, Approve(_)) => tally.too_late += 1,
                (Stand::Over, Run) => tally.after_the_end += 1,
                (Stand::Pending(_), _) | (_, End(_)) => {}
            }
            if let Run = what {
                runs.push(receipt);
            }
            stand = next.unwrap_or(stand);
        }
        // The end was acknowledged: nothing more is authorised.
        assert!(matches!(stand, Stand::Over), "{number}: {stand:?}");
        assert_eq!(world.no("alice", restarting()).await, "insufficient");
    }
    world.engine.stop(Duration::MAX).await;
    world.check_log().await;
    for run in runs {
        let calls = world.place.target.calls_for(run.digest);
        assert!(calls <= usize::from(run.accepted), "{run:?}");
    }
    // The orders were many.
    let Tally {
        ran,
        too_many,
        too_late,
        after_the_end,
    } = tally;
    for count in [ran, too_many, too_late, after_the_end] {
        assert!(count >= ORDERS / 100, "{tally:?}");
    }
}
