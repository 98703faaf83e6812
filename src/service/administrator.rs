//! The administrator of an organization whose key is in the token: what it signs, it signs without a person.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use futures_util::future::BoxFuture;
use serde::Deserialize;
use tracing::info;

use crate::audit::{Entry, Intent};
use crate::id::MspId;
use crate::pki::{
    Asking, Certificate, Csr, Order, PublicKey, Subject, draft_request, signature::Verified,
};
use crate::service::authority::Authority;
use crate::service::deputy::Deputy;
use crate::service::enroll::serial;
use crate::service::error::{Error, Kind};
use crate::service::issue::{Answer, Issue, Signing, journal_name};
use crate::store::{Change, Claim, JournalKind};
use crate::wire::{Message as _, SerializedIdentity};

/// Whom the journal names for its certificates: nobody ([`OWN`]).
///
/// [`OWN`]: crate::service::authority::OWN
const OWNER: &str = "\u{1}administrator";
/// What Fabric's nodes take an administrator by.
const ROLE: &str = "admin";
/// Our own profile of members.
const PROFILE: &str = "member";
/// With less left a new one is issued, in seconds: 30 days.
const RENEW_BEFORE_SECONDS: i64 = 30 * 24 * 3600;

/// `[organization.administrator]`: an administrator whose key the token has.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdministratorOptions {
    /// What it is called in its certificate. Default `channel-administrator`.
    #[serde(default = "usual_name")]
    pub common_name: String,
    /// What it signs by itself. Default: revocation lists.
    #[serde(default = "usually_signed")]
    pub signs: Vec<Matter>,
}

/// What is brought from a CA into the channels of its organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Matter {
    /// Who was revoked.
    RevocationLists,
    /// The CA's issuers, with their successors.
    Issuers,
}

/// The label of its key in the token.
pub(super) fn key_label(msp_id: &MspId) -> String {
    format!("administrator-{msp_id}")
}

fn usual_name() -> String {
    "channel-administrator".to_owned()
}

fn usually_signed() -> Vec<Matter> {
    vec![Matter::RevocationLists]
}

impl Matter {
    /// All of them, in the order in which they are seen to.
    pub const ALL: [Self; 2] = [Self::RevocationLists, Self::Issuers];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RevocationLists => "revocation-lists",
            Self::Issuers => "issuers",
        }
    }
}

/// An administrator whose key is in the token.
#[derive(Debug)]
pub(super) struct Administrator {
    msp_id: MspId,
    ca: Arc<Authority>,
    options: AdministratorOptions,
    /// Held while a certificate is looked for or issued, so that only one is.
    certificate: tokio::sync::Mutex<Option<Certificate>>,
}

/// The same with the certificate that it has today.
#[derive(Debug)]
pub(super) struct Acting {
    msp_id: String,
    creator: Vec<u8>,
    key: PublicKey,
    ca: Arc<Authority>,
}

impl Administrator {
    pub(super) fn new(msp_id: MspId, ca: Arc<Authority>, options: AdministratorOptions) -> Self {
        Self { msp_id, ca, options, certificate: tokio::sync::Mutex::new(None) }
    }

    /// Whether it signs this by itself.
    pub(super) fn signs(&self, matter: Matter) -> bool {
        self.options.signs.contains(&matter)
    }

    /// The administrator with a certificate that is good for another month: the one at hand, or a new one.
    ///
    /// # Errors
    /// [`Kind::Unavailable`] when the token has no key for it, or its certificate was revoked; of the token or the store.
    pub(super) async fn acting(&self) -> Result<Acting, Error> {
        let mut held = self.certificate.lock().await;
        let until = self.ca.clock.now().plus(RENEW_BEFORE_SECONDS);
        // What was revoked is asked each time: by a person who wants it to stop signing.
        let certificate = match held.as_ref() {
            Some(one) if one.not_after() > until && !self.is_revoked(one).await? => one.clone(),
            _ => {
                let found = self.find_or_issue().await?;
                *held = Some(found.clone());
                found
            }
        };
        Ok(Acting {
            msp_id: self.msp_id.to_string(),
            creator: self.creator(&certificate),
            key: certificate.public_key().clone(),
            ca: Arc::clone(&self.ca),
        })
    }

    /// As whom it signs or ever signed: a `SerializedIdentity` of each certificate.
    ///
    /// # Errors
    /// Of the store.
    pub(super) async fn creators(&self) -> Result<Vec<Vec<u8>>, Error> {
        let rows = self.ca.store.read().certificates_of(&self.ca.name, OWNER).await?;
        let creator = |der: &[u8]| Ok(self.creator(&Certificate::from_der(der)?));
        rows.iter().map(|row| creator(&row.der)).collect()
    }

    fn creator(&self, certificate: &Certificate) -> Vec<u8> {
        let id_bytes = certificate.to_pem().into_bytes();
        SerializedIdentity { mspid: self.msp_id.to_string(), id_bytes }.encode_to_vec()
    }

    async fn is_revoked(&self, certificate: &Certificate) -> Result<bool, Error> {
        let rows = self.ca.store.read().certificates_of(&self.ca.name, OWNER).await?;
        Ok(rows.iter().any(|row| row.der == certificate.der() && row.revoked_at.is_some()))
    }

    async fn find_or_issue(&self) -> Result<Certificate, Error> {
        let label = key_label(&self.msp_id);
        let unavailable = |why: String| Error::new(Kind::Unavailable, why);
        let keys = self.ca.hsm.keys().await?;
        let key = keys.iter().find(|key| key.label.as_str() == label);
        let public = key.and_then(crate::hsm::KeyInfo::public_key).ok_or_else(|| {
            unavailable(format!(
                "the token has no key `{label}`: make it with `chancery hsm make-keys`"
            ))
        })?;
        let until = self.ca.clock.now().plus(RENEW_BEFORE_SECONDS);
        for row in self.ca.store.read().certificates_of(&self.ca.name, OWNER).await? {
            let certificate = Certificate::from_der(&row.der)?;
            if certificate.public_key().spki_der() != public.spki_der() {
                continue;
            }
            if row.revoked_at.is_some() {
                let serial = certificate.serial();
                return Err(unavailable(format!(
                    "the administrator's certificate {serial} was revoked: its key is used no more"
                )));
            }
            // One of a retired issuer is as good, and known to channels that have not learned of its successor.
            if certificate.not_after() > until {
                return Ok(certificate);
            }
        }
        let subject = Subject::named(&self.options.common_name);
        let bad = |why: String| {
            let key = "organization.administrator.common_name";
            Error::malformed(format!("{key}: {why}"))
        };
        // The key asks for its certificate as any member's would.
        let request = draft_request(&public, &subject, Asking::Member(&[]));
        let request = request.map_err(|why| bad(why.to_string()))?;
        let (issuer, name) = (public.key_id(), journal_name("request")?);
        let kind = JournalKind::Request;
        let row = self.ca.journal_row(&issuer, kind, name.clone(), request.intent());
        let entry = self.ca.entry("chancery", "intend-request", label.as_str(), "");
        let recorded = Entry { deed: "sign-request", ..entry.clone() };
        let signing = Signing { row, claim: Claim::None, entry, answer: Answer::Recorded };
        let seal = move |signature: &Verified| request.seal_with(signature).map_err(Error::from);
        let keep = move |_: &Csr| (Change::SealRequest { issuer, name, kind }, recorded);
        let csr = self.ca.desk().sign(signing, seal, keep).await?;
        let units = [ROLE.to_owned()];
        let order = Order {
            subject: &subject,
            organizational_units: &units,
            one_role: true,
            ..Order::of(&csr)
        };
        let issuer = self.ca.issuers.active();
        let at = self.ca.clock.now();
        let number = serial(&self.ca.clock)?;
        let draft = self.ca.profile(PROFILE)?.draft(issuer.certificate(), &number, &order, at)?;
        let certificate = self
            .ca
            .issue(Issue {
                draft,
                issuer: issuer.key_id().clone(),
                enrollment_id: OWNER.to_owned(),
                actor: "chancery".to_owned(),
                reason: "administrator of channels",
                claim: Claim::None,
            })
            .await?;
        info!(msp.id = %self.msp_id, certificate.serial = %certificate.serial(),
            "issued a certificate of the administrator whose key is in the token");
        Ok(certificate)
    }
}

impl Deputy for Acting {
    fn msp_id(&self) -> &str {
        &self.msp_id
    }

    fn creator(&self) -> Vec<u8> {
        self.creator.clone()
    }

    fn sign<'a>(&'a self, octets: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>, Error>> {
        Box::pin(async move {
            // Like all that our keys sign, it is on record before the key is asked.
            let (issuer, name) = (self.key.key_id(), journal_name("config")?);
            let mut hash = [0; 32];
            hash.copy_from_slice(digest(&SHA256, octets).as_ref());
            let to_be_signed: Arc<[u8]> = octets.into();
            let intent = Intent { key: self.key.spki_hash(), digest: hash, to_be_signed };
            let kind = JournalKind::ConfigSignature;
            let row = self.ca.journal_row(&issuer, kind, name.clone(), intent);
            let entry = self.ca.entry("chancery", "intend-signature", name.as_str(), &*self.msp_id);
            let recorded = Entry { deed: "sign-config", ..entry.clone() };
            let signing = Signing { row, claim: Claim::None, entry, answer: Answer::Sealed };
            let seal = |signature: &Verified| Ok(signature.octets().to_vec());
            let keep = move |_: &Vec<u8>| (Change::SealRequest { issuer, name, kind }, recorded);
            self.ca.desk().sign(signing, seal, keep).await
        })
    }
}
