//! What is found in one epoch, and its login.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cryptoki::error::{Error as TokenError, RvError};
use cryptoki::object::ObjectHandle;
use cryptoki::session::{Session, SessionState, UserType};
use cryptoki::slot::{Slot, TokenInfo};
use cryptoki::types::AuthPin;
use tracing::{info, warn};

use super::module::Module;
use super::slot::{TokenSelector, find};
use crate::hsm::custody::CustodyLevel;
use crate::hsm::fault::{Class, Fault, LOG_IN};
use crate::hsm::key::TokenName;
use crate::secret::Pin;

/// How a token is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceOptions {
    /// Which token.
    pub token: TokenSelector,
    /// Keys that are kept worse are not used.
    pub custody: CustodyLevel,
    /// Whether keys are made: the clerk's session can write then.
    pub generates: bool,
    /// Sessions that are left to others where the token has a limit.
    pub reserve: u64,
}

/// The PIN, and whether the token has refused it.
#[derive(Debug)]
pub(super) struct Login {
    pin: Pin,
    /// Set when the token refused the PIN; it is never shown to the token again (invariant I9).
    refused: AtomicBool,
}

impl Login {
    pub(super) fn new(pin: Pin) -> Self {
        Self { pin, refused: AtomicBool::new(false) }
    }

    pub(super) fn log_in(&self, session: &Session, info: &TokenInfo) -> Result<(), Fault> {
        let refuse = |detail: &str| Err(Fault::new(Class::Pin, LOG_IN, detail));
        if self.refused.load(Ordering::SeqCst) {
            return refuse("the token has refused this PIN before");
        }
        if info.user_pin_locked() {
            return refuse("the PIN is locked");
        }
        // Were ours wrong too, the token would lock itself for good.
        if info.user_pin_final_try() {
            return refuse("one try is left for the PIN; log in by hand once to restore the count");
        }
        if info.user_pin_count_low() {
            warn!("somebody has given the token a wrong PIN since the last login");
        }
        let pin = AuthPin::from(self.pin.expose().to_owned());
        match session.login(UserType::User, Some(&pin)) {
            Ok(()) | Err(TokenError::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
            Err(error) => {
                let fault = Fault::token(LOG_IN, error);
                if fault.class == Class::Pin {
                    self.refused.store(true, Ordering::SeqCst);
                }
                Err(fault)
            }
        }
    }
}

/// Makes a lifetime invariant: it can be neither longer nor shorter than the epoch's own.
pub(in crate::hsm) type Brand<'e> = PhantomData<fn(&'e ()) -> &'e ()>;

/// Names an object of the token for as long as its epoch lasts. After another `C_Initialize` the
/// same number may name another key, which signs without an error.
#[derive(Debug, Clone, Copy)]
pub(in crate::hsm) struct Handle<'e> {
    raw: ObjectHandle,
    brand: Brand<'e>,
}

impl<'e> Handle<'e> {
    pub(in crate::hsm) fn new(_epoch: &OpenEpoch<'e>, raw: ObjectHandle) -> Self {
        Self { raw, brand: PhantomData }
    }

    /// The number, for a call with a session of the same epoch.
    pub(in crate::hsm) fn raw(self, _epoch: &OpenEpoch<'e>) -> ObjectHandle {
        self.raw
    }
}

/// An open epoch.
pub(in crate::hsm) struct OpenEpoch<'e> {
    module: &'e Module,
    pub(super) options: &'e DeviceOptions,
    login: &'e Login,
    pub(in crate::hsm) slot: Slot,
    pub(in crate::hsm) token: TokenName,
    pub(in crate::hsm) info: TokenInfo,
    /// The session of the login; the token logs everybody out when the last one closes. The lock is
    /// held while logging in again.
    owner: Mutex<Session>,
    brand: Brand<'e>,
}

impl<'e> OpenEpoch<'e> {
    /// Finds the token and logs in; the module is initialised already.
    pub(super) fn open(
        module: &'e Module,
        options: &'e DeviceOptions,
        login: &'e Login,
    ) -> Result<Self, Fault> {
        if let Ok(info) = module.library.get_library_info() {
            info!(
                module = %module,
                manufacturer = info.manufacturer_id(),
                library = info.library_description(),
                library.version = %info.library_version(),
                cryptoki.version = %info.cryptoki_version(),
                "initialised the PKCS#11 module"
            );
        }
        let (slot, token, info) = find(module, &options.token)?;
        let session = module
            .library
            .open_ro_session(slot)
            .map_err(Fault::at("open the session of the login"))?;
        login.log_in(&session, &info)?;
        info!(token.label = token.label, token.serial = token.serial, "logged in to token {token}");
        let brand = PhantomData;
        let owner = Mutex::new(session);
        Ok(Self { module, options, login, slot, token, info, owner, brand })
    }

    /// Keys that are kept worse are not used.
    pub(super) fn custody(&self) -> CustodyLevel {
        self.options.custody
    }

    /// Opens a session and makes sure that it is logged in.
    pub(in crate::hsm) fn open_session(&self, write: bool) -> Result<Session, Fault> {
        let library = &self.module.library;
        let session = if write {
            library.open_rw_session(self.slot)
        } else {
            library.open_ro_session(self.slot)
        }
        .map_err(Fault::at("open a session"))?;
        if !is_logged_in(&session)? {
            self.login_again(&session)?;
        }
        Ok(session)
    }

    /// The token has logged us out (another client, a fail-over): log in again, once and by one.
    fn login_again(&self, session: &Session) -> Result<(), Fault> {
        let mut owner = self.lock_owner();
        if is_logged_in(session)? {
            return Ok(());
        }
        warn!("the token {} has logged us out; logging in again", self.token);
        let library = &self.module.library;
        let info = library.get_token_info(self.slot).map_err(Fault::at("ask for the token"))?;
        let fresh = library
            .open_ro_session(self.slot)
            .map_err(Fault::at("open the session of the login"))?;
        self.login.log_in(&fresh, &info)?;
        *owner = fresh;
        Ok(())
    }

    fn lock_owner(&self) -> MutexGuard<'_, Session> {
        // A thread that died with the lock left a session behind that is as good as before.
        self.owner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether private objects can be seen.
pub(in crate::hsm) fn is_logged_in(session: &Session) -> Result<bool, Fault> {
    let state = session.get_session_info().map_err(Fault::at("ask for the session"))?;
    Ok(matches!(state.session_state(), SessionState::RoUser | SessionState::RwUser))
}
