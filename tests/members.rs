//! The member's commands, against a server of our own: MSP folders that nodes load, exit codes,
//! standard output for results alone.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use chancery::clock::Timestamp;
use serde_json::Value;

use crate::support::material::describe;
use crate::support::server::Server;
use crate::support::tools::{chancery, output};

/// A server and its members' folders.
struct Club {
    server: Server,
    folder: tempfile::TempDir,
}

impl Club {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start_with(&folder.path().join("server"), &["--hierarchy", "two"]);
        let club = Self { server, folder };
        done(
            club.as_member("admin", "enroll")
                .env("CHANCERY_ENROLL_SECRET", "adminpw")
                .args(["--id", "admin"]),
        );
        club
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `chancery DEED` with the server's address and the folder of a member.
    fn as_member(&self, member: &str, deed: &str) -> Command {
        let mut command = chancery();
        command.arg(deed).args(["--url", self.server.url(), "--msp-dir"]).arg(self.path(member));
        command
    }

    /// Registers somebody and enrolls them into a folder of their name.
    fn member(&self, id: &str, kind: &str) -> PathBuf {
        let secret = self.path(&format!("{id}.secret"));
        let mut register = self.as_member("admin", "register");
        register.args(["--id", id, "--type", kind, "--affiliation", "org1.department1"]);
        std::fs::write(&secret, done(&mut register)).unwrap();
        let mut enroll = self.as_member(id, "enroll");
        done(enroll.args(["--id", id, "--secret-file"]).arg(secret));
        self.path(id)
    }
}

/// Runs it; it must succeed. Gives its standard output.
fn done(command: &mut Command) -> String {
    let output = output(command);
    assert_eq!(output.status.code(), Some(0), "{command:?}: {}", error_of(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs it; it must be refused. Gives what it says.
fn refused(command: &mut Command) -> String {
    let output = output(command);
    assert_eq!(output.status.code(), Some(1), "{command:?}: {}", error_of(&output));
    assert!(output.stdout.is_empty(), "results go to standard output, refusals do not");
    let said = error_of(&output);
    assert!(said.starts_with("chancery: error: "), "{said}");
    said
}

fn error_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn only_file(folder: &Path) -> PathBuf {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

#[test]
fn an_msp_folder_is_what_a_node_loads() {
    let club = Club::new();
    let msp = club.member("peer0", "peer");
    let certificate = describe(&only_file(&msp.join("signcerts")));
    let issuing = only_file(&msp.join("intermediatecerts"));
    let issuer = describe(&issuing);
    let root = describe(&only_file(&msp.join("cacerts")));
    assert_eq!(certificate["aki"], issuer["ski"]);
    assert_eq!(issuer["aki"], root["ski"]);
    assert_eq!(root["issuer"], root["subject"]);
    for one in [&certificate, &issuer, &root] {
        assert_eq!(one["blocks"], 1);
    }

    // Roles are bound to the issuing CA: bound to the root, every identity would be invalid.
    let config = std::fs::read_to_string(msp.join("config.yaml")).unwrap();
    let bound =
        format!("Certificate: intermediatecerts/{}", issuing.file_name().unwrap().display());
    assert_eq!(config.matches(&bound).count(), 4, "{config}");

    let key = only_file(&msp.join("keystore"));
    assert!(key.to_str().unwrap().ends_with("_sk"));
    let mode = std::os::unix::fs::PermissionsExt::mode(&key.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_tls_folder_holds_the_cas_of_tls() {
    let club = Club::new();
    let msp = club.member("peer0", "peer");
    let mut enroll = club.as_member("tls", "enroll");
    enroll.args(["--id", "peer0", "--profile", "tls", "--hosts", "peer0.example,127.0.0.1"]);
    enroll.arg("--secret-file").arg(club.path("peer0.secret"));
    done(&mut enroll);
    let certificate = describe(&only_file(&club.path("tls/signcerts")));
    let issuer = describe(&only_file(&club.path("tls/tlsintermediatecerts")));
    let root = describe(&only_file(&club.path("tls/tlscacerts")));
    assert_eq!(certificate["names"], serde_json::json!(["peer0.example", "127.0.0.1"]));
    assert_eq!(certificate["aki"], issuer["ski"]);
    assert_eq!(issuer["aki"], root["ski"]);
    assert!(!club.path("tls/cacerts").exists() && msp.join("cacerts").exists());
}

#[test]
fn reenrolling_replaces_the_certificate() {
    let club = Club::new();
    let msp = club.member("peer0", "peer");
    let before = describe(&only_file(&msp.join("signcerts")));
    done(&mut club.as_member("peer0", "reenroll"));
    let after = describe(&only_file(&msp.join("signcerts")));
    assert_eq!(before["subject"], after["subject"]);
    assert_ne!(before["serial"], after["serial"]);
}

#[test]
fn a_revoked_member_is_refused_and_on_the_list() {
    let club = Club::new();
    let msp = club.member("visitor", "client");
    let serial = describe(&only_file(&msp.join("signcerts")))["serial"].clone();
    let mut revoke = club.as_member("admin", "revoke");
    revoke.args(["--json", "--id", "visitor", "--reason", "keyCompromise", "--gencrl"]);
    let told: serde_json::Value = serde_json::from_str(&done(&mut revoke)).unwrap();
    assert_eq!(told["revoked"][0]["serial"], serial);
    let crl = describe(&only_file(&club.path("admin/crls")));
    assert!(crl["serials"].as_array().unwrap().contains(&serial));

    let said = refused(&mut club.as_member("visitor", "reenroll"));
    assert!(said.contains("Error Code: 20"), "{said}");
    let mut enroll = club.as_member("visitor", "enroll");
    enroll.args(["--id", "visitor", "--secret-file"]).arg(club.path("visitor.secret"));
    refused(&mut enroll);
}

#[test]
fn a_member_s_folder_is_judged_as_a_node_would() {
    let club = Club::new();
    let (peer, visitor) = (club.member("peer1", "peer"), club.member("visitor", "client"));
    let check = |folder: &Path, members: &[&Path]| {
        let mut check = chancery();
        check.args(["msp", "check", "--json", "--msp-id", "Org1MSP"]).arg(folder);
        check
            .arg("--member")
            .args(members.iter().map(|member| only_file(&member.join("signcerts"))));
        output(&mut check)
    };
    let told = |output: &Output| -> serde_json::Value {
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", error_of(output)))
    };

    // 1. As enrolled: a node loads the folder, and each is what they were registered as.
    let judged = check(&peer, &[&peer, &visitor]);
    assert_eq!(judged.status.code(), Some(0), "{}", error_of(&judged));
    let judged = told(&judged);
    assert_eq!(judged["members"][0]["roles"], serde_json::json!(["member", "peer"]));
    assert_eq!(judged["members"][1]["roles"], serde_json::json!(["member", "client"]));

    // 2. Revoked, with the list in the folder: refused, and why is told.
    let mut revoke = club.as_member("admin", "revoke");
    done(revoke.args(["--id", "visitor", "--reason", "keyCompromise", "--gencrl"]));
    std::fs::create_dir_all(peer.join("crls")).unwrap();
    let crl = only_file(&club.path("admin/crls"));
    std::fs::copy(crl, peer.join("crls/crl.pem")).unwrap();
    let judged = check(&peer, &[&peer, &visitor]);
    assert_eq!(judged.status.code(), Some(1));
    let judged = told(&judged);
    assert_eq!(judged["members"][0]["valid"], true);
    assert_eq!(judged["members"][1]["valid"], false);
    assert_eq!(judged["members"][1]["category"], "revoked");

    // 3. Without its CAs it is the folder of no MSP.
    std::fs::remove_dir_all(peer.join("cacerts")).unwrap();
    let judged = check(&peer, &[&peer]);
    assert_eq!(judged.status.code(), Some(1));
    assert!(error_of(&judged).contains("cacerts"), "{}", error_of(&judged));
}

#[test]
fn a_policy_can_be_satisfied_until_the_issuing_ca_ends() {
    let club = Club::new();
    let folder = club.member("peer1", "peer");
    let issuing = describe(&only_file(&folder.join("intermediatecerts")));
    let mut who = chancery();
    who.args(["policy", "who-can-satisfy", "--json", "AND('Org1MSP.peer', 'Org1MSP.admin')"]);
    who.arg("--msp").arg(format!("Org1MSP={}", folder.display()));
    let told: serde_json::Value = serde_json::from_str(&done(&mut who)).unwrap();
    let until = told["until"].as_str().unwrap_or_else(|| panic!("{told}"));
    let ends = Timestamp::from_unix(issuing["not_after"].as_i64().unwrap());
    assert_eq!(until, ends.to_string());
    assert_eq!((&told["satisfiable"], &told["sets"][0]["until"]), (&true.into(), &until.into()));

    // Bound to the root, which does not issue to members, a role can be had by nobody.
    let config = std::fs::read_to_string(folder.join("config.yaml")).unwrap();
    let (issuing, root) =
        (only_file(&folder.join("intermediatecerts")), only_file(&folder.join("cacerts")));
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    let bound = |folder: &str, path: &Path| format!("{folder}/{}", name(path));
    let wrong = config.replace(&bound("intermediatecerts", &issuing), &bound("cacerts", &root));
    assert_ne!(wrong, config);
    std::fs::write(folder.join("config.yaml"), wrong).unwrap();
    let told: Value = serde_json::from_str(&done(&mut who)).unwrap();
    assert_eq!((&told["satisfiable"], &told["until"]), (&Value::from(false), &Value::Null));
    let why = told["limit"]["why"].as_str().unwrap();
    assert!(why.contains("is bound to another CA"), "{why}");
}

#[test]
fn a_refusal_leaves_the_folder_alone() {
    let club = Club::new();
    let mut enroll = club.as_member("nobody", "enroll");
    refused(enroll.args(["--id", "nobody"]).env("CHANCERY_ENROLL_SECRET", "wrong"));
    assert!(!club.path("nobody").exists());
}

#[test]
fn a_command_that_makes_no_sense_is_a_usage_error() {
    let club = Club::new();
    let mut revoke = club.as_member("admin", "revoke");
    assert_eq!(output(&mut revoke).status.code(), Some(2));
    let mut enroll = club.as_member("admin", "enroll");
    assert_eq!(output(enroll.env("CHANCERY_ENROLL_SECRET", "x")).status.code(), Some(2));
    assert_eq!(output(chancery().arg("no-such-command")).status.code(), Some(2));
}
