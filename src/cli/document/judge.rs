//! A document, judged as far as it goes without a network.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::super::exit::Failure;
use super::source::{Given, compile_at, read_text};
use crate::channel::document::{
    Compiled, DocumentError, DocumentKind, compile_collections, kind_of,
};
use crate::channel::{AdmissionError, AdmissionRules, Standing, outlooks};
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

    fn of_admission(why: AdmissionError) -> Self {
        match why {
            AdmissionError::Yaml(why) => Self::of(why),
            AdmissionError::Value { line, key, what } => {
                Self { line: Some(line), path: key.to_owned(), why: what }
            }
        }
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
        DocumentKind::Admission => admission(&text, path, now, &mut judged)?,
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

fn admission(text: &str, path: &Path, now: Timestamp, judged: &mut Judged) -> Result<(), Failure> {
    let rules = match AdmissionRules::read(text.as_bytes()) {
        Ok(rules) => rules,
        Err(why) => {
            judged.errors.push(Told::of_admission(why));
            return Ok(());
        }
    };
    let id = rules.channel();
    judged.what = Some(format!("the rules of admission of `{id}`"));
    let Some(compiled) = channel_beside(id, path, now)? else {
        judged.notes.push(format!(
            "no document beside it is of the channel `{id}`: whether anybody there could approve is not judged"
        ));
        return Ok(());
    };
    if let Err(why) = rules.compile(id, compiled.current.channel(), now) {
        judged.errors.push(Told::of_admission(why));
    }
    Ok(())
}

/// The channel of this ID, when a good document in the same folder is of it.
fn channel_beside(id: &str, path: &Path, now: Timestamp) -> Result<Option<Compiled>, Failure> {
    let parent = path.parent().filter(|parent| *parent != Path::new(""));
    let Ok(entries) = parent.unwrap_or(Path::new(".")).read_dir() else { return Ok(None) };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "yaml" || end == "yml"));
    files.sort();
    for file in files {
        let Ok(text) = read_text(&file) else { continue };
        if !matches!(kind_of(&text), Ok(DocumentKind::Channel)) {
            continue;
        }
        if let (Ok(compiled), _) = compile_at(&text, &file, Given::AsFarAsThere, now)?
            && compiled.current.channel_id() == id
        {
            return Ok(Some(compiled));
        }
    }
    Ok(None)
}

fn profile(text: &str, judged: &mut Judged) {
    match Profile::from_yaml(text) {
        Ok(profile) => {
            judged.what = Some(format!("the certificate profile `{}`", profile.name()));
        }
        Err(why) => judged.errors.push(Told::of(why.to_string())),
    }
}
