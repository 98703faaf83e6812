//! The folder of an MSP on disk.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::msp::{Folder, NamedFiles};

/// The largest file that is read, in octets. A revocation list of a million entries is smaller.
const MAX_FILE: u64 = 64 << 20;

/// A folder on disk, read by [`read_folder`](crate::msp::read_folder).
#[derive(Debug, Clone)]
pub struct DiskFolder(PathBuf);

impl DiskFolder {
    /// The folder at this path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }
}

impl Folder for DiskFolder {
    fn directory(&self, name: &str) -> Result<Option<NamedFiles>, String> {
        let entries = match std::fs::read_dir(self.0.join(name)) {
            Ok(entries) => entries,
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(why) => return Err(why.to_string()),
        };
        let mut files = Vec::new();
        for entry in entries {
            let path = entry.map_err(|why| why.to_string())?.path();
            // Links are followed; what leads nowhere, or cannot be read, has no effect.
            if path.is_dir() {
                continue;
            }
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.push((name, read(&path).unwrap_or_default()));
        }
        Ok(Some(files))
    }

    fn file(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        match read(&self.0.join(path)) {
            Ok(octets) => Ok(Some(octets)),
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(why) => Err(why.to_string()),
        }
    }
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    // A pipe would be waited for.
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is no file"));
    }
    let mut octets = Vec::new();
    std::fs::File::open(path)?.take(MAX_FILE + 1).read_to_end(&mut octets)?;
    if octets.len() as u64 > MAX_FILE {
        return Err(std::io::Error::other("it is longer than 64 mebibytes"));
    }
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::msp::{FolderError, read_folder};

    const PEM: &str = "-----BEGIN X-----\nAQID\n-----END X-----\n";

    #[test]
    fn a_folder_on_disk_is_read_as_one_in_memory() {
        let home = tempfile::tempdir().unwrap();
        let folder = DiskFolder::new(home.path());
        assert_eq!(read_folder(&folder, "Org1", false), Err(FolderError::NoCas));
        std::fs::create_dir_all(home.path().join("cacerts/sub")).unwrap();
        assert_eq!(read_folder(&folder, "Org1", false), Err(FolderError::EmptyCas));
        std::fs::write(home.path().join("cacerts/sub/a.pem"), PEM).unwrap();
        std::fs::write(home.path().join("elsewhere.pem"), PEM).unwrap();
        std::os::unix::fs::symlink("../elsewhere.pem", home.path().join("cacerts/link.pem"))
            .unwrap();
        std::os::unix::fs::symlink("nowhere", home.path().join("cacerts/a-broken-link")).unwrap();
        let yaml = "NodeOUs:\n  Enable: true\n  AdminOUIdentifier:\n    Certificate: /cacerts/link.pem\n    \
                    OrganizationalUnitIdentifier: admin\n";
        std::fs::write(home.path().join("config.yaml"), yaml).unwrap();
        let found = read_folder(&folder, "Org1", false).unwrap();
        assert_eq!(found.config.root_certs, [PEM.as_bytes()]);
        assert_eq!(found.warnings, ["`cacerts/a-broken-link` holds no PEM and has no effect"]);
        let roles = found.config.fabric_node_ous.unwrap();
        assert_eq!(roles.admin_ou_identifier.unwrap().certificate, PEM.as_bytes());
        std::fs::write(home.path().join("crls"), PEM).unwrap();
        assert_eq!(read_folder(&folder, "Org1", false).unwrap_err().category(), "crls");
    }
}
