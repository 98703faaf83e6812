//! A channel in whatever form people have it in.

use std::path::Path;

use super::super::exit::Failure;
use super::super::input::{LARGEST, read_argument};
use super::source::{Given, compile_at};
use crate::channel::{ReadConfig, read};
use crate::clock::Timestamp;

/// Reads a file with a document, a block, a `ConfigEnvelope` or a `Config`.
///
/// # Errors
/// When it is none of them.
pub(in crate::cli) fn read_any(path: &Path, now: Timestamp) -> Result<ReadConfig, Failure> {
    let octets = read_argument(path, LARGEST)?;
    let is_document = path.extension().is_some_and(|end| end == "yaml" || end == "yml");
    if is_document || is_text(&octets) {
        let text = String::from_utf8(octets).map_err(|why| {
            Failure::refused(format!("`{}` is no text", path.display())).because(why)
        })?;
        let (compiled, _) = compile_at(&text, path, Given::Whole, now)?;
        let current = compiled
            .map_err(|why| {
                Failure::refused(format!("`{}` is no channel", path.display())).because(why)
            })?
            .current;
        let channel_id = Some(current.channel_id().to_owned());
        let config = current.config().clone();
        return Ok(ReadConfig { config, channel_id, block: None, last_update: None });
    }
    read(&octets).map_err(|why| {
        let what = format!("`{}` holds no channel's configuration", path.display());
        Failure::refused(what).because(why)
    })
}

/// Whether octets are a document: no message has a kind on a line of its own.
fn is_text(octets: &[u8]) -> bool {
    let text = std::str::from_utf8(octets).unwrap_or_default();
    text.lines().any(|line| line.starts_with("kind:"))
}
