//! Finding the token: by what is written on it, never by where it is plugged in.

use std::fmt;

use cryptoki::slot::{Slot, TokenInfo};
use serde::{Deserialize, Serialize};

use super::module::Module;
use crate::hsm::fault::{Class, Fault};
use crate::hsm::key::TokenName;
use crate::hsm::uri::Uri;

/// Which token is meant. Exactly one must match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenSelector {
    /// Its label.
    pub label: String,
    /// Its serial number; needed when two tokens have one label.
    #[serde(default)]
    pub serial: Option<String>,
}

impl TokenSelector {
    /// The token that a URI names; `None` when it names none by its label.
    pub fn from_uri(uri: &Uri) -> Option<Self> {
        uri.token.clone().map(|label| Self { label, serial: uri.serial.clone() })
    }

    fn matches(&self, info: &TokenInfo) -> bool {
        info.token_initialized()
            && info.label() == self.label
            && self.serial.as_ref().is_none_or(|serial| serial == info.serial_number())
    }
}

impl fmt::Display for TokenSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.serial {
            Some(serial) => write!(f, "`{}` with serial {serial}", self.label),
            None => write!(f, "`{}`", self.label),
        }
    }
}

/// The slot, name and facts of the one token that matches.
pub(in crate::hsm) fn find(
    module: &Module,
    wanted: &TokenSelector,
) -> Result<(Slot, TokenName, TokenInfo), Fault> {
    const OPERATION: &str = "find the token";
    let slots = module.library.get_slots_with_token().map_err(Fault::at(OPERATION))?;
    let mut seen = Vec::new();
    let mut found = Vec::new();
    for slot in slots {
        // One token that is unwell must not hide another.
        let Ok(info) = module.library.get_token_info(slot) else { continue };
        let name =
            TokenName { label: info.label().to_owned(), serial: info.serial_number().to_owned() };
        if wanted.matches(&info) {
            found.push((slot, name.clone(), info));
        }
        seen.push(name.to_string());
    }
    let count = found.len();
    match (count, found.pop()) {
        (1, Some(found)) => Ok(found),
        (0, _) => {
            let seen = if seen.is_empty() { "none".to_owned() } else { seen.join(", ") };
            let detail = format!("there is no token {wanted}; tokens seen: {seen}");
            Err(Fault::new(Class::Device, OPERATION, detail))
        }
        _ => {
            let detail = format!(
                "{count} tokens are {wanted}; name one by its serial; tokens seen: {}",
                seen.join(", ")
            );
            Err(Fault::new(Class::Device, OPERATION, detail))
        }
    }
}
