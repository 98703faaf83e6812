//! PKCS#11 sessions, the queue, the token's refusals.
//!
//! Two sides of one socket. In the signer's process: [`Engine`] keeps epochs of a [`token::Device`]
//! open and serves a bounded queue with one thread for each session. In the service: [`Hsm`] starts
//! and watches the signer, and is asked for signatures. Between them: [`protocol`].
//!
//! Invariants: every signature is verified with the key that was meant before it leaves (I4); what
//! was found in one epoch cannot be used in another; a PIN that was refused is not tried again (I9);
//! [`Place::sign`] signs nothing that is not recorded (I2); blocking calls into the module are made
//! in `worker.rs` and `epochs.rs` and nowhere else, but for [`doctor`], which has processes of its
//! own; certificates are not known here.

mod calls;
mod counts;
mod course;
mod custody;
mod digest;
pub mod doctor;
mod engine;
mod epochs;
mod error;
mod fault;
pub mod frame;
#[doc(hidden)]
pub mod fuzzing;
mod handle;
mod hex_text;
mod init_token;
mod key;
pub mod ledger;
mod octets;
mod pin;
mod pkcs11;
pub mod protocol;
mod purpose;
mod queue;
mod remote;
mod shared;
mod signature;
mod supervise;
pub mod token;
mod uri;
mod worker;

pub use counts::Count;
pub use custody::{Custody, CustodyLevel, UnknownLevel};
pub use digest::spki_hash;
pub use engine::Engine;
pub use error::Error;
pub use fault::{Class, Fault, classify, classify_rv};
pub use handle::{Hsm, HsmOptions, Place, Status};
pub use init_token::{InitTokenError, init_token};
pub use key::{
    Algorithm, BadBinding, Binding, Inventory, InventoryKey, KeyInfo, NewKey, TokenName,
    UnknownAlgorithm,
};
pub use octets::Octets;
pub use pin::{BadPinSource, PinError, PinSource};
pub use pkcs11::{DeviceOptions, Module, ModuleError, Pkcs11Device, TokenSelector};
pub use purpose::{BadPurposes, Purpose, UnknownPurpose};
pub use queue::{Asker, Job};
pub use shared::{EngineOptions, Errand, Stop, Trouble, Work};
pub use supervise::{OPENED_MS, SignerCommand, SignerSource, WatchOptions};
pub use uri::{BadUri, Uri};
