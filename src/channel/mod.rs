//! A channel's configuration: its organizations, its policies, what it makes of them.
//!
//! Invariant: pure. A channel is loaded whole from its configuration and never changes.

mod load;
mod read;

pub use load::{Channel, ChannelError};
pub use read::{ReadConfig, ReadError, read};
