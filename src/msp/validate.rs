//! Whether an identity is valid, step by step as Fabric does it.

use super::certificate::key::Key;
use super::certificate::{Certificate, Path};
use super::core::{Core, RoleUnit, Subject};
use super::rejection::{Category, Rejection};
use super::version::MspVersion;

impl Core {
    /// Whether the subject is a valid identity of the MSP.
    pub(super) fn validate(&self, subject: &Subject) -> Result<(), Rejection> {
        self.check_key(&subject.certificate)?;
        let chain = self.identity_chain(subject)?;
        self.check_revocation(&subject.certificate, chain)?;
        self.check_units(subject, chain)
    }

    fn check_key(&self, certificate: &Certificate) -> Result<(), Rejection> {
        let supported = match certificate.key() {
            Key::Ecdsa(_) => true,
            Key::Ed25519(_) => self.version >= MspVersion::V3_0,
            Key::Rsa(_) | Key::Other | Key::Unknown => false,
        };
        if supported {
            return Ok(());
        }
        let detail = format!(
            "{} has a key of a kind that MSP version {} does not accept for identities: ECDSA{}",
            certificate.called(),
            self.version,
            if self.version >= MspVersion::V3_0 {
                " or Ed25519 is asked for"
            } else {
                " is asked for"
            },
        );
        Err(Rejection::new(Category::UnsupportedPublicKeyAlgorithm, detail))
    }

    /// Whether one of the lists revokes a certificate below this chain. Only its issuer is looked at.
    pub(super) fn check_revocation(
        &self,
        certificate: &Certificate,
        chain: &Path,
    ) -> Result<(), Rejection> {
        let Some(issuer) = chain.first() else { return Ok(()) };
        let key = subject_key(issuer)?;
        for crl in &self.crls {
            if crl.authority_key()? == key
                && crl.lists(certificate.serial())
                && crl.is_signed_by(issuer)
            {
                let detail = format!(
                    "{} (serial number {}) is revoked by {}",
                    certificate.called(),
                    certificate.serial_hex(),
                    issuer.called()
                );
                return Err(Rejection::new(Category::Revoked, detail));
            }
        }
        Ok(())
    }

    fn check_units(&self, subject: &Subject, chain: &Path) -> Result<(), Rejection> {
        if self.units.is_empty() && !self.enforces_roles {
            return Ok(());
        }
        let held = &subject.certificate.names.units;
        let certifiers = self.certifiers(chain);
        let reject = |category, detail: String| {
            Err(Rejection::new(category, format!("{} {detail}", subject.certificate.called())))
        };
        let recognised =
            |unit: &String| self.units.get(unit).is_some_and(|paths| paths.contains(&certifiers));
        if !self.units.is_empty() && !held.iter().any(recognised) {
            if held.is_empty() {
                return reject(Category::NoOu, "holds no organizational unit".into());
            }
            let asked = quoted(self.units.keys());
            return reject(
                Category::OuNotRecognised,
                format!(
                    "holds {}, of which the MSP asks for one of {asked} below the CA it is bound to",
                    quoted(held)
                ),
            );
        }
        if !self.enforces_roles {
            return Ok(());
        }
        let mut count = 0;
        for unit in held {
            let Some(role) = self.role_named(unit) else { continue };
            if role.certifiers.as_ref().is_some_and(|bound| *bound != certifiers) {
                let detail = format!(
                    "holds the role unit `{}`, which is bound to another CA than the one that issued it: bind it to \
                     the issuing CA, or to none",
                    unit.escape_debug()
                );
                return reject(Category::OuCertifierMismatch, detail);
            }
            count += 1;
            if count > 1 {
                break;
            }
        }
        match count {
            1 => Ok(()),
            0 => {
                let detail = format!(
                    "holds {}, none of which is a role: with NodeOUs enabled each identity holds exactly one of {}",
                    quoted(held),
                    quoted(self.role_units().map(|role| &role.unit)),
                );
                reject(Category::NoRoleOu, detail)
            }
            _ => {
                let detail = format!(
                    "holds {}, of which more than one is a role: with NodeOUs enabled each identity holds exactly one",
                    quoted(held)
                );
                reject(Category::SeveralRoleOus, detail)
            }
        }
    }

    pub(super) fn role_units(&self) -> impl DoubleEndedIterator<Item = &RoleUnit> {
        let roles = &self.roles;
        [&roles.client, &roles.peer, &roles.admin, &roles.orderer].into_iter().flatten()
    }

    /// The role of this unit. Where two share a name, the first counts in older versions, the last in
    /// newer ones.
    pub(super) fn role_named(&self, unit: &str) -> Option<&RoleUnit> {
        let mut named = self.role_units().filter(|role| role.unit == unit);
        if self.version >= MspVersion::V1_4_3 { named.next_back() } else { named.next() }
    }
}

/// The subject key identifier that a CA must have.
pub(super) fn subject_key(ca: &Certificate) -> Result<&[u8], Rejection> {
    ca.subject_key_id().ok_or_else(|| {
        let detail = format!("the CA {} has no subject key identifier", ca.called());
        Rejection::new(Category::NoSki, detail)
    })
}

fn quoted<'a>(units: impl IntoIterator<Item = &'a String>) -> String {
    let names: Vec<String> =
        units.into_iter().map(|unit| format!("`{}`", unit.escape_debug())).collect();
    if names.is_empty() { "no organizational unit".to_owned() } else { names.join(", ") }
}
