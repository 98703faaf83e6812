//! A document, judged as far as it goes without a network.

use std::path::Path;

use serde::Serialize;

use super::super::exit::Failure;
use super::source::{Given, compile_at, read_text};
use crate::channel::document::{
    Compiled, DocumentError, DocumentKind, compile_collections, kind_of,
};
use crate::channel::{Standing, outlooks};
use crate::clock::Timestamp;
use crate::pki::Profile;

/// What is to be said of a document.
#[derive(Debug, Clone, Default, Serialize)]
pub(in crate::cli) struct Judged {
    /// The file.
    pub(in crate::cli) file: String,
    /// What it is about, in one word; nothing when that is not known.
    pub(in crate::cli) kind: Option<&'static str>,
    /// What it is, in words, when it is good.
    pub(in crate::cli) what: Option<String>,
    /// What is wrong.
    pub(in crate::cli) errors: Vec<Told>,
    /// What nodes take and nobody means.
    pub(in crate::cli) warnings: Vec<Told>,
    /// What was not judged, or has no effect.
    pub(in crate::cli) notes: Vec<String>,
}

/// Something, and where.
#[derive(Debug, Clone, Serialize)]
pub(in crate::cli) struct Told {
    pub(in crate::cli) line: Option<u64>,
    pub(in crate::cli) path: String,
    pub(in crate::cli) why: String,
}

impl Told {
    fn new(at: &DocumentError) -> Self {
        Self { line: at.line, path: at.path.clone(), why: at.why.clone() }
    }

    fn of(why: String) -> Self {
        Self { line: None, path: String::new(), why }
    }

    /// In a line of text.
    pub(in crate::cli) fn line(&self) -> String {
        let Self { line, path, why } = self.clone();
        DocumentError { line, path, why }.to_string()
    }
}

/// Judges the document in a file.
///
/// # Errors
/// When the file cannot be read; what is wrong with the document is no failure.
pub(in crate::cli) fn judge(path: &Path, now: Timestamp) -> Result<Judged, Failure> {
    let mut judged = Judged { file: path.display().to_string(), ..Judged::default() };
    let text = read_text(path)?;
    let kind = match kind_of(&text) {
        Ok(kind) => kind,
        Err(why) => {
            judged.errors.push(Told::new(&why));
            return Ok(judged);
        }
    };
    judged.kind = Some(kind.word());
    match kind {
        DocumentKind::Channel => channel(&text, path, now, &mut judged)?,
        DocumentKind::Collections => collections(&text, path, now, &mut judged)?,
        DocumentKind::Profile => profile(&text, &mut judged),
        DocumentKind::Admission => {
            judged.notes.push("documents of this kind are not judged yet".to_owned());
        }
    }
    Ok(judged)
}

fn channel(text: &str, path: &Path, now: Timestamp, judged: &mut Judged) -> Result<(), Failure> {
    let (compiled, missing) = compile_at(text, path, Given::AsFarAsThere, now)?;
    let compiled = match compiled {
        Ok(compiled) => compiled,
        Err(why) => {
            judged.errors.push(Told::new(&why));
            return Ok(());
        }
    };
    for concern in &compiled.concerns {
        let told = Told::new(&concern.at);
        if concern.is_serious { judged.errors.push(told) } else { judged.warnings.push(told) }
    }
    if let (Err(why), true) = (compiled.check_new(), judged.errors.is_empty()) {
        judged.errors.push(Told::new(&why));
    }
    let current = &compiled.current;
    if missing.is_empty() {
        if let Err(why) = current.check_at_orderer(current, now) {
            judged.errors.push(Told::of(format!("orderers would refuse it: {why}")));
        }
    } else {
        judged.notes.push(format!(
            "not there, and so not judged with all that follows from them: {}",
            missing.join(", ")
        ));
    }
    locks(&compiled, now, judged);
    judged.notes.extend(compiled.warnings.iter().cloned());
    judged.what = Some(format!("the channel `{}`", current.channel_id()));
    Ok(())
}

/// Policies that nobody can satisfy, elements that nobody can change.
fn locks(compiled: &Compiled, now: Timestamp, judged: &mut Judged) {
    let current = &compiled.current;
    let outlooks = outlooks(current.channel(), current.root(), now);
    for outlook in &outlooks.policies {
        if let Standing::Locked(_) | Standing::Unknown = outlook.standing {
            judged.warnings.push(Told::of(outlook.to_string()));
        }
    }
    judged.warnings.extend(outlooks.frozen.iter().map(|frozen| Told::of(frozen.to_string())));
}

fn collections(
    text: &str,
    path: &Path,
    now: Timestamp,
    judged: &mut Judged,
) -> Result<(), Failure> {
    // By itself first: it tells which channel it is of.
    let alone = match compile_collections(text, None) {
        Ok(alone) => alone,
        Err(why) => {
            judged.errors.push(Told::new(&why));
            return Ok(());
        }
    };
    let count: usize = alone.chaincodes.values().map(|package| package.config.len()).sum();
    let plural = if count == 1 { "" } else { "s" };
    judged.what = Some(format!("{count} collection{plural}"));
    let Some(named) = alone.channel else {
        let note = "it names no `channel`: whether its organizations are there is not judged";
        judged.notes.push(note.to_owned());
        return Ok(());
    };
    let beside = path.parent().unwrap_or(Path::new("")).join(&named);
    let (compiled, _) = compile_at(&read_text(&beside)?, &beside, Given::AsFarAsThere, now)?;
    match compiled {
        Err(_) => judged.notes.push(format!(
            "`{named}` is no channel, so that whether its organizations are there is not judged"
        )),
        Ok(compiled) => {
            let channel = compiled.current.channel();
            if let Err(why) = compile_collections(text, Some(channel)) {
                judged.errors.push(Told::new(&why));
            }
        }
    }
    Ok(())
}

fn profile(text: &str, judged: &mut Judged) {
    match Profile::from_yaml(text) {
        Ok(profile) => {
            judged.what = Some(format!("the certificate profile `{}`", profile.name()));
        }
        Err(why) => judged.errors.push(Told::of(why.to_string())),
    }
}
