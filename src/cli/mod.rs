//! The command line: nouns then verbs. `command.rs` is the tree; `output.rs` alone prints.

mod bench;
mod ca;
mod ceremony;
mod command;
mod compose;
mod config;
mod dev;
mod doctor;
mod document;
mod exit;
mod genesis;
mod hsm;
mod init;
mod input;
pub mod member;
mod msp;
mod organization;
mod output;
mod parent;
mod policy;
mod serve;
mod signer;

pub use command::run;
pub use exit::{Exit, Failure};
pub use output::{List, Output, printable};
