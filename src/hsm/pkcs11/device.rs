//! Epochs: from `C_Initialize` to `C_Finalize`.

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::session::Session;
use cryptoki::slot::{Limit, Slot, TokenInfo};

use super::clerk::ClerkSession;
use super::epoch::{DeviceOptions, Login, OpenEpoch};
use super::module::Module;
use super::session::BoundSession;
use super::slot::find;
use crate::hsm::fault::Fault;
use crate::hsm::key::TokenName;
use crate::hsm::token::{Clerk, Device, Epoch, Token};
use crate::secret::Pin;

/// A token behind a PKCS#11 module.
#[derive(Debug)]
pub struct Pkcs11Device {
    module: Module,
    options: DeviceOptions,
    login: Login,
}

impl Pkcs11Device {
    /// A device; the token is not touched before its first epoch.
    pub fn new(module: Module, options: DeviceOptions, pin: Pin) -> Self {
        Self { module, options, login: Login::new(pin) }
    }

    /// The module itself, for what is tried outside of an epoch.
    pub(in crate::hsm) fn library(&self) -> &Pkcs11 {
        &self.module.library
    }

    /// Initialises the module, finds the token and no more, and finalises.
    pub(in crate::hsm) fn with_module<R>(
        &self,
        serve: impl FnOnce(Slot, &TokenInfo) -> Result<R, Fault>,
    ) -> Result<R, Fault> {
        self.initialise()?;
        let outcome =
            find(&self.module, &self.options.token).and_then(|(slot, _, info)| serve(slot, &info));
        let closed = self.finalise();
        let result = outcome?;
        closed.map(|()| result)
    }

    /// Logs one session in.
    pub(in crate::hsm) fn log_in(&self, session: &Session, info: &TokenInfo) -> Result<(), Fault> {
        self.login.log_in(session, info)
    }

    fn initialise(&self) -> Result<(), Fault> {
        self.module
            .library
            .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
            .map_err(Fault::at("initialise the module"))
    }

    fn finalise(&self) -> Result<(), Fault> {
        self.module.library.clone().finalize().map_err(Fault::at("finalise the module"))
    }

    /// Opens an epoch for as long as `serve` runs. Its lifetime is new at every call and known to
    /// nobody outside, so nothing that carries it can leave.
    pub(in crate::hsm) fn with_epoch<R>(
        &self,
        serve: impl for<'e> FnOnce(&OpenEpoch<'e>) -> R,
    ) -> Result<R, Fault> {
        self.initialise()?;
        let outcome = OpenEpoch::open(&self.module, &self.options, &self.login).map(|epoch| {
            let result = serve(&epoch);
            drop(epoch);
            result
        });
        let closed = self.finalise();
        let result = outcome?;
        closed.map(|()| result)
    }
}

impl Device for Pkcs11Device {
    fn epoch(&self, serve: &mut dyn FnMut(&dyn Epoch)) -> Result<(), Fault> {
        self.with_epoch(|epoch| serve(epoch))
    }

    fn describe(&self) -> String {
        self.module.to_string()
    }
}

impl Epoch for OpenEpoch<'_> {
    fn token(&self) -> &TokenName {
        &self.token
    }

    fn room(&self, wanted: usize) -> usize {
        let Limit::Max(limit) = self.info.max_session_count() else { return wanted.max(1) };
        // The login's session and the clerk's are ours too.
        let left = limit.saturating_sub(self.options.reserve.saturating_add(2));
        usize::try_from(left).unwrap_or(usize::MAX).min(wanted).max(1)
    }

    fn session(&self) -> Result<Box<dyn Token + '_>, Fault> {
        Ok(Box::new(BoundSession::new(self, self.open_session(false)?)))
    }

    fn clerk(&self) -> Result<Box<dyn Clerk + '_>, Fault> {
        Ok(Box::new(ClerkSession::new(self, self.open_session(self.options.generates)?)))
    }
}
