//! Organizations in a channel, and one outside.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::channel;
use super::club::{Club, done};
use super::tools::chancery;

/// The CAs of the three.
pub(crate) const CAS: [&str; 6] = ["--ca", "org1", "--ca", "org2", "--ca", "org3"];

/// Two organizations with an administrator each in one channel, and a third outside.
pub(crate) struct Council {
    pub(crate) club: Club,
}

impl Council {
    /// In a channel that the server decides over.
    pub(crate) fn new() -> Self {
        Self::with(&["--govern-here"])
    }

    /// In a channel that is imported so.
    pub(crate) fn with(import: &[&str]) -> Self {
        let club = Club::with(&CAS);
        for ca in ["org2", "org3"] {
            let mut enroll = club.as_member(&format!("admin-{ca}"), "enroll");
            enroll.env("CHANCERY_ENROLL_SECRET", "adminpw");
            done(enroll.args(["--ca", ca, "--id", "admin"]));
        }
        club.member("boss1", "admin");
        club.member_of("org2", "admin-org2", "boss2", "admin");
        club.member("clerk", "client");
        let council = Self { club };
        let file = channel::write(&council.club, &["Org1", "Org2"], 0);
        done(council.channel("admin", "import").arg("supply").arg(&file).args(import));
        council
    }

    /// `chancery channel VERB` as a member.
    pub(crate) fn channel(&self, member: &str, verb: &str) -> Command {
        let mut command = chancery();
        command.args(["channel", verb, "--url", self.club.server.url(), "--json", "--msp-dir"]);
        command.arg(self.club.path(member));
        command
    }

    pub(crate) fn propose(&self, title: &str, more: &[&str]) -> Value {
        let mut propose = self.channel("admin", "propose");
        json(&done(propose.args(["supply", "--title", title]).args(more)))
    }

    pub(crate) fn sign(&self, proposal: &Value, msp_id: &str, member: &str) -> Command {
        let mut sign = self.channel(member, "sign");
        sign.arg(proposal["id"].as_str().unwrap()).args(["--msp-id", msp_id]);
        sign
    }

    pub(crate) fn show(&self, proposal: &Value) -> Value {
        let mut show = self.channel("admin", "proposal");
        json(&done(show.arg(proposal["id"].as_str().unwrap())))
    }

    pub(crate) fn sequence(&self) -> u64 {
        let mut show = self.channel("admin", "show");
        json(&done(show.arg("supply")))["sequence"].as_u64().unwrap()
    }
}

/// What a command told for machines.
pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|why| panic!("{why}: {text}"))
}

/// A path as an argument.
pub(crate) fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}
