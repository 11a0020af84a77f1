//! Preferences: of oneself, and by nobody else.

use writ_core::object::{Object, Preferences};
use writ_core::testing::*;

use crate::proof::every_yes_is_proved;
use crate::said::no;

pub(crate) fn all() {
    everybody_sets_their_own();
}

fn quiet(hours: &str) -> Preferences {
    Preferences {
        quiet: Some(hours.into()),
        ..Preferences::default()
    }
}

fn object(preferences: Preferences) -> Object {
    Object::Preferences(preferences.into())
}

#[test]
fn everybody_sets_their_own() {
    let mut w = World::ready();
    // Also while privileged access is disabled.
    w.set(control(false, None));
    let of = |w: &World, who: &str| {
        w.state
            .preferences(&upn(who))
            .map(|mine| mine.as_ref().clone())
    };
    for who in ["alice", "bob", "admin"] {
        assert_eq!(of(&w, who), None);
        let mine = Preferences {
            away_until: Some(w.now),
            ..quiet("22:00-07:00")
        };
        let set = w.setting(object(mine.clone()));
        let decided = w.yes(who, set);
        assert_eq!(of(&w, who), Some(mine));
        let said = decided.facts[0].to_string();
        assert!(said.contains(&format!("{who}@")), "{said}");
    }
    // One's own change conflicts with one's own, and with nobody else's.
    let mut set = w.setting(object(quiet("00:00-06:00")));
    set.seen = w.size() - 2;
    w.yes("alice", set.clone());
    no(&mut w, "alice", set, "changed");
    assert_eq!(of(&w, "alice"), Some(quiet("00:00-06:00")));
    every_yes_is_proved(&w);
}

#[test]
fn quiet_hours_have_one_form() {
    for (hours, fits) in [
        ("22:00-07:00", true),
        ("00:00-23:59", true),
        ("22:00-22:00", false),
        ("24:00-07:00", false),
        ("22:60-07:00", false),
        ("22:00", false),
        ("22:00 - 07:00", false),
        ("9:00-10:00", false),
        ("+1:00-10:00", false),
        ("22:00-07:00-08:00", false),
        ("", false),
    ] {
        assert_eq!(object(quiet(hours)).check().is_ok(), fits, "{hours}");
    }
}
