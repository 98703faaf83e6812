//! One session that signs.

use std::collections::HashMap;

use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::session::Session;

use super::bind::bind;
use super::epoch::{Handle, OpenEpoch, is_logged_in};
use crate::hsm::digest::sha256;
use crate::hsm::fault::{Class, Fault};
use crate::hsm::key::{Algorithm, Binding};
use crate::hsm::token::{Epoch as _, Token};

/// A session and the keys that it has found; both end with the epoch.
pub(super) struct BoundSession<'a, 'e> {
    epoch: &'a OpenEpoch<'e>,
    session: Session,
    found: HashMap<[u8; 32], Handle<'e>>,
}

/// What is authenticated to tell one secret key from another.
const CHECK_MESSAGE: &[u8] = b"chancery key check 1";

/// What stands before a SHA-256 in the block that RSA signs. RFC 8017 section 9.2, note 1
const SHA256_INFO: &[u8] =
    b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";

impl<'a, 'e> BoundSession<'a, 'e> {
    pub(super) fn new(epoch: &'a OpenEpoch<'e>, session: Session) -> Self {
        Self { epoch, session, found: HashMap::new() }
    }

    fn handle(&mut self, key: &Binding) -> Result<Handle<'e>, Fault> {
        if let Some(handle) = self.found.get(&key.info.reference) {
            return Ok(*handle);
        }
        let handle = bind(self.epoch, &self.session, self.epoch.token(), key)?;
        if key.info.algorithm.is_secret()
            && secret_reference(self.epoch, &self.session, handle)? != key.info.reference
        {
            return Err(Fault::new(Class::Alarm, "bind a key", "its secret is another one"));
        }
        self.found.insert(key.info.reference, handle);
        Ok(handle)
    }
}

impl Token for BoundSession<'_, '_> {
    fn sign(&mut self, key: &Binding, input: &[u8]) -> Result<Vec<u8>, Fault> {
        let handle = self.handle(key)?.raw(self.epoch);
        let fault = Fault::at("sign");
        match key.info.algorithm {
            // The one mechanism that every token has; the digest is ours.
            Algorithm::P256 | Algorithm::P384 => {
                self.session.sign(&Mechanism::Ecdsa, handle, input).map_err(fault)
            }
            Algorithm::Rsa { .. } => {
                let block = [SHA256_INFO, input].concat();
                self.session.sign(&Mechanism::RsaPkcs, handle, &block).map_err(fault)
            }
            Algorithm::Ed25519 => {
                let mechanism = Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Pure));
                self.session.sign(&mechanism, handle, input).map_err(fault)
            }
            Algorithm::HmacSha256 => {
                Err(Fault::new(Class::Request, "sign", "a secret key signs nothing"))
            }
        }
    }

    fn mac(&mut self, key: &Binding, message: &[u8]) -> Result<[u8; 32], Fault> {
        let handle = self.handle(key)?;
        mac(self.epoch, &self.session, handle, message)
    }

    fn forget(&mut self, key: &Binding) {
        self.found.remove(&key.info.reference);
    }

    fn probe(&mut self) -> Result<(), Fault> {
        probe(&self.session)
    }
}

/// A sign of life: tokens that close idle connections count it as use.
pub(super) fn probe(session: &Session) -> Result<(), Fault> {
    if is_logged_in(session)? {
        Ok(())
    } else {
        Err(Fault::new(Class::Session, "ask for the session", "the session is logged out"))
    }
}

/// What requests name a secret key by: nothing of it can be learned from this.
pub(super) fn secret_reference<'e>(
    epoch: &OpenEpoch<'e>,
    session: &Session,
    key: Handle<'e>,
) -> Result<[u8; 32], Fault> {
    mac(epoch, session, key, CHECK_MESSAGE).map(|code| sha256(&code))
}

fn mac<'e>(
    epoch: &OpenEpoch<'e>,
    session: &Session,
    key: Handle<'e>,
    message: &[u8],
) -> Result<[u8; 32], Fault> {
    const OPERATION: &str = "compute a MAC";
    let code = session
        .sign(&Mechanism::Sha256Hmac, key.raw(epoch), message)
        .map_err(Fault::at(OPERATION))?;
    <[u8; 32]>::try_from(code)
        .map_err(|code| Fault::new(Class::Device, OPERATION, format!("{} octets", code.len())))
}
