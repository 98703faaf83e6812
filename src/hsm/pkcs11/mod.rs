//! PKCS#11 over `cryptoki`.
//!
//! Invariants: objects are named by handles that carry the lifetime of their epoch, so a handle of
//! one epoch cannot be used in another; the token is found by its label and serial, never by the
//! number of its slot; nothing here destroys or changes an object.

mod bare;
mod bind;
mod clerk;
mod device;
mod epoch;
mod module;
mod object;
mod session;
mod slot;
mod template;

pub use bare::{BareFigure, BareTurn};
pub use device::Pkcs11Device;
pub use epoch::DeviceOptions;
pub use module::{Module, ModuleError};
pub use slot::TokenSelector;
