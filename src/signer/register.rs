//! The keys that the signer may use, and what for: a file in the signer's own zone.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use crate::hsm::protocol::Refusal;
use crate::hsm::{BadBinding, Binding, KeyInfo, NewKey, Purpose};
use crate::id::KeyLabel;
use crate::secret::random;

/// The register. Its file is JSON, replaced as a whole; a change made by another signer of the same
/// file is seen when a key is asked for that is not known.
#[derive(Debug)]
pub struct Register {
    path: PathBuf,
    /// Replaced whole; readers hold it for a look-up.
    keys: RwLock<Arc<Keys>>,
    /// Held while the file is changed, with the file's own lock for other processes.
    change: Mutex<()>,
}

/// Why the register cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The file cannot be read or replaced.
    #[error("could not {operation} the register `{path}`")]
    File {
        /// What was attempted.
        operation: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not what it should be.
    #[error("the register `{path}` is malformed")]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Where.
        source: serde_json::Error,
    },
    /// Others than its owner may write it, and so allow any key for any purpose.
    #[error("others than its owner may write the register `{0}`")]
    Writable(PathBuf),
    /// An entry contradicts itself.
    #[error("the register `{path}` is wrong")]
    Wrong {
        /// Which file.
        path: PathBuf,
        /// Which entry.
        source: BadBinding,
    },
    /// Two entries have one label or one reference.
    #[error("the register `{path}` has `{label}` twice")]
    Twice {
        /// Which file.
        path: PathBuf,
        /// Which label.
        label: KeyLabel,
    },
}

/// The file as written.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    version: u32,
    keys: Vec<KeyInfo>,
    /// Keys that are being made: written before the token is asked, so that a crash between the
    /// token and the register leaves no key that nobody can use or name.
    #[serde(default)]
    pending: Vec<Pending>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pending {
    key: NewKey,
    id: String,
}

#[derive(Debug, Default)]
struct Keys {
    by_reference: HashMap<[u8; 32], Arc<Binding>>,
    /// Which state of the file this is.
    stamp: Option<Stamp>,
}

type Stamp = (u64, i64, i64, u64);

/// A key that may now be made.
#[derive(Debug)]
pub(super) struct Begun {
    /// Its `CKA_ID`.
    pub(super) id: Vec<u8>,
    /// Whether it was begun before, so that the token may hold it already.
    pub(super) resumed: bool,
}

impl Register {
    /// Opens the register; a file that does not exist is an empty one.
    ///
    /// # Errors
    /// When the file cannot be read, is malformed, contradicts itself, or may be written by others.
    pub fn open(path: &Path) -> Result<Self, RegisterError> {
        let (text, stamp) = read(path)?;
        let keys = index(path, &text, stamp)?;
        Ok(Self {
            path: path.to_owned(),
            keys: RwLock::new(Arc::new(keys)),
            change: Mutex::new(()),
        })
    }

    /// The key of this reference, when it serves this purpose.
    ///
    /// # Errors
    /// When there is none, or it does not.
    pub fn find(&self, reference: &[u8; 32], purpose: Purpose) -> Result<Arc<Binding>, Refusal> {
        let found = self.keys().by_reference.get(reference).cloned();
        let binding = if let Some(binding) = found {
            binding
        } else {
            self.reload();
            self.keys().by_reference.get(reference).cloned().ok_or(Refusal::UnknownKey)?
        };
        if !binding.info.purposes.contains(&purpose) {
            return Err(Refusal::WrongPurpose { label: binding.info.label.clone(), purpose });
        }
        Ok(binding)
    }

    /// Every registered key, by label.
    pub fn all(&self) -> Vec<KeyInfo> {
        self.reload();
        let mut all: Vec<_> =
            self.keys().by_reference.values().map(|binding| binding.info.clone()).collect();
        all.sort_by(|a, b| a.label.cmp(&b.label));
        all
    }

    /// Reserves a label and a `CKA_ID` for a key that is about to be made. `None` when the label is
    /// taken. A key that was begun before, and asked for in the same words, is begun again.
    pub(super) fn begin(&self, key: &NewKey) -> Result<Option<Begun>, RegisterError> {
        self.change(|text| {
            if text.keys.iter().any(|known| known.label == key.label) {
                return Ok(None);
            }
            if let Some(pending) =
                text.pending.iter().find(|pending| pending.key.label == key.label)
            {
                let same = pending.key == *key;
                let id = hex::decode(&pending.id).ok().filter(|id| !id.is_empty());
                return Ok(id.filter(|_| same).map(|id| Begun { id, resumed: true }));
            }
            let id = random::<20>()
                .map_err(|error| self.failed("change")(io::Error::other(error)))?
                .to_vec();
            text.pending.push(Pending { key: key.clone(), id: hex::encode(&id) });
            Ok(Some(Begun { id, resumed: false }))
        })
    }

    /// Enters a key that was made.
    pub(super) fn finish(&self, info: KeyInfo) -> Result<(), RegisterError> {
        self.change(|text| {
            text.pending.retain(|pending| pending.key.label != info.label);
            text.keys.push(info);
            Ok(())
        })
    }

    /// Forgets a key that the token did not make.
    pub(super) fn abandon(&self, label: &KeyLabel) -> Result<(), RegisterError> {
        self.change(|text| {
            text.pending.retain(|pending| pending.key.label != *label);
            Ok(())
        })
    }

    fn keys(&self) -> Arc<Keys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace(&self, keys: Keys) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }

    /// Reads the file again when it is another one than before; when it cannot be read now, what was
    /// read before stays.
    fn reload(&self) {
        if stamp(&self.path) == self.keys().stamp {
            return;
        }
        let fresh = read(&self.path).and_then(|(text, stamp)| index(&self.path, &text, stamp));
        match fresh {
            Ok(keys) => self.replace(keys),
            Err(error) => {
                tracing::error!(reason = %error, "the register changed and cannot be used");
            }
        }
    }

    fn failed(&self, operation: &'static str) -> impl Fn(io::Error) -> RegisterError {
        let path = self.path.clone();
        move |source| RegisterError::File { operation, path: path.clone(), source }
    }

    /// Changes the file: reads it anew under its lock, and replaces it as a whole, durably.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut Text) -> Result<T, RegisterError>,
    ) -> Result<T, RegisterError> {
        let _mine = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(beside(&self.path, "lock"))
            .map_err(self.failed("lock"))?;
        lock.lock().map_err(self.failed("lock"))?;
        let (mut text, _) = read(&self.path)?;
        let outcome = change(&mut text)?;
        index(&self.path, &text, None)?;
        replace_file(&self.path, &text).map_err(self.failed("replace"))?;
        self.replace(index(&self.path, &text, stamp(&self.path))?);
        Ok(outcome)
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

fn stamp(path: &Path) -> Option<Stamp> {
    let meta = path.metadata().ok()?;
    Some((meta.ino(), meta.mtime(), meta.mtime_nsec(), meta.len()))
}

fn read(path: &Path) -> Result<(Text, Option<Stamp>), RegisterError> {
    let failed = |source| RegisterError::File { operation: "read", path: path.to_owned(), source };
    // The stamp first: a change after it is seen as one.
    let stamp = stamp(path);
    let octets = match std::fs::read(path) {
        Ok(octets) => octets,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok((Text { version: 1, ..Text::default() }, None));
        }
        Err(error) => return Err(failed(error)),
    };
    let mode = path.metadata().map_err(failed)?.mode();
    if mode & 0o022 != 0 {
        return Err(RegisterError::Writable(path.to_owned()));
    }
    let text: Text = serde_json::from_slice(&octets)
        .map_err(|source| RegisterError::Malformed { path: path.to_owned(), source })?;
    if text.version != 1 {
        let source = serde::de::Error::custom(format!("version {} is not 1", text.version));
        return Err(RegisterError::Malformed { path: path.to_owned(), source });
    }
    Ok((text, stamp))
}

fn index(path: &Path, text: &Text, stamp: Option<Stamp>) -> Result<Keys, RegisterError> {
    let mut by_reference = HashMap::new();
    for info in &text.keys {
        let binding = Binding::new(info.clone())
            .map_err(|source| RegisterError::Wrong { path: path.to_owned(), source })?;
        let same_label = text.keys.iter().filter(|other| other.label == info.label).count() > 1;
        if by_reference.insert(info.reference, Arc::new(binding)).is_some() || same_label {
            let label = info.label.clone();
            return Err(RegisterError::Twice { path: path.to_owned(), label });
        }
    }
    Ok(Keys { by_reference, stamp })
}

fn replace_file(path: &Path, text: &Text) -> io::Result<()> {
    let mut octets = serde_json::to_vec_pretty(text)?;
    octets.push(b'\n');
    let fresh = beside(path, "new");
    let mut file =
        OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(&octets)?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    // The name is durable when its folder is.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hsm::{Algorithm, Custody, TokenName};
    use std::os::unix::fs::PermissionsExt as _;

    fn new_key(label: &str) -> NewKey {
        NewKey {
            label: label.parse().unwrap(),
            algorithm: Algorithm::HmacSha256,
            purposes: [Purpose::Mac].into(),
        }
    }

    fn info(label: &str, reference: u8, id: Vec<u8>) -> KeyInfo {
        KeyInfo {
            label: label.parse().unwrap(),
            reference: [reference; 32],
            algorithm: Algorithm::HmacSha256,
            spki: Vec::new(),
            token: TokenName { label: "t".into(), serial: "1".into() },
            id,
            purposes: [Purpose::Mac].into(),
            custody: Custody::default(),
        }
    }

    #[test]
    fn a_key_is_registered_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("register.json");
        let register = Register::open(&path).unwrap();
        let begun = register.begin(&new_key("mac")).unwrap().unwrap();
        assert!(!begun.resumed);
        register.finish(info("mac", 1, begun.id)).unwrap();
        assert!(register.begin(&new_key("mac")).unwrap().is_none());
        assert!(register.find(&[1; 32], Purpose::Mac).is_ok());
        assert_eq!(register.find(&[2; 32], Purpose::Mac).unwrap_err(), Refusal::UnknownKey);
        let label = "mac".parse().unwrap();
        let wrong = Refusal::WrongPurpose { label, purpose: Purpose::Tls };
        assert_eq!(register.find(&[1; 32], Purpose::Tls).unwrap_err(), wrong);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_a_crash_interrupted_is_begun_again_with_the_same_id() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("register.json");
        let first = Register::open(&path).unwrap().begin(&new_key("mac")).unwrap().unwrap();
        let register = Register::open(&path).unwrap();
        let again = register.begin(&new_key("mac")).unwrap().unwrap();
        assert!(again.resumed);
        assert_eq!(first.id, again.id);
        let other = NewKey { algorithm: Algorithm::P256, ..new_key("mac") };
        assert!(register.begin(&other).unwrap().is_none());
        register.abandon(&"mac".parse().unwrap()).unwrap();
        assert!(!register.begin(&new_key("mac")).unwrap().unwrap().resumed);
    }

    #[test]
    fn another_signers_key_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("register.json");
        let (ours, theirs) = (Register::open(&path).unwrap(), Register::open(&path).unwrap());
        theirs.finish(info("mac", 1, vec![1])).unwrap();
        assert!(ours.find(&[1; 32], Purpose::Mac).is_ok());
        assert_eq!(ours.all().len(), 1);
    }

    #[test]
    fn a_register_that_others_may_write_or_that_contradicts_itself_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("register.json");
        let register = Register::open(&path).unwrap();
        register.finish(info("mac", 1, vec![1])).unwrap();
        assert!(register.finish(info("mac", 2, vec![2])).is_err());
        assert!(register.finish(info("other", 1, vec![2])).is_err());
        let wrong = KeyInfo { purposes: [Purpose::Crl].into(), ..info("other", 3, vec![3]) };
        assert!(register.finish(wrong).is_err());
        assert_eq!(register.all().len(), 1);

        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o660)).unwrap();
        assert!(matches!(Register::open(&path), Err(RegisterError::Writable(_))));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&path, "{").unwrap();
        assert!(matches!(Register::open(&path), Err(RegisterError::Malformed { .. })));
    }
}
