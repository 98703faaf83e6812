//! How a command ends: exit code 0 done, 1 refused or failed, 2 usage.

use std::error::Error as StdError;
use std::fmt;
use std::process::ExitCode;

/// Whose move it is after a failure; gives the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The deed was refused, or something on the way to it failed: 1.
    Refused,
    /// The command line, a file it names or the environment is not as it must be: 2.
    Usage,
}

/// Why a command did not do what it was asked: one sentence, a hint, and what lay beneath.
///
/// The sentence is lower case, without full stop, with the user's words in backticks; it never
/// holds a secret.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    message: String,
    details: Vec<String>,
    hint: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Failure {
    /// Refused by the server, or failed on the way.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Exit::Refused, message.into())
    }

    /// Not a command that can be carried out as it was given.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message.into())
    }

    const fn new(exit: Exit, message: String) -> Self {
        Self { exit, message, details: Vec::new(), hint: None, source: None }
    }

    /// Says what it is in particular, a line each below the sentence.
    #[must_use]
    pub fn details(mut self, details: Vec<String>) -> Self {
        self.details = details;
        self
    }

    /// What it is in particular.
    pub fn details_told(&self) -> &[String] {
        &self.details
    }

    /// Says what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Keeps the cause; the error line tells it after the sentence.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Which kind of end this is.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// The process's exit code.
    pub fn code(&self) -> ExitCode {
        match self.exit {
            Exit::Refused => ExitCode::from(1),
            Exit::Usage => ExitCode::from(2),
        }
    }

    /// What to do about it, if anything is known to help.
    pub fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for Failure {
    /// The sentence and its causes, each after a colon.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        let mut told = self.message.clone();
        let mut cause: Option<&dyn StdError> = self.source.as_deref().map(|source| source as _);
        while let Some(error) = cause {
            let text = error.to_string();
            // Many libraries repeat their cause in their own text.
            if !told.contains(&text) {
                write!(f, ": {text}")?;
                told.push_str(&text);
            }
            cause = error.source();
        }
        Ok(())
    }
}

impl StdError for Failure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_once() {
        let failure = Failure::refused("could not read `a`")
            .because(std::io::Error::other("no such file"))
            .hint("make it");
        assert_eq!(failure.to_string(), "could not read `a`: no such file");
        assert_eq!(failure.hint_text(), Some("make it"));
        let twice = Failure::usage("bad: no such file").because("no such file");
        assert_eq!(twice.to_string(), "bad: no such file");
    }

    #[test]
    fn exit_codes_are_those_of_the_design() {
        assert_eq!(Failure::refused("").code(), ExitCode::from(1));
        assert_eq!(Failure::usage("").code(), ExitCode::from(2));
    }
}
