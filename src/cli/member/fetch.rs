//! `chancery channel import --orderer`: the newest configuration of a channel, from an orderer.

use std::path::Path;

use super::orderers::{Asker, Orderers, failed, follow};
use crate::channel::{self, ConfigBlock, Current, Learned, Trail, TrailError, orderer_endpoints};
use crate::cli::compose::block_on;
use crate::cli::exit::Failure;
use crate::cli::input::{LARGEST, read_argument};
use crate::cli::output::Output;
use crate::clock::Clock;
use crate::service::ReadFailure;
use crate::wire::Message as _;

/// What a channel begins from, for whoever reads it.
pub(super) struct Fetch<'a> {
    pub(super) channel: &'a str,
    pub(super) orderers: &'a Orderers,
    pub(super) asker: &'a Asker,
    /// A block that the user has from somebody whom they trust.
    pub(super) trust: Option<&'a Path>,
}

impl Fetch<'_> {
    /// Reads the newest configuration block, looked at as far as that goes.
    ///
    /// # Errors
    /// When no orderer gives it, or it does not follow from the one that is trusted.
    pub(super) fn run(&self, out: &Output) -> Result<Vec<u8>, Failure> {
        let now = Clock::system().now();
        let trusted = self.trust.map(|file| self.read_trusted(file)).transpose()?;
        let root = trusted.as_ref().map(|(current, _)| current.root());
        let known = root.map(orderer_endpoints).unwrap_or_default().into_iter();
        let known: Vec<_> = known.map(|one| (one.address, one.tls_roots)).collect();
        let orderers = self.orderers.open(&known)?;
        let judged = |why: TrailError| failed(&ReadFailure::from(why));
        let mut trail = match &trusted {
            Some((current, _)) => Trail::after(current),
            None => Trail::to_newest(self.channel),
        };
        block_on(follow(&mut trail, self.channel, self.asker, &orderers))?;
        if let Some((current, octets)) = trusted {
            return match trail.conclude(&current, now).map_err(judged)? {
                Learned::Same => Ok(octets),
                Learned::Older(sequence) => {
                    let why = format!("the orderer is behind the block, at sequence {sequence}");
                    Err(Failure::refused(why).hint("ask another orderer"))
                }
                Learned::Later(steps) => {
                    let last = steps.last().ok_or_else(|| Failure::refused("nothing was read"))?;
                    Ok(block(&last.block))
                }
            };
        }
        let step = trail.conclude_alone(now).map_err(judged)?;
        let step = step.ok_or_else(|| Failure::refused("nothing was read"))?;
        out.note(&format!(
            "nobody but the orderers vouches for block {} ({}): compare it with somebody whom you trust, or use `--trust`",
            step.block.block().number(),
            hex::encode(step.block.block().hash())
        ));
        Ok(block(&step.block))
    }

    fn read_trusted(&self, file: &Path) -> Result<(Current, Vec<u8>), Failure> {
        let octets = read_argument(file, LARGEST)?;
        let bad = || Failure::usage(format!("`{}` is no block to go by", file.display()));
        let read = channel::read(&octets).map_err(|why| bad().because(why))?;
        if let Some(told) = read.channel_id.filter(|told| told != self.channel) {
            return Err(bad().because(format!("it is of the channel `{}`", told.escape_debug())));
        }
        let current = Current::load(self.channel, read.config, Clock::system().now());
        Ok((current.map_err(|why| bad().because(why))?, octets))
    }
}

/// The block as it travels.
pub(super) fn block(block: &ConfigBlock) -> Vec<u8> {
    block.block().to_message().encode_to_vec()
}
