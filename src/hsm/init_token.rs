//! Makes a new token: for private SoftHSM2 tokens of development and tests.

use std::path::Path;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::session::UserType;
use cryptoki::types::AuthPin;

use crate::secret::{Pin, random};

/// Why no token was made.
#[derive(Debug, thiserror::Error)]
pub enum InitTokenError {
    /// A token of this label is there already; it is not touched.
    #[error("there is a token `{0}` already")]
    Exists(String),
    /// Every slot holds a token.
    #[error("there is no slot for a new token")]
    NoSlot,
    /// The module did not do it.
    #[error("could not {operation}")]
    Refused {
        /// What was tried.
        operation: &'static str,
        /// What the module said.
        source: cryptoki::error::Error,
    },
    /// The system gives no randomness.
    #[error("no randomness")]
    NoRandomness(#[from] getrandom::Error),
}

/// Makes a token in the first slot that has none and sets its user PIN. Its security officer's PIN is
/// random and forgotten: who needs another user PIN makes another token.
///
/// # Errors
/// When a token of this label exists, or the module refuses.
pub fn init_token(module: &Path, label: &str, pin: &Pin) -> Result<(), InitTokenError> {
    let during = |operation| move |source| InitTokenError::Refused { operation, source };
    let pkcs11 = Pkcs11::new(module).map_err(during("load the module"))?;
    pkcs11
        .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
        .map_err(during("initialise the module"))?;
    let mut free = None;
    for slot in pkcs11.get_slots_with_token().map_err(during("list the slots"))? {
        let info = pkcs11.get_token_info(slot).map_err(during("read a token's description"))?;
        if info.token_initialized() {
            if info.label() == label {
                return Err(InitTokenError::Exists(label.to_owned()));
            }
        } else if free.is_none() {
            free = Some(slot);
        }
    }
    let slot = free.ok_or(InitTokenError::NoSlot)?;
    let officer = AuthPin::from(hex::encode(random::<16>()?));
    pkcs11.init_token(slot, &officer, label).map_err(during("make the token"))?;
    let session = pkcs11.open_rw_session(slot).map_err(during("open a session"))?;
    session.login(UserType::So, Some(&officer)).map_err(during("log in as security officer"))?;
    let pin = AuthPin::from(pin.expose().to_owned());
    session.init_pin(&pin).map_err(during("set the user PIN"))?;
    session.logout().map_err(during("log out"))?;
    Ok(())
}
