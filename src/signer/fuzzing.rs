//! What fuzz targets and the replay of their corpora see of this room's readers. No part of the
//! library's interface: nothing here is promised.

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;

use super::connection;
use super::desk::Desk;
use super::register::{Register, RegisterError};
use crate::hsm::ledger::Ledger;
use crate::hsm::token::Device;
use crate::hsm::{CustodyLevel, Engine, EngineOptions};

/// The signer's end of its protocol, with the register and the ledger of a folder.
pub struct Desks(Desk);

impl std::fmt::Debug for Desks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Desks(..)")
    }
}

impl Desks {
    /// Opens register and ledger in `folder` and starts the threads of `device`. No key is made.
    ///
    /// # Errors
    /// When a file cannot be opened, or the system gives no thread.
    pub fn open(
        folder: &Path,
        device: Box<dyn Device>,
        options: EngineOptions,
    ) -> Result<Self, RegisterError> {
        let failed = |operation| {
            let path = folder.to_owned();
            move |source| RegisterError::File { operation, path, source }
        };
        let depth = options.depth;
        Ok(Self(Desk {
            engine: Engine::start(device, options).map_err(failed("start threads beside"))?,
            register: Arc::new(Register::open(&folder.join("register.json"))?),
            ledger: Arc::new(Ledger::open(&folder.join("ledger")).map_err(failed("open"))?),
            generates: false,
            custody: CustodyLevel::default(),
            depth,
        }))
    }

    /// Serves one connection to its end.
    pub fn converse(&self, stream: &UnixStream) {
        connection::converse(&self.0, stream);
    }
}
