//! Ways to get a key out that must all be refused.
//!
//! Each is tried on a key of Chancery's strict template, on one of the least that is never given up
//! (the rest depends on what the token enforces by itself), and on a secret for HMAC.

use cryptoki::error::Error as TokenError;
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{
    Attribute, AttributeInfo, AttributeType, KeyType, ObjectClass, ObjectHandle,
};
use cryptoki::session::Session;
use cryptoki::types::Ulong;

use super::exam::{Exam, returned};
use super::finding::{Conclusion, bad, fair, good, unknown};
use crate::hsm::fault::Fault;
use crate::hsm::key::Algorithm;
use crate::hsm::pkcs11::epoch::OpenEpoch;
use crate::hsm::pkcs11::template::{mechanism, protected, public};
use crate::secret::random;

/// A key that somebody wants to have.
struct Subject {
    name: &'static str,
    /// Made exactly as CA keys are.
    strict: bool,
    key: ObjectHandle,
}

/// What came of one way to get at a key.
enum Way {
    Refused,
    Open,
}

/// Tries one way on each subject.
fn try_each(
    exam: &Exam<'_>,
    attempt: impl Fn(&Session, &Subject) -> Result<Way, Fault>,
) -> Result<Conclusion, Fault> {
    exam.epoch(|epoch| {
        let session = epoch.open_session(true)?;
        let mut open: Vec<&'static str> = Vec::new();
        let mut strict_is_open = false;
        for subject in subjects(exam, epoch, &session)? {
            if let Way::Open = attempt(&session, &subject)? {
                exam.item(subject.name);
                open.push(subject.name);
                strict_is_open |= subject.strict;
            }
        }
        Ok(if open.is_empty() {
            good("refused", "refused")
        } else if strict_is_open {
            bad("allowed", format!("allowed: {}", open.join(", ")))
        } else {
            fair(
                "refused-by-template",
                format!("refused for CA keys; allowed: {}", open.join(", ")),
            )
        })
    })
}

fn subjects(
    exam: &Exam<'_>,
    epoch: &OpenEpoch<'_>,
    session: &Session,
) -> Result<Vec<Subject>, Fault> {
    exam.make(epoch, 0, Algorithm::P256)?;
    let key = exam.handle(epoch, session, 0, ObjectClass::PRIVATE_KEY)?;
    let mut subjects = vec![Subject { name: "a CA key", strict: true, key }];

    let id = exam.id(1);
    let template = protected(&exam.order.label, &id, Algorithm::P256);
    let (make, parameters) = mechanism(Algorithm::P256);
    let parameters = parameters.first().copied().unwrap_or_default();
    let beside = public(&exam.order.label, &id, Algorithm::P256, parameters);
    let made = exam.call("C_GenerateKeyPair with the least template", || {
        session.generate_key_pair(&make, &beside, &template.firm)
    });
    if let Ok((_, key)) = made {
        subjects.push(Subject { name: "a key of the least template", strict: false, key });
    }
    // A token without HMAC has no such secret.
    if exam.make(epoch, 2, Algorithm::HmacSha256).is_ok() {
        let key = exam.handle(epoch, session, 2, ObjectClass::SECRET_KEY)?;
        subjects.push(Subject { name: "the secret for HMAC", strict: true, key });
    }
    Ok(subjects)
}

/// `CKA_VALUE`.
pub(super) fn read_value(exam: &Exam<'_>) -> Result<Conclusion, Fault> {
    try_each(exam, |session, subject| {
        let what = format!("C_GetAttributeValue of CKA_VALUE of {}", subject.name);
        exam.trying(&what);
        let told = session.get_attribute_info(subject.key, &[AttributeType::Value]);
        let (text, way) = match told.as_deref() {
            Ok([AttributeInfo::Available(octets)]) => {
                (format!("CKR_OK, {octets} octets"), Way::Open)
            }
            Ok([AttributeInfo::Sensitive]) => ("CKR_ATTRIBUTE_SENSITIVE".to_owned(), Way::Refused),
            Ok(other) => (format!("{other:?}"), Way::Refused),
            Err(error) => (returned(error), Way::Refused),
        };
        exam.note(what, text);
        Ok(way)
    })
}

/// `CKA_EXTRACTABLE` from false to true.
pub(super) fn set_extractable(exam: &Exam<'_>) -> Result<Conclusion, Fault> {
    set(exam, &Attribute::Extractable(true))
}

/// `CKA_SENSITIVE` from true to false.
pub(super) fn set_insensitive(exam: &Exam<'_>) -> Result<Conclusion, Fault> {
    set(exam, &Attribute::Sensitive(false))
}

fn set(exam: &Exam<'_>, attribute: &Attribute) -> Result<Conclusion, Fault> {
    let kind = attribute.attribute_type();
    try_each(exam, |session, subject| {
        let what = format!("C_SetAttributeValue of {kind} of {}", subject.name);
        let set = exam
            .call(what, || session.update_attributes(subject.key, std::slice::from_ref(attribute)));
        // What a token says that it did and did not do is not done.
        Ok(if set.is_ok() && is(exam, session, subject.key, attribute) {
            Way::Open
        } else {
            Way::Refused
        })
    })
}

/// Whether the object has this attribute now.
fn is(exam: &Exam<'_>, session: &Session, key: ObjectHandle, attribute: &Attribute) -> bool {
    let kind = attribute.attribute_type();
    let told = session.get_attributes(key, &[kind]).unwrap_or_default();
    exam.note(format!("C_GetAttributeValue of {kind} afterwards"), format!("{told:?}"));
    told.contains(attribute)
}

/// A copy in which it is otherwise.
pub(super) fn copy(exam: &Exam<'_>) -> Result<Conclusion, Fault> {
    try_each(exam, |session, subject| {
        let mut way = Way::Refused;
        for attribute in [Attribute::Extractable(true), Attribute::Sensitive(false)] {
            let kind = attribute.attribute_type();
            let template = [Attribute::Token(false), attribute.clone()];
            let copied = exam
                .call(format!("C_CopyObject of {} with other {kind}", subject.name), || {
                    session.copy_object(subject.key, &template)
                });
            let Ok(copied) = copied else { continue };
            if is(exam, session, copied, &attribute) {
                way = Way::Open;
            }
            session.destroy_object(copied).map_err(Fault::at("destroy a copy"))?;
        }
        Ok(way)
    })
}

/// Wraps the key with an AES key that we may decrypt with.
pub(super) fn wrap_out(exam: &Exam<'_>) -> Result<Conclusion, Fault> {
    let iv = random::<16>().unwrap_or_default();
    let mut usable = false;
    let end = exam.epoch(|epoch| {
        let session = epoch.open_session(true)?;
        usable = wrapping_key(exam, &session).is_ok();
        Ok(unknown("no-wrapping-key", "the token makes no AES key that wraps"))
    })?;
    if !usable {
        return Ok(end);
    }
    try_each(exam, |session, subject| {
        let wrapping = wrapping_key(exam, session).map_err(Fault::at("make a wrapping key"))?;
        let mut way = Way::Refused;
        for (name, mechanism) in [
            ("CKM_AES_KEY_WRAP", Mechanism::AesKeyWrap),
            ("CKM_AES_KEY_WRAP_PAD", Mechanism::AesKeyWrapPad),
            ("CKM_AES_CBC_PAD", Mechanism::AesCbcPad(iv)),
        ] {
            let wrapped = exam.call(format!("C_WrapKey of {} with {name}", subject.name), || {
                session.wrap_key(&mechanism, wrapping, subject.key)
            });
            if wrapped.is_ok_and(|octets| !octets.is_empty()) {
                way = Way::Open;
            }
        }
        session.destroy_object(wrapping).map_err(Fault::at("destroy a wrapping key"))?;
        Ok(way)
    })
}

/// An AES key of this session that wraps, unwraps, encrypts and decrypts.
pub(super) fn wrapping_key(exam: &Exam<'_>, session: &Session) -> Result<ObjectHandle, TokenError> {
    let template = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::Token(false),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::ValueLen(Ulong::new(32)),
        Attribute::Wrap(true),
        Attribute::Unwrap(true),
        Attribute::Encrypt(true),
        Attribute::Decrypt(true),
    ];
    exam.call("C_GenerateKey of an AES wrapping key", || {
        session.generate_key(&Mechanism::AesKeyGen, &template)
    })
}
