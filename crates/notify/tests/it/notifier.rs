//! The loop: what is told when, with a real engine and a sink that does as it is told.

use std::time::Duration;

use writ_core::digest::RequestId;
use writ_core::object::{Group, Person, Policy, Preferences, Remind};
use writ_core::testing::{RESTART, START, approving, group, manual, person};
use writ_core::time::Seconds;
use writ_engine::Clock;
use writ_notify::{Failure, Pace};
use writ_store::{Fate, Message, Outbox};

use crate::world::{Answer, World, fast};

const BOB: &str = "bob@fabrikam.example";
const CAROL: &str = "carol@fabrikam.example";
const ALICE: &str = "alice@fabrikam.example";

fn asks(id: RequestId) -> String {
    format!("asks/{id}/0")
}

fn waiting(outbox: &Outbox) -> u64 {
    outbox.standing("mail").unwrap().waiting
}

#[tokio::test]
async fn a_sink_that_hangs_holds_up_no_other_and_no_decision() {
    let world = World::ready().await;
    let (hangs, goes) = (world.sink("mail"), world.sink("webhook a"));
    hangs.answers(Answer::Hang);
    let notifier = world.start(&[&hangs, &goes]);
    let id = world.ask().await;
    hangs.until(|handed| !handed.is_empty()).await;
    world.yes("bob", approving(id)).await;
    goes.until(|handed| {
        handed
            .iter()
            .any(|(messages, _)| messages[0].id.starts_with("granted/"))
    })
    .await;
    assert!(hangs.handed().iter().all(|(_, taken)| !taken));
    notifier.stop().await;
}

#[tokio::test]
async fn never_is_given_up_and_later_is_tried_again_and_holds_up_nobody_else() {
    let world = World::ready().await;
    let mail = world.sink("mail");
    mail.answers_to(BOB, Answer::No(Failure::Never("550 nobody".into())));
    mail.answers_to(CAROL, Answer::No(Failure::Later("451 later".into(), None)));
    let notifier = world.start(&[&mail]);
    let id = world.ask().await;
    mail.until(|handed| handed.len() == 2).await;
    world
        .until(|outbox| {
            let standing = outbox.standing("mail").unwrap();
            standing.given_up == 1
                && outbox
                    .history(None, 9)
                    .unwrap()
                    .iter()
                    .any(|it| it.tries == 1 && it.fate == Fate::Waiting)
        })
        .await;
    assert_eq!(mail.handed().len(), 2, "not before its time");
    mail.answers_to(CAROL, Answer::Yes);
    world.clock.forward(Seconds(10));
    mail.until(|handed| handed.len() == 3).await;
    assert_eq!(mail.taken_by(CAROL), [[asks(id)]]);
    world.until(|outbox| waiting(outbox) == 0).await;
    notifier.stop().await;
}

#[tokio::test]
async fn what_fails_for_days_is_given_up() {
    let world = World::ready().await;
    let mail = world.sink("mail");
    mail.answers(Answer::No(Failure::Later("451 later".into(), None)));
    let notifier = world.start(&[&mail]);
    world
        .set(Person {
            mail: Some("new@fabrikam.example".into()),
            ..person("alice")
        })
        .await;
    world.read("mail").await;
    world.clock.forward(Seconds(20));
    mail.until(|handed| !handed.is_empty()).await;
    world.clock.forward(Seconds(3 * 86_400));
    world
        .until(|outbox| {
            let standing = outbox.standing("mail").unwrap();
            (standing.waiting, standing.problem.as_deref()) == (0, Some("451 later"))
        })
        .await;
    notifier.stop().await;
}

#[tokio::test]
async fn where_all_is_down_not_each_is_tried_and_all_of_it_goes_later() {
    let world = World::ready().await;
    let mail = world.sink("mail");
    let down = Failure::Down("it cannot be reached".into());
    mail.answers(Answer::No(down));
    let many = |n: usize| Message {
        id: format!("news/{n}"),
        recipient: format!("r{n}"),
        request: None,
        body: Vec::new(),
        due: START,
        together: false,
    };
    let many: Vec<Message> = (0..100).map(many).collect();
    let size = world.engine.published().size();
    world.outbox.put("mail", size, &many, START).unwrap();
    let notifier = world.start(&[&mail]);
    world
        .until(|outbox| outbox.standing("mail").unwrap().down.is_some())
        .await;
    // One round: as many as are sent at once, not a hundred.
    let first = mail.handed().len();
    assert!(first < 50, "{first}");
    let standing = world.outbox.standing("mail").unwrap();
    assert_eq!(standing.problem.as_deref(), Some("it cannot be reached"));
    mail.answers(Answer::Yes);
    world.until(|outbox| waiting(outbox) == 0).await;
    assert_eq!(world.outbox.standing("mail").unwrap().down, None);
    assert_eq!(world.outbox.standing("mail").unwrap().told, 100);
    notifier.stop().await;
}

#[tokio::test]
async fn a_flood_is_one_mail_every_quarter_of_an_hour() {
    let world = World::ready().await;
    let mail = world.sink("mail");
    let notifier = world.start(&[&mail]);
    // News that asks for nothing is no flood.
    for _ in 0..25 {
        world.set(manual(RESTART, &[])).await;
    }
    world.read("mail").await;
    let mut last = None;
    for n in 0..25 {
        last = Some(world.ask().await);
        world.read("mail").await;
        if n >= 20 {
            world.clock.forward(Seconds(60));
        }
    }
    let one_by_one = |mails: &[Vec<String>]| {
        let asks = |mail: &&Vec<String>| mail[0].starts_with("asks/");
        mails.iter().filter(asks).map(Vec::len).collect::<Vec<_>>()
    };
    world
        .until(|_| one_by_one(&mail.taken_by(BOB)).len() == 20)
        .await;
    assert_eq!(one_by_one(&mail.taken_by(BOB)), [1; 20]);
    world.clock.forward(Seconds(900));
    world.until(|outbox| waiting(outbox) == 0).await;
    let all = mail.taken_by(BOB);
    let gathered: Vec<_> = all
        .iter()
        .filter(|mail| mail.contains(&asks(last.unwrap())))
        .collect();
    assert_eq!(gathered.len(), 1);
    assert!(gathered[0].len() >= 5, "{gathered:?}");
    notifier.stop().await;
}

#[tokio::test]
async fn who_says_that_a_sink_is_mended_lets_what_was_tried_go_at_once() {
    let world = World::ready().await;
    let mail = world.sink("mail");
    mail.answers_to(BOB, Answer::No(Failure::Later("451 later".into(), None)));
    let pace = Pace {
        down: vec![Duration::from_secs(86_400)],
        ..fast()
    };
    let notifier = world.start_at(&[&mail], &pace);
    let one = world.ask().await;
    world
        .until(|outbox| {
            outbox
                .history(None, 9)
                .unwrap()
                .iter()
                .any(|it| it.tries == 1)
        })
        .await;
    mail.answers(Answer::No(Failure::Down("it cannot be reached".into())));
    let two = world.ask().await;
    world.until(|outbox| outbox.is_down("mail").unwrap()).await;
    // It is mended; another process says so.
    mail.answers(Answer::Yes);
    mail.answers_to(BOB, Answer::Yes);
    let waiting = world.open_outbox().hurry("mail", world.clock.now());
    assert!(waiting.unwrap() >= 2);
    world.until(|_| mail.taken_by(BOB).len() == 2).await;
    assert_eq!(mail.taken_by(BOB), [[asks(one)], [asks(two)]]);
    assert!(!world.outbox.is_down("mail").unwrap());
    notifier.stop().await;
}

#[tokio::test]
async fn what_is_decided_before_it_was_sent_is_never_sent() {
    let world = World::ready().await;
    let mail = world.sink("mail");
    mail.answers(Answer::No(Failure::Down("it cannot be reached".into())));
    let notifier = world.start(&[&mail]);
    let id = world.ask().await;
    mail.until(|handed| !handed.is_empty()).await;
    world.yes("bob", approving(id)).await;
    world.read("mail").await;
    world
        .until(|outbox| outbox.asking("mail").unwrap().is_empty())
        .await;
    mail.answers(Answer::Yes);
    world.until(|outbox| waiting(outbox) == 0).await;
    assert!(mail.taken_by(BOB).is_empty() && mail.taken_by(CAROL).is_empty());
    assert_eq!(mail.taken_by(ALICE), [[format!("granted/{id}")]]);
    notifier.stop().await;
}

#[tokio::test]
async fn preferences_say_when_and_whether_somebody_is_asked() {
    let world = World::ready().await;
    world
        .prefers(
            "bob",
            Preferences {
                digest: true,
                ..Preferences::default()
            },
        )
        .await;
    let mail = world.sink("mail");
    let notifier = world.start(&[&mail]);
    let (one, two) = (world.ask().await, world.ask().await);
    world.read("mail").await;
    world.until(|_| mail.taken_by(CAROL).len() == 2).await;
    assert!(mail.taken_by(BOB).is_empty());
    // The daily mail has what still waits, once.
    world.yes("carol", approving(one)).await;
    world.clock.forward(Seconds(23 * 3_600));
    let away = Preferences {
        away_until: Some(world.clock.now().plus(Seconds::DAY)),
        ..Preferences::default()
    };
    world
        .until(|_| mail.taken_by(BOB).concat() == [asks(two)])
        .await;
    // Who is away is not asked, and hears of changes all the same.
    world.prefers("bob", away).await;
    let three = world.ask().await;
    world.set(manual(RESTART, &[])).await;
    world.read("mail").await;
    world.clock.forward(Seconds(20));
    world
        .until(|_| {
            mail.taken_by(BOB)
                .concat()
                .iter()
                .any(|id| id.starts_with("change/"))
        })
        .await;
    assert!(mail.taken_by(CAROL).concat().contains(&asks(three)));
    assert!(!mail.taken_by(BOB).concat().contains(&asks(three)));
    notifier.stop().await;
}

#[tokio::test]
async fn quiet_hours_hold_mail_back_until_they_end_and_reminders_do_not_pile_up() {
    let world = World::ready().await;
    world
        .set(Group {
            remind: Some(Remind {
                after_s: Seconds(600),
                every_s: Seconds(600),
            }),
            ..group("approvers", &["bob", "carol"])
        })
        .await;
    let now = world.clock.now().to_string();
    let hour: u32 = now[11..13].parse().unwrap();
    let quiet = format!("{hour:02}:00-{:02}:00", (hour + 4) % 24);
    world
        .prefers(
            "bob",
            Preferences {
                quiet: Some(quiet),
                ..Preferences::default()
            },
        )
        .await;
    let mail = world.sink("mail");
    let notifier = world.start(&[&mail]);
    let id = world.ask().await;
    for n in 0..3 {
        world.clock.forward(Seconds(600));
        world.until(|_| mail.taken_by(CAROL).len() == n + 2).await;
    }
    assert!(mail.taken_by(BOB).is_empty());
    world.clock.forward(Seconds(4 * 3_600));
    world.until(|_| !mail.taken_by(BOB).is_empty()).await;
    assert_eq!(mail.taken_by(BOB)[0], [asks(id)]);
    notifier.stop().await;
}

#[tokio::test]
async fn what_is_held_goes_when_somebody_wants_it_now_and_who_is_back_is_asked() {
    let world = World::ready().await;
    let digest = Preferences {
        digest: true,
        ..Preferences::default()
    };
    world.prefers("bob", digest).await;
    let away = |until| Preferences {
        away_until: Some(until),
        ..Preferences::default()
    };
    let until = world.clock.now().plus(Seconds(7_200));
    world.prefers("carol", away(until)).await;
    let mail = world.sink("mail");
    let notifier = world.start(&[&mail]);
    let one = world.ask().await;
    world.read("mail").await;
    assert!(mail.taken_by(BOB).is_empty());
    world.prefers("bob", Preferences::default()).await;
    world.until(|_| mail.taken_by(BOB) == [[asks(one)]]).await;
    // Carol comes back as she said; then she says that she is.
    assert!(mail.taken_by(CAROL).is_empty());
    world.clock.forward(Seconds(7_200));
    world.until(|_| mail.taken_by(CAROL) == [[asks(one)]]).await;
    let until = world.clock.now().plus(Seconds(7_200));
    world.prefers("carol", away(until)).await;
    let two = world.ask().await;
    world.until(|_| mail.taken_by(BOB).len() == 2).await;
    assert_eq!(mail.taken_by(CAROL).len(), 1);
    world.prefers("carol", Preferences::default()).await;
    world.until(|_| mail.taken_by(CAROL).len() == 2).await;
    assert_eq!(mail.taken_by(CAROL)[1], [asks(two)]);
    notifier.stop().await;
}

/// A digest comes in the morning; a request that is over by then was never asked for.
#[tokio::test]
async fn nobodys_wishes_hold_a_request_beyond_its_end() {
    let world = World::ready().await;
    let digest = Preferences {
        digest: true,
        ..Preferences::default()
    };
    world.prefers("bob", digest).await;
    let policy = Policy {
        pending_for_s: Seconds(7_200),
        ..manual(RESTART, &[])
    };
    world.set(policy).await;
    let mail = world.sink("mail");
    let notifier = world.start(&[&mail]);
    let id = world.ask().await;
    world.until(|_| mail.taken_by(CAROL).len() == 1).await;
    assert!(mail.taken_by(BOB).is_empty());
    world.clock.forward(Seconds(5_400));
    world
        .until(|_| mail.taken_by(BOB).concat().contains(&asks(id)))
        .await;
    notifier.stop().await;
}

#[tokio::test]
async fn a_restart_goes_on_where_it_was() {
    let world = World::ready().await;
    let mail = world.sink("mail");
    mail.answers(Answer::Hang);
    let notifier = world.start(&[&mail]);
    let one = world.ask().await;
    mail.until(|handed| handed.len() == 2).await;
    notifier.stop().await;
    // Nobody reads meanwhile.
    let two = world.ask().await;
    assert_eq!(waiting(&world.open_outbox()), 2);
    let again = world.sink("mail");
    let notifier = world.start(&[&again]);
    again.until(|handed| handed.len() == 4).await;
    world.until(|outbox| waiting(outbox) == 0).await;
    for to in [BOB, CAROL] {
        assert_eq!(again.taken_by(to), [[asks(one)], [asks(two)]]);
    }
    let first: Vec<_> = mail
        .handed()
        .iter()
        .map(|(it, _)| it[0].id.clone())
        .collect();
    assert!(
        again.handed().iter().any(|(it, _)| it[0].id == first[0]),
        "under the same id"
    );
    notifier.stop().await;
}

#[tokio::test]
async fn where_there_is_no_room_nothing_is_read_until_there_is_and_nothing_is_lost() {
    let world = World::ready().await;
    let mail = world.sink("mail");
    mail.answers(Answer::No(Failure::Down("it cannot be reached".into())));
    let size = world.engine.published().size();
    let full = |n: usize| Message {
        id: format!("news/{n}"),
        recipient: format!("r{}", n % 4),
        request: None,
        body: Vec::new(),
        due: START,
        together: true,
    };
    let full: Vec<Message> = (0..9_500).map(full).collect();
    world.outbox.put("mail", size, &full, START).unwrap();
    let notifier = world.start(&[&mail]);
    let id = world.ask().await;
    let before = mail.handed().len();
    mail.until(|handed| handed.len() > before + 20).await;
    assert_eq!(world.outbox.standing("mail").unwrap().next, Some(size));
    mail.answers(Answer::Yes);
    world.read("mail").await;
    world.until(|outbox| waiting(outbox) == 0).await;
    assert_eq!(mail.taken_by(BOB), [[asks(id)]]);
    notifier.stop().await;
}

#[tokio::test]
async fn whose_mail_is_led_elsewhere_or_who_is_shut_out_hears_of_it() {
    let world = World::ready().await;
    let mail = world.sink("mail");
    let notifier = world.start(&[&mail]);
    let new = "mallory@evil.example";
    world
        .set(Person {
            mail: Some(new.into()),
            ..person("carol")
        })
        .await;
    world
        .set(Person {
            active: false,
            ..person("bob")
        })
        .await;
    world.read("mail").await;
    world.clock.forward(Seconds(20));
    world.until(|outbox| waiting(outbox) == 0).await;
    let old = mail.handed();
    let old = old.iter().find(|(it, _)| it[0].recipient == CAROL).unwrap();
    let old = String::from_utf8(old.0[0].body.clone()).unwrap();
    let moved = "it goes to mallory@evil.example from now on, and no more to this address";
    assert!(old.contains(moved), "{old}");
    for to in [CAROL, new, BOB] {
        let told = mail.taken_by(to).concat();
        assert!(told.iter().any(|id| id.starts_with("change/")), "{to}");
    }
    let handed = mail.handed();
    let to_bob = handed
        .iter()
        .find(|(it, _)| it[0].recipient == BOB)
        .unwrap();
    let letter = String::from_utf8(to_bob.0[0].body.clone()).unwrap();
    assert!(letter.contains("You get no more mail of Writ."), "{letter}");
    notifier.stop().await;
}
