//! What the token's signatures, points and codes look like.

use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass};
use p256::ecdsa::Signature;

use super::exam::{Exam, sign};
use super::finding::{Conclusion, bad, fair, good};
use crate::hsm::fault::{Class, Fault};
use crate::hsm::key::Algorithm;
use crate::hsm::pkcs11::epoch::Handle;
use crate::hsm::pkcs11::object::Reader;
use crate::hsm::token::Epoch as _;
use crate::pki::{KeyAlgorithm, PublicKey};
use crate::secret::{equal, random};

/// Counts the signatures with a high S.
pub(super) fn high_s(exam: &Exam<'_>) -> Result<Conclusion, Fault> {
    let count: u32 = if exam.order.slow { 2_000 } else { 200 };
    exam.epoch(|epoch| {
        let (key, _) = exam.make(epoch, 0, Algorithm::P256)?;
        let mut session = epoch.session()?;
        let what = format!("C_Sign with CKM_ECDSA {count} times");
        exam.trying(&what);
        let mut high: u32 = 0;
        for number in 0..count {
            let raw = sign(session.as_mut(), &key, &number.to_be_bytes())?;
            let parsed = Signature::from_slice(&raw);
            let parsed = parsed.map_err(|error| {
                Fault::new(Class::Device, "parse a signature", error.to_string())
            })?;
            high += u32::from(parsed.normalize_s() != parsed);
        }
        exam.note(what, format!("every signature verifies, {high} have a high S"));
        exam.figure("signatures", count.into());
        exam.figure("high_s", high.into());
        let percent = 100 * high / count;
        Ok(match high {
            0 => good("never", "all have a low S"),
            _ => fair("sometimes", format!("{percent} % of {count}; Chancery writes them low")),
        })
    })
}

/// How the point is written with the public and with the private key.
pub(super) fn ec_point(exam: &Exam<'_>) -> Result<Conclusion, Fault> {
    exam.epoch(|epoch| {
        let (key, _) = exam.make(epoch, 0, Algorithm::P256)?;
        let session = epoch.open_session(false)?;
        let reader = Reader { epoch, session: &session };
        let mut forms = Vec::new();
        for (name, class) in
            [("public", ObjectClass::PUBLIC_KEY), ("private", ObjectClass::PRIVATE_KEY)]
        {
            let handle = exam.handle(epoch, &session, 0, class)?;
            let handle = Handle::new(epoch, handle);
            let point = reader.octets(handle, AttributeType::EcPoint)?;
            let form = form(&point);
            exam.note(format!("C_GetAttributeValue of CKA_EC_POINT of the {name} key"), form);
            forms.push(form);
            let info = reader.octets(handle, AttributeType::PublicKeyInfo)?;
            let told = if info.is_empty() {
                "not told"
            } else if info == key.info.spki {
                "its SubjectPublicKeyInfo"
            } else {
                "something else"
            };
            exam.note(
                format!("C_GetAttributeValue of CKA_PUBLIC_KEY_INFO of the {name} key"),
                told,
            );
        }
        let form = forms.first().copied().unwrap_or("not told");
        exam.item(form);
        Ok(match form {
            "DER OCTET STRING" => good("der", form),
            "not told" => fair("not-told", "the public key is learned from the first signature"),
            "raw" | "BIT STRING" | "66 octets" => {
                fair("other", format!("{form}; Chancery reads it"))
            }
            _ => bad("unreadable", form),
        })
    })
}

fn form(point: &[u8]) -> &'static str {
    match point {
        [] => "not told",
        [0x04, 0x41, 0x04, ..] if point.len() == 67 => "DER OCTET STRING",
        [0x03, 0x42, 0x00, 0x04, ..] if point.len() == 68 => "BIT STRING",
        [0x04, ..] if point.len() == 65 => "raw",
        _ if PublicKey::from_ec_point(KeyAlgorithm::P256, point).is_ok() => "66 octets",
        _ => "no point of the curve",
    }
}

/// Makes a secret, computes codes, and checks the mechanism with a secret that we know.
pub(super) fn hmac(exam: &Exam<'_>) -> Result<Conclusion, Fault> {
    exam.epoch(|epoch| {
        let (key, made) = match exam.make(epoch, 0, Algorithm::HmacSha256) {
            Ok(made) => made,
            Err(fault) if fault.class == Class::Request => {
                return Ok(fair("none", "Chancery keeps chosen secrets by Argon2id instead"));
            }
            Err(fault) => return Err(fault),
        };
        let mut session = epoch.session()?;
        let once = exam.step("C_Sign with CKM_SHA256_HMAC", || session.mac(&key, b"a"))?;
        let again = exam.step("C_Sign with CKM_SHA256_HMAC again", || session.mac(&key, b"a"))?;
        let other = exam.step("C_Sign of another message", || session.mac(&key, b"b"))?;
        if !equal(&once, &again) || equal(&once, &other) {
            return Ok(bad("wrong", "codes are not those of one secret"));
        }
        let level = made.custody.level();
        exam.note("what is proven about the secret", level.to_string());

        let session = epoch.open_session(true)?;
        let known = random::<32>()
            .map_err(|error| Fault::new(Class::Request, "make a secret", error.to_string()))?;
        let template = [
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::GENERIC_SECRET),
            Attribute::Token(false),
            Attribute::Sign(true),
            Attribute::Value(known.to_vec()),
        ];
        let handle =
            exam.call("C_CreateObject of a known secret", || session.create_object(&template));
        if let Ok(handle) = handle {
            let code = session
                .sign(&Mechanism::Sha256Hmac, handle, b"a")
                .map_err(Fault::at("compute a MAC with a known secret"))?;
            let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &known);
            let right = equal(&code, aws_lc_rs::hmac::sign(&key, b"a").as_ref());
            exam.note(
                "its code",
                if right { "as computed here" } else { "another than computed here" },
            );
            session.destroy_object(handle).map_err(Fault::at("destroy a known secret"))?;
            if !right {
                return Ok(bad("wrong", "codes are not HMAC with SHA-256"));
            }
        }
        Ok(good("works", format!("with a secret made in the token ({level})")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_told_by_their_form() {
        assert_eq!(form(&[]), "not told");
        assert_eq!(form(&[&[0x04, 0x41, 0x04][..], &[1; 64]].concat()), "DER OCTET STRING");
        assert_eq!(form(&[&[0x04][..], &[1; 64]].concat()), "raw");
        assert_eq!(form(&[9; 65]), "no point of the curve");
    }
}
