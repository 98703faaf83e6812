//! `chancery bench`: what this machine and this token make of us, beside what they could make at most.
//!
//! Invariants: each figure stands beside a limit of the same run; the server that is measured is this
//! very program, started as an operator would; the client is written by hand and costs little, since it
//! shares the processors with what it measures; what is made for a run is removed after it, but for the
//! folder that was named with `--data`.

mod bare;
mod command;
mod disk;
mod growth;
mod limits;
mod load;
mod member;
mod operations;
mod place;
mod processes;
mod report;
mod response;
mod server;

pub(super) use bare::BenchToken;
pub(super) use command::Bench;
