//! What listings are narrowed to, as it is typed.

use std::fmt::Display;

use writ_client::Listing;

use crate::exit::Failure;
use crate::parse::past;

/// How much of a listing of objects is shown
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Most {
    /// How many at most [default: all]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

impl Most {
    /// The listing of what has all of these.
    pub(crate) fn listing(&self, with: impl IntoIterator<Item = Narrowed>) -> Listing {
        listing(self.limit.unwrap_or(usize::MAX), with)
    }
}

/// One name and value of a query, if it was typed.
pub(crate) type Narrowed = Option<(&'static str, String)>;

/// The listing of at most so many that have all of these.
pub(crate) fn listing(most: usize, with: impl IntoIterator<Item = Narrowed>) -> Listing {
    let with = with.into_iter().flatten().collect();
    Listing { with, most }
}

/// A name and what was typed for it.
pub(crate) fn narrowed(name: &'static str, typed: Option<impl Display>) -> Narrowed {
    typed.map(|value| (name, value.to_string()))
}

/// Since when, as it is typed.
pub(crate) fn since(typed: Option<&str>) -> Result<Narrowed, Failure> {
    let at = typed.map(|text| past(text, writ_client::now())).transpose();
    let at = at.map_err(Failure::usage)?;
    Ok(at.map(|at| ("since", at.0.to_string())))
}
