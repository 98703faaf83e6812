//! An examination: probe after probe, each in a process of its own.

use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::child::{Next, Patient, ProbeCommand, death};
use super::facts::TokenFacts;
use super::finding::{Evidence, Finding, Probe, Rating};
use super::report::Report;
use super::wire::{Event, Favour, Order, Reply, Task};
use crate::clock::Timestamp;
use crate::hsm::fault::Class;
use crate::hsm::pkcs11::TokenSelector;
use crate::id::{BadName, KeyLabel};
use crate::secret::{Pin, random};

/// What is examined, and how.
#[derive(Debug, Clone)]
pub struct DoctorOptions {
    /// The PKCS#11 module, an absolute path.
    pub module: PathBuf,
    /// The token.
    pub token: TokenSelector,
    /// Longer measures: 2,000 signatures for high S, 5 s for each rate.
    pub slow: bool,
    /// A process that says nothing for an answer within this time is killed; three times as long for
    /// probes that make RSA keys or measure.
    pub deadline: Duration,
    /// A shell command that cuts the connection to the token and mends it before it ends.
    pub lost_connection: Option<String>,
    /// How the process of a probe is started.
    pub command: ProbeCommand,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum DoctorError {
    /// The token refused the PIN. It was shown once.
    #[error("the token refused the PIN, which was tried once: {0}")]
    Pin(String),
    /// The token could not be opened.
    #[error("the token cannot be examined: {0}")]
    Token(String),
    /// The process of a probe could not be started or spoken to.
    #[error("could not run the process of a probe")]
    Process(#[from] io::Error),
    /// The system gives no randomness.
    #[error("no randomness")]
    NoRandomness(#[from] getrandom::Error),
    /// The label of the examination is none.
    #[error("no label")]
    Label(#[from] BadName),
}

/// How far an examination is.
#[derive(Debug)]
pub enum Progress<'a> {
    /// This is tried now.
    Trying(Probe),
    /// This was found.
    Found(&'a Finding),
}

/// Tries everything. Whatever was made on the token is taken away again.
///
/// # Errors
/// When the token cannot be opened at all, or refuses the PIN.
pub fn examine(
    options: &DoctorOptions,
    pin: &Pin,
    at: Timestamp,
    told: &mut dyn FnMut(Progress<'_>),
) -> Result<Report, DoctorError> {
    let label: KeyLabel = format!("chancery-doctor-{}", hex::encode(random::<8>()?)).parse()?;
    let order = Order {
        module: options.module.clone(),
        token: options.token.clone(),
        task: Task::CleanUp,
        label,
        id: random::<20>()?,
        objects: 0,
        slow: options.slow,
    };
    let mut doctor = Doctor { options, pin, order };
    let mut facts = None;
    let mut findings = Vec::new();
    for probe in Probe::ALL {
        told(Progress::Trying(probe));
        let examined = doctor.examine(probe)?;
        if let Some(found) = examined.facts {
            doctor.order.objects = found.objects;
            facts = Some(found);
        }
        told(Progress::Found(&examined.finding));
        findings.push(examined.finding);
    }
    let facts = facts.ok_or_else(|| DoctorError::Token("the first login told nothing".into()))?;
    Ok(Report::new(at, &options.module, facts, findings))
}

struct Doctor<'a> {
    options: &'a DoctorOptions,
    pin: &'a Pin,
    order: Order,
}

/// What one process told until its end.
#[derive(Default)]
struct Heard {
    last: String,
    facts: Option<TokenFacts>,
    finding: Option<Finding>,
    failed: Option<(Class, String)>,
    done: bool,
    /// How it ended, when it did not end well.
    end: Option<(&'static str, String)>,
    errors: String,
}

struct Examined {
    finding: Finding,
    facts: Option<TokenFacts>,
}

impl Doctor<'_> {
    fn examine(&self, probe: Probe) -> Result<Examined, DoctorError> {
        let heard = self.run(Task::Probe(probe))?;
        let first = probe == Probe::Token;
        let mut well = heard.end.is_none();
        let mut finding = match (heard.finding, heard.failed) {
            (_, Some((Class::Pin, detail))) => return Err(DoctorError::Pin(detail)),
            (_, Some((_, detail))) if first => return Err(DoctorError::Token(detail)),
            (Some(finding), _) => {
                well &= finding.outcome != "failed";
                finding
            }
            (None, Some((_, detail))) => {
                well = false;
                Finding::unanswered(probe, "failed", Rating::Unknown, detail)
            }
            (None, None) => {
                let (outcome, how) =
                    heard.end.clone().unwrap_or(("died", "ended without a word".into()));
                let summary = format!("the process {how} during: {}", heard.last);
                Finding::unanswered(probe, outcome, Rating::Bad, summary)
            }
        };
        if let Some((_, how)) = heard.end {
            finding
                .evidence
                .push(Evidence { call: heard.last, returned: format!("the process {how}") });
            if finding.rating == Rating::Good {
                finding.rating = Rating::Fair;
            }
        }
        if !heard.errors.trim().is_empty() && !well {
            let call = "standard error of the module".to_owned();
            finding.evidence.push(Evidence { call, returned: heard.errors.trim().to_owned() });
        }
        if first && finding.outcome != "logged-in" {
            return Err(DoctorError::Token(finding.summary));
        }
        if !well || probe == Probe::LostConnection {
            // What cannot be taken away now is told by the last probe.
            let _ = self.run(Task::CleanUp)?;
        }
        Ok(Examined { finding, facts: heard.facts })
    }

    /// Runs a process to its end.
    fn run(&self, task: Task) -> Result<Heard, DoctorError> {
        let order = Order { task, ..self.order.clone() };
        let deadline = self.deadline(task);
        let mut patient = Patient::start(&self.options.command, &order, self.pin, deadline)?;
        let mut heard = Heard::default();
        loop {
            match patient.next()? {
                Next::Event(Event::Trying(what)) => heard.last = what,
                Next::Event(Event::Facts(facts)) => heard.facts = Some(*facts),
                Next::Event(Event::Finding(finding)) => heard.finding = Some(*finding),
                Next::Event(Event::Failed { class, detail }) => {
                    heard.failed = Some((class, detail));
                }
                Next::Event(Event::Done) => heard.done = true,
                Next::Event(Event::Please(favour)) => {
                    let began = Instant::now();
                    let reply = self.favour(favour)?;
                    // A process that has died meanwhile tells by its end.
                    let _ = patient.reply(&reply, began.elapsed());
                }
                Next::Ended(status) => {
                    if !(heard.done || heard.failed.is_some()) || !status.success() {
                        heard.end = Some(("died", death(status)));
                    }
                    break;
                }
                Next::Late => {
                    heard.end =
                        Some(("hung", format!("did not answer in {} s", deadline.as_secs())));
                    break;
                }
            }
        }
        heard.errors = patient.last_words();
        Ok(heard)
    }

    fn deadline(&self, task: Task) -> Duration {
        let long = matches!(
            task,
            Task::Probe(
                Probe::AlgorithmRsa3072 | Probe::HighS | Probe::Speed | Probe::SessionLimit
            )
        );
        let times = if long { 3 } else { 1 } * if self.options.slow { 5 } else { 1 };
        self.options.deadline.saturating_mul(times)
    }

    fn favour(&self, favour: Favour) -> Result<Reply, DoctorError> {
        match favour {
            Favour::SecondProcess => self.helper(Task::Beside),
            Favour::NewProcess => self.helper(Task::After),
            Favour::LoseConnection => Ok(match &self.options.lost_connection {
                None => Reply::Unable,
                Some(command) => cut(command),
            }),
        }
    }

    fn helper(&self, task: Task) -> Result<Reply, DoctorError> {
        let heard = self.run(task)?;
        Ok(match (heard.failed, heard.end) {
            (None, None) => Reply::Done(heard.last),
            (Some((_, detail)), _) => Reply::Failed(detail),
            (None, Some((_, how))) => Reply::Failed(format!("it {how} during: {}", heard.last)),
        })
    }
}

/// Runs the operator's command. What it prints goes to standard error: the result is elsewhere.
fn cut(command: &str) -> Reply {
    let status =
        Command::new("/bin/sh").args(["-c", command]).stdout(Stdio::from(io::stderr())).status();
    match status {
        Ok(status) if status.success() => Reply::Done("the operator's command ended well".into()),
        Ok(status) => Reply::Failed(death(status)),
        Err(error) => Reply::Failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process that is no probe: what the doctor makes of its end.
    fn end_of(script: &str, deadline: Duration) -> Result<Examined, DoctorError> {
        let command =
            ProbeCommand { program: "/bin/sh".into(), arguments: vec!["-c".into(), script.into()] };
        let options = DoctorOptions {
            module: "/m.so".into(),
            token: TokenSelector { label: "t".into(), serial: None },
            slow: false,
            deadline,
            lost_connection: None,
            command,
        };
        let order = Order {
            module: options.module.clone(),
            token: options.token.clone(),
            task: Task::CleanUp,
            label: "chancery-doctor-0".parse().unwrap(),
            id: [0; 20],
            objects: 0,
            slow: false,
        };
        let pin = Pin::new("1234".into());
        Doctor { options: &options, pin: &pin, order }.examine(Probe::WrapOut)
    }

    #[test]
    fn a_death_is_an_outcome_that_names_signal_and_call() {
        let script = "echo '{\"trying\":\"C_WrapKey\"}'; echo noise; echo why >&2; kill -SEGV $$";
        let finding = end_of(script, Duration::from_secs(20)).unwrap().finding;
        assert_eq!((finding.outcome.as_str(), finding.rating), ("died", Rating::Bad));
        assert_eq!(finding.summary, "the process died of SIGSEGV during: C_WrapKey");
        assert!(finding.evidence.iter().any(|seen| seen.returned == "why"), "{finding:?}");
    }

    #[test]
    fn silence_is_an_outcome() {
        let script = "echo '{\"trying\":\"C_WrapKey\"}'; exec sleep 600";
        let finding = end_of(script, Duration::from_secs(1)).unwrap().finding;
        assert_eq!((finding.outcome.as_str(), finding.rating), ("hung", Rating::Bad));
        assert!(finding.summary.ends_with("did not answer in 1 s during: C_WrapKey"));
    }

    #[test]
    fn a_refused_pin_ends_everything() {
        let script = "echo '{\"failed\":{\"class\":\"pin\",\"detail\":\"CKR_PIN_INCORRECT\"}}'";
        let refused = end_of(script, Duration::from_secs(20)).err().unwrap();
        assert!(matches!(refused, DoctorError::Pin(_)), "{refused}");
    }
}
