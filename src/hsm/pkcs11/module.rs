//! A PKCS#11 module: a shared library, loaded once.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use cryptoki::context::Pkcs11;

use crate::hsm::digest::sha256;

/// A loaded module. It stays loaded until the process ends: unloading one that has threads of its
/// own crashes.
pub struct Module {
    pub(in crate::hsm) library: Pkcs11,
    path: PathBuf,
    sha256: [u8; 32],
}

/// Why a module could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum ModuleError {
    /// The path is relative: what it means would depend on where we were started.
    #[error("the path of the PKCS#11 module `{0}` is not absolute")]
    Relative(PathBuf),
    /// The file cannot be read.
    #[error("could not read the PKCS#11 module `{path}`")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is no PKCS#11 module.
    #[error("could not load the PKCS#11 module `{path}`")]
    Unloadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: cryptoki::error::Error,
    },
}

impl Module {
    /// Loads the module at `path`, an absolute path; links are resolved first, so that what is
    /// logged is what is loaded.
    ///
    /// # Errors
    /// When the path is relative, or the file is no module.
    pub fn load(path: &Path) -> Result<Self, ModuleError> {
        if !path.is_absolute() {
            return Err(ModuleError::Relative(path.to_owned()));
        }
        let unreadable = |source| ModuleError::Unreadable { path: path.to_owned(), source };
        let resolved = path.canonicalize().map_err(unreadable)?;
        let sha256 = sha256(&std::fs::read(&resolved).map_err(unreadable)?);
        let library = Pkcs11::new(&resolved)
            .map_err(|source| ModuleError::Unloadable { path: resolved.clone(), source })?;
        Ok(Self { library, path: resolved, sha256 })
    }
}

impl fmt::Display for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (sha256 {})", self.path.display(), hex::encode(self.sha256))
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Module({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_named_by_an_absolute_path_that_exists() {
        let relative = Module::load(Path::new("libsofthsm2.so"));
        assert!(matches!(relative, Err(ModuleError::Relative(_))));
        let missing = Module::load(Path::new("/nonexistent/module.so"));
        assert!(matches!(missing, Err(ModuleError::Unreadable { .. })));
        let text = tempfile::NamedTempFile::new().unwrap();
        let other = Module::load(text.path());
        assert!(matches!(other, Err(ModuleError::Unloadable { .. })));
    }
}
