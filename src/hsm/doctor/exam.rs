//! What a probe works with: the token, a notebook for evidence, and what it makes, which goes again.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use cryptoki::context::Pkcs11;
use cryptoki::error::{Error as TokenError, RvError};
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;

use super::finding::{Conclusion, Evidence, Finding, Probe, Rating};
use super::wire::{Event, Favour, Order, Reply, Wire};
use crate::hsm::fault::{Class, Fault};
use crate::hsm::key::{Algorithm, Binding, KeyInfo, NewKey};
use crate::hsm::pkcs11::Pkcs11Device;
use crate::hsm::pkcs11::epoch::OpenEpoch;
use crate::hsm::pkcs11::object::Reader;
use crate::hsm::protocol::Message;
use crate::hsm::purpose::Purpose;
use crate::hsm::signature::Prepared;
use crate::hsm::token::{Epoch as _, Made, Token};

/// Keys that one examination may make at a time: the last octet of their `CKA_ID`.
const IDS: std::ops::Range<u8> = 0..8;

/// What a probe works with.
pub(super) struct Exam<'a> {
    pub(super) device: &'a Pkcs11Device,
    pub(super) order: &'a Order,
    wire: &'a Wire,
    notes: RefCell<Notes>,
}

#[derive(Default)]
struct Notes {
    evidence: Vec<Evidence>,
    figures: BTreeMap<String, f64>,
    items: Vec<String>,
}

impl<'a> Exam<'a> {
    pub(super) fn new(device: &'a Pkcs11Device, order: &'a Order, wire: &'a Wire) -> Self {
        Self { device, order, wire, notes: RefCell::default() }
    }

    /// The module, for what happens outside of an epoch.
    pub(super) fn library(&self) -> &'a Pkcs11 {
        self.device.library()
    }

    /// Calls the module, and writes down what was called and what it returned.
    pub(super) fn call<T>(
        &self,
        what: impl Into<String>,
        call: impl FnOnce() -> Result<T, TokenError>,
    ) -> Result<T, TokenError> {
        let what = what.into();
        self.trying(&what);
        let result = call();
        let returned = match &result {
            Ok(_) => "CKR_OK".to_owned(),
            Err(error) => returned(error),
        };
        self.note(what, returned);
        result
    }

    /// Takes a step of Chancery's own path to the token, and writes down what came of it.
    pub(super) fn step<T>(
        &self,
        what: impl Into<String>,
        step: impl FnOnce() -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let what = what.into();
        self.trying(&what);
        let result = step();
        let told = match &result {
            Ok(_) => "done".to_owned(),
            Err(fault) => fault_text(fault),
        };
        self.note(what, told);
        result
    }

    /// Tells the doctor what is about to be done.
    pub(super) fn trying(&self, what: &str) {
        self.wire.tell(&Event::Trying(what.to_owned()));
    }

    /// Writes down what was seen.
    pub(super) fn note(&self, what: impl Into<String>, seen: impl Into<String>) {
        let evidence = Evidence { call: what.into(), returned: seen.into() };
        self.notes.borrow_mut().evidence.push(evidence);
    }

    /// Writes down a measure.
    pub(super) fn figure(&self, name: impl Into<String>, value: f64) {
        self.notes.borrow_mut().figures.insert(name.into(), value);
    }

    /// Writes down a name that belongs to the outcome.
    pub(super) fn item(&self, name: impl Into<String>) {
        self.notes.borrow_mut().items.push(name.into());
    }

    /// Tells something that is no finding.
    pub(super) fn tell(&self, event: &Event) {
        self.wire.tell(event);
    }

    /// Has something done outside of this process.
    pub(super) fn ask(&self, favour: Favour) -> Result<Reply, Fault> {
        self.wire.ask(favour)
    }

    /// Opens an epoch, and takes away at its end what was made in it.
    pub(super) fn epoch<R>(
        &self,
        work: impl for<'e> FnOnce(&OpenEpoch<'e>) -> Result<R, Fault>,
    ) -> Result<R, Fault> {
        self.trying("C_Initialize, find the token, C_Login");
        self.device.with_epoch(|epoch| {
            let result = work(epoch);
            self.trying("C_DestroyObject of what the probe made");
            if let Err(fault) = self.clean_up(epoch) {
                self.note("C_DestroyObject of what the probe made", fault_text(&fault));
            }
            self.trying("C_CloseSession and C_Finalize");
            result
        })?
    }

    /// The `CKA_ID` of the key of this number.
    pub(super) fn id(&self, number: u8) -> Vec<u8> {
        let mut id = self.order.id;
        if let Some(last) = id.last_mut() {
            *last = number;
        }
        id.to_vec()
    }

    /// Makes a key as Chancery makes it.
    pub(super) fn make(
        &self,
        epoch: &OpenEpoch<'_>,
        number: u8,
        algorithm: Algorithm,
    ) -> Result<(Binding, Made), Fault> {
        let purpose = if algorithm.is_secret() { Purpose::Mac } else { Purpose::Certificate };
        let purposes = BTreeSet::from([purpose]);
        let key = NewKey { label: self.order.label.clone(), algorithm, purposes };
        let id = self.id(number);
        let made =
            self.step(format!("make a key of {algorithm}"), || epoch.clerk()?.generate(&key, &id))?;
        Ok((binding(epoch, key, id, &made)?, made))
    }

    /// Finds the P-256 key that another process of the examination made under this number.
    pub(super) fn find(&self, epoch: &OpenEpoch<'_>, number: u8) -> Result<Binding, Fault> {
        let key = NewKey {
            label: self.order.label.clone(),
            algorithm: Algorithm::P256,
            purposes: BTreeSet::from([Purpose::Certificate]),
        };
        let id = self.id(number);
        let made = self.step("find a key by label and CKA_ID", || {
            epoch
                .clerk()?
                .recover(&key, &id)?
                .ok_or_else(|| Fault::new(Class::Alarm, "find a key", "the token does not show it"))
        })?;
        binding(epoch, key, id, &made)
    }

    /// The handle of the private or secret key of this number.
    pub(super) fn handle(
        &self,
        epoch: &OpenEpoch<'_>,
        session: &Session,
        number: u8,
        class: ObjectClass,
    ) -> Result<ObjectHandle, Fault> {
        let template =
            [Attribute::Class(class), Attribute::Token(true), Attribute::Id(self.id(number))];
        let found = Reader { epoch, session }.find(&template)?;
        let found = found.first().map(|handle| handle.raw(epoch));
        found.ok_or_else(|| Fault::new(Class::Alarm, "find a key", "the token does not show it"))
    }

    /// Destroys what this examination made and nothing else: objects of its label, which is random,
    /// and, where a module forgets labels, those of its random `CKA_ID` that have none.
    pub(super) fn clean_up(&self, epoch: &OpenEpoch<'_>) -> Result<u64, Fault> {
        let session = epoch.open_session(true)?;
        let reader = Reader { epoch, session: &session };
        let label = self.order.label.as_str().as_bytes();
        let mut found = reader.find(&[Attribute::Label(label.to_vec())])?;
        for number in IDS {
            for handle in reader.find(&[Attribute::Id(self.id(number))])? {
                if reader.octets(handle, AttributeType::Label)?.is_empty() {
                    found.push(handle);
                }
            }
        }
        let mut destroyed = 0;
        for handle in found {
            match session.destroy_object(handle.raw(epoch)) {
                Ok(()) => destroyed += 1,
                // Some modules take the public key with the private one.
                Err(TokenError::Pkcs11(RvError::ObjectHandleInvalid, _)) => {}
                Err(error) => return Err(Fault::token("destroy an object of the doctor", error)),
            }
        }
        Ok(destroyed)
    }

    /// The finding of a probe that has ended.
    pub(super) fn conclude(self, probe: Probe, end: Result<Conclusion, Fault>) -> Finding {
        let notes = self.notes.into_inner();
        let end = end.unwrap_or_else(|fault| Conclusion {
            outcome: "failed",
            rating: Rating::Unknown,
            summary: fault.to_string(),
        });
        Finding {
            probe,
            outcome: end.outcome.to_owned(),
            rating: end.rating,
            summary: end.summary,
            figures: notes.figures,
            items: notes.items,
            evidence: notes.evidence,
        }
    }
}

fn binding(epoch: &OpenEpoch<'_>, key: NewKey, id: Vec<u8>, made: &Made) -> Result<Binding, Fault> {
    let info = KeyInfo {
        label: key.label,
        reference: made.reference,
        algorithm: key.algorithm,
        spki: made.spki.clone(),
        token: epoch.token().clone(),
        id,
        purposes: key.purposes,
        custody: made.custody.clone(),
    };
    Binding::new(info).map_err(|why| Fault::new(Class::Alarm, "bind a key", why.to_string()))
}

/// One signature of Chancery's path: sign, low S, verify. Gives what the token gave, as it was.
pub(super) fn sign(token: &mut dyn Token, key: &Binding, message: &[u8]) -> Result<Vec<u8>, Fault> {
    let message = Message::of(message);
    let prepared = Prepared::new(key.info.algorithm, &message)?;
    let raw = token.sign(key, prepared.input())?;
    prepared.finish(key, raw.clone())?;
    Ok(raw)
}

/// What a call returned, in the words of the standard.
pub(super) fn returned(error: &TokenError) -> String {
    if let TokenError::Pkcs11(rv, _) = error {
        return ckr(*rv);
    }
    if let TokenError::NullFunctionPointer = error {
        return "the module has no such function".to_owned();
    }
    error.to_string()
}

/// What a step came to: the token's own return value first, where there is one.
pub(super) fn fault_text(fault: &Fault) -> String {
    match fault.rv() {
        Some(rv) => format!("{} ({})", ckr(rv), fault.operation),
        None => fault.to_string(),
    }
}

/// `CKR_KEY_UNEXTRACTABLE` of `KeyUnextractable`.
fn ckr(rv: RvError) -> String {
    if let RvError::VendorDefined(code) = rv {
        return format!("CKR_VENDOR_DEFINED ({code:#x})");
    }
    if let RvError::UnknownErrorCode(code) = rv {
        return format!("the unknown return value {code:#x}");
    }
    let mut name = "CKR".to_owned();
    for letter in format!("{rv:?}").chars() {
        if letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn return_values_are_spelt_as_in_the_standard() {
        for (rv, name) in [
            (RvError::KeyUnextractable, "CKR_KEY_UNEXTRACTABLE"),
            (RvError::PinIncorrect, "CKR_PIN_INCORRECT"),
            (RvError::ActionProhibited, "CKR_ACTION_PROHIBITED"),
            (RvError::SlotIdInvalid, "CKR_SLOT_ID_INVALID"),
        ] {
            assert_eq!(ckr(rv), name);
        }
        assert_eq!(ckr(RvError::UnknownErrorCode(5)), "the unknown return value 0x5");
    }
}
