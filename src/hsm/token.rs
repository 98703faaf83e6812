//! The seam between the queue and what signs: PKCS#11 here, and in tests a wrapper around it that
//! fails when it is told to.
//!
//! A [`Device`] opens one [`Epoch`] at a time; an epoch lends sessions ([`Token`], [`Clerk`]) that
//! cannot outlive it. All of it blocks, and is called in `hsm/worker.rs` and nowhere else.

use super::custody::Custody;
use super::fault::Fault;
use super::key::{Algorithm, Binding, NewKey, TokenName};
use crate::id::KeyLabel;

/// A PKCS#11 module and the token in it that is meant.
pub trait Device: Send + Sync {
    /// Opens an epoch (`C_Initialize`, find the token, log in), calls `serve` with it, and closes it
    /// when `serve` returns. Whatever was found in an epoch is of no use in another: sessions and
    /// handles borrow from it and cannot leave `serve`:
    ///
    /// ```compile_fail
    /// use chancery::hsm::token::{Device, Token};
    ///
    /// fn keep<'a>(device: &'a dyn Device) -> Option<Box<dyn Token + 'a>> {
    ///     let mut kept = None;
    ///     device.epoch(&mut |epoch| kept = epoch.session().ok()).ok()?;
    ///     kept
    /// }
    /// ```
    ///
    /// # Errors
    /// When the epoch cannot be opened or closed.
    fn epoch(&self, serve: &mut dyn FnMut(&dyn Epoch)) -> Result<(), Fault>;

    /// What the module is, for logs and for the operator.
    fn describe(&self) -> String;
}

/// One `C_Initialize`, logged in.
pub trait Epoch: Sync {
    /// The token that was found.
    fn token(&self) -> &TokenName;

    /// How many of `wanted` sessions the token has room for; at least 1.
    fn room(&self, wanted: usize) -> usize;

    /// Opens a session that signs.
    ///
    /// # Errors
    /// When the token opens none.
    fn session(&self) -> Result<Box<dyn Token + '_>, Fault>;

    /// Opens a session that makes and lists keys.
    ///
    /// # Errors
    /// When the token opens none.
    fn clerk(&self) -> Result<Box<dyn Clerk + '_>, Fault>;
}

/// One session that signs.
pub trait Token: Send {
    /// Signs `input`: a digest for ECDSA and RSA, the message itself for Ed25519. What comes back is
    /// what the token gave: not converted, not verified.
    ///
    /// # Errors
    /// When the key is not the one that is meant, or the token fails.
    fn sign(&mut self, key: &Binding, input: &[u8]) -> Result<Vec<u8>, Fault>;

    /// HMAC-SHA256 of `message`.
    ///
    /// # Errors
    /// As [`Token::sign`].
    fn mac(&mut self, key: &Binding, message: &[u8]) -> Result<[u8; 32], Fault>;

    /// Forgets where the key is; it is found and checked again when it is used next.
    fn forget(&mut self, key: &Binding);

    /// Asks the token for a sign of life.
    ///
    /// # Errors
    /// When the session is of no more use.
    fn probe(&mut self) -> Result<(), Fault>;
}

/// One session that makes and lists keys.
pub trait Clerk {
    /// Whether an object of the token carries this label.
    ///
    /// # Errors
    /// When the token fails.
    fn has_label(&mut self, label: &KeyLabel) -> Result<bool, Fault>;

    /// Makes a key with this `CKA_ID`; not tried again, since each try could leave a key behind.
    ///
    /// # Errors
    /// When the token refuses even the loosest template, or fails.
    fn generate(&mut self, key: &NewKey, id: &[u8]) -> Result<Made, Fault>;

    /// The key of this label and `CKA_ID`, when the token holds exactly one such pair: what a
    /// crash between making and registering left.
    ///
    /// # Errors
    /// When the token holds more than one, or fails.
    fn recover(&mut self, key: &NewKey, id: &[u8]) -> Result<Option<Made>, Fault>;

    /// All private and secret keys.
    ///
    /// # Errors
    /// When the token fails.
    fn list(&mut self) -> Result<Vec<Seen>, Fault>;

    /// Asks the token for a sign of life.
    ///
    /// # Errors
    /// When the session is of no more use.
    fn probe(&mut self) -> Result<(), Fault>;
}

/// A key that was made, read back from the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its `SubjectPublicKeyInfo`; empty for a secret key.
    pub spki: Vec<u8>,
    /// What requests will name it by.
    pub reference: [u8; 32],
    /// What is proven about its protection.
    pub custody: Custody,
    /// The attributes of the strict template that the token refused.
    pub refused: Vec<String>,
}

/// A key that a token holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its `CKA_LABEL`.
    pub label: String,
    /// Its `CKA_ID`.
    pub id: Vec<u8>,
    /// What kind of key; `None` when we do not speak it.
    pub algorithm: Option<Algorithm>,
    /// Its `SubjectPublicKeyInfo`, where the token tells.
    pub spki: Option<Vec<u8>>,
    /// What the token says about its protection.
    pub custody: Custody,
}
