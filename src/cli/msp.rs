//! `chancery msp`: what a node would say of an MSP's folder or configuration, before it does.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};

use super::exit::Failure;
use super::input;
use super::organization::{self, Version};
use super::output::Output;
use crate::clock::{Clock, Timestamp};
use crate::msp::{Advice, Identity, Msp, advise};
use crate::policy::{Named, Role, role_principal};
use crate::wire::{FabricMspConfig, MspConfig, decode};

/// Looks at membership service providers.
#[derive(Debug, clap::Args)]
pub(super) struct MspCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Says what a node would say of an MSP at its start, and what it would take without a word.
    #[command(after_help = "Examples:\n  \
        chancery msp check crypto/org1/msp --msp-id Org1MSP --member alice.pem\n  \
        chancery msp check org1.mspconfig --version 1.4.3")]
    Check(Check),
}

#[derive(Debug, clap::Args)]
struct Check {
    /// The folder, or a file with an `MSPConfig`.
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// The MSP ID; a folder does not tell its own.
    #[arg(long, value_name = "ID")]
    msp_id: Option<String>,
    /// The version of the rules: that of the channel's capabilities (`V2_0` is 1.4.3, `V3_0` is 3.0).
    #[arg(long, value_name = "VERSION", default_value = "3.0")]
    version: Version,
    /// Certificates of members in PEM: whether they are valid here, and as what.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    member: Vec<PathBuf>,
}

impl MspCommand {
    /// Runs the command; touches nothing.
    ///
    /// # Errors
    /// When a node would not load the MSP, or a member is not valid.
    pub(super) fn run(self, out: &Output) -> Result<(), Failure> {
        let Command::Check(check) = self.command;
        check.run(out, Clock::system().now())
    }
}

impl Check {
    fn run(&self, out: &Output, now: Timestamp) -> Result<(), Failure> {
        let (octets, warnings) =
            organization::read(&self.path, self.msp_id.as_deref(), "--msp-id")?;
        let config = config_of(&octets)?;
        let msp = Msp::new(&octets, self.version.into(), now);
        let advice = advise(&config, msp.as_ref().ok(), now);
        let msp = msp.map_err(|why| {
            // What is said beside the refusal may be its cause.
            for advice in &advice {
                out.note(&advice.text);
            }
            let what = format!("a node would refuse the MSP ({})", why.category());
            Failure::refused(what).because(why)
        })?;

        let mut lines = vec![format!(
            "a node loads the MSP `{}` with {} roots and {} intermediates, by the rules of version {}",
            msp.id(),
            msp.roots().count(),
            msp.intermediates().count(),
            msp.version().as_str()
        )];
        lines.extend(warnings.iter().map(|warning| format!("note: {warning}")));
        lines.extend(advice.iter().map(line));
        let mut members = Vec::new();
        let mut refused = 0;
        for path in &self.member {
            let told = Member::of(&msp, path, now)?;
            refused += usize::from(told.refused.is_some());
            lines.extend(told.lines());
            members.push(told.json());
        }
        let advice: Vec<Value> = advice
            .iter()
            .map(|a| json!({ "code": a.code, "text": a.text, "serious": a.is_serious }))
            .collect();
        let value = json!({
            "msp_id": msp.id(),
            "version": msp.version().as_str(),
            "warnings": warnings,
            "advice": advice,
            "members": members,
        });
        out.result(&value, &lines.join("\n"))?;
        match refused {
            0 => Ok(()),
            1 => Err(Failure::refused("a member is not valid")),
            many => Err(Failure::refused(format!("{many} members are not valid"))),
        }
    }
}

/// A certificate, judged by an MSP.
struct Member {
    path: String,
    roles: Vec<Role>,
    not_after: Option<Timestamp>,
    is_over: bool,
    /// Category and words.
    refused: Option<(String, String)>,
}

impl Member {
    fn of(msp: &Msp, path: &Path, now: Timestamp) -> Result<Self, Failure> {
        let pem = input::read_argument(path, input::LARGEST)?;
        let mut told = Self {
            path: path.display().to_string(),
            roles: Vec::new(),
            not_after: None,
            is_over: false,
            refused: None,
        };
        let judged = msp.identity_of_pem(&pem).and_then(|identity| {
            let not_after = Timestamp::from_unix(identity.not_after());
            (told.not_after, told.is_over) = (Some(not_after), not_after < now);
            identity.validate().map(|()| identity)
        });
        match judged {
            Ok(identity) => told.roles = roles_of(&identity),
            Err(why) => told.refused = Some((why.category().to_string(), why.to_string())),
        }
        Ok(told)
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = vec![if let Some((category, why)) = &self.refused {
            format!("{}: not valid ({category}): {why}", self.path)
        } else {
            let roles: Vec<&str> = self.roles.iter().map(|role| role.word()).collect();
            format!("{}: valid as {}", self.path, roles.join(", "))
        }];
        if let (true, Some(not_after)) = (self.is_over, self.not_after) {
            lines.push(format!(
                "note: {} ended on {not_after}: policies do not look at that, TLS and orderers do",
                self.path
            ));
        }
        lines
    }

    fn json(&self) -> Value {
        let roles: Vec<&str> = self.roles.iter().map(|role| role.word()).collect();
        json!({
            "file": self.path,
            "valid": self.refused.is_none(),
            "roles": roles,
            "not_after": self.not_after.map(|at| at.to_string()),
            "category": self.refused.as_ref().map(|(category, _)| category),
            "why": self.refused.as_ref().map(|(_, why)| why),
        })
    }
}

fn roles_of(identity: &Identity) -> Vec<Role> {
    let holds = |role: &Role| {
        let named = Named { msp_id: identity.msp_id().to_owned(), role: *role };
        identity.satisfies(&role_principal(&named)).is_ok()
    };
    Role::ALL.into_iter().filter(holds).collect()
}

fn line(advice: &Advice) -> String {
    let word = if advice.is_serious { "warning" } else { "note" };
    format!("{word}: {}", advice.text)
}

fn config_of(octets: &[u8]) -> Result<FabricMspConfig, Failure> {
    let outer: MspConfig = decode(octets)
        .map_err(|why| Failure::refused("the file is no `MSPConfig`").because(why))?;
    if outer.r#type != 0 {
        let why = format!("MSPs of the type {} are not supported, only X.509 (0) is", outer.r#type);
        return Err(Failure::refused(why));
    }
    decode(&outer.config)
        .map_err(|why| Failure::refused("the file holds no `FabricMSPConfig`").because(why))
}
