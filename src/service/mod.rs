//! The deeds: one verb, one file. Each knows the order of its steps and who may do it.
//!
//! Start with `enroll.rs`; `issue.rs` is the one path on which a CA key signs.
//! Invariant: nothing here knows HTTP, the command line or SQL.

mod administrator;
mod admission;
mod affiliations;
mod alarms;
mod authority;
mod bootstrap;
mod caller;
mod catch_up;
mod ceremony;
mod certificates;
mod channels;
mod check;
mod collections;
mod cores;
mod deputy;
mod enroll;
mod error;
mod identities;
mod issue;
mod issuer;
mod membership;
mod message;
mod nonces;
mod office;
mod open_intents;
mod options;
mod orderers;
mod organizations;
mod page;
mod profiles;
mod proposals;
mod publish_crl;
mod push;
mod radar;
mod recover;
mod refusal;
mod register;
mod revoke;
mod revoked;
pub mod rules;
mod secrets;
mod server_certificate;
#[cfg(test)]
mod testing;
mod throttle;
mod transcript;
mod verify;

pub use administrator::{AdministratorOptions, Matter};
pub use admission::{ApplicationView, Apply, Withdrawal};
pub use alarms::Fork;
pub use authority::{Authority, Commons};
pub use caller::{Caller, Enrollee, Expiry, SignedRequest};
pub use catch_up::CaughtUp;
pub use ceremony::{AskParent, Ceremony, RootToken, SECRETS_LABEL};
pub use certificates::CertificateQuery;
pub use channels::ImportChannel;
pub use check::{LedgerLine, Report, check};
pub use collections::{ChannelCollections, CollectionAccess, KnownCollection, Presented};
pub use cores::{map_on_cores, on_cores};
pub use deputy::Deputy;
pub use enroll::{AttributeRequest, Enroll};
pub use error::{Error, Kind, causes};
pub use identities::{IdentitiesView, ModifyIdentity};
pub use issuer::Issuer;
pub use membership::{KnownChannel, Membership};
pub use message::SignedMessage;
pub use office::Office;
pub use open_intents::OpenIntents;
pub use options::{
    CaOptions, CrlOptions, Hierarchy, IdentityOptions, IssuerAlgorithm, IssuerOptions,
    LimitOptions, ParentOptions, ProfileOverride, RootOptions, RootSignerOptions, SubjectOptions,
};
pub use orderers::{ReadFailure, follow_trail, orderers_of, update_envelope};
pub use organizations::{ExportedMsp, InChannels, Organization, OrganizationOptions};
pub use page::Page;
pub use proposals::{Demanded, Proposal, Propose, Signed, Wanted};
pub use publish_crl::CrlQuery;
pub use push::Push;
pub use radar::Radar;
pub use recover::{Sweep, recover};
pub use register::{AffiliationChoice, Register, Registered};
pub use revoke::{Revoke, RevokedCertificate, Target};
pub use revoked::ListRoom;
pub use rules::AffiliationTree;
pub use secrets::SecretScheme;
pub use server_certificate::TLS_LABEL;
pub use transcript::{IssuerRecord, Transcript};
pub use verify::{Answer, Ask, Looked, Question, Signer};
