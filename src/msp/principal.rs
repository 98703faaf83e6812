//! Whether an identity is whom a policy names.

use super::core::{Core, RoleUnit, Subject};
use super::rejection::{Category, Rejection};
use super::version::MspVersion;
use crate::wire::{
    BadMessage, CombinedPrincipal, MspIdentityAnonymity, MspPrincipal, MspRole, OrganizationUnit,
    PrincipalClassification, RoleType, SerializedIdentity, decode,
};

/// Octets of combined principals that are read in all: each level is read anew, so that without a bound
/// a deep one would take time by the square of its size.
const MAX_COMBINED: usize = 16 << 20;

/// An identity's standing: whether it is valid, found once.
pub(super) trait Standing {
    fn validity(&self, core: &Core) -> Result<(), Rejection>;
    fn subject(&self) -> &Subject;
}

/// A certificate whose standing nobody has found out yet.
pub(super) struct Unvalidated<'a>(pub(super) &'a Subject);

impl Standing for Unvalidated<'_> {
    fn validity(&self, core: &Core) -> Result<(), Rejection> {
        core.validate(self.0)
    }

    fn subject(&self) -> &Subject {
        self.0
    }
}

impl Core {
    /// Whether an identity of this MSP satisfies the principal.
    pub(super) fn satisfies(
        &self,
        identity: &impl Standing,
        principal: &MspPrincipal,
    ) -> Result<(), Rejection> {
        if principal.principal_classification != PrincipalClassification::Combined as i32 {
            return self.satisfies_one(identity, principal);
        }
        let parts = self.flatten(principal)?;
        parts.iter().try_for_each(|part| self.satisfies_one(identity, part))
    }

    /// The principals of a combined one, in order.
    pub(super) fn flatten(&self, principal: &MspPrincipal) -> Result<Vec<MspPrincipal>, Rejection> {
        if self.version <= MspVersion::V1_1 {
            return Err(unsupported(principal.principal_classification));
        }
        let mut flat = Vec::new();
        let mut read = 0;
        let mut rest = vec![principal.clone()];
        while let Some(next) = rest.pop() {
            if next.principal_classification != PrincipalClassification::Combined as i32 {
                flat.push(next);
                continue;
            }
            read += next.principal.len();
            if read > MAX_COMBINED {
                let detail = "combined principals nest too deep to be read";
                return Err(Rejection::new(Category::PrincipalMalformed, detail));
            }
            let mut parts: CombinedPrincipal = decode(&next.principal).map_err(malformed)?;
            if parts.principals.is_empty() {
                let detail = "a combined principal names nobody";
                return Err(Rejection::new(Category::CombinedEmpty, detail));
            }
            parts.principals.reverse();
            rest.append(&mut parts.principals);
        }
        Ok(flat)
    }

    fn satisfies_one(
        &self,
        identity: &impl Standing,
        principal: &MspPrincipal,
    ) -> Result<(), Rejection> {
        let Ok(kind) = PrincipalClassification::try_from(principal.principal_classification) else {
            return Err(unsupported(principal.principal_classification));
        };
        match kind {
            PrincipalClassification::Role => {
                let role: MspRole = decode(&principal.principal).map_err(malformed)?;
                self.check_name(&role.msp_identifier)?;
                self.holds_role(identity, role.role)
            }
            PrincipalClassification::OrganizationUnit => {
                let unit: OrganizationUnit = decode(&principal.principal).map_err(malformed)?;
                self.check_name(&unit.msp_identifier)?;
                identity.validity(self)?;
                self.holds_unit(identity.subject(), &unit)
            }
            PrincipalClassification::Identity => self.is_identity(identity, &principal.principal),
            PrincipalClassification::Anonymity if self.version >= MspVersion::V1_3 => {
                let anonymity: MspIdentityAnonymity =
                    decode(&principal.principal).map_err(malformed)?;
                nominal(anonymity.anonymity_type)
            }
            PrincipalClassification::Anonymity | PrincipalClassification::Combined => {
                Err(unsupported(principal.principal_classification))
            }
        }
    }

    pub(super) fn check_name(&self, name: &str) -> Result<(), Rejection> {
        if name == self.name {
            return Ok(());
        }
        let detail = format!(
            "it is of MSP `{}`, not of MSP `{}`",
            self.name.escape_debug(),
            name.escape_debug()
        );
        Err(Rejection::new(Category::OtherMsp, detail))
    }

    /// As numbers: others than those of [`RoleType`] travel too.
    pub(super) fn holds_role(&self, identity: &impl Standing, role: i32) -> Result<(), Rejection> {
        let with_roles = self.version >= MspVersion::V1_4_3 && self.enforces_roles;
        let certificate = &identity.subject().certificate;
        match RoleType::try_from(role) {
            Ok(RoleType::Member) => identity.validity(self),
            Ok(RoleType::Admin) if self.is_admin(certificate) => Ok(()),
            Ok(RoleType::Admin) if with_roles => {
                self.holds_role_unit(identity, "admin", self.roles.admin.as_ref())
            }
            Ok(RoleType::Admin) => {
                let detail = format!(
                    "{} is none of the certificates that the MSP lists as administrators",
                    certificate.called()
                );
                Err(Rejection::new(Category::NotAdmin, detail))
            }
            Ok(RoleType::Client) => {
                self.holds_role_unit(identity, "client", self.roles.client.as_ref())
            }
            Ok(RoleType::Peer) => self.holds_role_unit(identity, "peer", self.roles.peer.as_ref()),
            Ok(RoleType::Orderer) if with_roles => {
                self.holds_role_unit(identity, "orderer", self.roles.orderer.as_ref())
            }
            Ok(RoleType::Orderer) | Err(_) => {
                let detail = format!(
                    "role {role} is not known to MSP version {}{}",
                    self.version,
                    if self.enforces_roles { "" } else { " without NodeOUs" }
                );
                Err(Rejection::new(Category::BadRole, detail))
            }
        }
    }

    fn holds_role_unit(
        &self,
        identity: &impl Standing,
        name: &str,
        role: Option<&RoleUnit>,
    ) -> Result<(), Rejection> {
        identity.validity(self)?;
        self.has_role_unit(identity.subject(), name, role)
    }

    /// The unit's name alone is compared: under which CA it stands was asked by validation.
    pub(super) fn has_role_unit(
        &self,
        subject: &Subject,
        name: &str,
        role: Option<&RoleUnit>,
    ) -> Result<(), Rejection> {
        if !self.enforces_roles {
            let detail = format!("NodeOUs are not enabled, so nobody is told to be {name}");
            return Err(Rejection::new(Category::NodeousDisabled, detail));
        }
        let Some(role) = role else {
            let detail = format!("the MSP defines no unit for the role {name}");
            return Err(Rejection::new(Category::RoleOuUndefined, detail));
        };
        let holds = subject.certificate.names.units.contains(&role.unit);
        if holds && self.identity_chain(subject).is_ok() {
            return Ok(());
        }
        let detail = format!(
            "{} does not hold `{}`, the unit of the role {name}",
            subject.certificate.called(),
            role.unit.escape_debug()
        );
        Err(Rejection::new(Category::RoleOuAbsent, detail))
    }

    fn holds_unit(&self, subject: &Subject, wanted: &OrganizationUnit) -> Result<(), Rejection> {
        let (units, certifiers) = self.units(subject);
        let holds = units.contains(&wanted.organizational_unit_identifier)
            && certifiers == wanted.certifiers_identifier;
        if holds {
            return Ok(());
        }
        let detail = format!(
            "{} does not hold `{}` below the CA that is named",
            subject.certificate.called(),
            wanted.organizational_unit_identifier.escape_debug()
        );
        Err(Rejection::new(Category::NoMatch, detail))
    }

    fn is_identity(&self, identity: &impl Standing, principal: &[u8]) -> Result<(), Rejection> {
        let named: SerializedIdentity = decode(principal).map_err(bad_identity)?;
        self.check_name(&named.mspid)?;
        let named = self.subject(&named.id_bytes)?;
        let own = identity.subject();
        if *named.certificate == *own.certificate {
            return self.validate(&named);
        }
        let detail = format!("{} is not {}", own.certificate.called(), named.certificate.called());
        Err(Rejection::new(Category::NoMatch, detail))
    }
}

fn nominal(kind: i32) -> Result<(), Rejection> {
    match kind {
        0 => Ok(()),
        1 => {
            let detail = "identities with certificates are never anonymous";
            Err(Rejection::new(Category::AnonymousUnsupported, detail))
        }
        other => {
            let detail = format!("{other} is no kind of anonymity");
            Err(Rejection::new(Category::BadAnonymity, detail))
        }
    }
}

fn unsupported(kind: i32) -> Rejection {
    let detail = format!("principals of kind {kind} are not known to this version of the MSP");
    Rejection::new(Category::UnsupportedPrincipal, detail)
}

fn malformed(why: BadMessage) -> Rejection {
    Rejection::new(Category::PrincipalMalformed, format!("the principal is malformed: {why}"))
}

pub(super) fn bad_identity(why: BadMessage) -> Rejection {
    Rejection::new(Category::IdentityMalformed, format!("the identity is malformed: {why}"))
}
