//! Nouns then verbs.

mod exit;
pub mod member;
mod output;

pub use exit::{Exit, Failure};
pub use output::{List, Output, printable};
