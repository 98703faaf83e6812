//! The signer's own record of what it signed: one line for every signature with a key that issues,
//! written before the signature is handed out. `chancery ca check` compares it to the journal: a
//! line without an intent is a signature that nobody recorded asking for.
//!
//! A line survives the death of the process, not that of the machine: the journal is what is synced
//! before a signature, the ledger is synced every few seconds.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::purpose::Purpose;
use crate::clock::Timestamp;

/// One signature. As text: time, key, purpose, SHA-256, and the digest that was signed where that is
/// another one, separated by spaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When it was made.
    pub at: Timestamp,
    /// SHA-256 of the key's `SubjectPublicKeyInfo`.
    pub key: [u8; 32],
    /// What for.
    pub purpose: Purpose,
    /// SHA-256 of the signed octets: what `audit::Intent::digest` holds.
    pub sha256: [u8; 32],
    /// SHA-384 of the signed octets, when that is what the key signed.
    pub sha384: Option<Vec<u8>>,
}

/// Why a text is no line of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a line of the signer's ledger")]
pub struct BadLine;

impl Line {
    /// Whether a text that is no line is the beginning of one: what a crash or a full disk leaves. Its
    /// signature was not handed out.
    pub fn is_cut_short(text: &str) -> bool {
        // Some file systems keep the length of what they lost, as zeros.
        let words: Vec<&str> = text.trim_matches('\0').split(' ').collect();
        match words.as_slice() {
            [_, _, _, sha256] => sha256.len() < 64,
            [_, _, _, _, sha384] => sha384.len() < 96,
            words => words.len() < 4,
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, sha256) = (hex::encode(self.key), hex::encode(self.sha256));
        write!(f, "{} {key} {} {sha256}", self.at, self.purpose)?;
        match &self.sha384 {
            Some(digest) => write!(f, " {}", hex::encode(digest)),
            None => Ok(()),
        }
    }
}

impl FromStr for Line {
    type Err = BadLine;

    fn from_str(text: &str) -> Result<Self, BadLine> {
        let hash = |text: &str| -> Result<[u8; 32], BadLine> {
            hex::decode(text).ok().and_then(|octets| octets.try_into().ok()).ok_or(BadLine)
        };
        let mut words = text.split(' ');
        let mut word = || words.next().ok_or(BadLine);
        let line = Self {
            at: word()?.parse().map_err(|_| BadLine)?,
            key: hash(word()?)?,
            purpose: word()?.parse().map_err(|_| BadLine)?,
            sha256: hash(word()?)?,
            sha384: None,
        };
        let sha384 = match words.next() {
            None => None,
            Some(text) => {
                let octets = hex::decode(text).map_err(|_| BadLine)?;
                Some(octets).filter(|octets| octets.len() == 48).map(Some).ok_or(BadLine)?
            }
        };
        if words.next().is_some() {
            return Err(BadLine);
        }
        Ok(Self { sha384, ..line })
    }
}

/// The file, open for appending.
#[derive(Debug)]
pub struct Ledger {
    /// Held while one batch of lines is written, so that a batch that was cut short is mended before
    /// the next one.
    file: Mutex<Tail>,
    dirty: AtomicBool,
}

#[derive(Debug)]
struct Tail {
    file: File,
    /// Whether the last batch may have ended within a line.
    cut: bool,
}

impl Ledger {
    /// Opens the ledger, or makes it (mode 0600). A line that a crash cut short is ended before the
    /// next one, so that it stands alone and is seen.
    ///
    /// # Errors
    /// When the file cannot be opened for appending.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file =
            OpenOptions::new().create(true).append(true).read(true).mode(0o600).open(path)?;
        let cut = !ends_a_line(&file)?;
        Ok(Self { file: Mutex::new(Tail { file, cut }), dirty: AtomicBool::new(false) })
    }

    /// Appends lines that are whole, each with its line feed: one `write`. What a batch before left
    /// of a line (the disk was full) is ended first.
    ///
    /// # Errors
    /// When not all of them were written; then none of their signatures may be handed out.
    pub fn append(&self, lines: &[u8]) -> io::Result<()> {
        let mut tail = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let written = if tail.cut {
            tail.file.write_all(&[b"\n", lines].concat())
        } else {
            tail.file.write_all(lines)
        };
        tail.cut = written.is_err();
        self.dirty.store(true, Ordering::Release);
        written
    }

    /// Syncs what was appended since the last time.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn sync(&self) -> io::Result<()> {
        if !self.dirty.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        // On a handle of its own: appending goes on meanwhile.
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner).file.try_clone()?;
        file.sync_data()
    }
}

fn ends_a_line(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::FileExt as _;
    let length = file.metadata()?.len();
    if length == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.read_exact_at(&mut last, length - 1)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(sha384: Option<Vec<u8>>) -> Line {
        Line {
            at: Timestamp::from_unix(1_900_000_000),
            key: [0xab; 32],
            purpose: Purpose::ConfigSignature,
            sha256: [1; 32],
            sha384,
        }
    }

    #[test]
    fn lines_are_written_as_they_are_read() {
        for line in [line(None), line(Some(vec![2; 48]))] {
            assert_eq!(line.to_string().parse::<Line>().unwrap(), line);
        }
        let text = line(None).to_string();
        for bad in
            ["", "x", text.trim_start_matches('2'), &format!("{text} "), &format!("{text} 00")]
        {
            assert!(bad.parse::<Line>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_line_that_was_cut_short_stands_alone() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "2030-01-01T00:0").unwrap();
        let ledger = Ledger::open(file.path()).unwrap();
        ledger.append(format!("{}\n", line(None)).as_bytes()).unwrap();
        ledger.sync().unwrap();
        let text = std::fs::read_to_string(file.path()).unwrap();
        let lines: Vec<_> = text.lines().map(str::parse::<Line>).collect();
        assert_eq!(lines, [Err(BadLine), Ok(line(None))]);
    }

    #[test]
    fn every_beginning_of_a_line_is_known_as_one() {
        let whole = line(Some(vec![2; 48])).to_string();
        for length in 0..whole.len() {
            let text: String = whole.chars().take(length).collect();
            assert!(text.parse::<Line>().is_ok() || Line::is_cut_short(&text), "{text}");
        }
        assert!(Line::is_cut_short("\0\0\0"));
        assert!(!Line::is_cut_short(&whole.replace('0', "x")));
        assert!(!Line::is_cut_short(&format!("{whole} {whole}")));
    }
}
