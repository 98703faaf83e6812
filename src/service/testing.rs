//! A CA on a real database, with a clock that stands still, for the tests of the registry's deeds.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::elliptic_curve::Generate as _;
use spki::EncodePublicKey as _;
use tempfile::TempDir;

use crate::audit::Intent;
use crate::clock::{Clock, Timestamp};
use crate::hsm::{Hsm, HsmOptions, SignerSource};
use crate::id::{Affiliation, EnrollmentId, KeyId, SerialNumber};
use crate::pki::{Profile, PublicKey, Subject};
use crate::service::authority::Authority;
use crate::service::caller::Caller;
use crate::service::error::{Error, Kind};
use crate::service::issuer::{Issuer, Issuers};
use crate::service::open_intents::OpenIntents;
use crate::service::options::LimitOptions;
use crate::service::profiles::Profiles;
use crate::service::secrets::{SecretScheme, Secrets};
use crate::service::throttle::Throttle;
use crate::store::{
    Attribute, CertificateRow, Change, Claim, Identity, JournalKind, JournalRow, JournalState,
    Options, Store, Write,
};

/// When the clock of these tests stands.
pub(super) const NOW: i64 = 1_900_000_000;

/// Everything that Fabric CA's first administrator may do.
pub(super) const ADMIN: &str = "hf.Registrar.Roles=* hf.Registrar.DelegateRoles=* \
     hf.Registrar.Attributes=* hf.Revoker=1 hf.IntermediateCA=1 hf.GenCRL=1 hf.AffiliationMgr=1";

/// A CA with the affiliations `x`, `x.sub`, `x.sub.leaf`, `y` and an administrator at the root.
pub(super) struct Registry {
    pub(super) authority: Arc<Authority>,
    pub(super) admin: Caller,
    folder: TempDir,
}

impl Registry {
    pub(super) async fn open() -> Self {
        Self::with(limits(-1, true, true)).await
    }

    pub(super) async fn with(limits: LimitOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("ca.db").display());
        let store = Store::open(&Options::new(url)).await.unwrap();
        let authority = Self::authority(store, &folder, limits);
        for name in ["x", "x.sub", "x.sub.leaf", "y"] {
            let (ca, name) = (authority.name.clone(), affiliation(name));
            let entry = authority.entry("test", "add", name.as_str(), "");
            let change = Change::AddAffiliation { ca, name };
            authority.store.write(Write::new(change, entry)).await.unwrap();
        }
        let identity = identity("admin", "client", "", ADMIN);
        let admin = caller_of(identity.clone());
        let registry = Self { authority, admin, folder };
        registry.put(identity).await;
        registry
    }

    /// The same CA as another process has it: with the same database, and nothing in memory yet.
    pub(super) fn another(&self) -> Arc<Authority> {
        let limits = self.authority.limits;
        Self::authority(self.authority.store.clone(), &self.folder, limits)
    }

    fn authority(store: Store, folder: &TempDir, limits: LimitOptions) -> Arc<Authority> {
        Arc::new(Authority {
            name: "ca".parse().unwrap(),
            store,
            clock: Clock::fixed(Timestamp::from_unix(NOW)),
            // Nobody listens there: these deeds ask nothing of the token.
            hsm: Hsm::start(
                SignerSource::Socket(folder.path().join("signer")),
                HsmOptions::default(),
            ),
            secrets: Secrets::new("ca".parse().unwrap(), SecretScheme::local()),
            instance: "test".into(),
            open_intents: OpenIntents::default(),
            limits,
            crl_seconds: 3600,
            profiles: Profiles::load(None, &BTreeMap::new()).unwrap(),
            issuers: Issuers::for_test(ISSUERS.0.clone(), vec![ISSUERS.1.clone()]),
            throttle: Throttle::new(10),
            revoked: tokio::sync::Notify::new(),
            revoked_entries: crate::service::revoked::RevokedEntries::new(),
        })
    }

    /// Stores an identity and lets it call.
    pub(super) async fn caller(&self, id: &str, kind: &str, at: &str, holding: &str) -> Caller {
        let identity = identity(id, kind, at, holding);
        self.put(identity.clone()).await;
        caller_of(identity)
    }

    /// Stores an identity.
    pub(super) async fn put(&self, identity: Identity) {
        let entry = self.authority.entry("test", "put", identity.id.as_str(), "");
        let write = Write::new(Change::AddIdentity(identity), entry);
        self.authority.store.write(write).await.unwrap();
    }

    /// Stores a certificate as if it had been issued.
    pub(super) async fn issue(&self, owner: &str, serial: u8) -> SerialNumber {
        self.issue_by(&issuer(), owner, serial, NOW + 1000).await
    }

    pub(super) async fn issue_by(
        &self,
        issuer: &KeyId,
        owner: &str,
        number: u8,
        until: i64,
    ) -> SerialNumber {
        let row = self.intend(issuer, owner, number).await;
        let serial = serial(number);
        let entry = self.authority.entry("test", "seal", row.name.as_str(), "");
        let row = CertificateRow {
            ca: row.ca,
            issuer: row.issuer,
            serial: serial.clone(),
            enrollment_id: owner.into(),
            not_before: Timestamp::from_unix(NOW),
            not_after: Timestamp::from_unix(until),
            der: vec![number],
            revoked_at: None,
            reason_code: None,
        };
        let write = Write::new(Change::SealCertificate { row }, entry);
        self.authority.store.write(write).await.unwrap();
        serial
    }

    /// Writes the intent to issue a certificate.
    pub(super) async fn intend(&self, issuer: &KeyId, owner: &str, number: u8) -> JournalRow {
        let row = JournalRow {
            ca: self.authority.name.clone(),
            issuer: issuer.clone(),
            name: serial(number).to_string(),
            kind: JournalKind::Certificate,
            intent: Intent { key: [0; 32], digest: [number; 32], to_be_signed: [number].into() },
            enrollment_id: owner.into(),
            caller: owner.into(),
            reason: String::new(),
            at: Timestamp::from_unix(NOW),
            instance: "test".into(),
            state: JournalState::Open,
            consumed: false,
        };
        let entry = self.authority.entry("test", "intend", row.name.as_str(), "");
        let change = Change::Intend { row: row.clone(), claim: Claim::None };
        self.authority.store.write(Write::new(change, entry)).await.unwrap();
        row
    }

    /// The certificate of `serial` by the active issuer.
    pub(super) async fn certificate(&self, number: u8) -> CertificateRow {
        let reader = self.authority.store.read();
        reader.certificate(&issuer(), &serial(number)).await.unwrap().unwrap()
    }

    /// The identity as it is stored.
    pub(super) async fn stored(&self, id: &str) -> Option<Identity> {
        self.authority.store.read().identity(&self.authority.name, id).await.unwrap()
    }

    /// `actor deed subject` of every line of the audit trail but those of the fixture.
    pub(super) async fn audit(&self) -> Vec<String> {
        let lines = self.authority.store.read().audit(0, 1000).await.unwrap();
        let lines = lines.into_iter().filter(|line| line.actor != "test");
        lines.map(|line| format!("{} {} {}", line.actor, line.deed, line.subject)).collect()
    }
}

/// What a CA allows: how many enrollments, and whether it removes identities and affiliations.
pub(super) fn limits(max: i64, identities: bool, affiliations: bool) -> LimitOptions {
    LimitOptions {
        max_enrollments: max,
        allow_identity_removal: identities,
        allow_affiliation_removal: affiliations,
        ..LimitOptions::default()
    }
}

/// What went wrong.
pub(super) fn kind<T>(done: Result<T, Error>) -> Option<Kind> {
    done.err().map(|error| error.kind)
}

/// The active issuer and a retired one.
static ISSUERS: LazyLock<(Issuer, Issuer)> =
    LazyLock::new(|| (self_signed("active"), self_signed("retired")));

fn self_signed(name: &str) -> Issuer {
    let key = SigningKey::generate();
    let public = key.verifying_key().to_public_key_der().unwrap();
    let public = PublicKey::from_spki(public.as_bytes()).unwrap();
    let root = Profile::built_in().into_iter().find(|p| p.name().as_str() == "root").unwrap();
    let subject = Subject::named(name);
    let serial = SerialNumber::new(0, [7; 14]);
    let draft = root.draft_root(&public, &serial, &subject, Timestamp::from_unix(NOW)).unwrap();
    let signature: Signature = key.sign(draft.to_be_signed());
    let certificate = draft.seal(signature.normalize_s().to_der().as_bytes()).unwrap();
    Issuer::new(certificate, Vec::new()).unwrap()
}

pub(super) fn issuer() -> KeyId {
    ISSUERS.0.key_id().clone()
}

pub(super) fn retired_issuer() -> KeyId {
    ISSUERS.1.key_id().clone()
}

pub(super) fn serial(number: u8) -> SerialNumber {
    SerialNumber::from_octets(&[0x40, number]).unwrap()
}

pub(super) fn affiliation(text: &str) -> Affiliation {
    text.parse().unwrap()
}

pub(super) fn id(text: &str) -> EnrollmentId {
    text.parse().unwrap()
}

/// `name=value` items between spaces, `!` at the end for the flag.
pub(super) fn attributes(text: &str) -> Vec<Attribute> {
    text.split_whitespace()
        .map(|item| {
            let (item, ecert) = item.strip_suffix('!').map_or((item, false), |item| (item, true));
            let (name, value) = item.split_once('=').unwrap();
            Attribute { name: name.into(), value: value.into(), ecert }
        })
        .collect()
}

/// The attributes as [`attributes`] reads them, sorted.
pub(super) fn shown(attributes: &[Attribute]) -> String {
    let mut items: Vec<_> = attributes
        .iter()
        .map(|held| format!("{}={}{}", held.name, held.value, if held.ecert { "!" } else { "" }))
        .collect();
    items.sort();
    items.join(" ")
}

/// An identity of the CA.
pub(super) fn identity(name: &str, kind: &str, at: &str, holding: &str) -> Identity {
    Identity {
        ca: "ca".parse().unwrap(),
        id: id(name),
        kind: kind.into(),
        affiliation: affiliation(at),
        attributes: attributes(holding),
        secret: "kept".into(),
        max_enrollments: -1,
        enrollments: 0,
        revoked_at: None,
        version: 1,
        created_at: Timestamp::from_unix(NOW),
    }
}

/// A caller with the certificate number 255.
fn caller_of(identity: Identity) -> Caller {
    Caller::for_test(identity, issuer(), serial(255))
}
