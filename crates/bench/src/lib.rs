//! Figures: what was measured, and whether it is what it must be.
//!
//! A **figure** belongs to a goal, has a **must** and an **aim**, and is the
//! median of what was measured, with the least and the most beside it. Where the
//! machine was too restless to say, it is neither met nor missed. The goals and
//! what each means are in `docs/performance.md`; what measures them is the bench
//! of this package.

#![expect(clippy::float_arithmetic, reason = "measuring is what this is for")]

use std::fmt;

use serde::{Serialize, Serializer};

/// How far two medians of the same baseline may be apart, as a share.
const RESTLESS: f64 = 0.30;

/// What a figure must be, or should.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum Bound {
    /// No less.
    AtLeast(f64),
    /// No more.
    AtMost(f64),
}

impl Bound {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::AtLeast(bound) => value >= bound,
            Self::AtMost(bound) => value <= bound,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(bound) => write!(f, ">= {bound}"),
            Self::AtMost(bound) => write!(f, "<= {bound}"),
        }
    }
}

/// Whether a figure is what it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    Met,
    /// It is not.
    Miss,
    /// Nobody can say: the machine was too restless.
    Inconclusive,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Met => "met",
            Self::Miss => "MISS",
            Self::Inconclusive => "INCONCLUSIVE",
        })
    }
}

impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One figure.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// The goal's number: `P2`.
    pub goal: String,
    /// What it is.
    pub what: String,
    /// Every value that was measured; none where it could not be.
    pub values: Vec<f64>,
    /// What the median must be.
    pub must: Bound,
    /// What it should be.
    pub aim: Bound,
    /// Whether the baseline beside it was too restless.
    pub restless: bool,
    /// What it was made of, in absolute figures.
    pub made_of: String,
}

impl Figure {
    /// Whether it is what it must be.
    pub fn verdict(&self) -> Verdict {
        match median(&self.values) {
            Some(value) if !self.restless => match self.must.holds(value) {
                true => Verdict::Met,
                false => Verdict::Miss,
            },
            Some(_) | None => Verdict::Inconclusive,
        }
    }

    /// Whether it is what it should be.
    pub fn reaches_aim(&self) -> bool {
        self.verdict() == Verdict::Met
            && median(&self.values).is_some_and(|value| self.aim.holds(value))
    }
}

impl fmt::Display for Figure {
    /// One line of the table: it begins with the goal and ends in the verdict.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = match (median(&self.values), &self.values[..]) {
            (Some(median), [_]) => short(median),
            (Some(median), values) => {
                let least = values.iter().copied().fold(f64::INFINITY, f64::min);
                let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                format!("{} [{} {}]", short(median), short(least), short(most))
            }
            (None, _) => "-".to_owned(),
        };
        let aim = if self.reaches_aim() {
            ", aim reached"
        } else {
            ""
        };
        write!(
            f,
            "{:<4} {:<58} {value:<22} must {}, aim {}{aim} ({}): {}",
            self.goal,
            self.what,
            self.must,
            self.aim,
            self.made_of,
            self.verdict()
        )
    }
}

/// Three digits or so.
fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}

/// The value in the middle; none of nothing.
pub fn median(values: &[f64]) -> Option<f64> {
    percentile(values, 0.5)
}

/// The value below which a share of the others lies, by nearest rank.
pub fn percentile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of a length"
    )]
    let rank = (share * last as f64).round() as usize;
    sorted.get(rank.min(last)).copied()
}

/// Whether the same thing, measured early and late, differs too much to compare
/// anything with it. Fewer than four values say nothing.
pub fn is_restless(values: &[f64]) -> bool {
    if values.len() < 4 {
        return true;
    }
    let (early, late) = values.split_at(values.len() / 2);
    match (median(early), median(late)) {
        (Some(early), Some(late)) => (early - late).abs() > RESTLESS * early.min(late),
        _ => true,
    }
}

/// How cost grows with size: the slope of the line through their logarithms.
pub fn exponent(points: &[(f64, f64)]) -> Option<f64> {
    let logs: Vec<_> = points.iter().map(|(n, cost)| (n.ln(), cost.ln())).collect();
    let count: f64 = logs.iter().map(|_| 1.0).sum();
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| logs.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(&|p| p.0), mean(&|p| p.1));
    let above: f64 = logs.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
    let below: f64 = logs.iter().map(|p| (p.0 - x) * (p.0 - x)).sum();
    (below > 0.0).then(|| above / below)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(values: &[f64], restless: bool) -> Figure {
        Figure {
            goal: "P2".into(),
            what: "runs".into(),
            values: values.to_vec(),
            must: Bound::AtLeast(0.5),
            aim: Bound::AtLeast(0.75),
            restless,
            made_of: "runs/s".into(),
        }
    }

    #[test]
    fn a_line_begins_with_the_goal_and_ends_in_the_verdict() {
        for (values, restless, end) in [
            (&[0.6, 0.4, 0.7][..], false, ": met"),
            (&[0.6, 0.4, 0.3], false, ": MISS"),
            (&[0.6, 0.4, 0.7], true, ": INCONCLUSIVE"),
            (&[], false, ": INCONCLUSIVE"),
        ] {
            let line = figure(values, restless).to_string();
            assert!(line.starts_with("P2 ") && line.ends_with(end), "{line}");
        }
        assert!(!figure(&[0.7], false).reaches_aim());
        assert!(figure(&[0.8], false).reaches_aim());
        assert!(!figure(&[0.8], true).reaches_aim());
    }

    #[test]
    fn a_baseline_that_wanders_is_restless() {
        assert!(!is_restless(&[100.0, 110.0, 105.0, 120.0]));
        assert!(is_restless(&[100.0, 110.0, 145.0, 150.0]));
        assert!(is_restless(&[100.0, 100.0]), "too few to say");
    }

    #[test]
    fn medians_and_exponents_are_right() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[]), None);
        assert_eq!(percentile(&[1.0, 2.0, 3.0, 4.0, 5.0], 1.0), Some(5.0));
        let squares = [(1.0, 1.0), (10.0, 100.0), (100.0, 10_000.0)];
        assert!((exponent(&squares).unwrap() - 2.0).abs() < 1e-9);
        assert_eq!(exponent(&[(5.0, 1.0)]), None);
    }
}
