//! Enroll and reenroll: a certificate for the key of a request.

use std::sync::Arc;

use tracing::info;

use crate::clock::{Clock, Timestamp};
use crate::id::SerialNumber;
use crate::pki::{Attributes, Certificate, Csr, Order, ProfileError, Subject, SubjectError};
use crate::service::authority::Authority;
use crate::service::caller::{Caller, Enrollee};
use crate::service::error::{Error, Kind};
use crate::service::issue::Issue;
use crate::service::rules::{INTERMEDIATE_CA, Switch, switch};
use crate::store::{Claim, Identity};

/// What a member asks for.
#[derive(Debug)]
pub struct Enroll {
    /// The request; its key has proved possession.
    pub csr: Csr,
    /// The profile; `None` is the default one.
    pub profile: Option<String>,
    /// Subject fields that replace the request's.
    pub names: Option<Subject>,
    /// Alternative names that replace the request's; `None` keeps those, an empty list drops them.
    pub hosts: Option<Vec<String>>,
    /// The start of validity; `None` is the profile's.
    pub not_before: Option<Timestamp>,
    /// Attributes to certify; `None` are those with the ecert flag.
    pub attributes: Option<Vec<AttributeRequest>>,
}

/// One attribute that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeRequest {
    /// Its name.
    pub name: String,
    /// Whether it may be missing.
    pub optional: bool,
}

impl Authority {
    /// Certifies the key of one who has proved an enrollment secret; takes one of its enrollments.
    ///
    /// # Errors
    /// [`Kind::NameMismatch`], [`Kind::UnknownProfile`], [`Kind::Forbidden`], [`Kind::SubjectTooLong`],
    /// [`Kind::MissingAttribute`], [`Kind::CaRefused`], [`Kind::Unauthenticated`] when another request
    /// took the last enrollment; [`Kind::Busy`], [`Kind::Unavailable`].
    pub async fn enroll(
        self: &Arc<Self>,
        enrollee: &Enrollee,
        request: Enroll,
    ) -> Result<Certificate, Error> {
        let claim = Claim::Enrollment { cap: self.limits.max_enrollments };
        self.certify(enrollee.identity(), request, "enroll", claim).await
    }

    /// Certifies a new key, or the same one again, of one who has proved an enrolled key.
    ///
    /// # Errors
    /// As [`Authority::enroll`]; reenrollments are not counted.
    pub async fn reenroll(
        self: &Arc<Self>,
        caller: &Caller,
        request: Enroll,
    ) -> Result<Certificate, Error> {
        self.certify(caller.identity(), request, "reenroll", Claim::Member).await
    }

    async fn certify(
        self: &Arc<Self>,
        identity: &Identity,
        request: Enroll,
        deed: &'static str,
        claim: Claim,
    ) -> Result<Certificate, Error> {
        // 1. Check everything that can be checked before a key is touched.
        let id = identity.id.as_str();
        let subject = match &request.names {
            Some(names) => request.csr.subject().overridden_by(names),
            None => request.csr.subject().clone(),
        };
        let of_request = request.csr.subject().common_name.as_deref();
        if of_request != Some(id) || subject.common_name.as_deref() != Some(id) {
            let why = "the common name of the request is not the enrollment ID";
            return Err(Error::new(Kind::NameMismatch, why));
        }
        let profile = self.profile(request.profile.as_deref().unwrap_or_default())?;
        if (profile.is_for_authorities() || request.csr.asks_for_ca())
            && switch(&identity.attributes, INTERMEDIATE_CA) != Switch::On
        {
            let why = "a CA certificate needs the attribute `hf.IntermediateCA`";
            return Err(Error::new(Kind::Forbidden, why));
        }
        let units: Vec<String> = std::iter::once(identity.kind.as_str())
            .chain(identity.affiliation.parts())
            .filter(|unit| !unit.is_empty())
            .map(str::to_owned)
            .collect();
        let attributes = attributes_of(identity, request.attributes.as_deref());
        let order = Order {
            csr: &request.csr,
            subject: &subject,
            organizational_units: &units,
            hosts: request.hosts.as_deref(),
            attributes: attributes.as_ref().ok().and_then(Option::as_ref),
            not_before: request.not_before,
            // Fabric CA takes any type; our own profiles give what Fabric's nodes take for a role.
            one_role: !profile.options().group_subject_fields && !profile.is_for_authorities(),
        };
        let issuer = self.issuers.active();
        let draft =
            profile.draft(issuer.certificate(), &serial(&self.clock)?, &order, self.clock.now());
        let draft = match (draft, attributes) {
            // A field that is too long is told before an attribute that is missing.
            (Err(error @ ProfileError::Subject(_)), _) => return Err(error.into()),
            (_, Err(error)) => return Err(error),
            (Err(error), _) => return Err(error.into()),
            (Ok(draft), Ok(_)) => draft,
        };

        // 2. Journal, sign, seal, record.
        let certificate = self
            .issue(Issue {
                draft,
                issuer: issuer.key_id().clone(),
                enrollment_id: id.to_owned(),
                actor: id.to_owned(),
                reason: deed,
                claim,
            })
            .await
            .map_err(spent)?;
        let serial = certificate.serial();
        info!(ca.name = %self.name, certificate.serial = %serial, enrollment.id = id,
            "issued certificate {serial} to `{id}`");
        Ok(certificate)
    }
}

/// A guard that lost means that the last enrollment went to another request, or that the identity
/// was revoked meanwhile: both are told like a wrong secret.
fn spent(error: Error) -> Error {
    if error.kind == Kind::Conflict { Error::unauthenticated().because(error) } else { error }
}

/// What the attribute extension says; `None` leaves it out.
fn attributes_of(
    identity: &Identity,
    asked: Option<&[AttributeRequest]>,
) -> Result<Option<Attributes>, Error> {
    let held = &identity.attributes;
    let Some(asked) = asked else {
        let flagged = held.iter().filter(|attribute| attribute.ecert);
        let pairs: Vec<_> = flagged.map(|a| (a.name.clone(), a.value.clone())).collect();
        return Ok((!pairs.is_empty()).then(|| pairs.into_iter().collect()));
    };
    let mut pairs = Vec::new();
    for request in asked {
        match held.iter().find(|attribute| attribute.name == request.name) {
            Some(attribute) => pairs.push((attribute.name.clone(), attribute.value.clone())),
            None if request.optional => {}
            None => {
                let why = format!("the identity has no attribute `{}`", request.name);
                return Err(Error::new(Kind::MissingAttribute, why));
            }
        }
    }
    Ok(Some(pairs.into_iter().collect()))
}

/// A fresh serial number.
pub(super) fn serial(clock: &Clock) -> Result<SerialNumber, Error> {
    let random = crate::secret::random();
    random.map(|random| SerialNumber::new(clock.millis(), random)).map_err(|source| {
        Error::new(Kind::Internal, "the system gives no randomness").because(source)
    })
}

impl From<ProfileError> for Error {
    fn from(error: ProfileError) -> Self {
        let kind = match &error {
            ProfileError::Subject(SubjectError::TooLong(_)) => Kind::SubjectTooLong,
            ProfileError::NotForAuthorities | ProfileError::PathLength(_) => Kind::CaRefused,
            ProfileError::KeyKind(_) => Kind::BadKey,
            ProfileError::Issuer(_) | ProfileError::Unreadable(_) => Kind::Internal,
            ProfileError::Subject(_)
            | ProfileError::AlternativeName(_)
            | ProfileError::AlternativeNames(_)
            | ProfileError::Attributes(_)
            | ProfileError::Validity { .. }
            | ProfileError::Lint(_) => Kind::BadCsr,
        };
        Error::new(kind, error.to_string()).because(error)
    }
}
