//! The key ceremony: keys are made, certificates linted, journalled and signed, and a transcript tells.
//!
//! Invariant: an existing key label or issuer ends it before anything is made.

use std::collections::BTreeSet;

use tracing::{info, warn};

use crate::audit::Entry;
use crate::hsm::{self, Algorithm, Hsm, KeyInfo, NewKey, Purpose};
use crate::id::{CaName, KeyId, KeyLabel};
use crate::pki::profile::KeyKind;
use crate::pki::{Asking, Certificate, Draft, Field, Profile, PublicKey, Subject, draft_request};
use crate::service::administrator::key_label;
use crate::service::authority::Commons;
use crate::service::enroll::serial;
use crate::service::error::{Error, Kind};
use crate::service::issue::{Answer, Desk, Signing, journal_name};
use crate::service::options::{CaOptions, Hierarchy, IssuerAlgorithm, SubjectOptions};
use crate::service::organizations::OrganizationOptions;
use crate::service::server_certificate::TLS_LABEL;
use crate::service::transcript::{IssuerRecord, Transcript, sha256};
use crate::store::{
    Change, Claim, IssuerRole, IssuerRow, JournalKind, JournalRow, JournalState, Write,
};

/// The label of the key under which enrollment secrets are kept.
pub const SECRETS_LABEL: &str = "enrollment-secrets";

/// Certifies our issuer at another server: the request as PEM goes in, the certificate and those above
/// it come out. The console brings it along; this room knows no HTTP.
pub type AskParent<'a> = dyn Fn(&CaOptions, &str) -> Result<Vec<Certificate>, Box<dyn std::error::Error + Send + Sync>>
    + Send
    + Sync
    + 'a;

/// Gives the way to the token that keeps the root of a CA.
pub type RootToken<'a> = dyn Fn(&CaOptions) -> Option<Hsm> + Send + Sync + 'a;

/// What a ceremony needs.
pub struct Ceremony<'a> {
    /// Store, token and clock.
    pub commons: &'a Commons,
    /// Tokens of roots that are not in the same one.
    pub root_token: &'a RootToken<'a>,
    /// Asks a parent server.
    pub ask_parent: &'a AskParent<'a>,
}

impl std::fmt::Debug for Ceremony<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ceremony(..)")
    }
}

/// A key that was made just now.
struct Key {
    public: PublicKey,
    info: KeyInfo,
}

/// An issuer in the making.
struct Made {
    certificate: Certificate,
    above: Vec<Certificate>,
    key: Key,
    label: KeyLabel,
}

impl Ceremony<'_> {
    /// Makes the issuers of all `cas`, the key for enrollment secrets where the token has HMAC, and
    /// `with_tls` the key of the server's own certificate.
    ///
    /// # Errors
    /// [`Kind::Conflict`] when an issuer or a key label exists: nothing was made then. Of the token, the
    /// store or the parent: what was made before stays on record, and the message says what to do.
    pub async fn hold(
        &self,
        cas: &[CaOptions],
        with_tls: bool,
        configuration: &[u8],
    ) -> Result<Transcript, Error> {
        self.refuse_existing(cas).await?;
        let token = self.commons.hsm.inventory().await?.token.to_string();
        let mut transcript = Transcript {
            version: 1,
            at: self.commons.clock.now(),
            configuration_sha256: sha256(configuration),
            token,
            issuers: Vec::new(),
            digest: String::new(),
        };
        self.make_secrets_key().await?;
        if with_tls {
            self.make_tls_key().await?;
        }
        for ca in cas {
            transcript.issuers.extend(self.make_issuers(ca).await?);
        }
        transcript.close()
    }

    /// Makes the next issuing issuer of a CA and makes it the active one; the one before stays good.
    ///
    /// # Errors
    /// As [`Ceremony::hold`].
    pub async fn roll_over(
        &self,
        ca: &CaOptions,
        configuration: &[u8],
    ) -> Result<Transcript, Error> {
        let rows = self.commons.store.read().issuers(&ca.name).await?;
        let issuing = rows.iter().filter(|row| row.role == IssuerRole::Issuing).count();
        if issuing == 0 {
            let why = format!("CA `{}` has no issuer yet: run `chancery init`", ca.name);
            return Err(Error::new(Kind::Conflict, why));
        }
        let above = match rows.iter().find(|row| row.role == IssuerRole::Root) {
            Some(root) => Some(Certificate::from_der(&root.certificate)?),
            None => None,
        };
        let number = issuing + 1;
        let made = match (&ca.parent, above, ca.hierarchy) {
            (Some(_), _, _) => self.make_under_parent(ca, number).await?,
            (None, Some(root), _) => self.make_under_root(ca, &root, number).await?,
            (None, None, Hierarchy::One) => self.make_self_signed(ca, number).await?,
            (None, None, Hierarchy::Two) => {
                let why = format!("the root of CA `{}` is not on record", ca.name);
                return Err(Error::new(Kind::Conflict, why));
            }
        };
        let record = self.keep(ca, made, IssuerRole::Issuing).await?;
        Transcript {
            version: 1,
            at: self.commons.clock.now(),
            configuration_sha256: sha256(configuration),
            token: self.commons.hsm.inventory().await?.token.to_string(),
            issuers: vec![record],
            digest: String::new(),
        }
        .close()
    }

    async fn refuse_existing(&self, cas: &[CaOptions]) -> Result<(), Error> {
        let inventory = self.commons.hsm.inventory().await?;
        for ca in cas {
            if !self.commons.store.read().issuers(&ca.name).await?.is_empty() {
                let why = format!("CA `{}` has issuers already", ca.name);
                return Err(Error::new(Kind::Conflict, why));
            }
            for label in [root_label(&ca.name)?, issuing_label(&ca.name, 1)?] {
                if inventory.keys.iter().any(|key| key.label == label.as_str()) {
                    let why = format!("the token has a key `{label}` already");
                    return Err(Error::new(Kind::Conflict, why));
                }
            }
        }
        Ok(())
    }

    /// The key of the server's own TLS certificate; kept when it is there. Gives the label of what was made.
    ///
    /// # Errors
    /// Of the token.
    pub async fn make_tls_key(&self) -> Result<Option<String>, Error> {
        self.make_unless_there(TLS_LABEL, &[Purpose::Tls]).await
    }

    /// The keys of administrators that organizations have in the token; kept when they are there. Gives the labels of
    /// what was made.
    ///
    /// # Errors
    /// Of the token; [`Kind::Malformed`] when an MSP ID makes no label of a key.
    pub async fn make_administrator_keys(
        &self,
        organizations: &[OrganizationOptions],
    ) -> Result<Vec<String>, Error> {
        let mut made = Vec::new();
        for organization in organizations.iter().filter(|one| one.administrator.is_some()) {
            let label = key_label(&organization.msp_id);
            let purposes = [Purpose::ConfigSignature, Purpose::Request];
            made.extend(self.make_unless_there(&label, &purposes).await?);
        }
        Ok(made)
    }

    async fn make_unless_there(
        &self,
        name: &str,
        purposes: &[Purpose],
    ) -> Result<Option<String>, Error> {
        let purposes = purposes.iter().copied().collect();
        let key = NewKey { label: label(name)?, algorithm: Algorithm::P256, purposes };
        match self.commons.hsm.generate(key).await {
            Ok(_) => Ok(Some(name.to_owned())),
            Err(hsm::Error::LabelTaken { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// One key for the secrets of all CAs; kept when it is there, left out where the token has no HMAC.
    async fn make_secrets_key(&self) -> Result<(), Error> {
        let label = label(SECRETS_LABEL)?;
        let algorithm = Algorithm::HmacSha256;
        let key = NewKey { label, algorithm, purposes: BTreeSet::from([Purpose::Mac]) };
        match self.commons.hsm.generate(key).await {
            Ok(_) | Err(hsm::Error::LabelTaken { .. }) => Ok(()),
            Err(error @ hsm::Error::Refused { .. }) => {
                warn!(%error, "the token makes no HMAC key; secrets are kept without its help");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn make_issuers(&self, ca: &CaOptions) -> Result<Vec<IssuerRecord>, Error> {
        if ca.parent.is_some() {
            let made = self.make_under_parent(ca, 1).await?;
            return Ok(vec![self.keep(ca, made, IssuerRole::Issuing).await?]);
        }
        match ca.hierarchy {
            Hierarchy::One => {
                let made = self.make_self_signed(ca, 1).await?;
                Ok(vec![self.keep(ca, made, IssuerRole::Issuing).await?])
            }
            Hierarchy::Two => {
                let root = self.make_root(ca).await?;
                let certificate = root.certificate.clone();
                let root = self.keep(ca, root, IssuerRole::Root).await?;
                let issuing = self.make_under_root(ca, &certificate, 1).await?;
                Ok(vec![root, self.keep(ca, issuing, IssuerRole::Issuing).await?])
            }
        }
    }

    async fn make_self_signed(&self, ca: &CaOptions, number: usize) -> Result<Made, Error> {
        let options = &ca.issuer;
        let label = issuing_label(&ca.name, number)?;
        let profile = ca_profile("root", options.lifetime_hours, options.path_length)?;
        let key = self.make_key(&self.commons.hsm, &label, options.key_algorithm).await?;
        let subject = subject(&options.subject, ca.name.as_str());
        let now = self.commons.clock.now();
        let draft =
            profile.draft_root(&key.public, &serial(&self.commons.clock)?, &subject, now)?;
        let certificate = self.sign(ca, &self.commons.hsm, draft, "root").await?;
        Ok(Made { certificate, above: Vec::new(), key, label })
    }

    async fn make_root(&self, ca: &CaOptions) -> Result<Made, Error> {
        let options = ca.root.clone().unwrap_or_default();
        let label = root_label(&ca.name)?;
        let hsm = self.hsm_of_root(ca);
        let profile = ca_profile("root", options.lifetime_hours, options.path_length)?;
        let key = self.make_key(&hsm, &label, options.key_algorithm).await?;
        let subject = subject(&options.subject, &format!("{}-root", ca.name));
        let now = self.commons.clock.now();
        let draft =
            profile.draft_root(&key.public, &serial(&self.commons.clock)?, &subject, now)?;
        let certificate = self.sign(ca, &hsm, draft, "root").await?;
        Ok(Made { certificate, above: Vec::new(), key, label })
    }

    async fn make_under_root(
        &self,
        ca: &CaOptions,
        root: &Certificate,
        number: usize,
    ) -> Result<Made, Error> {
        let options = &ca.issuer;
        let label = issuing_label(&ca.name, number)?;
        let profile = ca_profile("issuing", options.lifetime_hours, options.path_length)?;
        let key = self.make_key(&self.commons.hsm, &label, options.key_algorithm).await?;
        let subject = subject(&options.subject, ca.name.as_str());
        let now = self.commons.clock.now();
        let draft = profile.draft_issuing(
            root,
            &key.public,
            &serial(&self.commons.clock)?,
            &subject,
            now,
        )?;
        let certificate = self.sign(ca, &self.hsm_of_root(ca), draft, "issuing issuer").await?;
        Ok(Made { certificate, above: vec![root.clone()], key, label })
    }

    async fn make_under_parent(&self, ca: &CaOptions, number: usize) -> Result<Made, Error> {
        let Some(parent) = &ca.parent else {
            return Err(Error::new(Kind::Internal, "no parent"));
        };
        let label = issuing_label(&ca.name, number)?;
        let algorithm = ca.issuer.key_algorithm;
        let key = self.make_key(&self.commons.hsm, &label, algorithm).await?;
        let names = subject(&ca.issuer.subject, parent.id.as_str());
        let draft = draft_request(&key.public, &names, Asking::Authority(None))
            .map_err(|e| Error::new(Kind::Malformed, format!("CA `{}`: {e}", ca.name)))?;
        let key_id = key.public.key_id();
        let name = journal_name("request")?;
        let row = self.row(ca, &key_id, JournalKind::Request, name.clone(), draft.intent());
        let entry = self.entry(ca, "intend-request", label.as_str());
        let recorded = Entry { deed: "sign-request", ..entry.clone() };
        let request = self
            .desk(&self.commons.hsm)
            .sign(
                Signing { row, claim: Claim::None, entry, answer: Answer::Recorded },
                move |signature| draft.seal_with(signature).map_err(Error::from),
                move |_| {
                    let kind = JournalKind::Request;
                    (Change::SealRequest { issuer: key_id, name, kind }, recorded)
                },
            )
            .await?;
        let chain = (self.ask_parent)(ca, &request.to_pem()).map_err(|source| {
            let why = format!(
                "the parent of CA `{}` did not certify its key `{label}`; remove the key before the next try",
                ca.name
            );
            Error { kind: Kind::Unavailable, detail: why, details: Vec::new(), source: Some(source) }
        })?;
        let mut chain = chain.into_iter();
        let certificate = chain.next().ok_or_else(|| {
            Error::new(Kind::Unavailable, "the parent answered without a certificate")
        })?;
        if certificate.public_key().spki_der() != key.public.spki_der() || !certificate.is_ca() {
            let why = "the parent answered with a certificate that is not for our key, or of no CA";
            return Err(Error::new(Kind::Unavailable, why));
        }
        Ok(Made { certificate, above: chain.collect(), key, label })
    }

    async fn make_key(
        &self,
        hsm: &Hsm,
        label: &KeyLabel,
        algorithm: IssuerAlgorithm,
    ) -> Result<Key, Error> {
        let purposes =
            BTreeSet::from([Purpose::Certificate, Purpose::Crl, Purpose::Ocsp, Purpose::Request]);
        let key = NewKey { label: label.clone(), algorithm: algorithm.into(), purposes };
        let info = hsm.generate(key).await?;
        let public = info.public_key();
        let public =
            public.ok_or_else(|| Error::new(Kind::Internal, "a key without public half"))?;
        info!(key.label = %label, "made the key `{label}`");
        Ok(Key { public, info })
    }

    /// Journal, sign, seal, record: as for every certificate.
    async fn sign(
        &self,
        ca: &CaOptions,
        hsm: &Hsm,
        draft: Draft<Certificate>,
        what: &'static str,
    ) -> Result<Certificate, Error> {
        let issuer = draft.preview().authority_key_id();
        let issuer = issuer.unwrap_or_else(|| draft.preview().issuing_key_id());
        let name = draft.serial().to_string();
        let row = self.row(ca, &issuer, JournalKind::Certificate, name.clone(), draft.intent());
        let entry = self.entry(ca, "intend-certificate", &name);
        let entry = Entry { reason: what.to_owned(), ..entry };
        let recorded = Entry { deed: "issue-certificate", ..entry.clone() };
        self.desk(hsm)
            .sign(
                Signing { row, claim: Claim::None, entry, answer: Answer::Recorded },
                move |signature| draft.seal_with(signature).map_err(Error::from),
                // An issuer's certificate is kept with the issuers, not with those of members.
                move |_| {
                    let kind = JournalKind::Certificate;
                    (Change::SealRequest { issuer, name, kind }, recorded)
                },
            )
            .await
    }

    async fn keep(
        &self,
        ca: &CaOptions,
        made: Made,
        role: IssuerRole,
    ) -> Result<IssuerRecord, Error> {
        let Made { certificate, above, key, label } = made;
        let key_id = certificate.subject_key_id().ok_or_else(|| {
            Error::new(Kind::Unavailable, "the issuer's certificate has no subject key identifier")
        })?;
        let row = IssuerRow {
            ca: ca.name.clone(),
            key_id: key_id.clone(),
            label: label.clone(),
            spki_hash: certificate.public_key().spki_hash(),
            certificate: certificate.der().to_vec(),
            chain_pem: above.iter().map(Certificate::to_pem).collect(),
            role,
            active: false,
        };
        let entry = self.entry(ca, "add-issuer", key_id.to_string().as_str());
        let mut write = Write::new(Change::AddIssuer(row), entry);
        if role == IssuerRole::Issuing {
            write = write.then(Change::ActivateIssuer { ca: ca.name.clone(), key_id });
        }
        self.commons.store.write(write).await?;
        let chain = std::iter::once(&certificate).chain(&above).map(Certificate::to_pem).collect();
        Ok(IssuerRecord {
            ca: ca.name.to_string(),
            role: role.to_string(),
            key_label: label.to_string(),
            spki_sha256: hex::encode(certificate.public_key().spki_hash()),
            custody: serde_json::to_value(&key.info.custody)
                .map_err(|e| Error::new(Kind::Internal, "custody").because(e))?,
            tbs_sha256: sha256(certificate.tbs().der()),
            chain,
        })
    }

    fn desk(&self, hsm: &Hsm) -> Desk {
        Desk {
            open_intents: self.commons.open_intents.clone(),
            store: self.commons.store.clone(),
            hsm: hsm.clone(),
            clock: self.commons.clock.clone(),
        }
    }

    fn hsm_of_root(&self, ca: &CaOptions) -> Hsm {
        (self.root_token)(ca).unwrap_or_else(|| self.commons.hsm.clone())
    }

    fn entry(&self, ca: &CaOptions, deed: &'static str, subject: &str) -> Entry {
        Entry {
            at: self.commons.clock.now(),
            ca: ca.name.clone(),
            actor: "operator".to_owned(),
            deed,
            subject: subject.to_owned(),
            reason: "ceremony".to_owned(),
        }
    }

    fn row(
        &self,
        ca: &CaOptions,
        issuer: &KeyId,
        kind: JournalKind,
        name: String,
        intent: crate::audit::Intent,
    ) -> JournalRow {
        JournalRow {
            ca: ca.name.clone(),
            issuer: issuer.clone(),
            name,
            kind,
            intent,
            enrollment_id: String::new(),
            caller: "operator".to_owned(),
            reason: "ceremony".to_owned(),
            at: self.commons.clock.now(),
            instance: self.commons.instance.clone(),
            state: JournalState::Open,
            consumed: false,
        }
    }
}

impl From<IssuerAlgorithm> for Algorithm {
    fn from(algorithm: IssuerAlgorithm) -> Self {
        match algorithm {
            IssuerAlgorithm::P256 => Self::P256,
            IssuerAlgorithm::P384 => Self::P384,
            IssuerAlgorithm::Rsa3072 => Self::Rsa { bits: 3072 },
            IssuerAlgorithm::Ed25519 => Self::Ed25519,
        }
    }
}

/// A built-in profile with the lifetime and path length of the configuration.
fn ca_profile(
    name: &str,
    lifetime_hours: Option<u32>,
    path_length: Option<u8>,
) -> Result<Profile, Error> {
    let built_in = Profile::built_in().into_iter().find(|profile| profile.name().as_str() == name);
    let built_in = built_in.ok_or_else(|| Error::new(Kind::Internal, "a profile is missing"))?;
    let mut options = built_in.options().clone();
    if let Some(hours) = lifetime_hours {
        options.life_seconds = hours.saturating_mul(3600);
    }
    if let (Some(path_length), Some(authority)) = (path_length, &mut options.authority) {
        authority.path_length = path_length;
    }
    // The kind of key is the operator's word in the reviewed file.
    options.keys = vec![KeyKind::P256, KeyKind::P384, KeyKind::Ed25519, KeyKind::Rsa];
    Profile::try_from(options).map_err(|e| Error::new(Kind::Malformed, e.to_string()))
}

fn subject(options: &SubjectOptions, common_name: &str) -> Subject {
    let fields = [
        (Field::Country, &options.country),
        (Field::StateOrProvince, &options.state),
        (Field::Locality, &options.locality),
        (Field::Organization, &options.organization),
        (Field::OrganizationalUnit, &options.organizational_unit),
    ];
    let given = fields.into_iter().filter_map(|(field, text)| Some((field, text.clone()?)));
    Subject {
        common_name: Some(options.common_name.clone().unwrap_or_else(|| common_name.to_owned())),
        fields: given.collect(),
    }
}

fn root_label(ca: &CaName) -> Result<KeyLabel, Error> {
    label(&format!("{ca}-root"))
}

fn issuing_label(ca: &CaName, number: usize) -> Result<KeyLabel, Error> {
    label(&format!("{ca}-issuing-{number}"))
}

fn label(text: &str) -> Result<KeyLabel, Error> {
    text.parse().map_err(|e| Error::new(Kind::Malformed, format!("key label `{text}`: {e}")))
}
