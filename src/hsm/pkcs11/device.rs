//! Epochs: from `C_Initialize` to `C_Finalize`.

use cryptoki::context::{CInitializeArgs, CInitializeFlags};
use cryptoki::slot::Limit;

use super::clerk::ClerkSession;
use super::epoch::{DeviceOptions, Login, OpenEpoch};
use super::module::Module;
use super::session::BoundSession;
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

    /// Opens an epoch for as long as `serve` runs. Its lifetime is new at every call and known to
    /// nobody outside, so nothing that carries it can leave.
    pub(super) fn with_epoch<R>(
        &self,
        serve: impl for<'e> FnOnce(&OpenEpoch<'e>) -> R,
    ) -> Result<R, Fault> {
        let library = &self.module.library;
        library
            .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
            .map_err(Fault::at("initialise the module"))?;
        let outcome = OpenEpoch::open(&self.module, &self.options, &self.login).map(|epoch| {
            let result = serve(&epoch);
            drop(epoch);
            result
        });
        let closed = library.clone().finalize().map_err(Fault::at("finalise the module"));
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
