//! Binding a registered key to the one object of the token that it is.

use cryptoki::object::{Attribute, AttributeType, ObjectClass};
use cryptoki::session::Session;

use super::epoch::{Handle, OpenEpoch, is_logged_in};
use super::object::Reader;
use crate::hsm::fault::{Class, Fault};
use crate::hsm::key::Binding;

const OPERATION: &str = "bind a key";

/// Finds the key: exactly one object of its `CKA_ID`, of its label and kind, with its public key
/// beside it, and kept no worse than it must be.
pub(super) fn bind<'e>(
    epoch: &OpenEpoch<'e>,
    session: &Session,
    token: &crate::hsm::key::TokenName,
    key: &Binding,
) -> Result<Handle<'e>, Fault> {
    let alarm = |detail: String| Fault::new(Class::Alarm, OPERATION, detail);
    let info = &key.info;
    if *token != info.token {
        return Err(alarm(format!("it is registered in token {}, not in {token}", info.token)));
    }
    let reader = Reader { epoch, session };
    let class =
        if info.algorithm.is_secret() { ObjectClass::SECRET_KEY } else { ObjectClass::PRIVATE_KEY };
    let found = reader.find(&[
        Attribute::Class(class),
        Attribute::Token(true),
        Attribute::Id(info.id.clone()),
    ])?;
    let handle = match found.as_slice() {
        [one] => *one,
        [] if !is_logged_in(session)? => {
            // Nothing private is seen by who is logged out: not an alarm, another login.
            return Err(Fault::new(Class::Session, OPERATION, "the session is logged out"));
        }
        [] => return Err(alarm("the token does not hold it".to_owned())),
        many => return Err(alarm(format!("{} keys have its CKA_ID", many.len()))),
    };

    let label = reader.octets(handle, AttributeType::Label)?;
    if label != info.label.as_str().as_bytes() {
        let label = String::from_utf8_lossy(&label).into_owned();
        return Err(alarm(format!("the key of its CKA_ID is labelled `{label}`")));
    }
    if reader.algorithm(handle)?.is_some_and(|algorithm| algorithm != info.algorithm) {
        return Err(alarm(format!("it is no {} key", info.algorithm)));
    }
    let custody = reader.custody(handle)?;
    let required = epoch.custody().max(info.custody.level());
    let shortfalls = custody.shortfalls(required);
    if !shortfalls.is_empty() {
        return Err(alarm(format!("it is {}", shortfalls.join(", "))));
    }
    if let Some(expected) = &key.public {
        // A token that shows no public key is believed after its first signature: each is verified.
        let shown = reader.public_key_beside(&info.id, handle, info.algorithm)?;
        if shown.is_some_and(|shown| shown != *expected) {
            return Err(alarm("its public key is another one".to_owned()));
        }
    }
    Ok(handle)
}
