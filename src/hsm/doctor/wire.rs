//! What the doctor and the process of one probe say to each other: lines of JSON.
//!
//! The order and the PIN go in by standard input, never by arguments or environment; what is found
//! comes out by standard output. Lines that are none of ours (modules print) are passed over.

use std::cell::RefCell;
use std::io::{BufRead, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::facts::TokenFacts;
use super::finding::{Finding, Probe};
use crate::hsm::fault::{Class, Fault};
use crate::hsm::pkcs11::TokenSelector;
use crate::id::KeyLabel;

/// What a process is to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) module: PathBuf,
    pub(super) token: TokenSelector,
    pub(super) task: Task,
    /// The label of everything that this examination makes.
    pub(super) label: KeyLabel,
    /// The `CKA_ID` of everything that this examination makes, but for its last octet.
    #[serde(with = "crate::hsm::hex_text")]
    pub(super) id: [u8; 20],
    /// Objects that the token held before.
    pub(super) objects: u64,
    /// Longer measures.
    pub(super) slow: bool,
}

/// The task of one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Task {
    /// One probe.
    Probe(Probe),
    /// Sign with the key of another process, and make one.
    Beside,
    /// Sign with the key of a process that lost its connection.
    After,
    /// Take away what the examination made.
    CleanUp,
}

/// What a process tells.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Event {
    /// What it is about to call: when it dies, it died of that.
    Trying(String),
    /// What module and token say of themselves.
    Facts(Box<TokenFacts>),
    /// What it found.
    Finding(Box<Finding>),
    /// It needs something done outside, and waits for one line.
    Please(Favour),
    /// It cannot do what it was told.
    Failed {
        /// What kind of error.
        class: Class,
        /// What happened.
        detail: String,
    },
    /// It did what it was told and closed the module.
    Done,
}

/// What a process asks the doctor to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Favour {
    /// Run another process on the same token.
    SecondProcess,
    /// Cut the connection to the token and mend it.
    LoseConnection,
    /// See whether a new process finds the token.
    NewProcess,
}

/// The answer to a favour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Reply {
    /// It was done; what is to be known of it.
    Done(String),
    /// It could not be done.
    Failed(String),
    /// Nobody said how.
    Unable,
}

/// The process's end of the pipes.
pub(super) struct Wire {
    ends: RefCell<(Box<dyn BufRead>, Box<dyn Write>)>,
}

impl Wire {
    pub(super) fn new(input: Box<dyn BufRead>, output: Box<dyn Write>) -> Self {
        Self { ends: RefCell::new((input, output)) }
    }

    /// Tells the doctor. When nobody listens any more the process is of no use, and will be killed.
    pub(super) fn tell(&self, event: &Event) {
        let mut ends = self.ends.borrow_mut();
        if let Ok(mut line) = serde_json::to_vec(event) {
            line.push(b'\n');
            let _ = ends.1.write_all(&line).and_then(|()| ends.1.flush());
        }
    }

    /// Asks the doctor to do something, and waits until it is done.
    pub(super) fn ask(&self, favour: Favour) -> Result<Reply, Fault> {
        self.tell(&Event::Please(favour));
        let mut line = String::new();
        let mut ends = self.ends.borrow_mut();
        let broken = |why: String| Fault::new(Class::Request, "ask the doctor", why);
        ends.0.read_line(&mut line).map_err(|error| broken(error.to_string()))?;
        serde_json::from_str(&line).map_err(|error| broken(error.to_string()))
    }
}
