//! The answers that statements got, for as long as the same envelope may come
//! again.
//!
//! An envelope is taken while its own time is at most one **window** before or
//! after that of its entry; so whatever comes again comes within two. Answers are
//! kept by **spans** of one window, of which there are three: the one that goes
//! on and the two before. A span is dropped whole, so that nothing more has to be
//! kept to find out what is old; what is older than two windows is not found.

use crate::Table;
use crate::digest::Digest;
use crate::state::Answer;
use crate::statement::FRESH;
use crate::time::Time;

/// Answers of late, by the digest of what was said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recent {
    time: Time,
    /// The answers of the span that goes on, and of the two before it.
    now: Table<Digest, Answer>,
    before: Table<Digest, Answer>,
    oldest: Table<Digest, Answer>,
}

const fn span(time: Time) -> i64 {
    time.0.div_euclid(FRESH.millis())
}

impl Recent {
    /// Of answers that were kept at a time.
    pub(crate) fn at(time: Time, answers: impl Iterator<Item = (Digest, Answer)>) -> Self {
        let mut recent = Self {
            time,
            ..Self::default()
        };
        for (digest, answer) in answers {
            match span(time).saturating_sub(span(answer.time)) {
                ..=0 => recent.now.insert(digest, answer),
                1 => recent.before.insert(digest, answer),
                2 => recent.oldest.insert(digest, answer),
                3.. => None,
            };
        }
        recent
    }

    /// Drops what no envelope that is still fresh could ask for.
    pub(crate) fn forget(&mut self, now: Time) {
        let spans = span(now).saturating_sub(span(self.time));
        // After three there is nothing left to move.
        for _ in 0..spans.min(3) {
            self.oldest = std::mem::take(&mut self.before);
            self.before = std::mem::take(&mut self.now);
        }
        self.time = now;
    }

    pub(crate) fn get(&self, digest: Digest) -> Option<&Answer> {
        let since = self.time.minus(FRESH).minus(FRESH);
        [&self.now, &self.before, &self.oldest]
            .into_iter()
            .find_map(|answers| answers.get(&digest))
            .filter(|answer| answer.time >= since)
    }

    /// Keeps the first answer that a statement got.
    pub(crate) fn remember(&mut self, digest: Digest, answer: Answer) {
        if self.get(digest).is_none() {
            self.now.insert(digest, answer);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.now.len() + self.before.len() + self.oldest.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Digest, &Answer)> {
        let older = self.before.iter().chain(&self.oldest);
        self.now.iter().chain(older)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Index;
    use crate::time::Seconds;

    fn answer(time: Time) -> Answer {
        Answer {
            index: Index(0),
            time,
            accepted: true,
            code: None,
        }
    }

    /// INVARIANT: what may come again is known, and what was long ago is forgotten.
    #[test]
    fn an_answer_is_known_for_two_windows_and_kept_for_three_at_most() {
        let digest = Digest::of(b"said");
        for said in [0, 1, 299_999, 300_000, 1_700_000_123_456] {
            for step in [1, 100, 299, 300, 301, 599, 600] {
                let mut recent = Recent::at(Time(said), std::iter::empty());
                recent.remember(digest, answer(Time(said)));
                let mut now = Time(said);
                while now.0 - said <= 2 * FRESH.millis() {
                    recent.forget(now);
                    assert!(recent.get(digest).is_some(), "{said}, at {now:?}");
                    now = now.plus(Seconds(step));
                }
                recent.forget(Time(said + 2 * FRESH.millis() + 1));
                assert_eq!(recent.get(digest), None);
                recent.forget(Time(said + 3 * FRESH.millis()));
                assert_eq!(recent.len(), 0);
            }
        }
    }

    #[test]
    fn it_is_the_same_made_anew_of_what_it_holds() {
        let mut recent = Recent::default();
        for number in 0..40 {
            let now = Time(number * 37_000);
            recent.forget(now);
            recent.remember(Digest::of(&number.to_be_bytes()), answer(now));
            let held = recent
                .iter()
                .map(|(digest, answer)| (*digest, answer.clone()));
            assert_eq!(Recent::at(now, held), recent);
        }
    }
}
