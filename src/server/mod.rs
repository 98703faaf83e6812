//! Serves the faces: connections, limits, deadlines, TLS and a graceful end.
//!
//! Invariant: nobody's slowness holds more than its own connection, and that only for a stated time.

mod linger;
mod listener;
mod slow_body;

pub use listener::{Limits, Listener};
