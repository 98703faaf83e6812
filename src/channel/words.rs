//! Changes in words.

use std::fmt;

use super::change::{Change, Serials, What};

/// So many entries of a list are told one by one.
const TOLD: usize = 20;

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let element = &self.element;
        let path = &element.path;
        match &self.what {
            What::Joins { msp_id } => {
                let (org, section) = org_and_section(path);
                write!(f, "{org}{} joins {section}", named(org, msp_id.as_deref()))
            }
            What::Leaves { msp_id } => {
                let (org, section) = org_and_section(path);
                write!(f, "{org}{} leaves {section}", named(org, msp_id.as_deref()))
            }
            What::Added { text: Some(text) } => write!(f, "the {element} is new: {text}"),
            What::Added { text: None } => write!(f, "the {element} is new"),
            What::Removed { text: Some(text) } => write!(f, "the {element} is gone; it was {text}"),
            What::Removed { text: None } => write!(f, "the {element} is gone"),
            What::ModPolicy { from, to } => {
                let (from, to) = (quoted(from), quoted(to));
                write!(f, "the {element} is now guarded by {to}, no longer by {from}")
            }
            What::Policy { from, to } => write!(f, "{path} becomes {to}; it was {from}"),
            What::Setting { name, from, to } => {
                write!(f, "{path}: {name} ")?;
                match (from, to) {
                    (Some(from), Some(to)) => write!(f, "becomes {to}; it was {from}"),
                    (None, Some(to)) => write!(f, "becomes {to}"),
                    (Some(from), None) => write!(f, "is no longer set; it was {from}"),
                    (None, None) => f.write_str("is written otherwise"),
                }
            }
            What::List { of, added, removed } => {
                write!(f, "{path}: {of}")?;
                listed(f, " added", added)?;
                listed(f, if added.is_empty() { " removed" } else { "; removed" }, removed)
            }
            What::Revoked(serials) => write!(f, "{path}: newly revoked {serials}"),
            What::NotRevoked(serials) => write!(f, "{path}: no longer listed as revoked {serials}"),
            What::Contents => write!(f, "the {element} has other contents"),
            What::Rewritten => write!(f, "the {element} says the same in other octets"),
        }
    }
}

/// The organization and the section of `/Channel/SECTION/ORG` or `/Channel/Consortiums/NAME/ORG`.
fn org_and_section(path: &str) -> (&str, String) {
    let (above, org) = path.rsplit_once('/').unwrap_or(("", path));
    let section = match above.rsplit('/').next() {
        Some("Application") => "the application".to_owned(),
        Some("Orderer") => "the orderers".to_owned(),
        Some(other) => format!("the consortium {other}"),
        None => above.to_owned(),
    };
    (org, section)
}

/// The MSP ID beside the group's name, where it says more.
fn named(org: &str, msp_id: Option<&str>) -> String {
    match msp_id {
        Some(id) if id != org => format!(" (MSP ID {})", id.escape_debug()),
        Some(_) | None => String::new(),
    }
}

fn quoted(path: &str) -> String {
    if path.is_empty() { "nobody".to_owned() } else { format!("`{}`", path.escape_debug()) }
}

fn listed(f: &mut fmt::Formatter<'_>, how: &str, entries: &[String]) -> fmt::Result {
    if entries.is_empty() {
        return Ok(());
    }
    write!(f, "{how} {}", entries.iter().take(TOLD).cloned().collect::<Vec<_>>().join(", "))?;
    match entries.len().checked_sub(TOLD) {
        Some(more) if more > 0 => write!(f, " and {more} more"),
        Some(_) | None => Ok(()),
    }
}

impl fmt::Display for Serials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = self.count.saturating_sub(self.first.len());
        f.write_str(&self.first.join(", "))?;
        if more > 0 { write!(f, " and {more} more") } else { Ok(()) }
    }
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;
