//! Files that are whole or not there: written beside their place, then moved into it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::cli::exit::Failure;

/// Bounds the files that we read: keys, certificates, secrets, bundles of roots.
const FILE_BYTES: u64 = 1 << 20;

/// Who may read what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Access {
    /// Everybody, as far as the process's mask allows: files 0644, directories 0755.
    Public,
    /// The owner alone: files 0600, directories 0700.
    Private,
}

/// Reads a file, of which there may be a secret in it.
///
/// # Errors
/// A usage failure that names the file.
pub(super) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let failed = |error: io::Error| {
        Failure::usage(format!("could not read `{}`", path.display())).because(error)
    };
    let mut octets = Zeroizing::new(Vec::new());
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES + 1).read_to_end(&mut octets))
        .map_err(failed)?;
    if octets.len() as u64 > FILE_BYTES {
        return Err(Failure::usage(format!("`{}` is longer than 1 MiB", path.display())));
    }
    Ok(octets)
}

/// Reads a text file.
///
/// # Errors
/// A usage failure that names the file.
pub(super) fn read_text(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let octets = read(path)?;
    std::str::from_utf8(&octets)
        .map(|text| Zeroizing::new(text.to_owned()))
        .map_err(|_| Failure::usage(format!("`{}` is not a text file", path.display())))
}

/// The files of a directory in the order of their names; none when it is not there.
///
/// # Errors
/// When it cannot be read.
pub(super) fn listed(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error: io::Error| {
        Failure::usage(format!("could not read `{}`", directory.display())).because(error)
    };
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(failed)?,
    };
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    paths.retain(|path| path.is_file());
    paths.sort();
    Ok(paths)
}

/// Makes a directory and those above it. A private one that exists already is closed to others.
///
/// # Errors
/// When it cannot be made.
pub(super) fn make_directory(path: &Path, access: Access) -> Result<(), Failure> {
    let failed = |error: io::Error| {
        Failure::refused(format!("could not make the directory `{}`", path.display()))
            .because(error)
    };
    if let Some(above) = path.parent() {
        fs::create_dir_all(above).map_err(failed)?;
    }
    let mode = match access {
        Access::Public => 0o755,
        Access::Private => 0o700,
    };
    match DirBuilder::new().mode(mode).create(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {
            if access == Access::Private {
                fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(failed)?;
            }
            Ok(())
        }
        Err(error) => Err(failed(error)),
    }
}

/// Writes a file as a whole: whoever looks sees the old one or the new one, and what was reported
/// as written outlives a power failure.
///
/// # Errors
/// When it cannot be written; nothing is left behind then.
pub(in crate::cli) fn write(path: &Path, octets: &[u8], access: Access) -> Result<(), Failure> {
    write_by_way_of(directory_of(path), path, octets, access)
}

/// As [`write`], but the new file comes into being in another directory. A node takes the first file
/// of a directory for its certificate, dot files included, so one that a crash left half written
/// must not lie there.
///
/// # Errors
/// As [`write`].
pub(super) fn write_by_way_of(
    workshop: &Path,
    path: &Path,
    octets: &[u8],
    access: Access,
) -> Result<(), Failure> {
    let failed = |error: io::Error| {
        Failure::refused(format!("could not write `{}`", path.display())).because(error)
    };
    let fresh = workshop.join(beside(".chancery")?);
    let mode = match access {
        Access::Public => 0o644,
        Access::Private => 0o600,
    };
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&fresh)
        .and_then(|mut file| file.write_all(octets).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&fresh, path))
        .and_then(|()| File::open(directory_of(path)).and_then(|directory| directory.sync_all()));
    let Err(error) = written else { return Ok(()) };
    // What is left of it is of no use; that it cannot be removed is the lesser evil.
    let _ = fs::remove_file(&fresh);
    if error.kind() == io::ErrorKind::CrossesDevices && workshop != directory_of(path) {
        // The directory is a mount of its own.
        return write(path, octets, access);
    }
    Err(failed(error))
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        Some(_) | None => Path::new("."),
    }
}

/// Finds out whether a directory could be written to, or made, before something is asked for that
/// would be lost if it could not.
///
/// # Errors
/// A usage failure when it could not.
pub(super) fn check_writable(directory: &Path) -> Result<(), Failure> {
    let there = directory
        .ancestors()
        .map(|above| if above.as_os_str().is_empty() { Path::new(".") } else { above })
        .find(|above| above.exists())
        .unwrap_or(directory);
    let failed = |error: io::Error| {
        Failure::usage(format!("`{}` cannot be written to", there.display())).because(error)
    };
    if !there.is_dir() {
        return Err(failed(io::ErrorKind::NotADirectory.into()));
    }
    let probe = there.join(beside(".chancery")?);
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&probe).map_err(failed)?;
    remove(&probe)
}

/// Removes a file, if it is there.
///
/// # Errors
/// When it is there and cannot be removed.
pub(super) fn remove(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Failure::refused(format!("could not remove `{}`", path.display())).because(error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// A name that nobody else uses.
fn beside(stem: &str) -> Result<String, Failure> {
    let random: [u8; 8] = crate::secret::random()
        .map_err(|error| Failure::refused("the system gives no randomness").because(error))?;
    Ok(format!("{stem}.{}", hex::encode(random)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn private_files_are_private_and_replaced_whole() {
        let home = tempfile::tempdir().unwrap();
        let keystore = home.path().join("a/keystore");
        make_directory(&keystore, Access::Private).unwrap();
        assert_eq!(mode(&keystore), 0o700);
        let key = keystore.join("k_sk");
        fs::write(&key, "old, and open to all").unwrap();
        write(&key, b"new", Access::Private).unwrap();
        assert_eq!(mode(&key), 0o600);
        assert_eq!(fs::read(&key).unwrap(), b"new");
        assert_eq!(fs::read_dir(&keystore).unwrap().count(), 1);
    }

    #[test]
    fn an_open_keystore_is_closed() {
        let home = tempfile::tempdir().unwrap();
        let keystore = home.path().join("keystore");
        fs::create_dir(&keystore).unwrap();
        fs::set_permissions(&keystore, fs::Permissions::from_mode(0o755)).unwrap();
        make_directory(&keystore, Access::Private).unwrap();
        assert_eq!(mode(&keystore), 0o700);
    }

    #[test]
    fn a_failed_write_leaves_nothing() {
        let home = tempfile::tempdir().unwrap();
        let place = home.path().join("taken");
        fs::create_dir(&place).unwrap();
        assert!(write(&place, b"x", Access::Public).is_err());
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
        assert!(write(&home.path().join("no/such"), b"x", Access::Public).is_err());
    }

    #[test]
    fn what_cannot_be_written_is_known_before() {
        let home = tempfile::tempdir().unwrap();
        check_writable(&home.path().join("a/b/msp")).unwrap();
        check_writable(home.path()).unwrap();
        check_writable(Path::new("no/such/msp")).unwrap();
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
        fs::write(home.path().join("file"), "").unwrap();
        assert!(check_writable(&home.path().join("file/msp")).is_err());
        assert!(check_writable(Path::new("/proc/msp")).is_err());
    }

    #[test]
    fn long_files_are_refused() {
        let home = tempfile::tempdir().unwrap();
        let long = home.path().join("long");
        fs::write(&long, vec![b'x'; (1 << 20) + 1]).unwrap();
        assert!(read(&long).is_err());
        assert!(read(&home.path().join("missing")).is_err());
    }
}
