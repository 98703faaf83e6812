//! What is asked of a new key, and what is given up when the token refuses it.

use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, KeyType, ObjectClass};
use cryptoki::types::Ulong;

use crate::hsm::fault::{Class, Fault};
use crate::hsm::key::Algorithm;
use crate::id::KeyLabel;

/// `CKA_EC_PARAMS`: the named curve. RFC 5480 section 2.1.1.1
pub(in crate::hsm) const P256_OID: &[u8] = b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
pub(in crate::hsm) const P384_OID: &[u8] = b"\x06\x05\x2b\x81\x04\x00\x22";
pub(in crate::hsm) const ED25519_OID: &[u8] = b"\x06\x03\x2b\x65\x70";
/// The other spelling of PKCS#11 v3.0 section 2.3.10: the name `edwards25519`.
pub(in crate::hsm) const ED25519_NAME: &[u8] = b"\x13\x0cedwards25519";

/// What is asked of a private or secret key: first what is never given up, then what may be, the
/// least valuable first.
pub(in crate::hsm) struct Template {
    pub(in crate::hsm) firm: Vec<Attribute>,
    pub(in crate::hsm) yielding: Vec<Attribute>,
}

/// The strict template of a private or secret key: it signs and does nothing else, it never leaves,
/// and nobody changes that.
pub(in crate::hsm) fn protected(label: &KeyLabel, id: &[u8], algorithm: Algorithm) -> Template {
    let mut firm = vec![
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(true),
        Attribute::Label(label.as_str().as_bytes().to_vec()),
        Attribute::Id(id.to_vec()),
    ];
    let mut yielding = vec![
        Attribute::Copyable(false),
        Attribute::Modifiable(false),
        Attribute::Derive(false),
        Attribute::Unwrap(false),
        Attribute::Decrypt(false),
    ];
    if algorithm.is_secret() {
        firm.push(Attribute::Class(ObjectClass::SECRET_KEY));
        firm.push(Attribute::KeyType(KeyType::GENERIC_SECRET));
        firm.push(Attribute::ValueLen(Ulong::new(32)));
        yielding.push(Attribute::Verify(false));
        yielding.push(Attribute::Wrap(false));
        yielding.push(Attribute::Encrypt(false));
    } else {
        firm.push(Attribute::Class(ObjectClass::PRIVATE_KEY));
        yielding.push(Attribute::SignRecover(false));
    }
    Template { firm, yielding }
}

/// The template of the public key beside it.
pub(in crate::hsm) fn public(
    label: &KeyLabel,
    id: &[u8],
    algorithm: Algorithm,
    parameters: &[u8],
) -> Vec<Attribute> {
    let mut template = vec![
        Attribute::Class(ObjectClass::PUBLIC_KEY),
        Attribute::Token(true),
        Attribute::Private(false),
        Attribute::Verify(true),
        Attribute::Encrypt(false),
        Attribute::Wrap(false),
        Attribute::Label(label.as_str().as_bytes().to_vec()),
        Attribute::Id(id.to_vec()),
    ];
    if let Algorithm::Rsa { bits } = algorithm {
        template.push(Attribute::ModulusBits(Ulong::new(bits.into())));
        template.push(Attribute::PublicExponent(vec![1, 0, 1]));
    } else {
        template.push(Attribute::EcParams(parameters.to_vec()));
    }
    template
}

/// How a key of this kind is made, and the curve parameters to try in turn.
pub(in crate::hsm) fn mechanism(
    algorithm: Algorithm,
) -> (Mechanism<'static>, &'static [&'static [u8]]) {
    match algorithm {
        Algorithm::P256 => (Mechanism::EccKeyPairGen, &[P256_OID]),
        Algorithm::P384 => (Mechanism::EccKeyPairGen, &[P384_OID]),
        Algorithm::Ed25519 => (Mechanism::EccEdwardsKeyPairGen, &[ED25519_OID, ED25519_NAME]),
        Algorithm::Rsa { .. } => (Mechanism::RsaPkcsKeyPairGen, &[&[]]),
        Algorithm::HmacSha256 => (Mechanism::GenericSecretKeyGen, &[&[]]),
    }
}

/// Tries the strict template, then gives up what the token refuses: one attribute at a time, each
/// alone before several together. Tells what was given up. What may not be given up stays.
pub(in crate::hsm) fn climb_down<T>(
    template: &Template,
    mut attempt: impl FnMut(&[Attribute]) -> Result<T, Fault>,
) -> Result<(T, Vec<Attribute>), Fault> {
    let count = template.yielding.len();
    // Which of the yielding attributes are left out, in the order in which it is tried.
    let alone = (0..count).map(|one| one..one + 1);
    let together = (2..=count).map(|last| 0..last);
    let mut first = None;
    for dropped in std::iter::once(0..0).chain(alone).chain(together) {
        let kept = template
            .yielding
            .iter()
            .enumerate()
            .filter(|(index, _)| !dropped.contains(index))
            .map(|(_, attribute)| attribute);
        let attributes: Vec<_> = template.firm.iter().chain(kept).cloned().collect();
        match attempt(&attributes) {
            Ok(made) => {
                let given_up = template.yielding.get(dropped).unwrap_or_default().to_vec();
                return Ok((made, given_up));
            }
            // Only a refusal of the template is answered with another one: after any other error
            // the token may have made a key.
            Err(fault) if fault.class == Class::Request => {
                first.get_or_insert(fault);
            }
            Err(fault) => return Err(fault),
        }
    }
    Err(first.unwrap_or_else(|| Fault::new(Class::Request, "make a key", "no template")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template() -> Template {
        protected(&"ca".parse().unwrap(), &[1], Algorithm::P256)
    }

    fn refusal() -> Fault {
        Fault::new(Class::Request, "make a key", "template")
    }

    #[test]
    fn a_token_that_takes_all_gets_all() {
        let (count, given_up) = climb_down(&template(), |all| Ok(all.len())).unwrap();
        assert_eq!(count, template().firm.len() + template().yielding.len());
        assert!(given_up.is_empty());
    }

    #[test]
    fn only_what_is_refused_is_given_up() {
        for refused in template().yielding {
            let ((), given_up) = climb_down(&template(), |attributes| {
                if attributes.contains(&refused) { Err(refusal()) } else { Ok(()) }
            })
            .unwrap();
            assert_eq!(given_up, [refused]);
        }
    }

    #[test]
    fn protection_is_never_given_up() {
        for firm in [Attribute::Sensitive(true), Attribute::Extractable(false)] {
            let refused = climb_down(&template(), |attributes| {
                assert!(attributes.contains(&firm));
                Err::<(), _>(refusal())
            });
            assert_eq!(refused.unwrap_err().class, Class::Request);
        }
    }

    #[test]
    fn a_fault_of_the_device_is_not_tried_again() {
        let mut tries = 0;
        let fault = climb_down(&template(), |_| {
            tries += 1;
            Err::<(), _>(Fault::new(Class::Device, "make a key", "gone"))
        });
        assert_eq!((fault.unwrap_err().class, tries), (Class::Device, 1));
    }
}
