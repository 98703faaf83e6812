//! What a key ceremony did, so that anyone can check it later without the token.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::pki::{Certificate, Demand, lint_certificate};
use crate::service::error::{Error, Kind};

/// The record of one ceremony: what was made, from what, and what is proven about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transcript {
    /// The form of this document: 1.
    pub version: u32,
    /// When it was held.
    pub at: Timestamp,
    /// SHA-256 of the configuration file that was carried out.
    pub configuration_sha256: String,
    /// The token, as it describes itself.
    pub token: String,
    /// What was made, in order.
    pub issuers: Vec<IssuerRecord>,
    /// SHA-256 over everything above, as compact JSON.
    pub digest: String,
}

/// One issuer that a ceremony made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerRecord {
    /// The CA.
    pub ca: String,
    /// `root` or `issuing`.
    pub role: String,
    /// The label of its key in the token.
    pub key_label: String,
    /// SHA-256 of the key's SubjectPublicKeyInfo.
    pub spki_sha256: String,
    /// What the token proves about the key.
    pub custody: serde_json::Value,
    /// SHA-256 of what was signed, as in the journal and in the signer's ledger.
    pub tbs_sha256: String,
    /// The certificate and those above it, as PEM.
    pub chain: Vec<String>,
}

impl Transcript {
    /// Closes a transcript: computes its digest.
    pub(super) fn close(mut self) -> Result<Self, Error> {
        self.digest = self.compute_digest()?;
        Ok(self)
    }

    fn compute_digest(&self) -> Result<String, Error> {
        let blank = Self { digest: String::new(), ..self.clone() };
        let text =
            serde_json::to_vec(&blank).map_err(|e| malformed("cannot be written").because(e))?;
        Ok(sha256(&text))
    }

    /// Reads a transcript.
    ///
    /// # Errors
    /// When it is longer than 1 MiB or not of this form.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.len() > 1024 * 1024 {
            return Err(malformed("is longer than 1 MiB"));
        }
        serde_json::from_str(text).map_err(|e| malformed(&format!("is malformed: {e}")))
    }

    /// Checks everything that can be checked without the token: the digest, each chain up to a root
    /// that signs itself, that each certificate is for the recorded key and over the recorded octets,
    /// and the lints. Returns what is wrong; nothing when all is good.
    pub fn faults(&self, configuration: Option<&[u8]>) -> Vec<String> {
        let mut faults = Vec::new();
        if self.version != 1 {
            faults.push(format!("version {} is not known", self.version));
        }
        if self.compute_digest().ok().as_ref() != Some(&self.digest) {
            faults.push("the digest does not fit: the transcript was changed".to_owned());
        }
        if configuration.is_some_and(|text| sha256(text) != self.configuration_sha256) {
            faults.push("the configuration is not the one that was carried out".to_owned());
        }
        for record in &self.issuers {
            let who = format!("{} {} `{}`", record.ca, record.role, record.key_label);
            match record.faults(self.at) {
                Ok(found) => {
                    faults.extend(found.into_iter().map(|fault| format!("{who}: {fault}")));
                }
                Err(error) => faults.push(format!("{who}: {error}")),
            }
        }
        faults
    }
}

impl IssuerRecord {
    fn faults(&self, at: Timestamp) -> Result<Vec<String>, Error> {
        let chain = self.chain.iter().map(|pem| Certificate::from_pem(pem));
        let chain = chain.collect::<Result<Vec<_>, _>>()?;
        let own = chain.first().ok_or_else(|| malformed("holds no certificate"))?;
        let mut faults = Vec::new();
        if hex::encode(own.public_key().spki_hash()) != self.spki_sha256 {
            faults.push("the certificate is for another key".to_owned());
        }
        if sha256(own.tbs().der()) != self.tbs_sha256 {
            faults.push("the certificate is not what was signed".to_owned());
        }
        for (at, certificate) in chain.iter().enumerate() {
            // The last signs itself, each other is signed by the next.
            let by = chain.get(at + 1).unwrap_or(certificate);
            if certificate.issuer_der() != by.subject_der()
                || certificate.verify_signed_by(by.public_key()).is_err()
            {
                faults.push(format!("certificate {at} of the chain is not signed by the next"));
            }
        }
        let by = chain.get(1).unwrap_or(own);
        let findings = lint_certificate(own, by, &[Demand::StartedBy(at), Demand::LastsUntil(at)]);
        faults.extend(findings.iter().map(ToString::to_string));
        Ok(faults)
    }
}

pub(super) fn sha256(octets: &[u8]) -> String {
    hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, octets))
}

fn malformed(why: &str) -> Error {
    Error::new(Kind::Malformed, format!("the transcript {why}"))
}
