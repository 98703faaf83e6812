//! What an orderer did not do, by what to do about it.

use std::error::Error as StdError;
use std::fmt;

use crate::wire::Status;

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The orderer said no, with this status: the same thing again gets the same answer.
    Refused(i32),
    /// Nobody was there, or not whom the TLS roots vouch for, or it cannot serve now. Ask another.
    Unavailable,
    /// It did not answer in time. Ask another.
    TimedOut,
    /// The connection ended before the answer. Ask another.
    Dropped,
    /// What it answered is none. Ask another.
    BadAnswer,
}

/// An orderer did not do what was asked.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    orderer: String,
    detail: String,
    may_be_done: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What an orderer says is told within bounds.
const LONGEST_DETAIL: usize = 500;

impl Error {
    pub(super) fn new(kind: Kind, orderer: &impl fmt::Display, detail: impl AsRef<str>) -> Self {
        let letters = detail.as_ref().chars().take(LONGEST_DETAIL);
        let detail = letters.map(|one| if one.is_control() { ' ' } else { one }).collect();
        Self { kind, orderer: orderer.to_string(), detail, may_be_done: false, source: None }
    }

    pub(super) fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// It is not known whether it was done.
    pub(super) fn perhaps(mut self) -> Self {
        self.may_be_done = true;
        self
    }

    /// Whatever was asked changes nothing.
    pub(super) fn surely(mut self) -> Self {
        self.may_be_done = false;
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The orderer.
    pub fn orderer(&self) -> &str {
        &self.orderer
    }

    /// Whether what was asked may have been done all the same: look before it is counted as failed.
    pub fn may_be_done(&self) -> bool {
        self.may_be_done
    }

    /// Whether another orderer may do it.
    pub fn is_for_another(&self) -> bool {
        match self.kind {
            // It has no leader, is not in the channel, or is behind: others may know better.
            Kind::Refused(status) => matches!(
                Status::try_from(status),
                Ok(Status::ServiceUnavailable
                    | Status::NotFound
                    | Status::InternalServerError
                    | Status::NotImplemented)
            ),
            Kind::Unavailable | Kind::TimedOut | Kind::Dropped | Kind::BadAnswer => true,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let orderer = &self.orderer;
        match self.kind {
            Kind::Refused(status) => {
                write!(f, "the orderer `{orderer}` refused ({}", status_word(status))?;
                if !self.detail.is_empty() {
                    write!(f, ": {}", self.detail)?;
                }
                f.write_str(")")?;
            }
            Kind::Unavailable | Kind::TimedOut => {
                write!(f, "the orderer `{orderer}` {}", self.detail)?;
            }
            Kind::Dropped => {
                write!(f, "the orderer `{orderer}` ended the connection before it answered")?;
            }
            Kind::BadAnswer => {
                write!(f, "the orderer `{orderer}` gave a bad answer: {}", self.detail)?;
            }
        }
        if self.may_be_done {
            f.write_str("; what was asked may have been done all the same")?;
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// A status as Fabric spells it.
fn status_word(status: i32) -> String {
    let word = match Status::try_from(status) {
        Ok(Status::Unknown) => "UNKNOWN",
        Ok(Status::Success) => "SUCCESS",
        Ok(Status::BadRequest) => "BAD_REQUEST",
        Ok(Status::Forbidden) => "FORBIDDEN",
        Ok(Status::NotFound) => "NOT_FOUND",
        Ok(Status::RequestEntityTooLarge) => "REQUEST_ENTITY_TOO_LARGE",
        Ok(Status::InternalServerError) => "INTERNAL_SERVER_ERROR",
        Ok(Status::NotImplemented) => "NOT_IMPLEMENTED",
        Ok(Status::ServiceUnavailable) => "SERVICE_UNAVAILABLE",
        Err(_) => return format!("status {status}"),
    };
    word.to_owned()
}
