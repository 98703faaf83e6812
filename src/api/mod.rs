//! JSON shapes, shared by server and client.
//!
//! Invariant: a shape has no behaviour but its spelling on the wire.

pub mod fabric;
mod secret;
mod time;
pub mod v2;

pub use secret::SecretText;
pub use time::{BadTime, GoTime, rfc3339};
