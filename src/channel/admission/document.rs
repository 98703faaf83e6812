//! The rules of admission as people write them: YAML.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::asked::Asked;
use super::shortcoming::shown;
use crate::channel::names::is_legal_channel_id;

/// The largest document, in octets.
pub const MAX_ADMISSION: usize = 256 << 10;
/// Deeper than any such document nests.
const MAX_DEPTH: usize = 16;
/// No document needs to be said by referring to others as often.
const MAX_REPEATED: usize = 10_000;
/// The most documents that are asked for.
const MAX_DOCUMENTS: usize = 50;
/// The longest description, in characters.
const MAX_DESCRIPTION: usize = 500;
/// The longest that an application stays open, in days.
const MAX_OPEN_DAYS: u32 = 366;
/// How long it does unless it is said.
const OPEN_DAYS: u32 = 30;
/// The longest lifetime that can be asked for: a thousand years.
const MAX_DAYS: u32 = 365_250;

/// What a channel asks of an organization that wants to join: `kind: admission`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AdmissionRules {
    /// Always `admission`.
    kind: KindWord,
    /// The ID of the channel.
    #[cfg_attr(feature = "service", schemars(with = "String"))]
    pub(super) channel: Spanned<String>,
    /// Documents that an applicant names by their hashes.
    #[serde(default)]
    #[cfg_attr(feature = "service", schemars(with = "Vec<RequiredDocument>"))]
    documents: Vec<Spanned<RequiredDocument>>,
    /// Who must approve: an implicit rule over the organizations of the application section (`MAJORITY Admins`), a rule of
    /// signatures (`OutOf(2, 'FundMSP.admin', 'RegulatorMSP.admin')`), or the path of a policy of the channel.
    #[cfg_attr(feature = "service", schemars(with = "String"))]
    approval: Spanned<String>,
    /// What is asked of the certificates in the MSP.
    #[serde(default)]
    certificates: CertificateRules,
    /// What is asked of the keys of the organization's CAs.
    #[serde(default)]
    custody: CustodyDemand,
    /// For how many days an application waits for approvals. Default 30.
    #[cfg_attr(feature = "service", schemars(with = "Option<u32>"))]
    open_for_days: Option<Spanned<u32>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum KindWord {
    Admission,
}

/// A document that an applicant must name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RequiredDocument {
    /// What applications call it: 1 to 64 of `[a-z0-9._-]`, a letter or digit first.
    pub name: String,
    /// What it is, for people.
    pub description: String,
    /// Its media type, e.g. `application/pdf`.
    pub media_type: Option<String>,
}

/// What is asked of the certificates of an MSP; what is not said is not asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "the yes and no of a document")]
pub struct CertificateRules {
    /// The kinds of key that CAs and listed administrators may have; any when there is none.
    pub algorithms: Vec<KeyKind>,
    /// The longest that the certificate of a CA that issues to members may be valid, in days.
    pub issuer_lifetime_days: Option<u32>,
    /// How many days the root CAs must still be valid.
    pub root_remaining_days: Option<u32>,
    /// How many days the CAs that issue to members must still be valid.
    pub issuer_remaining_days: Option<u32>,
    /// Whether roles must be told by units (`NodeOUs`).
    pub node_ous: bool,
    /// Whether members must be certified by intermediate CAs, so that the root's key can stay offline.
    pub intermediates: bool,
    /// Whether there must be roots of TLS.
    pub tls_roots: bool,
    /// Whether each CA that issues to members must come with a list of revoked certificates that is signed and not overdue.
    pub revocation_lists: bool,
    /// Whether administrators may only be told by their unit, and not be listed by certificate.
    pub no_listed_admins: bool,
}

/// A kind of key; of RSA with at least so many bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
pub enum KeyKind {
    /// ECDSA on P-256.
    #[serde(rename = "p256")]
    P256,
    /// ECDSA on P-384.
    #[serde(rename = "p384")]
    P384,
    /// Ed25519.
    #[serde(rename = "ed25519")]
    Ed25519,
    /// RSA with 2048 bits or more.
    #[serde(rename = "rsa-2048")]
    Rsa2048,
    /// RSA with 3072 bits or more.
    #[serde(rename = "rsa-3072")]
    Rsa3072,
    /// RSA with 4096 bits or more.
    #[serde(rename = "rsa-4096")]
    Rsa4096,
}

/// What is asked of the keys of an organization's CAs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CustodyDemand {
    /// Nothing.
    #[default]
    Any,
    /// The applicant states in the signed application how they are kept, and names a document as evidence.
    Declared,
    /// They are keys of this server's tokens, whose protection is proven.
    Token,
}

/// Why a document is none of admission rules, or not for the channel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdmissionError {
    /// It does not read.
    #[error("it is no document of admission rules: {0}")]
    Yaml(String),
    /// A value is none that its key may have.
    #[error("line {line}: `{key}` {what}")]
    Value {
        /// The line, from one.
        line: u64,
        /// The key.
        key: &'static str,
        /// What is wrong with it.
        what: String,
    },
}

impl AdmissionRules {
    /// Reads a document.
    ///
    /// # Errors
    /// What is wrong, and in which line.
    pub fn read(text: &[u8]) -> Result<Self, AdmissionError> {
        let yaml = |why: &str| AdmissionError::Yaml(why.to_owned());
        if text.len() > MAX_ADMISSION {
            return Err(yaml("it is longer than 256 kibibytes"));
        }
        let mut reader = text;
        let options = serde_saphyr::options! {
            budget: serde_saphyr::budget! { max_depth: MAX_DEPTH },
            alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: MAX_REPEATED },
            strict_booleans: true,
            with_snippet: false,
        };
        let mut documents = serde_saphyr::read_with_options::<_, Self>(&mut reader, options);
        let rules = match documents.next() {
            Some(Ok(rules)) => rules,
            Some(Err(why)) => return Err(yaml(&why.to_string())),
            None => return Err(yaml("there is nothing in it")),
        };
        if documents.next().is_some() {
            return Err(yaml("there is more than one document in it"));
        }
        drop(documents);
        rules.check()?;
        Ok(rules)
    }

    /// What does not depend on the channel.
    fn check(&self) -> Result<(), AdmissionError> {
        if !is_legal_channel_id(&self.channel.value) {
            let what = format!("is `{}`, which is no ID of a channel", shown(&self.channel.value));
            return Err(wrong(&self.channel, "channel", what));
        }
        self.asked()?;
        if let Some(days) = &self.open_for_days
            && !(1..=MAX_OPEN_DAYS).contains(&days.value)
        {
            let what = format!("is {}, and may be 1 to {MAX_OPEN_DAYS}", days.value);
            return Err(wrong(days, "open_for_days", what));
        }
        let certificates = &self.certificates;
        for (key, days) in [
            ("issuer_lifetime_days", certificates.issuer_lifetime_days),
            ("root_remaining_days", certificates.root_remaining_days),
            ("issuer_remaining_days", certificates.issuer_remaining_days),
        ] {
            if let Some(days) = days.filter(|days| !(1..=MAX_DAYS).contains(days)) {
                return Err(AdmissionError::Yaml(format!(
                    "`certificates.{key}` is {days}, and may be 1 to {MAX_DAYS}"
                )));
            }
        }
        let mut names = BTreeSet::new();
        for (place, document) in self.documents.iter().enumerate() {
            let name = &document.value.name;
            let what = if place >= MAX_DOCUMENTS {
                Some(format!("are more than {MAX_DOCUMENTS}"))
            } else if !is_document_name(name) {
                Some(format!(
                    "has the name `{}`, which is not 1 to 64 of `[a-z0-9._-]`",
                    shown(name)
                ))
            } else if !names.insert(name) {
                Some(format!("has the name `{name}` twice"))
            } else if !is_line(&document.value.description, MAX_DESCRIPTION) {
                Some(format!(
                    "`{name}` has no description of one line of 1 to {MAX_DESCRIPTION} characters"
                ))
            } else if document.value.media_type.as_deref().is_some_and(|it| !is_media_type(it)) {
                Some(format!("`{name}` has a media type that is none"))
            } else {
                None
            };
            if let Some(what) = what {
                return Err(wrong(document, "documents", what));
            }
        }
        Ok(())
    }

    /// The channel that they are for.
    pub fn channel(&self) -> &str {
        &self.channel.value
    }

    /// The documents that an applicant names.
    pub fn documents(&self) -> impl Iterator<Item = &RequiredDocument> {
        self.documents.iter().map(|document| &document.value)
    }

    /// Who must approve, as it is written.
    pub fn approval(&self) -> &str {
        &self.approval.value
    }

    /// What is asked of the certificates.
    pub fn certificates(&self) -> &CertificateRules {
        &self.certificates
    }

    /// What is asked of the keys of CAs.
    pub fn custody(&self) -> CustodyDemand {
        self.custody
    }

    /// For how many days an application waits.
    pub fn open_days(&self) -> u32 {
        self.open_for_days.as_ref().map_or(OPEN_DAYS, |days| days.value)
    }

    /// Who must approve.
    pub(super) fn asked(&self) -> Result<Asked, AdmissionError> {
        Asked::read(&self.approval.value).map_err(|what| wrong(&self.approval, "approval", what))
    }

    pub(super) fn wrong_approval(&self, what: impl Into<String>) -> AdmissionError {
        wrong(&self.approval, "approval", what)
    }

    pub(super) fn wrong_channel(&self, what: impl Into<String>) -> AdmissionError {
        wrong(&self.channel, "channel", what)
    }
}

fn wrong<T>(value: &Spanned<T>, key: &'static str, what: impl Into<String>) -> AdmissionError {
    AdmissionError::Value { line: value.defined.line(), key, what: what.into() }
}

/// Whether a document may be called so.
pub(super) fn is_document_name(name: &str) -> bool {
    let is_first = |c: &u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    let octets = name.as_bytes();
    octets.len() <= 64
        && octets.first().is_some_and(is_first)
        && octets.iter().all(|c| is_first(c) || b"._-".contains(c))
}

/// Whether it is one line of one to so many characters.
pub(super) fn is_line(text: &str, most: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= most && !text.contains(char::is_control)
}

fn is_media_type(text: &str) -> bool {
    let is_token = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|c| c.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&c))
    };
    text.len() <= 127 && text.split_once('/').is_some_and(|(a, b)| is_token(a) && is_token(b))
}
