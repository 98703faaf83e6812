//! `chancery affiliation`: list, show, add, rename and remove the affiliations of a CA.

use super::client::escaped;
use super::identities;
use super::server::Session;
use crate::api::fabric::{Affiliation, AffiliationRequest, RenameAffiliationRequest};
use crate::cli::exit::Failure;
use crate::cli::output::{Output, printable};

/// List, show, add, rename and remove affiliations
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  chancery affiliation list --msp-dir admin/msp
  chancery affiliation add org1.department3
  chancery affiliation rename org1.department3 org1.research --force")]
pub struct Affiliations {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum Deed {
    /// Show the tree from one's own affiliation down
    #[command(after_help = "Example:\n  chancery affiliation list --msp-dir admin/msp")]
    List {
        #[command(flatten)]
        session: Session,
    },
    /// Show one affiliation and what is below it
    #[command(after_help = "Example:\n  chancery affiliation show org1")]
    Show {
        /// Dotted path
        path: String,
        #[command(flatten)]
        session: Session,
    },
    /// Add an affiliation
    #[command(after_help = "Example:\n  chancery affiliation add org3.department1 --force")]
    Add {
        /// Dotted path
        path: String,
        /// Add those above it as well
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        session: Session,
    },
    /// Rename an affiliation and everything below it
    #[command(
        after_help = "Example:\n  chancery affiliation rename org1.department3 org1.research"
    )]
    Rename {
        /// Dotted path
        path: String,
        /// The new dotted path
        new: String,
        /// Even if identities are there; they move along
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        session: Session,
    },
    /// Remove an affiliation
    #[command(after_help = "Example:\n  chancery affiliation remove org1.department3")]
    Remove {
        /// Dotted path
        path: String,
        /// Together with the affiliations and identities below it
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        session: Session,
    },
}

impl Affiliations {
    /// Does it.
    ///
    /// # Errors
    /// When the command line is not usable or the server refuses.
    pub fn run(self, out: &Output) -> Result<(), Failure> {
        match self.deed {
            Deed::List { session } => {
                let (client, caller) = session.open()?;
                let tree: Affiliation =
                    client.ask("GET", "affiliations", &[], caller.credential())?;
                out.result(&tree, &tree_text(&tree))
            }
            Deed::Show { session, path } => {
                let (client, caller) = session.open()?;
                let tree: Affiliation =
                    client.ask("GET", &endpoint(&path)?, &[], caller.credential())?;
                out.result(&tree, &tree_text(&tree))
            }
            Deed::Add { session, path, force } => {
                let (client, caller) = session.open()?;
                let body = AffiliationRequest { name: path, caname: client.ca_name().to_owned() };
                // Here force counts in the query alone.
                let endpoint = if force { "affiliations?force=true" } else { "affiliations" };
                let added: Affiliation =
                    client.send("POST", endpoint, &body, caller.credential())?;
                out.result(&added, &format!("added {}", printable(&added.name)))
            }
            Deed::Rename { session, path, new, force } => {
                let (client, caller) = session.open()?;
                let body = RenameAffiliationRequest {
                    other: None,
                    name: Some(new),
                    caname: client.ca_name().to_owned(),
                };
                let endpoint = format!("{}?force={force}", endpoint(&path)?);
                let renamed: Affiliation =
                    client.send("PUT", &endpoint, &body, caller.credential())?;
                out.result(&renamed, &format!("renamed to\n{}", tree_text(&renamed)))
            }
            Deed::Remove { session, path, force } => {
                let (client, caller) = session.open()?;
                let force = if force { "true" } else { "false" };
                let query = [("force", force)];
                let gone: Affiliation =
                    client.ask("DELETE", &endpoint(&path)?, &query, caller.credential())?;
                out.result(&gone, &format!("removed\n{}", tree_text(&gone)))
            }
        }
    }
}

fn endpoint(path: &str) -> Result<String, Failure> {
    if matches!(path, "" | "." | "..") {
        return Err(Failure::usage(format!("`{path}` cannot be asked for by name"))
            .hint("`chancery affiliation list` shows everything"));
    }
    Ok(format!("affiliations/{}", escaped(path)))
}

/// The tree, one full path to a line and indented by depth, then the identities that went along.
fn tree_text(tree: &Affiliation) -> String {
    let mut lines = Vec::new();
    // A list of its own instead of recursion: the answer decides how deep it goes.
    let mut open = vec![(tree, 0_usize)];
    while let Some((node, depth)) = open.pop() {
        let below = if node.name.is_empty() { depth } else { depth + 1 };
        if !node.name.is_empty() {
            lines.push(format!("{:indent$}{}", "", printable(&node.name), indent = 2 * depth));
        }
        lines.extend(node.identities.iter().map(|identity| {
            format!("{:indent$}{}", "", identities::line(identity), indent = 2 * below)
        }));
        open.extend(node.affiliations.iter().rev().map(|child| (child, below)));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_indented_and_an_unnamed_top_left_out() {
        let tree: Affiliation = serde_json::from_str(
            r#"{"name":"","affiliations":[{"name":"org1","affiliations":[{"name":"org1.a"},{"name":"org1.b"}]},{"name":"org2"}]}"#,
        )
        .unwrap();
        assert_eq!(tree_text(&tree), "org1\n  org1.a\n  org1.b\norg2");
    }
}
