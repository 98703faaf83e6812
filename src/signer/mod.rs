//! The process that owns the PKCS#11 module, on a local socket.
//!
//! Invariants: no database, no network listener; nothing is signed with a key, or for a purpose,
//! that the register does not allow; a signature with a key that issues is in the ledger before it
//! leaves; a PIN that the token refused is never shown to it again, not even by the next process.

mod connection;
mod desk;
#[doc(hidden)]
pub mod fuzzing;
mod options;
mod refused_pin;
mod register;
mod serve;

pub use options::SignerOptions;
pub use register::{Register, RegisterError};
pub use serve::{EXIT_DONE, EXIT_PIN, EXIT_PIN_FORGOTTEN, EXIT_UNWELL, EXIT_USAGE, run};
