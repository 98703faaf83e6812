//! Who belongs to an organization, and as what: Fabric's membership service provider.
//!
//! An [`Msp`] is set up from its configuration and never changes; an [`Identity`] is read by it, and answers whether
//! it is valid, whom it satisfies and what it signed. Every verdict is Fabric's own, its oddities included: where its
//! code would crash, we refuse.
//!
//! Invariant: pure. Nothing here reads a clock, a file or a log, nothing waits, and a verdict depends on its
//! arguments alone. What octets from outside may cost is bounded.

mod advice;
mod bounded;
mod cache;
mod certificate;
mod compose;
mod core;
mod crl;
mod ecdsa;
mod folder;
mod folder_settings;
mod identity;
mod path;
mod pem;
mod principal;
mod provider;
mod rejection;
mod renew;
mod setup;
mod subfolder;
mod tenure;
#[cfg(test)]
mod testing;
mod validate;
mod version;

pub use self::core::{RoleUnit, RoleUnits};
pub use advice::{Advice, advise};
pub use cache::Epoch;
pub use compose::{Authorities, compose};
pub use folder::{Folder, FolderContents, FolderError, NamedFiles, read_folder};
pub use identity::{Identity, check_form};
pub use path::clean_path;
pub use provider::{Msp, Msps};
pub use rejection::{Category, Rejection};
pub use renew::{InPlace, RenewError};
pub use setup::Surroundings;
pub use subfolder::Subfolder;
pub use tenure::Tenure;
pub use version::MspVersion;
