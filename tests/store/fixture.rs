//! What every test of the store needs.

use std::sync::Arc;

use chancery::audit::{Entry, Intent};
use chancery::clock::Timestamp;
use chancery::id::{Affiliation, CaName, EnrollmentId, KeyId, SerialNumber};
use chancery::store::{
    Attribute, CertificateRow, Change, Claim, Error, Identity, JournalKind, JournalRow,
    JournalState, Options, Outcome, Store, Write,
};

use crate::postgres::Cluster;

/// Makes two tests of each function: one for each database.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$name(crate::fixture::Database::sqlite()).await;
                }
            )*
        }
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$name(crate::fixture::Database::postgres()).await;
                }
            )*
        }
    };
}

/// An empty database of one test.
pub(crate) struct Database {
    pub(crate) url: String,
    _directory: Option<tempfile::TempDir>,
}

impl Database {
    pub(crate) fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/ca.db", directory.path().display());
        Self { url, _directory: Some(directory) }
    }

    pub(crate) fn postgres() -> Self {
        Self { url: Cluster::shared().database(), _directory: None }
    }

    pub(crate) fn options(&self) -> Options {
        Options::new(&self.url)
    }

    pub(crate) async fn open(&self) -> Store {
        Store::open(&self.options()).await.unwrap()
    }
}

pub(crate) const NOW: i64 = 1_800_000_000;

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(NOW + seconds)
}

pub(crate) fn ca() -> CaName {
    "ca-org1".parse().unwrap()
}

pub(crate) fn issuer() -> KeyId {
    KeyId::from_octets(&[7; 20]).unwrap()
}

pub(crate) fn path(text: &str) -> Affiliation {
    text.parse().unwrap()
}

pub(crate) fn id(text: &str) -> EnrollmentId {
    text.parse().unwrap()
}

pub(crate) fn serial(number: u64) -> SerialNumber {
    let mut random = [0; 14];
    random[6..].copy_from_slice(&number.to_be_bytes());
    SerialNumber::new(0, random)
}

pub(crate) fn entry(deed: &'static str, subject: &str) -> Entry {
    Entry {
        at: at(0),
        ca: ca(),
        actor: "admin".into(),
        deed,
        subject: subject.into(),
        reason: String::new(),
    }
}

pub(crate) fn identity(name: &str) -> Identity {
    Identity {
        ca: ca(),
        id: id(name),
        kind: "client".into(),
        affiliation: path("org1"),
        attributes: vec![Attribute { name: "role".into(), value: "x".into(), ecert: true }],
        secret: "opaque".into(),
        max_enrollments: -1,
        enrollments: 0,
        revoked_at: None,
        version: 1,
        created_at: at(0),
    }
}

pub(crate) fn intent(number: u64, owner: &str) -> JournalRow {
    let octets: Arc<[u8]> = number.to_be_bytes().repeat(64).into();
    let mut digest = [0xab; 32];
    digest[..8].copy_from_slice(&number.to_be_bytes());
    JournalRow {
        ca: ca(),
        issuer: issuer(),
        name: serial(number).to_string(),
        kind: JournalKind::Certificate,
        intent: Intent { key: [1; 32], digest, to_be_signed: octets },
        enrollment_id: owner.into(),
        caller: owner.into(),
        reason: "enroll".into(),
        at: at(0),
        instance: "a".into(),
        state: JournalState::Open,
        consumed: false,
    }
}

pub(crate) fn certificate(number: u64, owner: &str) -> CertificateRow {
    CertificateRow {
        ca: ca(),
        issuer: issuer(),
        serial: serial(number),
        enrollment_id: owner.into(),
        not_before: at(0),
        not_after: at(1000),
        der: number.to_be_bytes().repeat(90),
        revoked_at: None,
        reason_code: None,
    }
}

/// Deeds that tests do again and again.
pub(crate) trait Deeds {
    async fn make(&self, guard: Change) -> Result<Outcome, Error>;
    async fn register(&self, name: &str) -> Identity;
    async fn issue(&self, row: CertificateRow);
}

impl Deeds for Store {
    async fn make(&self, guard: Change) -> Result<Outcome, Error> {
        self.write(Write::new(guard, entry("test", "x"))).await
    }

    async fn register(&self, name: &str) -> Identity {
        self.make(Change::AddIdentity(identity(name))).await.unwrap();
        identity(name)
    }

    /// Intent and certificate, without asking whether the owner is registered.
    async fn issue(&self, row: CertificateRow) {
        let intent = JournalRow {
            name: row.serial.to_string(),
            issuer: row.issuer.clone(),
            ..intent(0, &row.enrollment_id)
        };
        self.record_intent(intent, Claim::None, entry("intend", "x")).await.unwrap();
        self.make(Change::SealCertificate { row }).await.unwrap();
    }
}

pub(crate) fn lost<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    match result {
        Err(Error::Lost(which)) => which,
        other => panic!("expected a lost guard, got {other:?}"),
    }
}
