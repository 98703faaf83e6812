//! A PIN that the token refused, remembered across restarts.
//!
//! Three tries lock many tokens. A supervisor, a service manager and an impatient operator restart
//! what has stopped; without this memory each restart would spend a try (invariant I9).

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use argon2::Argon2;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::secret::{Pin, equal, random};

/// The file beside the register that remembers.
#[derive(Debug, Clone)]
pub(super) struct RefusedPin(PathBuf);

#[derive(Debug, Serialize, Deserialize)]
struct Memory {
    at: Timestamp,
    reason: String,
    salt: String,
    /// Argon2id of the PIN: enough to know it again, dear to guess from.
    digest: String,
}

impl RefusedPin {
    pub(super) fn beside(register: &Path) -> Self {
        let mut name = register.as_os_str().to_owned();
        name.push(".pin-refused");
        Self(name.into())
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Why and when this very PIN was refused; `None` when it was not. Another PIN is a new one to
    /// try, and the memory of the old one goes.
    pub(super) fn recall(&self, pin: &Pin) -> io::Result<Option<String>> {
        let octets = match std::fs::read(&self.0) {
            Ok(octets) => octets,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        // A memory that cannot be read is one of a refusal all the same.
        let Ok(memory) = serde_json::from_slice::<Memory>(&octets) else {
            return Ok(Some("a PIN was refused before, the file is malformed".to_owned()));
        };
        let salt = hex::decode(&memory.salt).unwrap_or_default();
        let same = digest(pin, &salt)
            .is_ok_and(|digest| equal(hex::encode(digest).as_bytes(), memory.digest.as_bytes()));
        if same {
            return Ok(Some(format!("{} (at {})", memory.reason, memory.at)));
        }
        std::fs::remove_file(&self.0)?;
        Ok(None)
    }

    /// Remembers that this PIN was refused.
    pub(super) fn remember(&self, pin: &Pin, reason: &str, at: Timestamp) -> io::Result<()> {
        let salt = random::<16>().map_err(io::Error::other)?;
        let memory = Memory {
            at,
            reason: reason.to_owned(),
            salt: hex::encode(salt),
            digest: hex::encode(digest(pin, &salt)?),
        };
        let mut file =
            OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&self.0)?;
        file.write_all(&serde_json::to_vec_pretty(&memory)?)?;
        file.sync_all()
    }
}

fn digest(pin: &Pin, salt: &[u8]) -> io::Result<[u8; 32]> {
    let mut out = [0; 32];
    Argon2::default()
        .hash_password_into(pin.expose().as_bytes(), salt, &mut out)
        .map_err(|error| io::Error::other(error.to_string()))?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_pin_is_known_again_and_another_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let memory = RefusedPin::beside(&folder.path().join("register.json"));
        let (wrong, right) = (Pin::new("0000".into()), Pin::new("1234".into()));
        assert_eq!(memory.recall(&wrong).unwrap(), None);
        memory.remember(&wrong, "PinIncorrect", Timestamp::from_unix(0)).unwrap();
        for _ in 0..2 {
            assert!(memory.recall(&wrong).unwrap().unwrap().contains("PinIncorrect"));
        }
        assert_eq!(memory.recall(&right).unwrap(), None);
        assert!(!memory.path().exists());
        std::fs::write(memory.path(), "not json").unwrap();
        assert!(memory.recall(&right).unwrap().is_some());
    }
}
