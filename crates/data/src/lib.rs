//! Datasets: rows of PostgreSQL and of files, for apps.
//!
//! The connector `data` carries out an **extraction**: it waits for the app to
//! read, asks the **source** for the rows and passes them on as they come. What
//! a source is, its operator says in the node's configuration; a dataset only
//! chooses among them. Values are bound and names quoted: nothing of a
//! statement becomes part of a query's text in any other way.
//!
//! Absent on purpose: a query of the caller. Which columns, whose rows, which
//! of them and whose not are what was approved, and there is nothing else to
//! ask for.

mod address;
mod connector;
mod file;
mod postgres;
mod query;
mod rows;
mod source;
#[cfg(feature = "testing")]
pub mod testing;

pub use connector::DataConnector;
pub use source::{Postgres, Source, Sources};
