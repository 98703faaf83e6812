//! Epochs: from `C_Initialize` to `C_Finalize`.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags};
use cryptoki::error::{Error as TokenError, RvError};
use cryptoki::object::ObjectHandle;
use cryptoki::session::{Session, SessionState, UserType};
use cryptoki::slot::{Limit, Slot, TokenInfo};
use cryptoki::types::AuthPin;
use tracing::{info, warn};

use super::clerk::ClerkSession;
use super::module::Module;
use super::session::BoundSession;
use super::slot::{TokenSelector, find};
use crate::hsm::custody::CustodyLevel;
use crate::hsm::fault::{Class, Fault};
use crate::hsm::key::TokenName;
use crate::hsm::token::{Clerk, Device, Epoch, Token};
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

/// A token behind a PKCS#11 module.
#[derive(Debug)]
pub struct Pkcs11Device {
    module: Module,
    options: DeviceOptions,
    pin: Pin,
    /// Set when the token refused the PIN; it is never shown to the token again (invariant I9).
    refused: AtomicBool,
}

impl Pkcs11Device {
    /// A device; the token is not touched before its first epoch.
    pub fn new(module: Module, options: DeviceOptions, pin: Pin) -> Self {
        Self { module, options, pin, refused: AtomicBool::new(false) }
    }

    fn login(&self, session: &Session, info: &TokenInfo) -> Result<(), Fault> {
        const OPERATION: &str = "log in";
        let refuse = |detail: &str| Err(Fault::new(Class::Pin, OPERATION, detail));
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
                let fault = Fault::token(OPERATION, error);
                if fault.class == Class::Pin {
                    self.refused.store(true, Ordering::SeqCst);
                }
                Err(fault)
            }
        }
    }

    /// Opens an epoch for as long as `serve` runs. Its lifetime is new at every call and known to
    /// nobody outside, so nothing that carries it can leave.
    fn with_epoch<R>(&self, serve: impl for<'e> FnOnce(&OpenEpoch<'e>) -> R) -> Result<R, Fault> {
        let library = &self.module.library;
        library
            .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
            .map_err(Fault::at("initialise the module"))?;
        let outcome = self.open().map(|epoch| {
            let result = serve(&epoch);
            drop(epoch);
            result
        });
        let closed = library.clone().finalize().map_err(Fault::at("finalise the module"));
        let result = outcome?;
        closed.map(|()| result)
    }

    fn open(&self) -> Result<OpenEpoch<'_>, Fault> {
        if let Ok(info) = self.module.library.get_library_info() {
            info!(
                module = %self.module,
                manufacturer = info.manufacturer_id(),
                library = info.library_description(),
                library.version = %info.library_version(),
                cryptoki.version = %info.cryptoki_version(),
                "initialised the PKCS#11 module"
            );
        }
        let (slot, token, info) = find(&self.module, &self.options.token)?;
        let session = self
            .module
            .library
            .open_ro_session(slot)
            .map_err(Fault::at("open the session of the login"))?;
        self.login(&session, &info)?;
        info!(token.label = token.label, token.serial = token.serial, "logged in to token {token}");
        let brand = PhantomData;
        Ok(OpenEpoch { device: self, slot, token, info, login: Mutex::new(session), brand })
    }
}

impl Device for Pkcs11Device {
    fn epoch(&self, serve: &mut dyn FnMut(&dyn Epoch)) -> Result<(), Fault> {
        self.with_epoch(|epoch| serve(epoch))
    }

    fn describe(&self) -> String {
        match self.module.library.get_library_info() {
            Ok(info) => format!(
                "{} {} {}, {}",
                info.manufacturer_id(),
                info.library_description(),
                info.library_version(),
                self.module
            ),
            Err(_) => self.module.to_string(),
        }
    }
}

/// Makes a lifetime invariant: it can be neither longer nor shorter than the epoch's own.
pub(super) type Brand<'e> = PhantomData<fn(&'e ()) -> &'e ()>;

/// Names an object of the token for as long as its epoch lasts. After another `C_Initialize` the
/// same number may name another key, which signs without an error.
#[derive(Debug, Clone, Copy)]
pub(super) struct Handle<'e> {
    raw: ObjectHandle,
    brand: Brand<'e>,
}

impl<'e> Handle<'e> {
    pub(super) fn new(_epoch: &OpenEpoch<'e>, raw: ObjectHandle) -> Self {
        Self { raw, brand: PhantomData }
    }

    /// The number, for a call with a session of the same epoch.
    pub(super) fn raw(self, _epoch: &OpenEpoch<'e>) -> ObjectHandle {
        self.raw
    }
}

/// An open epoch.
pub(super) struct OpenEpoch<'e> {
    device: &'e Pkcs11Device,
    slot: Slot,
    token: TokenName,
    info: TokenInfo,
    /// The session of the login; the token logs everybody out when the last one closes. The lock is
    /// held while logging in again.
    login: Mutex<Session>,
    brand: Brand<'e>,
}

impl OpenEpoch<'_> {
    /// Keys that are kept worse are not used.
    pub(super) fn custody(&self) -> CustodyLevel {
        self.device.options.custody
    }

    /// Opens a session and makes sure that it is logged in.
    pub(super) fn open_session(&self, write: bool) -> Result<Session, Fault> {
        let library = &self.device.module.library;
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
        let mut owner = self.lock_login();
        if is_logged_in(session)? {
            return Ok(());
        }
        warn!("the token {} has logged us out; logging in again", self.token);
        let library = &self.device.module.library;
        let info = library.get_token_info(self.slot).map_err(Fault::at("ask for the token"))?;
        let fresh = library
            .open_ro_session(self.slot)
            .map_err(Fault::at("open the session of the login"))?;
        self.device.login(&fresh, &info)?;
        *owner = fresh;
        Ok(())
    }

    fn lock_login(&self) -> MutexGuard<'_, Session> {
        // A thread that died with the lock left a session behind that is as good as before.
        self.login.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether private objects can be seen.
pub(super) fn is_logged_in(session: &Session) -> Result<bool, Fault> {
    let state = session.get_session_info().map_err(Fault::at("ask for the session"))?;
    Ok(matches!(state.session_state(), SessionState::RoUser | SessionState::RwUser))
}

impl Epoch for OpenEpoch<'_> {
    fn token(&self) -> &TokenName {
        &self.token
    }

    fn room(&self, wanted: usize) -> usize {
        let Limit::Max(limit) = self.info.max_session_count() else { return wanted.max(1) };
        // The login's session and the clerk's are ours too.
        let left = limit.saturating_sub(self.device.options.reserve.saturating_add(2));
        usize::try_from(left).unwrap_or(usize::MAX).min(wanted).max(1)
    }

    fn session(&self) -> Result<Box<dyn Token + '_>, Fault> {
        Ok(Box::new(BoundSession::new(self, self.open_session(false)?)))
    }

    fn clerk(&self) -> Result<Box<dyn Clerk + '_>, Fault> {
        Ok(Box::new(ClerkSession::new(self, self.open_session(self.device.options.generates)?)))
    }
}
