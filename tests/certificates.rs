//! Others read what we issue without complaint: `OpenSSL`, `GnuTLS` and pkilint on every certificate
//! and CRL of a running server. What they may say is in `tests/vectors/lint-exceptions.json`, each
//! with its reason; an exception that nothing needs any more fails too.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::support::material::{enroll, openssl, split};
use crate::support::server::Server;
use crate::support::tools::{output, root, run, venv};

/// A running server's certificates: `ca-0.pem` the issuer, the ones above it, members and a CRL.
struct Issued {
    folder: tempfile::TempDir,
}

impl Issued {
    fn by(hierarchy: &str) -> Self {
        let data = tempfile::tempdir().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start_with(data.path(), &["--hierarchy", hierarchy]);
        let member = |name: &str, kind: &str, affiliation: &str, enroll: serde_json::Value| {
            let register = json!({ "type": kind, "affiliation": affiliation });
            json!({ "name": name, "id": name, "register": register, "enroll": enroll })
        };
        let hosts = json!(["peer0.example.com", "10.0.0.1", "::1"]);
        let mut p384 = member("p384", "client", "org1", json!({}));
        p384["key"] = json!("p384");
        let mut rsa = member("rsa", "client", "org1", json!({}));
        rsa["key"] = json!("rsa2048");
        let mut revoked = member("revoked", "client", "org1", json!({}));
        revoked["revoke"] = json!("keycompromise");
        let members = json!([
            member("client", "client", "org1.department1", json!({})),
            member("peer", "peer", "org2.department1", json!({ "hosts": hosts })),
            member("tls", "peer", "org1", json!({ "profile": "tls", "hosts": hosts })),
            p384,
            rsa,
            revoked,
        ]);
        enroll(&server, folder.path(), &json!({ "members": members, "crl": true }));
        split(&folder.path().join("admin/chain.pem"));
        let issued = Self { folder };
        assert!(server.stop().success(), "the server ends well");
        issued
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn issuer(&self) -> PathBuf {
        self.path("admin/chain-0.pem")
    }

    fn members(&self) -> Vec<PathBuf> {
        let names = ["admin", "client", "peer", "tls", "p384", "rsa", "revoked"];
        names.iter().map(|name| self.path(name).join("cert.pem")).collect()
    }
}

fn allowed() -> Vec<(String, String)> {
    let path = root().join("tests/vectors/lint-exceptions.json");
    let exceptions: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let exceptions = exceptions["exceptions"].as_array().unwrap().clone();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    exceptions.iter().map(|one| (text(&one["object"]), text(&one["finding"]))).collect()
}

/// Lints a folder; gives the findings of severity error or worse as (object, finding).
fn findings(folder: &Path, issuer: &Path) -> BTreeSet<(String, String)> {
    let mut lint = Command::new("bash");
    lint.arg(root().join("tests/tools/lint_certs.sh")).arg(folder);
    lint.arg("--pkilint").arg(venv()).arg("--ca").arg(issuer).args(["--min", "ERROR"]);
    let path = std::env::var("PATH").unwrap_or_default();
    lint.env("PATH", format!("{}:{path}", venv().display()));
    let output = output(&mut lint);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains(" passed, "), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let rows = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let bad = rows.filter(|row| row.len() > 3 && matches!(row[1], "ERROR" | "FATAL"));
    bad.map(|row| (row[2].to_owned(), format!("{} {}", row[0], row[3]))).collect()
}

#[test]
fn lints_find_nothing_that_is_not_excused() {
    let mut found = BTreeSet::new();
    for hierarchy in ["one", "two"] {
        let issued = Issued::by(hierarchy);
        let folder = tempfile::tempdir().unwrap();
        let keep = |from: &Path, name: &str| {
            std::fs::copy(from, folder.path().join(name)).unwrap();
        };
        for member in issued.members() {
            let name = member.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
            keep(&member, &format!("{name}.pem"));
        }
        keep(&issued.path("crl.pem"), "crl.pem");
        found.extend(findings(folder.path(), &issued.issuer()));

        // CA certificates by themselves and under what is above them.
        let chain = split(&issued.path("admin/chain.pem"));
        let above = chain.last().unwrap();
        let cas = tempfile::tempdir().unwrap();
        for (n, ca) in chain.iter().enumerate() {
            let name = if n + 1 == chain.len() { "root.pem" } else { "issuer.pem" };
            std::fs::copy(ca, cas.path().join(name)).unwrap();
        }
        found.extend(findings(cas.path(), above));
    }
    let allowed: BTreeSet<_> = allowed().into_iter().collect();
    let unexcused: Vec<_> = found.difference(&allowed).collect();
    assert!(unexcused.is_empty(), "{unexcused:#?}");
    let unneeded: Vec<_> = allowed.difference(&found).collect();
    assert!(unneeded.is_empty(), "exceptions that nothing needs: {unneeded:#?}");
}

#[test]
fn chains_are_strictly_valid() {
    for hierarchy in ["one", "two"] {
        let issued = Issued::by(hierarchy);
        let chain = split(&issued.path("admin/chain.pem"));
        let (root, between) = chain.split_last().unwrap();
        assert_eq!(between.len(), usize::from(hierarchy == "two"));
        for member in issued.members() {
            let mut verify = Command::new("openssl");
            verify.args(["verify", "-x509_strict", "-CAfile"]).arg(root);
            for ca in between {
                verify.arg("-untrusted").arg(ca);
            }
            let text = run(verify.arg(&member));
            assert!(text.trim_end().ends_with("OK"), "{text}");
        }
    }
}

#[test]
fn a_crl_is_checked_with_the_chain() {
    let issued = Issued::by("one");
    let verify = |member: &str| {
        let mut verify = Command::new("openssl");
        verify.args(["verify", "-x509_strict", "-crl_check", "-CAfile"]).arg(issued.issuer());
        verify.arg("-CRLfile").arg(issued.path("crl.pem"));
        output(verify.arg(issued.path(member).join("cert.pem")))
    };
    assert!(verify("client").status.success());
    let revoked = verify("revoked");
    assert!(!revoked.status.success());
    assert!(String::from_utf8_lossy(&revoked.stderr).contains("certificate revoked"));
}

#[test]
fn gnutls_reads_what_openssl_reads() {
    let issued = Issued::by("one");
    for member in issued.members() {
        let text =
            run(Command::new("certtool").arg("--certificate-info").arg("--infile").arg(&member));
        assert!(text.contains("Signature Algorithm: ECDSA-SHA256"), "{text}");
    }
    let mut crl = Command::new("certtool");
    crl.args(["--crl-info", "--infile"]).arg(issued.path("crl.pem"));
    let text = run(&mut crl);
    let serial = openssl(&[
        "x509",
        "-noout",
        "-serial",
        "-in",
        issued.path("revoked/cert.pem").to_str().unwrap(),
    ]);
    let serial = serial.trim().trim_start_matches("serial=").to_lowercase();
    assert!(text.contains(&serial), "{serial} is not in {text}");
}
