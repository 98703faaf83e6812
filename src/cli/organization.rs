//! An MSP as an argument: a folder, or a file with an `MSPConfig`.

use std::path::Path;

use clap::ValueEnum;

use super::exit::Failure;
use super::input;
use crate::folder::DiskFolder;
use crate::msp::{MspVersion, read_folder};

/// The versions of the rules, as they are spelled on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Version {
    #[value(name = "1.0")]
    V1_0,
    #[value(name = "1.1")]
    V1_1,
    #[value(name = "1.3")]
    V1_3,
    #[value(name = "1.4.3")]
    V1_4_3,
    #[value(name = "3.0")]
    V3_0,
}

impl From<Version> for MspVersion {
    fn from(version: Version) -> Self {
        match version {
            Version::V1_0 => Self::V1_0,
            Version::V1_1 => Self::V1_1,
            Version::V1_3 => Self::V1_3,
            Version::V1_4_3 => Self::V1_4_3,
            Version::V3_0 => Self::V3_0,
        }
    }
}

/// The `MSPConfig`, and what was passed over in the folder. `option` is how the ID of a folder's MSP is given.
///
/// # Errors
/// When it cannot be read, or an ID is missing or too much.
pub(super) fn read(
    path: &Path,
    id: Option<&str>,
    option: &str,
) -> Result<(Vec<u8>, Vec<String>), Failure> {
    if !path.is_dir() {
        let octets = input::read_argument(path, input::LARGEST)?;
        if id.is_some() {
            let why = format!("`{option}` goes with a folder: an `MSPConfig` tells its own ID");
            return Err(Failure::usage(why));
        }
        return Ok((octets, Vec::new()));
    }
    let Some(id) = id else {
        let why = format!("a folder needs `{option}`: it does not tell its MSP's ID");
        return Err(Failure::usage(why));
    };
    let contents = read_folder(&DiskFolder::new(path), id, false).map_err(|why| {
        let what = format!("a node would not load the folder ({})", why.category());
        Failure::refused(what).because(why)
    })?;
    Ok((contents.to_msp_config(), contents.warnings))
}
