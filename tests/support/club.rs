//! A server and members with MSP folders, by the member's own commands.

use std::path::PathBuf;
use std::process::{Command, Output};

use super::server::Server;
use super::tools::{chancery, output};

/// A server and its members' folders.
pub(crate) struct Club {
    pub(crate) server: Server,
    folder: tempfile::TempDir,
}

impl Club {
    pub(crate) fn new() -> Self {
        Self::with(&["--hierarchy", "two"])
    }

    /// The same, started with these arguments.
    pub(crate) fn with(more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start_with(&folder.path().join("server"), more);
        let club = Self { server, folder };
        done(
            club.as_member("admin", "enroll")
                .env("CHANCERY_ENROLL_SECRET", "adminpw")
                .args(["--id", "admin"]),
        );
        club
    }

    /// Kills the server, has something done to its folder, and starts it again.
    pub(crate) fn after(self, done: impl FnOnce(&std::path::Path), more: &[&str]) -> Self {
        let Self { server, folder } = self;
        server.kill();
        let data = folder.path().join("server");
        done(&data);
        Self { server: Server::start_with(&data, more), folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `chancery DEED` with the server's address and the folder of a member.
    pub(crate) fn as_member(&self, member: &str, deed: &str) -> Command {
        let mut command = chancery();
        command.arg(deed).args(["--url", self.server.url(), "--msp-dir"]).arg(self.path(member));
        command
    }

    /// Registers somebody and enrolls them into a folder of their name.
    pub(crate) fn member(&self, id: &str, kind: &str) -> PathBuf {
        self.member_of("", "admin", id, kind)
    }

    /// The same at a CA of this name, by its administrator's folder.
    pub(crate) fn member_of(&self, ca: &str, admin: &str, id: &str, kind: &str) -> PathBuf {
        let secret = self.path(&format!("{id}.secret"));
        let mut register = self.as_member(admin, "register");
        register.args([
            "--ca",
            ca,
            "--id",
            id,
            "--type",
            kind,
            "--affiliation",
            "org1.department1",
        ]);
        std::fs::write(&secret, done(&mut register)).unwrap();
        let mut enroll = self.as_member(id, "enroll");
        done(enroll.args(["--ca", ca, "--id", id, "--secret-file"]).arg(secret));
        self.path(id)
    }
}

/// Runs it; it must succeed. Gives its standard output.
pub(crate) fn done(command: &mut Command) -> String {
    let output = output(command);
    assert_eq!(output.status.code(), Some(0), "{command:?}: {}", error_of(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs it; it must be refused. Gives what it says.
pub(crate) fn refused(command: &mut Command) -> String {
    let output = output(command);
    assert_eq!(output.status.code(), Some(1), "{command:?}: {}", error_of(&output));
    assert!(output.stdout.is_empty(), "results go to standard output, refusals do not");
    let said = error_of(&output);
    // Notes may come before.
    assert!(said.lines().any(|line| line.starts_with("chancery: error: ")), "{said}");
    said
}

pub(crate) fn error_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
