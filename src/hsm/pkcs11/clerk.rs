//! One session that makes and lists keys.

use cryptoki::error::RvError;
use cryptoki::object::{Attribute, AttributeType, ObjectClass};
use cryptoki::session::Session;

use super::epoch::{Handle, OpenEpoch};
use super::object::Reader;
use super::session::{probe, secret_reference};
use super::template::{climb_down, mechanism, protected, public};
use crate::hsm::fault::{Class, Fault};
use crate::hsm::key::{Algorithm, NewKey};
use crate::hsm::token::{Clerk, Made, Seen};
use crate::id::KeyLabel;

const OPERATION: &str = "make a key";

pub(super) struct ClerkSession<'a, 'e> {
    epoch: &'a OpenEpoch<'e>,
    session: Session,
}

impl<'a, 'e> ClerkSession<'a, 'e> {
    pub(super) fn new(epoch: &'a OpenEpoch<'e>, session: Session) -> Self {
        Self { epoch, session }
    }

    fn reader(&self) -> Reader<'_, 'e> {
        Reader { epoch: self.epoch, session: &self.session }
    }

    /// Reads a key back: what it is, and what is proven about it.
    fn read_back(&self, algorithm: Algorithm, id: &[u8], key: Handle<'e>) -> Result<Made, Fault> {
        let reader = self.reader();
        let custody = reader.custody(key)?;
        if algorithm.is_secret() {
            let reference = secret_reference(self.epoch, &self.session, key)?;
            return Ok(Made { spki: Vec::new(), reference, custody, refused: Vec::new() });
        }
        let public = reader.public_key_beside(id, key, algorithm)?.ok_or_else(|| {
            Fault::new(Class::Alarm, OPERATION, "the token does not show its public key")
        })?;
        Ok(Made {
            spki: public.spki_der().to_vec(),
            reference: public.spki_hash(),
            custody,
            refused: Vec::new(),
        })
    }

    fn make(&self, key: &NewKey, id: &[u8]) -> Result<(Handle<'e>, Vec<Attribute>), Fault> {
        let template = protected(&key.label, id, key.algorithm);
        let (mechanism, parameters) = mechanism(key.algorithm);
        let mut refused = None;
        for parameters in parameters {
            let made = climb_down(&template, |attributes| {
                let made = if key.algorithm.is_secret() {
                    self.session.generate_key(&mechanism, attributes)
                } else {
                    let public = public(&key.label, id, key.algorithm, parameters);
                    self.session
                        .generate_key_pair(&mechanism, &public, attributes)
                        .map(|(_, private)| private)
                };
                made.map_err(|error| self.refusal(Fault::token(OPERATION, error), id))
            });
            match made {
                Ok((raw, given_up)) => return Ok((Handle::new(self.epoch, raw), given_up)),
                Err(fault) if fault.class == Class::Request => refused = Some(fault),
                Err(fault) => return Err(fault),
            }
        }
        Err(refused.unwrap_or_else(|| Fault::new(Class::Request, OPERATION, "no parameters")))
    }
}

impl ClerkSession<'_, '_> {
    /// What a token means that cannot say what it dislikes. NSS softokn answers `CKR_GENERAL_ERROR`
    /// to `CKA_COPYABLE`, for which its database has no column: that is a refusal of the template
    /// when no object of this new `CKA_ID` has come into being, and may be answered with another.
    fn refusal(&self, fault: Fault, id: &[u8]) -> Fault {
        let vague = matches!(
            fault.rv(),
            Some(RvError::GeneralError | RvError::FunctionFailed | RvError::DeviceError)
        );
        let nothing = || {
            self.reader()
                .find(&[Attribute::Token(true), Attribute::Id(id.to_vec())])
                .is_ok_and(|found| found.is_empty())
        };
        if vague && nothing() { Fault { class: Class::Request, ..fault } } else { fault }
    }
}

fn class_of(algorithm: Algorithm) -> ObjectClass {
    if algorithm.is_secret() { ObjectClass::SECRET_KEY } else { ObjectClass::PRIVATE_KEY }
}

impl Clerk for ClerkSession<'_, '_> {
    fn has_label(&mut self, label: &KeyLabel) -> Result<bool, Fault> {
        let label = Attribute::Label(label.as_str().as_bytes().to_vec());
        Ok(!self.reader().find(&[Attribute::Token(true), label])?.is_empty())
    }

    fn generate(&mut self, key: &NewKey, id: &[u8]) -> Result<Made, Fault> {
        let (handle, given_up) = self.make(key, id)?;
        let mut made = self.read_back(key.algorithm, id, handle)?;
        made.refused = given_up.iter().map(|attribute| format!("{attribute:?}")).collect();
        Ok(made)
    }

    fn recover(&mut self, key: &NewKey, id: &[u8]) -> Result<Option<Made>, Fault> {
        let found = self.reader().find(&[
            Attribute::Class(class_of(key.algorithm)),
            Attribute::Token(true),
            Attribute::Id(id.to_vec()),
            Attribute::Label(key.label.as_str().as_bytes().to_vec()),
        ])?;
        match found.as_slice() {
            [] => Ok(None),
            [one] => self.read_back(key.algorithm, id, *one).map(Some),
            many => {
                let detail = format!("{} keys have its label and CKA_ID", many.len());
                Err(Fault::new(Class::Alarm, OPERATION, detail))
            }
        }
    }

    fn list(&mut self) -> Result<Vec<Seen>, Fault> {
        let reader = self.reader();
        let mut seen = Vec::new();
        for class in [ObjectClass::PRIVATE_KEY, ObjectClass::SECRET_KEY] {
            for key in reader.find(&[Attribute::Class(class), Attribute::Token(true)])? {
                let id = reader.octets(key, AttributeType::Id)?;
                let algorithm = reader.algorithm(key)?;
                // One key with a broken public key must not hide the others.
                let spki = match algorithm {
                    Some(algorithm) => match reader.public_key_beside(&id, key, algorithm) {
                        Ok(public) => public.map(|key| key.spki_der().to_vec()),
                        Err(fault) if fault.class == Class::Alarm => None,
                        Err(fault) => return Err(fault),
                    },
                    None => None,
                };
                seen.push(Seen {
                    label: String::from_utf8_lossy(&reader.octets(key, AttributeType::Label)?)
                        .into_owned(),
                    id,
                    algorithm,
                    spki,
                    custody: reader.custody(key)?,
                });
            }
        }
        Ok(seen)
    }

    fn probe(&mut self) -> Result<(), Fault> {
        probe(&self.session)
    }
}
