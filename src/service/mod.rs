//! One verb, one file.

mod error;
pub mod rules;

pub use error::{Error, Kind};
