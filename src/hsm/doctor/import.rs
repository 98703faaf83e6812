//! Known keys brought into the token: do they pass for keys that were made inside?

use cryptoki::error::{Error as TokenError, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use p256::SecretKey;
use p256::elliptic_curve::sec1::ToSec1Point as _;
use p256::pkcs8::EncodePrivateKey as _;
use zeroize::Zeroizing;

use super::exam::Exam;
use super::extraction::wrapping_key;
use super::finding::{Conclusion, bad, fair, good, unknown};
use crate::hsm::custody::CustodyLevel;
use crate::hsm::fault::{Class, Fault};
use crate::hsm::key::Algorithm;
use crate::hsm::pkcs11::epoch::{Handle, OpenEpoch};
use crate::hsm::pkcs11::object::Reader;
use crate::hsm::pkcs11::template::{P256_OID, protected};
use crate::secret::random;

/// A key pair of P-256 that we know.
fn known() -> Result<SecretKey, Fault> {
    let failed = |why: String| Fault::new(Class::Request, "make a known key", why);
    let octets = Zeroizing::new(random::<32>().map_err(|error| failed(error.to_string()))?);
    SecretKey::from_slice(octets.as_ref()).map_err(|error| failed(error.to_string()))
}

/// What is claimed of the key, none of which is true: made inside, never seen, never to leave.
fn claims() -> [Attribute; 3] {
    [Attribute::Local(true), Attribute::AlwaysSensitive(true), Attribute::NeverExtractable(true)]
}

/// What a token makes of keys that came from outside.
fn judge(
    exam: &Exam<'_>,
    epoch: &OpenEpoch<'_>,
    session: &Session,
    accepted: &[ObjectHandle],
) -> Result<Conclusion, Fault> {
    let mut forged = false;
    for key in accepted {
        let custody = Reader { epoch, session }.custody(Handle::new(epoch, *key))?;
        let level = custody.level();
        forged |= level == CustodyLevel::Generated;
        let short = custody.shortfalls(CustodyLevel::Generated);
        let short =
            if short.is_empty() { "as if made inside".to_owned() } else { short.join(", ") };
        exam.note("what the token says of a key that was brought in", format!("{level}: {short}"));
    }
    Ok(if accepted.is_empty() {
        good("refused", "known keys do not come in this way")
    } else if forged {
        bad("forged", "a known key passes for one that was made inside")
    } else {
        fair("told", "known keys come in, and the token tells that they were not made inside")
    })
}

/// What is asked of a known key: what is never given up of Chancery's own template. As objects of the
/// session, since SoftHSM2 leaves half a key behind in the token when it refuses one.
fn asked(exam: &Exam<'_>, number: u8, more: &[Attribute]) -> Vec<Attribute> {
    let mut all = protected(&exam.order.label, &exam.id(number), Algorithm::P256).firm;
    all.retain(|attribute| *attribute != Attribute::Token(true));
    all.push(Attribute::Token(false));
    all.push(Attribute::KeyType(KeyType::EC));
    all.extend_from_slice(more);
    all
}

/// The attributes that are the key itself.
fn itself(scalar: &[u8]) -> [Attribute; 2] {
    [Attribute::EcParams(P256_OID.to_vec()), Attribute::Value(scalar.to_vec())]
}

/// `C_CreateObject`.
pub(super) fn create(exam: &Exam<'_>) -> Result<Conclusion, Fault> {
    exam.epoch(|epoch| {
        let session = epoch.open_session(true)?;
        let secret = known()?;
        let scalar = Zeroizing::new(secret.to_bytes().to_vec());
        let point = secret.public_key().to_sec1_point(false);
        // DER OCTET STRING of 65 octets.
        let point = Attribute::EcPoint([&[0x04, 0x41], point.as_bytes()].concat());
        let create = |what: &str, number: u8, more: &[Attribute]| {
            let all = asked(exam, number, &[&itself(&scalar)[..], more].concat());
            exam.call(format!("C_CreateObject {what}"), || session.create_object(&all))
        };
        let mut accepted = Vec::new();
        let plain = create("of a known EC key", 1, &[]);
        if plain.is_err() {
            // Some modules want the public point with the private key.
            accepted.extend(create("of a known EC key with CKA_EC_POINT", 2, &[point]));
        }
        accepted.extend(plain);
        for (number, claim) in (3..).zip(claims()) {
            let what = format!("that claims {}", claim.attribute_type());
            accepted.extend(create(&what, number, &[claim]));
        }
        accepted.extend(create("that claims all of them", 6, &claims()));
        judge(exam, epoch, &session, &accepted)
    })
}

/// `C_UnwrapKey` of a known key that was wrapped by us.
pub(super) fn unwrap(exam: &Exam<'_>) -> Result<Conclusion, Fault> {
    exam.epoch(|epoch| {
        let session = epoch.open_session(true)?;
        let Ok(wrapping) = wrapping_key(exam, &session) else {
            return Ok(unknown("no-wrapping-key", "the token makes no AES key that unwraps"));
        };
        let end = unwrap_with(exam, epoch, &session, wrapping);
        session.destroy_object(wrapping).map_err(Fault::at("destroy a wrapping key"))?;
        end
    })
}

fn unwrap_with(
    exam: &Exam<'_>,
    epoch: &OpenEpoch<'_>,
    session: &Session,
    wrapping: ObjectHandle,
) -> Result<Conclusion, Fault> {
    let iv = random::<16>()
        .map_err(|error| Fault::new(Class::Request, "make an IV", error.to_string()))?;
    let (mut accepted, mut genuine, mut spoken) = (Vec::new(), false, false);
    for (name, mechanism) in [
        ("CKM_AES_CBC_PAD", Mechanism::AesCbcPad(iv)),
        ("CKM_AES_KEY_WRAP_PAD", Mechanism::AesKeyWrapPad),
        ("CKM_AES_KEY_WRAP", Mechanism::AesKeyWrap),
    ] {
        let wrapped = wrap_known(exam, session, wrapping, name, &mechanism)?;
        genuine |= wrapped.is_some();
        // Without one that is genuine: does the token speak the mechanism at all?
        let what = if wrapped.is_some() { "of a known key" } else { "of no key" };
        let wrapped = wrapped.unwrap_or_else(|| vec![0xa5; 48]);
        for (claim, more) in [("", &[][..]), (", claiming CKA_LOCAL and the like", &claims())] {
            let unwrapped = exam.call(format!("C_UnwrapKey {what} with {name}{claim}"), || {
                session.unwrap_key(&mechanism, wrapping, &wrapped, &asked(exam, 1, more))
            });
            spoken |= !matches!(
                unwrapped,
                Err(TokenError::Pkcs11(
                    RvError::MechanismInvalid | RvError::FunctionNotSupported,
                    _
                ))
            );
            accepted.extend(unwrapped);
        }
    }
    match (accepted.is_empty(), genuine, spoken) {
        (true, _, false) => {
            Ok(good("no-mechanism", "the token unwraps with none of three mechanisms"))
        }
        (true, false, true) => Ok(unknown("not-tried", "no known key could be wrapped")),
        _ => judge(exam, epoch, session, &accepted),
    }
}

/// A known key, wrapped: encrypted as PKCS#8 where the mechanism encrypts, else by the token itself.
fn wrap_known(
    exam: &Exam<'_>,
    session: &Session,
    wrapping: ObjectHandle,
    name: &str,
    mechanism: &Mechanism<'_>,
) -> Result<Option<Vec<u8>>, Fault> {
    let secret = known()?;
    if let Mechanism::AesCbcPad(_) = mechanism {
        let pkcs8 = secret
            .to_pkcs8_der()
            .map_err(|error| Fault::new(Class::Request, "write a known key", error.to_string()))?;
        let encrypted = exam.call(format!("C_Encrypt of a known PKCS#8 with {name}"), || {
            session.encrypt(mechanism, wrapping, pkcs8.as_bytes())
        });
        return Ok(encrypted.ok());
    }
    let scalar = Zeroizing::new(secret.to_bytes().to_vec());
    let mut template = itself(&scalar).to_vec();
    template.extend([
        Attribute::Class(ObjectClass::PRIVATE_KEY),
        Attribute::KeyType(KeyType::EC),
        Attribute::Token(false),
        Attribute::Private(true),
        Attribute::Sensitive(false),
        Attribute::Extractable(true),
        Attribute::Sign(true),
        Attribute::Id(exam.id(2)),
    ]);
    let created = exam.call("C_CreateObject of a known key that may be wrapped", || {
        session.create_object(&template)
    });
    let Ok(created) = created else { return Ok(None) };
    let wrapped = exam.call(format!("C_WrapKey of the known key with {name}"), || {
        session.wrap_key(mechanism, wrapping, created)
    });
    session.destroy_object(created).map_err(Fault::at("destroy a known key"))?;
    Ok(wrapped.ok())
}
