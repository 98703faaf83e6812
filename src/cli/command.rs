//! The tree of commands.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use super::bench::{Bench, BenchToken};
use super::ca::Ca;
use super::config::ConfigCommand;
use super::dev::Dev;
use super::hsm::HsmCommand;
use super::init::Init;
use super::member::{
    Affiliations, CaInfo, Certificates, Channels, Enroll, Expiry, GenCrl, Identities, Reenroll,
    Register, Revoke, Sign, Verify,
};
use super::msp::MspCommand;
use super::output::Output;
use super::policy::PolicyCommand;
use super::serve::Serve;
use super::signer::SignerCommand;

/// The office that keeps the seal: a certificate authority and membership service for permissioned
/// networks, with its keys in a PKCS#11 token.
#[derive(Debug, Parser)]
#[command(name = "chancery", version, arg_required_else_help = true)]
#[command(after_help = "Example:\n  chancery dev --data /tmp/ca --listen 127.0.0.1:7054")]
struct Command {
    /// Print results as JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, Subcommand)]
enum Deed {
    Dev(Dev),
    Init(Init),
    Serve(Serve),
    Signer(SignerCommand),
    Config(ConfigCommand),
    Ca(Ca),
    Hsm(HsmCommand),
    Msp(MspCommand),
    Policy(PolicyCommand),
    Bench(Bench),
    BenchToken(BenchToken),
    Enroll(Enroll),
    Reenroll(Reenroll),
    Register(Register),
    Revoke(Revoke),
    #[command(name = "gencrl")]
    GenCrl(GenCrl),
    #[command(name = "cainfo")]
    CaInfo(CaInfo),
    #[command(name = "identity")]
    Identities(Identities),
    #[command(name = "affiliation")]
    Affiliations(Affiliations),
    #[command(name = "certificate")]
    Certificates(Certificates),
    #[command(name = "channel")]
    Channels(Channels),
    Expiry(Expiry),
    Sign(Sign),
    Verify(Verify),
}

/// Runs the command that the arguments name.
pub fn run(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let command = match Command::try_parse_from(arguments) {
        Ok(command) => command,
        Err(error) => {
            // Help and version are results and go to standard output; usage errors exit with 2.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let out = Output::new(command.json);
    let done = match command.deed {
        Deed::Dev(deed) => deed.run(&out),
        Deed::Init(deed) => deed.run(&out),
        Deed::Serve(deed) => deed.run(&out),
        Deed::Signer(deed) => return deed.run(&out),
        Deed::Config(deed) => deed.run(&out),
        Deed::Ca(deed) => deed.run(&out),
        Deed::Hsm(deed) => deed.run(&out),
        Deed::Msp(deed) => deed.run(&out),
        Deed::Policy(deed) => deed.run(&out),
        Deed::Bench(deed) => deed.run(&out),
        Deed::BenchToken(deed) => deed.run(&out),
        Deed::Enroll(deed) => deed.run(&out),
        Deed::Reenroll(deed) => deed.run(&out),
        Deed::Register(deed) => deed.run(&out),
        Deed::Revoke(deed) => deed.run(&out),
        Deed::GenCrl(deed) => deed.run(&out),
        Deed::CaInfo(deed) => deed.run(&out),
        Deed::Identities(deed) => deed.run(&out),
        Deed::Affiliations(deed) => deed.run(&out),
        Deed::Certificates(deed) => deed.run(&out),
        Deed::Channels(deed) => deed.run(&out),
        Deed::Expiry(deed) => deed.run(&out),
        Deed::Sign(deed) => deed.run(&out),
        Deed::Verify(deed) => deed.run(&out),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            out.failure(&failure);
            failure.code()
        }
    }
}
