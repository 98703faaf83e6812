//! `chancery identity`: list, show, add, modify and remove the identities of a CA.

use super::attributes;
use super::client::escaped;
use super::register::{self, Claim};
use super::server::{Session, warn_of_plain_http};
use crate::api::fabric::Identity;
use crate::cli::exit::Failure;
use crate::cli::output::{Output, printable};

/// List, show, add, modify and remove identities
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  chancery identity list --msp-dir admin/msp
  chancery identity modify peer0 --affiliation org1.department1 --attrs 'old=,new=1:ecert'
  chancery identity remove peer0")]
pub struct Identities {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum Deed {
    /// List the identities that one may manage
    #[command(after_help = "Example:\n  chancery identity list --json --msp-dir admin/msp")]
    List {
        #[command(flatten)]
        session: Session,
    },
    /// Show one identity
    #[command(after_help = "Example:\n  chancery identity show peer0 --msp-dir admin/msp")]
    Show {
        /// Enrollment ID
        id: String,
        #[command(flatten)]
        session: Session,
    },
    /// Add an identity and print the secret that it enrolls with
    #[command(
        after_help = "Example:\n  chancery identity add peer0 --type peer --affiliation org1"
    )]
    Add {
        /// Enrollment ID
        id: String,
        #[command(flatten)]
        claim: Claim,
        #[command(flatten)]
        session: Session,
    },
    /// Change an identity; what is not given stays
    ///
    /// Attributes are merged by name: an empty value deletes one, and leaving `:ecert` out clears
    /// its flag. A new secret also unlocks an identity after too many wrong ones.
    #[command(
        after_help = "Example:\n  chancery identity modify peer0 --secret-file new.secret --attrs role=clerk:ecert"
    )]
    Modify {
        /// Enrollment ID
        id: String,
        #[command(flatten)]
        claim: Claim,
        #[command(flatten)]
        session: Session,
    },
    /// Remove an identity and revoke its certificates
    #[command(after_help = "Example:\n  chancery identity remove peer0 --msp-dir admin/msp")]
    Remove {
        /// Enrollment ID
        id: String,
        /// Even if it is oneself
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        session: Session,
    },
}

impl Identities {
    /// Does it.
    ///
    /// # Errors
    /// When the command line is not usable or the server refuses.
    pub fn run(self, out: &Output) -> Result<(), Failure> {
        match self.deed {
            Deed::List { session } => list(&session, out),
            Deed::Show { session, id } => show(&session, &id, out),
            Deed::Add { session, id, claim } => add(&session, &id, &claim, out),
            Deed::Modify { session, id, claim } => modify(&session, &id, &claim, out),
            Deed::Remove { session, id, force } => remove(&session, &id, force, out),
        }
    }
}

fn list(session: &Session, out: &Output) -> Result<(), Failure> {
    let (client, caller) = session.open()?;
    let mut list = out.list();
    client.list(
        "identities",
        &[],
        "identities",
        caller.credential(),
        &mut |identity: Identity| list.element(&identity, &line(&identity)),
    )?;
    list.end()
}

fn show(session: &Session, id: &str, out: &Output) -> Result<(), Failure> {
    let (client, caller) = session.open()?;
    let identity: Identity = client.ask("GET", &endpoint(id)?, &[], caller.credential())?;
    out.result(&identity, &lines(&identity))
}

fn add(session: &Session, id: &str, claim: &Claim, out: &Output) -> Result<(), Failure> {
    let (client, caller) = session.open()?;
    let body = claim.body(id, client.ca_name())?;
    warn_of_plain_http(&client, out);
    let identity: Identity = client.send("POST", "identities", &body, caller.credential())?;
    register::tell(id, &body, &identity.secret, out)
}

fn modify(session: &Session, id: &str, claim: &Claim, out: &Output) -> Result<(), Failure> {
    let (client, caller) = session.open()?;
    let body = claim.body(id, client.ca_name())?;
    if !body.secret.is_empty() {
        warn_of_plain_http(&client, out);
    }
    let endpoint = endpoint(id)?;
    let mut identity: Identity = client.send("PUT", &endpoint, &body, caller.credential())?;
    // Whoever chose the secret has it.
    identity.secret = crate::api::SecretText::default();
    out.result(&identity, &lines(&identity))
}

fn remove(session: &Session, id: &str, force: bool, out: &Output) -> Result<(), Failure> {
    let (client, caller) = session.open()?;
    let force = if force { "true" } else { "false" };
    let identity: Identity =
        client.ask("DELETE", &endpoint(id)?, &[("force", force)], caller.credential())?;
    out.result(&identity, &format!("removed {}", line(&identity)))
}

fn endpoint(id: &str) -> Result<String, Failure> {
    // An empty name, and one that a URL library would take for a step in the path, have no URL.
    if matches!(id, "" | "." | "..") {
        return Err(Failure::usage(format!("`{id}` cannot be asked for by name")));
    }
    Ok(format!("identities/{}", escaped(id)))
}

/// An identity on one line.
pub(super) fn line(identity: &Identity) -> String {
    let affiliation = if identity.affiliation.is_empty() { "." } else { &identity.affiliation };
    let attributes: Vec<String> = identity.attrs.iter().map(attributes::to_text).collect();
    let text = format!(
        "{}  type={} affiliation={affiliation} max-enrollments={} attrs={}",
        identity.id,
        identity.kind,
        identity.max_enrollments,
        attributes.join(",")
    );
    printable(&text).into_owned()
}

fn lines(identity: &Identity) -> String {
    let affiliation = if identity.affiliation.is_empty() { "." } else { &identity.affiliation };
    let mut lines = vec![
        format!("id               {}", printable(&identity.id)),
        format!("type             {}", printable(&identity.kind)),
        format!("affiliation      {}", printable(affiliation)),
        format!("max enrollments  {}", identity.max_enrollments),
    ];
    let mut attributes: Vec<String> = identity.attrs.iter().map(attributes::to_text).collect();
    attributes.sort();
    for (index, attribute) in attributes.iter().enumerate() {
        let name = if index == 0 { "attributes" } else { "" };
        lines.push(format!("{name:16} {}", printable(attribute)));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_escaped_into_one_segment() {
        assert_eq!(endpoint("a/b ä").unwrap(), "identities/a%2Fb%20%C3%A4");
        for bad in ["", ".", ".."] {
            assert!(endpoint(bad).is_err());
        }
    }

    #[test]
    fn an_identity_is_one_line() {
        let identity: Identity = serde_json::from_str(
            r#"{"id":"peer0\n","type":"peer","attrs":[{"name":"a","value":"1","ecert":true}],"max_enrollments":-1}"#,
        )
        .unwrap();
        assert_eq!(
            line(&identity),
            "peer0\u{fffd}  type=peer affiliation=. max-enrollments=-1 attrs=a=1:ecert"
        );
    }
}
