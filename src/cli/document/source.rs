//! Documents from files.

use std::path::{Path, PathBuf};

use super::super::exit::Failure;
use super::super::input::{LARGEST, read_argument};
use super::stand_in::StandIns;
use crate::channel::document::{Compiled, DocumentError, compile};
use crate::clock::Timestamp;
use crate::folder::DiskFolder;

/// How a channel's document is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Given {
    /// With the MSPs and certificates that it names.
    Whole,
    /// With those that are there; others are stood in for.
    AsFarAsThere,
}

/// Reads a document's text.
///
/// # Errors
/// When the file cannot be read, or is no text.
pub(in crate::cli) fn read_text(path: &Path) -> Result<String, Failure> {
    let octets = read_argument(path, LARGEST)?;
    String::from_utf8(octets)
        .map_err(|why| Failure::refused(format!("`{}` is no text", path.display())).because(why))
}

/// The folder that paths in a document are relative to.
pub(super) fn folder_of(path: &Path) -> DiskFolder {
    DiskFolder::new(match path.parent() {
        Some(parent) if parent != Path::new("") => PathBuf::from(parent),
        Some(_) | None => PathBuf::from("."),
    })
}

/// A channel's document, compiled, and the paths that were stood in for.
pub(super) type Read = (Result<Compiled, DocumentError>, Vec<String>);

/// Compiles the text of a channel's document that stands at this path.
pub(super) fn compile_at(
    text: &str,
    path: &Path,
    given: Given,
    now: Timestamp,
) -> Result<Read, Failure> {
    let folder = folder_of(path);
    match given {
        Given::Whole => Ok((compile(text, &folder, now), Vec::new())),
        Given::AsFarAsThere => {
            let folder = StandIns::new(&folder)?;
            let compiled = compile(text, &folder, now);
            Ok((compiled, folder.missing()))
        }
    }
}

/// Reads and compiles a channel's document, whole.
///
/// # Errors
/// When it is none, with file, line and path.
pub(in crate::cli) fn read_channel(path: &Path, now: Timestamp) -> Result<Compiled, Failure> {
    let text = read_text(path)?;
    let (compiled, _) = compile_at(&text, path, Given::Whole, now)?;
    compiled.map_err(|why| {
        Failure::refused(format!("`{}` is no channel", path.display()))
            .because(why)
            .hint("`chancery policy lint` judges all documents of a folder")
    })
}
