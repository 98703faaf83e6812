//! From a profile and an order to a draft: everything that can be checked before a key is touched.

use super::algorithm::KeyAlgorithm;
use super::alternative::{AlternativeName, AlternativeNameError, MAX_ALTERNATIVE_NAMES};
use super::attribute::{Attributes, AttributesError};
use super::certificate::Certificate;
use super::csr::Csr;
use super::draft::Draft;
use super::key::PublicKey;
use super::lint::{Demand, Finding, lint_certificate};
use super::name::{Field, Subject, SubjectError};
use super::profile::{AlternativeNamesRule, KeyKind, Profile};
use super::tbs::TbsCertificate;
use super::write_certificate::{Content, Issuer};
use crate::clock::Timestamp;
use crate::id::SerialNumber;

/// Lives shorter than this may be over when the certificate is issued, since its end is counted from
/// the nearest minute. Only a test writes such a profile.
const SHORT_LIFE_SECONDS: u32 = 60;

/// What is asked of a profile. Who may ask for it is decided before.
#[derive(Debug, Clone)]
pub struct Order<'a> {
    /// The request whose key is certified.
    pub csr: &'a Csr,
    /// The subject; its common name is the enrollment ID. OUs in it do not count.
    pub subject: &'a Subject,
    /// The OUs: the identity's type, then the parts of its affiliation from the top.
    pub organizational_units: &'a [String],
    /// The alternative names: `None` for those of the request, else these instead.
    pub hosts: Option<&'a [String]>,
    /// What the attribute extension holds; `None` for no extension.
    pub attributes: Option<&'a Attributes>,
    /// A start of validity; one before the profile's own is ignored.
    pub not_before: Option<Timestamp>,
    /// Whether exactly one OU must be a role of Fabric's: client, peer, admin or orderer.
    pub one_role: bool,
}

impl<'a> Order<'a> {
    /// What the request itself says, and nothing more.
    pub fn of(csr: &'a Csr) -> Self {
        Self {
            csr,
            subject: csr.subject(),
            organizational_units: &[],
            hosts: None,
            attributes: None,
            not_before: None,
            one_role: false,
        }
    }
}

/// Why a profile gives no draft.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// The subject cannot be written; a field that is too long is named.
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// A host or alternative name cannot be certified.
    #[error(transparent)]
    AlternativeName(#[from] AlternativeNameError),
    /// The profile wants alternative names and there are none, or the reverse.
    #[error("the profile {0}")]
    AlternativeNames(&'static str),
    /// The attributes do not fit into a certificate.
    #[error(transparent)]
    Attributes(#[from] AttributesError),
    /// The request asks for a CA certificate and the profile is not for CAs.
    #[error("the request is for a CA and the profile is not")]
    NotForAuthorities,
    /// The issuer may not issue to a CA of such a path length, or not to a CA at all.
    #[error("the issuer's path length does not allow a CA certificate of path length {0}")]
    PathLength(u8),
    /// The profile does not certify keys of this kind.
    #[error("the profile does not certify {0} keys")]
    KeyKind(KeyAlgorithm),
    /// The validity asked for would end before it starts.
    #[error("the validity would start at {start} and end at {end}")]
    Validity {
        /// The start asked for.
        start: Timestamp,
        /// The end by the profile and the issuer.
        end: Timestamp,
    },
    /// The issuer is no CA, or not valid now.
    #[error("the issuer {0}")]
    Issuer(&'static str),
    /// A relying party would refuse it.
    #[error("a relying party would refuse it: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Lint(Vec<Finding>),
    /// What was written cannot be read: a fault of ours.
    #[error("the draft cannot be read: {0}")]
    Unreadable(String),
}

impl Profile {
    /// Drafts the certificate of a member, or of a CA that enrolls.
    ///
    /// # Errors
    /// When the request, the order, the profile and the issuer do not go together.
    pub fn draft(
        &self,
        issuer: &Certificate,
        serial: &SerialNumber,
        order: &Order<'_>,
        at: Timestamp,
    ) -> Result<Draft<Certificate>, ProfileError> {
        let (asks_for_ca, path_length) = order.csr.basic_constraints().unwrap_or_default();
        if asks_for_ca && !self.is_for_authorities() {
            return Err(ProfileError::NotForAuthorities);
        }
        if let (true, Some(asked)) = (asks_for_ca, path_length) {
            allows(issuer, asked)?;
        }
        if order.subject.common_name.as_deref().is_none_or(str::is_empty) {
            return Err(SubjectError::Invalid(Field::CommonName, "is missing").into());
        }
        let mut subject = order.subject.clone();
        subject.fields.retain(|(field, _)| *field != Field::OrganizationalUnit);
        let units = order.organizational_units.iter();
        subject.fields.extend(units.map(|unit| (Field::OrganizationalUnit, unit.clone())));

        let mut content = self.content(issuer, serial, order.csr.public_key(), &subject, at)?;
        if let Some(later) = order.not_before.filter(|asked| *asked > content.not_before) {
            content.not_before = later;
        }
        content.names = self.names(order)?;
        if let Some(attributes) = order.attributes.filter(|_| self.options().attributes) {
            content.attributes = Some(attributes.to_json()?);
        }
        self.finish(&content, order.one_role, at)
    }

    /// Drafts the certificate of an issuing CA of ours under an issuer of ours; its key is in a
    /// token of ours, so there is no request.
    ///
    /// # Errors
    /// When the profile is not for CAs, or does not go together with the issuer, key or subject.
    pub fn draft_issuing(
        &self,
        issuer: &Certificate,
        key: &PublicKey,
        serial: &SerialNumber,
        subject: &Subject,
        at: Timestamp,
    ) -> Result<Draft<Certificate>, ProfileError> {
        if !self.is_for_authorities() {
            return Err(ProfileError::NotForAuthorities);
        }
        let content = self.content(issuer, serial, key, subject, at)?;
        self.finish(&content, false, at)
    }

    /// Drafts the certificate of a root, which signs itself. Its authority key identifier is its own.
    ///
    /// # Errors
    /// When the profile is not for CAs, or does not go together with the key or subject.
    pub fn draft_root(
        &self,
        key: &PublicKey,
        serial: &SerialNumber,
        subject: &Subject,
        at: Timestamp,
    ) -> Result<Draft<Certificate>, ProfileError> {
        if !self.is_for_authorities() {
            return Err(ProfileError::NotForAuthorities);
        }
        let subject = subject.write(self.options().group_subject_fields)?;
        let backdate = i64::from(self.options().backdate_seconds.unwrap_or_default());
        let content = Content {
            issuer: Issuer { name: &subject, key, key_id: key.key_id(), certificate: None },
            serial,
            subject: subject.clone(),
            key,
            names: Vec::new(),
            attributes: None,
            not_before: at.plus(-backdate),
            not_after: self.end(at),
        };
        self.finish(&content, false, at)
    }

    /// What the profile and the issuer say by themselves.
    fn content<'a>(
        &self,
        issuer: &'a Certificate,
        serial: &'a SerialNumber,
        key: &'a PublicKey,
        subject: &Subject,
        at: Timestamp,
    ) -> Result<Content<'a>, ProfileError> {
        if !issuer.is_ca() || issuer.key_usage().is_some_and(|usage| !usage.key_cert_sign()) {
            return Err(ProfileError::Issuer("is no CA"));
        }
        if !issuer.is_valid_at(at) {
            return Err(ProfileError::Issuer("is not valid now"));
        }
        if let Some(authority) = self.options().authority {
            allows(issuer, authority.path_length)?;
        }
        let own_start = issuer.not_before();
        let not_before = match self.options().backdate_seconds {
            Some(seconds) => own_start.max(at.plus(-i64::from(seconds))),
            None => own_start,
        };
        Ok(Content {
            issuer: Issuer {
                name: issuer.subject_der(),
                key: issuer.public_key(),
                key_id: issuer.issuing_key_id(),
                certificate: Some(issuer.tbs()),
            },
            serial,
            subject: subject.write(self.options().group_subject_fields)?,
            key,
            names: Vec::new(),
            attributes: None,
            not_before,
            not_after: self.end(at).min(issuer.not_after()),
        })
    }

    fn end(&self, at: Timestamp) -> Timestamp {
        at.rounded_to_minute().plus(i64::from(self.options().life_seconds))
    }

    fn names(&self, order: &Order<'_>) -> Result<Vec<AlternativeName>, ProfileError> {
        let mut names = match order.hosts {
            None => order.csr.alternative_names().to_vec(),
            Some(hosts) if hosts.len() > MAX_ALTERNATIVE_NAMES => {
                return Err(AlternativeNameError::TooMany.into());
            }
            Some(hosts) => hosts
                .iter()
                .map(|host| AlternativeName::from_host(host))
                .collect::<Result<_, _>>()?,
        };
        if self.is_for_authorities() {
            // As Fabric CA does: a CA is no host, but its addresses stay.
            names.retain(|name| matches!(name, AlternativeName::Ip(_)));
        }
        match self.options().alternative_names {
            AlternativeNamesRule::Required if names.is_empty() => {
                Err(ProfileError::AlternativeNames("wants alternative names and there are none"))
            }
            AlternativeNamesRule::Forbidden if !names.is_empty() => {
                Err(ProfileError::AlternativeNames("does not give alternative names"))
            }
            AlternativeNamesRule::AsAsked
            | AlternativeNamesRule::Optional
            | AlternativeNamesRule::Required
            | AlternativeNamesRule::Forbidden => Ok(names),
        }
    }

    /// Writes the draft, reads it as others will, and lints it.
    fn finish(
        &self,
        content: &Content<'_>,
        one_role: bool,
        at: Timestamp,
    ) -> Result<Draft<Certificate>, ProfileError> {
        let options = self.options();
        let algorithm = content.key.algorithm();
        if !options.keys.contains(&KeyKind::from(algorithm)) {
            return Err(ProfileError::KeyKind(algorithm));
        }
        let (start, end) = (content.not_before, content.not_after);
        if start >= end {
            return Err(ProfileError::Validity { start, end });
        }
        let octets =
            content.write(options).map_err(|error| ProfileError::Unreadable(error.to_string()))?;
        let tbs = TbsCertificate::from_der(&octets)
            .map_err(|error| ProfileError::Unreadable(error.to_string()))?;

        let mut demands = Vec::new();
        if start <= at {
            demands.push(Demand::StartedBy(at));
        }
        if options.life_seconds >= SHORT_LIFE_SECONDS {
            demands.push(Demand::LastsUntil(at));
        }
        if options.alternative_names != AlternativeNamesRule::AsAsked {
            demands.push(Demand::ProperNames);
        }
        if options.alternative_names == AlternativeNamesRule::Required {
            demands.push(Demand::AlternativeNames);
        }
        if one_role {
            demands.push(Demand::OneRole);
        }
        demands.push(Demand::ServerAuth);
        let findings = lint_certificate(&tbs, content.issuer.certificate.unwrap_or(&tbs), &demands);
        if !findings.is_empty() {
            return Err(ProfileError::Lint(findings));
        }
        Ok(Draft::new(octets, content.issuer.key.clone(), tbs))
    }
}

/// Whether the issuer may issue to a CA of this path length.
/// [RFC 5280 section 4.2.1.9](https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.9)
fn allows(issuer: &Certificate, path_length: u8) -> Result<(), ProfileError> {
    match issuer.path_length() {
        Some(own) if path_length >= own => Err(ProfileError::PathLength(path_length)),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
#[path = "draft_certificate_tests.rs"]
mod tests;
