//! Names that are checked once, where they enter.
//!
//! Invariant: a value of one of these types is within its bounds and spelling; nobody checks again.

mod path;
mod serial;
mod text;

pub use path::{Affiliation, BadAffiliation};
pub use serial::{BadSerial, KeyId, SerialNumber};
pub use text::{BadName, CaName, ChannelId, EnrollmentId, KeyLabel, MspId, ProfileName};
