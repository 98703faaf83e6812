//! How keys are told apart: `CKA_ID`, and handles.

use cryptoki::error::{Error as TokenError, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;

use super::exam::{Exam, returned};
use super::finding::{Conclusion, fair, good};
use crate::hsm::digest::sha256;
use crate::hsm::fault::Fault;
use crate::hsm::key::{Algorithm, Binding};
use crate::hsm::pkcs11::epoch::{Handle, OpenEpoch};
use crate::hsm::pkcs11::object::Reader;
use crate::pki::signature;

/// Makes two keys with one `CKA_ID`.
pub(super) fn duplicate(exam: &Exam<'_>) -> Result<Conclusion, Fault> {
    exam.epoch(|epoch| {
        exam.make(epoch, 0, Algorithm::P256)?;
        // The second: read back, it is not the only one of its CKA_ID, which the signer refuses.
        let second = exam.make(epoch, 0, Algorithm::P256);
        let session = epoch.open_session(false)?;
        let template = [Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Id(exam.id(0))];
        let found = Reader { epoch, session: &session }.find(&template)?.len();
        exam.note("C_FindObjects of private keys with this CKA_ID", found.to_string());
        Ok(match found {
            2.. => fair("accepted", "one CKA_ID may name two keys; Chancery uses neither of such"),
            _ if second.is_ok() => fair("replaced", "the second key takes the place of the first"),
            _ => good("refused", "a CKA_ID names one key"),
        })
    })
}

/// Remembers the handle of one key, re-initialises, and asks what the handle names then.
pub(super) fn reuse(exam: &Exam<'_>) -> Result<Conclusion, Fault> {
    // The keys must stay from one epoch to the next.
    let keys = exam.device.with_epoch(|epoch| {
        let first = exam.make(epoch, 0, Algorithm::P256)?.0;
        Ok::<_, Fault>([first, exam.make(epoch, 1, Algorithm::P256)?.0])
    })??;
    let remembered = exam.device.with_epoch(|epoch| {
        let session = epoch.open_session(false)?;
        let first = exam.handle(epoch, &session, 0, ObjectClass::PRIVATE_KEY)?;
        exam.note("C_FindObjects of the first of two keys", format!("handle {first}"));
        Ok::<_, Fault>(first)
    })??;
    exam.epoch(|epoch| {
        let session = epoch.open_session(false)?;
        // The other one: a module that counts handles up gives the number to it.
        let second = exam.handle(epoch, &session, 1, ObjectClass::PRIVATE_KEY)?;
        exam.note("C_FindObjects of the second, re-initialised", format!("handle {second}"));
        let named = what_is(exam, epoch, &session, remembered)?;
        exam.note(format!("C_GetAttributeValue of CKA_ID by handle {remembered}"), named.clone());
        let signed = signer_of(exam, &session, &keys, remembered);
        Ok(match signed {
            Some(0) => good("same", "a remembered handle names the same key"),
            Some(_) => fair("another-key", "a remembered handle signs with another key"),
            None if named == "no object" => good("invalid", "a remembered handle names nothing"),
            None => fair("another-object", format!("a remembered handle names {named}")),
        })
    })
}

fn what_is(
    exam: &Exam<'_>,
    epoch: &OpenEpoch<'_>,
    session: &Session,
    handle: ObjectHandle,
) -> Result<String, Fault> {
    match session.get_attributes(handle, &[AttributeType::Class]) {
        Err(TokenError::Pkcs11(RvError::ObjectHandleInvalid, _)) => Ok("no object".to_owned()),
        Err(error) => Ok(returned(&error)),
        Ok(_) => {
            let reader = Reader { epoch, session };
            let id = reader.octets(Handle::new(epoch, handle), AttributeType::Id)?;
            Ok(match id {
                id if id == exam.id(0) => "the first key's".to_owned(),
                id if id == exam.id(1) => "the second key's".to_owned(),
                _ => "another object's".to_owned(),
            })
        }
    }
}

/// Which of the keys verifies what the handle signs.
fn signer_of(
    exam: &Exam<'_>,
    session: &Session,
    keys: &[Binding],
    handle: ObjectHandle,
) -> Option<usize> {
    let digest = sha256(b"whose handle is this");
    let raw = exam
        .call(format!("C_Sign with handle {handle}"), || {
            session.sign(&Mechanism::Ecdsa, handle, &digest)
        })
        .ok()?;
    let signer = keys.iter().position(|key| {
        let Some(public) = &key.public else { return false };
        signature::ecdsa_der_low_s(public.algorithm(), &raw)
            .is_ok_and(|der| signature::verify_digest(public, &digest, &der).is_ok())
    });
    let text = match signer {
        Some(0) => "the first key",
        Some(_) => "the second key, without an error",
        None => "neither key",
    };
    exam.note("what it signed verifies with", text);
    signer
}
