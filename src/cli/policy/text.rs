//! Policies that stand alone: texts of the language, and envelopes.

use super::super::exit::Failure;
use crate::policy::language::{self, Fault, LanguageError};
use crate::policy::{SignaturePolicy, parse_implicit, to_envelope};
use crate::wire::{ImplicitMetaPolicy, Message as _};

/// A policy that was read.
pub(super) enum Standalone {
    Signatures(Signatures),
    Implicit(ImplicitMetaPolicy),
}

pub(super) struct Signatures {
    pub(super) policy: SignaturePolicy,
    /// Its text, where the language has one.
    pub(super) text: Option<String>,
    pub(super) envelope: Vec<u8>,
    /// What releases up to 3.1 make of it; nothing when they read the same.
    pub(super) older: Option<Older>,
}

/// How the older parser differs.
pub(super) enum Older {
    Refuses(LanguageError),
    ReadsOtherwise(Option<String>),
}

pub(super) fn of_envelope(envelope: Vec<u8>) -> Result<Signatures, Failure> {
    let policy = SignaturePolicy::from_octets(&envelope)
        .map_err(|error| Failure::refused("a node would not load the policy").because(error))?;
    let text = policy.written().and_then(|written| language::print(&written));
    Ok(Signatures { policy, text, envelope, older: None })
}

pub(super) fn of_text(text: &str) -> Result<Standalone, Failure> {
    if let Ok(implicit) = parse_implicit(text) {
        return Ok(Standalone::Implicit(implicit));
    }
    let older = language::read_legacy(text);
    let written = match language::read(text) {
        Ok(written) => written,
        Err(error) => {
            let failure = Failure::refused(format!("no policy ({})", error.fault().word()));
            let hint = hint(&error, older.is_ok());
            return Err(failure.because(error).hint(hint));
        }
    };
    let older = match older {
        Ok(same) if same == written => None,
        Ok(other) => Some(Older::ReadsOtherwise(language::print(&other))),
        Err(error) => Some(Older::Refuses(error)),
    };
    Ok(Standalone::Signatures(Signatures {
        policy: SignaturePolicy::from_written(&written),
        text: language::print(&written),
        envelope: to_envelope(&written).encode_to_vec(),
        older,
    }))
}

fn hint(error: &LanguageError, older_reads_it: bool) -> &'static str {
    match error.fault() {
        _ if older_reads_it => {
            "Fabric's releases up to 3.1 read it, its main branch does not: write AND, OR \
             and OutOf in these spellings"
        }
        Fault::UnknownName | Fault::BadPrincipal => {
            "quotes hold an MSP ID of letters, digits, `.` and `-`, a dot, and admin, \
             member, client, peer or orderer; anything else is read as an expression"
        }
        Fault::Syntax
        | Fault::Type
        | Fault::BadArgument
        | Fault::TooFewArguments
        | Fault::BadThreshold
        | Fault::NotAPolicy => {
            "a policy is AND(...), OR(...) or OutOf(number, ...) over gates and quoted \
             principals such as 'Org1MSP.peer'; or ANY, ALL or MAJORITY and a name"
        }
    }
}

impl Older {
    pub(super) fn tell(&self) -> String {
        match self {
            Self::Refuses(error) => {
                format!("Fabric's releases up to 3.1 refuse this text: {error}")
            }
            Self::ReadsOtherwise(Some(text)) => {
                format!("Fabric's releases up to 3.1 read this text as {text}")
            }
            Self::ReadsOtherwise(None) => {
                "Fabric's releases up to 3.1 read this text as another policy".to_owned()
            }
        }
    }
}
