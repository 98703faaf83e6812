//! Whose certificates are known when it is asked until when a policy can be satisfied.

use std::path::Path;

use super::super::exit::Failure;
use super::super::organization::{self, Version};
use crate::clock::Timestamp;
use crate::msp::{Msp, Msps};

#[derive(Debug, clap::Args)]
pub(super) struct ExpiryArguments {
    /// An MSP, so that it is told until when the policy can be satisfied: `ID=FOLDER`, or a file with an `MSPConfig`. May
    /// be repeated. A channel brings its own.
    #[arg(long, value_name = "[ID=]PATH", conflicts_with = "channel")]
    msp: Vec<String>,
    /// The version of the rules that these MSPs follow.
    #[arg(long, value_name = "VERSION", requires = "msp", default_value = "3.0")]
    version: Version,
}

impl ExpiryArguments {
    /// The MSPs that are named; nothing when none is.
    pub(super) fn read(&self, now: Timestamp) -> Result<Option<Msps>, Failure> {
        let read = |argument: &String| {
            // A path may have an equals sign of its own.
            let (id, path) = match argument.split_once('=') {
                Some((id, path)) if !Path::new(argument).exists() => (Some(id), path),
                Some(_) | None => (None, argument.as_str()),
            };
            let (octets, _) = organization::read(Path::new(path), id, "ID=FOLDER")?;
            Msp::new(&octets, self.version.into(), now).map_err(|why| {
                let what = format!("a node would refuse the MSP in `{path}` ({})", why.category());
                Failure::refused(what).because(why)
            })
        };
        let msps: Vec<Msp> = self.msp.iter().map(read).collect::<Result<_, _>>()?;
        Ok((!msps.is_empty()).then(|| msps.into_iter().collect()))
    }
}
