//! Every change and every query of the store, on SQLite and on PostgreSQL.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "support/postgres.rs"]
mod postgres;

#[macro_use]
#[path = "store/fixture.rs"]
mod fixture;

#[path = "store/affiliations.rs"]
mod affiliations;
#[path = "store/certificates.rs"]
mod certificates;
#[path = "store/channels.rs"]
mod channels;
#[path = "store/commits.rs"]
mod commits;
#[path = "store/crash.rs"]
mod crash;
#[path = "store/files.rs"]
mod files;
#[path = "store/identities.rs"]
mod identities;
#[path = "store/issuers.rs"]
mod issuers;
#[path = "store/journal.rs"]
mod journal;
#[path = "store/proposals.rs"]
mod proposals;
#[path = "store/pushes.rs"]
mod pushes;
#[path = "store/replicas.rs"]
mod replicas;
#[path = "store/together.rs"]
mod together;
