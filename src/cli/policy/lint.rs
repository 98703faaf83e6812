//! `chancery policy lint`: every document of a folder, judged.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::super::document::{Judged, judge};
use super::super::exit::Failure;
use super::super::output::Output;
use crate::clock::Timestamp;

/// Deeper folders are not looked into.
const MAX_DEPTH: usize = 16;

#[derive(Debug, clap::Args)]
pub(super) struct LintArguments {
    /// Documents, or folders with them.
    #[arg(value_name = "PATH", default_value = "policies")]
    paths: Vec<PathBuf>,
}

pub(super) fn run(arguments: &LintArguments, now: Timestamp, out: &Output) -> Result<(), Failure> {
    let mut files = Vec::new();
    for path in &arguments.paths {
        if path.is_dir() {
            gather(path, MAX_DEPTH, &mut files)?;
        } else {
            files.push(path.clone());
        }
    }
    if files.is_empty() {
        return Err(Failure::usage("there are no documents: files whose names end in `.yaml`"));
    }
    let judged = files.iter().map(|path| judge(path, now)).collect::<Result<Vec<_>, _>>()?;
    let wrong = judged.iter().filter(|judged| !judged.errors.is_empty()).count();
    let lines: Vec<String> = judged.iter().flat_map(lines).collect();
    let value = json!({ "documents": judged, "wrong": wrong });
    out.result(&value, &lines.join("\n"))?;
    match wrong {
        0 => Ok(()),
        1 => Err(Failure::refused("a document is wrong")),
        many => Err(Failure::refused(format!("{many} documents are wrong"))),
    }
}

/// Every `*.yaml` below, in the order of their names; MSP folders have some that are none of ours.
fn gather(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let unreadable = |why: std::io::Error| {
        Failure::usage(format!("`{}` cannot be read", folder.display())).because(why)
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        paths.push(entry.map_err(unreadable)?.path());
    }
    paths.sort();
    for path in paths {
        let is_document = path.extension().is_some_and(|end| end == "yaml" || end == "yml");
        if path.is_dir() && depth > 0 && !path.join("cacerts").is_dir() {
            gather(&path, depth - 1, files)?;
        } else if path.is_file() && is_document {
            files.push(path);
        }
    }
    Ok(())
}

fn lines(judged: &Judged) -> Vec<String> {
    let file = &judged.file;
    let mut lines = Vec::new();
    if let (Some(what), true) = (&judged.what, judged.errors.is_empty()) {
        lines.push(format!("{file}: good: {what}"));
    }
    lines.extend(judged.errors.iter().map(|told| format!("{file}: error: {}", told.line())));
    lines.extend(judged.warnings.iter().map(|told| format!("{file}: warning: {}", told.line())));
    lines.extend(judged.notes.iter().map(|note| format!("{file}: note: {note}")));
    lines
}
