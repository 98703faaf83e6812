//! The verbs.

use clap::Subcommand;

use super::super::exit::Failure;
use super::super::output::Output;
use super::asked::Source;
use super::expiry::ExpiryArguments;
use super::{asked, check, outline, who};
use crate::clock::Clock;

/// Reads policies and says what they mean.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct PolicyCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Reads a policy and says what is wrong, or what it is on the wire. With a channel alone, lists its policies.
    #[command(after_help = "Examples:\n  \
        chancery policy check \"AND('Org1MSP.peer', 'Org2MSP.peer')\"\n  \
        chancery policy check --channel config.block")]
    Check(Source),
    /// Prints the policy as a tree, in words; of a channel's, down to each organization.
    #[command(after_help = "Examples:\n  \
        chancery policy explain \"OutOf(2, 'A.peer', 'B.peer', 'C.peer')\"\n  \
        chancery policy explain --channel config.block /Channel/Application/Admins")]
    Explain(Source),
    /// Lists the smallest sets of organizations and roles whose signatures satisfy the policy.
    #[command(after_help = "Examples:\n  \
        chancery policy who-can-satisfy --envelope policy.pb --json\n  \
        chancery policy who-can-satisfy --channel config.block --resource peer/Propose\n  \
        chancery policy who-can-satisfy \"AND('Org1MSP.admin', 'Org2MSP.admin')\" --msp Org1MSP=org1/msp --msp Org2MSP=org2/msp")]
    WhoCanSatisfy(WhoArguments),
}

#[derive(Debug, clap::Args)]
struct WhoArguments {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    expiry: ExpiryArguments,
}

impl PolicyCommand {
    /// Runs the command; touches nothing.
    ///
    /// # Errors
    /// When there is no policy to be read, or it is none.
    pub(in crate::cli) fn run(self, out: &Output) -> Result<(), Failure> {
        let now = Clock::system().now();
        match self.command {
            Command::Check(source) => check::run(&asked::read(&source, now)?, out),
            Command::Explain(source) => outline::run(&asked::read(&source, now)?, out),
            Command::WhoCanSatisfy(WhoArguments { source, expiry }) => {
                let msps = expiry.read(now)?;
                who::run(&asked::read(&source, now)?, msps.as_ref(), now, out)
            }
        }
    }
}
