//! `chancery policy`: reads the policy language and channels, explains policies, and says who can satisfy them.

mod asked;
mod check;
mod collection;
mod command;
mod expiry;
mod lint;
mod outline;
mod text;
mod who;

pub(super) use command::PolicyCommand;
