//! SQL, changes, commits, rows: everything that Chancery keeps.
//!
//! A write is a value ([`Write`]): one guard that may lose, followers, and its audit entry. One
//! writer puts many of them into one commit and answers none before it is on disk. Several processes
//! may write to one PostgreSQL; an SQLite file belongs to one process.
//!
//! Invariants: nothing is written outside `writer.rs`; every write has its audit entry in the same
//! commit; an [`audit::Recorded`](crate::audit::Recorded) is made here alone, after the commit that
//! holds its intent; no statement holds a value, all are bound; the SQL text is the same for both
//! databases.

mod affiliations;
mod apply;
mod audit;
mod batch;
mod bulk;
mod certificates;
mod change;
mod channels;
mod connect;
mod crls;
mod diagnosis;
mod error;
mod gather;
mod handle;
mod identities;
mod issuers;
mod journal;
mod nonces;
mod options;
mod properties;
mod proposals;
mod pushes;
mod reader;
mod revocations;
mod row;
mod sql;
mod writer;

pub use audit::AuditLine;
pub use certificates::{CertificateFilter, Span};
pub use change::{Change, Outcome, Write};
pub use channels::ChannelRow;
pub use crls::CrlRow;
pub use error::Error;
pub use handle::Store;
pub use identities::IdentityFilter;
pub use issuers::{IssuerRole, IssuerRow};
pub use journal::{Claim, JournalCursor, JournalFilter, JournalKind, JournalRow, JournalState};
pub use options::{Fault, Faults, Moment, Observer, Options, Step};
pub use proposals::{ProposalRow, ProposalSignature, ProposalState};
pub use pushes::{PushRow, PushState};
pub use reader::Reader;
pub use revocations::{RevokedFilter, RevokedRow};
pub use row::{Attribute, CertificateCursor, CertificateRow, Identity};
