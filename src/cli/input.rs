//! Files that a command names: read whole, up to a bound.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use super::exit::Failure;

/// No file that a command names is longer, in octets, unless the command says so.
pub(super) const LARGEST: u64 = 64 << 20;

/// Reads the file of an argument; `-` is standard input.
///
/// # Errors
/// A usage failure when it cannot be read, or has more than `most` octets.
pub(super) fn read_argument(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    if path == Path::new("-") {
        return bounded(path, most, || Ok(io::stdin().lock()));
    }
    read_file(path, most)
}

/// Reads a file that is never standard input.
///
/// # Errors
/// As [`read_argument`].
pub(super) fn read_file(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    bounded(path, most, || fs::File::open(path))
}

fn bounded<R: Read>(
    path: &Path,
    most: u64,
    open: impl FnOnce() -> io::Result<R>,
) -> Result<Vec<u8>, Failure> {
    let mut octets = Vec::new();
    // One octet more than may be tells a file that is too long from one that just fits.
    let read = open().and_then(|source| source.take(most + 1).read_to_end(&mut octets));
    let read = read.map_err(|error| {
        Failure::usage(format!("`{}` cannot be read", path.display())).because(error)
    })?;
    if u64::try_from(read).is_ok_and(|read| read <= most) {
        Ok(octets)
    } else {
        Err(Failure::usage(format!("`{}` has more than {most} octets", path.display())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_refused_and_never_cut() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("file");
        fs::write(&path, b"12345").unwrap();
        assert_eq!(read_file(&path, 5).unwrap(), b"12345");
        let told = read_file(&path, 4).unwrap_err().to_string();
        assert_eq!(told, format!("`{}` has more than 4 octets", path.display()));
        let missing = read_argument(&home.path().join("other"), 5).unwrap_err().to_string();
        assert!(missing.contains("other` cannot be read: No such file"), "{missing}");
    }
}
