//! PKCS#11 over `cryptoki`.
//!
//! Invariants: objects are named by handles that carry the lifetime of their epoch, so a handle of
//! one epoch cannot be used in another; the token is found by its label and serial, never by the
//! number of its slot; nothing here destroys or changes an object: what tries whether a token would let
//! itself be abused, and takes away again what it made for that, is `hsm/doctor`.

mod bind;
mod clerk;
mod device;
pub(super) mod epoch;
mod module;
pub(super) mod object;
mod session;
pub(super) mod slot;
pub(super) mod template;

pub use device::Pkcs11Device;
pub use epoch::DeviceOptions;
pub use module::{Module, ModuleError};
pub use slot::TokenSelector;
