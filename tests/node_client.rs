//! The CA client of the Fabric SDK for Node works against us unmodified: the scripts of
//! `tests/node`, each on a server of its own.

use std::process::Command;

use crate::support::server::Server;
use crate::support::tools::{output, root};

fn node(script: &str, server: &Server, ca: &str) {
    let folder = root().join("tests/node");
    assert!(
        folder.join("node_modules").exists(),
        "tests/node is not installed: run tests/run once"
    );
    let mut node = Command::new("node");
    node.current_dir(folder).args(["--test", script]).env("CHANCERY_URL", server.url());
    node.env("CHANCERY_ADMIN", "admin:adminpw").env("CHANCERY_CA", ca).env("HFC_LOGGING", "{}");
    let output = output(&mut node);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let passed = text.lines().any(|line| line.starts_with("# pass") || line.starts_with("ℹ pass"));
    assert!(passed, "no tally in:\n{text}");
}

fn on_a_fresh_server(script: &str) {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path());
    node(script, &server, "");
    assert!(server.stop().success(), "the server ends well");
}

#[test]
fn it_enrolls_and_reenrolls() {
    on_a_fresh_server("enroll.test.mjs");
}

#[test]
fn it_registers() {
    on_a_fresh_server("register.test.mjs");
}

#[test]
fn it_revokes_and_makes_crls() {
    on_a_fresh_server("revoke.test.mjs");
}

#[test]
fn it_manages_identities() {
    on_a_fresh_server("identities.test.mjs");
}

#[test]
fn it_manages_affiliations() {
    on_a_fresh_server("affiliations.test.mjs");
}

#[test]
fn it_lists_certificates() {
    on_a_fresh_server("certificates.test.mjs");
}

#[test]
fn it_enrolls_at_one_ca_of_several_over_tls() {
    let directory = tempfile::tempdir().unwrap();
    let more = ["--ca", "ca-one", "--ca", "ca-two", "--hierarchy", "two", "--tls"];
    let server = Server::start_with(directory.path(), &more);
    assert!(server.url().starts_with("https://"), "{}", server.url());
    node("enroll.test.mjs", &server, "ca-two");
}
