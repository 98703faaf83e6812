//! The verbs.

use clap::Subcommand;

use super::super::document::schema_of;
use super::super::exit::Failure;
use super::super::output::Output;
use super::asked::Source;
use super::collection::CollectionArguments;
use super::expiry::ExpiryArguments;
use super::lint::{self, LintArguments};
use super::{asked, check, outline, who};
use crate::channel::document::DocumentKind;
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
        chancery policy explain --channel config.block /Channel/Application/Admins\n  \
        chancery policy explain --collection trade/pair --document collections.yaml --channel config.block")]
    Explain(ExplainArguments),
    /// Lists the smallest sets of organizations and roles whose signatures satisfy the policy.
    #[command(after_help = "Examples:\n  \
        chancery policy who-can-satisfy --envelope policy.pb --json\n  \
        chancery policy who-can-satisfy --channel config.block --resource peer/Propose\n  \
        chancery policy who-can-satisfy \"AND('Org1MSP.admin', 'Org2MSP.admin')\" --msp Org1MSP=org1/msp --msp Org2MSP=org2/msp")]
    WhoCanSatisfy(WhoArguments),
    /// Judges documents: channels, collections, certificate profiles, rules of admission. What they name and is not there (MSP folders,
    /// certificates) is stood in for, and told.
    #[command(after_help = "Examples:\n  \
        chancery policy lint\n  \
        chancery policy lint policies/container-shipping --json")]
    Lint(LintArguments),
    /// Prints the JSON schema of a kind of document, for editors.
    #[command(after_help = "Example:\n  \
        chancery policy schema channel > policies/schema/channel.schema.json")]
    Schema {
        /// The kind.
        #[arg(value_name = "KIND")]
        kind: KindArgument,
    },
}

/// A kind of document, as it is spelled on the command line.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum KindArgument {
    Channel,
    Collections,
    Profile,
    Admission,
}

impl From<KindArgument> for DocumentKind {
    fn from(kind: KindArgument) -> Self {
        match kind {
            KindArgument::Channel => Self::Channel,
            KindArgument::Collections => Self::Collections,
            KindArgument::Profile => Self::Profile,
            KindArgument::Admission => Self::Admission,
        }
    }
}

#[derive(Debug, clap::Args)]
struct ExplainArguments {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    collection: CollectionArguments,
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
            Command::Explain(ExplainArguments { source, collection }) => {
                if let Some(name) = &collection.collection {
                    let channel = asked::channel_of(&source, now)?;
                    return collection.run(name, channel.as_ref(), out);
                }
                outline::run(&asked::read(&source, now)?, out)
            }
            Command::Lint(arguments) => lint::run(&arguments, now, out),
            Command::Schema { kind } => {
                let text = serde_json::to_string_pretty(&schema_of(kind.into()))
                    .map_err(|why| Failure::refused("no schema").because(why))?;
                out.octets(format!("{text}\n").as_bytes())
            }
            Command::WhoCanSatisfy(WhoArguments { source, expiry }) => {
                let msps = expiry.read(now)?;
                who::run(&asked::read(&source, now)?, msps.as_ref(), now, out)
            }
        }
    }
}
