//! The only place that prints: results to standard output, everything else to standard error.

use std::borrow::Cow;
use std::io::{self, IsTerminal as _, Write};

use serde::Serialize;

use super::exit::Failure;

/// Where a command says what it has to say: as text, or as JSON with `--json`.
#[derive(Debug, Clone, Default)]
pub struct Output {
    json: bool,
}

impl Output {
    /// Text for people, or JSON for machines.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether the result is wanted as JSON.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// The result of a command: `value` as one line of JSON, or the lines of `text`.
    ///
    /// # Errors
    /// When standard output cannot be written; a reader that has gone away is not a failure.
    pub fn result(&self, value: &impl Serialize, text: &str) -> Result<(), Failure> {
        let mut line = if self.json {
            serde_json::to_vec(value)
                .map_err(|error| Failure::refused("could not write the result").because(error))?
        } else {
            text.trim_end_matches('\n').as_bytes().to_vec()
        };
        if line.is_empty() {
            return Ok(());
        }
        line.push(b'\n');
        self.octets(&line)
    }

    /// Writes octets to standard output as they are.
    ///
    /// # Errors
    /// When standard output cannot be written; a reader that has gone away is not a failure.
    pub fn octets(&self, octets: &[u8]) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        match out.write_all(octets).and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::refused("could not write to standard output").because(error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Standard output, for lines that another program of ours reads.
    pub fn writer(&self) -> Box<dyn Write> {
        Box::new(io::stdout())
    }

    /// Begins a list whose elements come one by one.
    pub fn list(&self) -> List {
        List { output: self.clone(), any: false }
    }

    /// Something worth knowing that is not the result, on standard error.
    pub fn note(&self, text: &str) {
        to_standard_error(&format!("chancery: {}\n", printable(text)));
    }

    /// What long work is at, on standard error when that is a terminal. Each takes the place of the one
    /// before; an empty text clears it.
    pub fn progress(&self, text: &str) {
        if io::stderr().is_terminal() {
            to_standard_error(&format!("\r\x1b[2K{}", printable(text)));
        }
    }

    /// What one may do about it, on standard error.
    pub fn hint(&self, text: &str) {
        to_standard_error(&format!("chancery: hint: {}\n", printable(text)));
    }

    /// Tells why the command failed: an error line, and a hint line when there is one.
    pub fn failure(&self, failure: &Failure) {
        to_standard_error(&failure_lines(failure));
    }
}

/// A list that is written as its elements come: lines of text, or one JSON array.
#[derive(Debug)]
#[must_use = "a list is complete only after `end`"]
pub struct List {
    output: Output,
    any: bool,
}

impl List {
    /// Writes one element.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn element(&mut self, value: &impl Serialize, text: &str) -> Result<(), Failure> {
        if !self.output.json {
            return self.output.octets(format!("{}\n", text.trim_end_matches('\n')).as_bytes());
        }
        let mut octets = if self.any { b",\n".to_vec() } else { b"[".to_vec() };
        self.any = true;
        serde_json::to_writer(&mut octets, value)
            .map_err(|error| Failure::refused("could not write the result").because(error))?;
        self.output.octets(&octets)
    }

    /// Closes the list.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn end(self) -> Result<(), Failure> {
        match (self.output.json, self.any) {
            (true, true) => self.output.octets(b"]\n"),
            (true, false) => self.output.octets(b"[]\n"),
            (false, _) => Ok(()),
        }
    }
}

/// The text with every control character replaced, so that what a server says cannot steer the
/// terminal that it is shown on.
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().any(char::is_control) {
        Cow::Owned(text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect())
    } else {
        Cow::Borrowed(text)
    }
}

fn failure_lines(failure: &Failure) -> String {
    let mut error = format!("chancery: error: {}\n", printable(&failure.to_string()));
    for detail in failure.details_told() {
        error = format!("{error}  - {}\n", printable(detail));
    }
    let hint = failure.hint_text().map(|hint| format!("chancery: hint: {}\n", printable(hint)));
    error + hint.as_deref().unwrap_or_default()
}

fn to_standard_error(text: &str) {
    // Nobody is left to tell that standard error is closed.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_an_error_line_and_a_hint_line() {
        let failure = Failure::refused("Error Code: 20 - \u{1b}[2J").hint("check the secret");
        assert_eq!(
            failure_lines(&failure),
            "chancery: error: Error Code: 20 - \u{fffd}[2J\nchancery: hint: check the secret\n"
        );
        let failure = Failure::refused("two things").details(vec!["one".into(), "a\nb".into()]);
        assert_eq!(
            failure_lines(&failure),
            "chancery: error: two things\n  - one\n  - a\u{fffd}b\n"
        );
    }
}
