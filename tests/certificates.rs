//! Others read what we issue without complaint: `OpenSSL`, `GnuTLS` and pkilint on every certificate
//! and CRL of a running server. What they may say is in `tests/vectors/lint-exceptions.json`, each
//! with its reason; an exception that nothing needs any more fails too.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::material::{enroll, openssl, split};
use crate::support::server::Server;
use crate::support::tools::{output, pause, root, run, venv};

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
            member("own", "peer", "org1.department1", json!({ "profile": "member" })),
            member("own-tls", "peer", "org1", json!({ "profile": "server-tls", "hosts": hosts })),
            p384,
            rsa,
            revoked,
        ]);
        enroll(&server, folder.path(), &json!({ "members": members, "crl": true }));
        split(&folder.path().join("admin/chain.pem"));
        publish(&server, &folder.path().join("published.crl"));
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
        let names = ["admin", "client", "peer", "tls", "p384", "rsa", "own", "own-tls", "revoked"];
        names.iter().map(|name| self.path(name).join("cert.pem")).collect()
    }
}

/// Fetches the published list once the revocation is on it.
fn publish(server: &Server, into: &Path) {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let mut curl = Command::new("curl");
        curl.args(["-sf", "--output"]).arg(into).arg(format!("{}/crl/ca.crl", server.url()));
        if output(&mut curl).status.success() {
            let der = into.to_str().unwrap();
            let text = openssl(&["crl", "-inform", "DER", "-noout", "-text", "-in", der]);
            if text.contains("Key Compromise") {
                return;
            }
        }
        assert!(Instant::now() < until, "the revocation is not published");
        pause();
    }
}

fn allowed() -> BTreeSet<(String, String)> {
    let path = root().join("tests/vectors/lint-exceptions.json");
    let read = std::fs::read_to_string(path).unwrap();
    let exceptions: serde_json::Value = serde_json::from_str(&read).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let mut allowed = BTreeSet::new();
    for exception in exceptions["exceptions"].as_array().unwrap() {
        assert!(!text(&exception["why"]).is_empty());
        let objects = exception["objects"].as_array().unwrap().iter();
        allowed.extend(objects.map(|object| (text(object), text(&exception["finding"]))));
    }
    allowed
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
    // A row: tool, severity, file and finding, two spaces between them.
    let rows = text.lines().map(|line| line.split("  ").collect::<Vec<_>>());
    let bad = rows.filter(|row| row.len() > 3 && matches!(row[1], "ERROR" | "FATAL"));
    let found: BTreeSet<_> =
        bad.map(|row| (row[2].to_owned(), format!("{} {}", row[0], row[3]))).collect();
    // The script's own tally must agree with what was understood here.
    assert_eq!(text.contains("FATAL+ERROR findings 0,"), found.is_empty(), "{text}");
    found
}

/// Copies files into a folder of their own, by name.
fn gather(files: &[(&str, &Path)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, from) in files {
        std::fs::copy(from, folder.path().join(name)).unwrap();
    }
    folder
}

/// Everything of a server with two levels; of one with a single level what differs. Our own profiles
/// (`own`) need no exception.
fn findings_of(hierarchy: &str) -> BTreeSet<(String, String)> {
    let issued = Issued::by(hierarchy);
    let crl = issued.path("crl.pem");
    let members = issued.members();
    let of_members = [
        "admin.pem",
        "client.pem",
        "peer.pem",
        "tls.pem",
        "p384.pem",
        "rsa.pem",
        "own.pem",
        "own-tls.pem",
    ];
    let mut files: Vec<_> =
        of_members.into_iter().zip(members.iter().map(PathBuf::as_path)).collect();
    if hierarchy == "one" {
        files.truncate(1);
    }
    let published = issued.path("published.crl");
    files.extend([("crl.pem", crl.as_path()), ("published.crl", published.as_path())]);
    let mut found = findings(gather(&files).path(), &issued.issuer());
    if hierarchy == "two" {
        // OpenSSL wants a root to verify with; `chains_are_strictly_valid` gives it one.
        found.retain(|(_, finding)| {
            !(finding.starts_with("openssl-strict") && finding.contains("unable to get issuer"))
        });
    }

    // CA certificates by themselves and under what is above them.
    let chain = split(&issued.path("admin/chain.pem"));
    let names = if hierarchy == "one" { &["alone.pem"][..] } else { &["issuer.pem", "root.pem"] };
    let cas: Vec<_> = names.iter().copied().zip(chain.iter().map(PathBuf::as_path)).collect();
    assert_eq!(cas.len(), chain.len());
    found.extend(findings(gather(&cas).path(), chain.last().unwrap()));
    found
}

#[test]
fn lints_find_nothing_that_is_not_excused() {
    let mut found = findings_of("one");
    found.extend(findings_of("two"));
    let allowed = allowed();
    let unexcused: Vec<_> = found.difference(&allowed).collect();
    assert!(unexcused.is_empty(), "{unexcused:#?}");
    let unneeded: Vec<_> = allowed.difference(&found).collect();
    assert!(unneeded.is_empty(), "exceptions that nothing needs: {unneeded:#?}");
}

/// The lints are worth something: each tool finds fault with a certificate that is wrong.
#[test]
fn lints_find_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let issuer = folder.path().join("issuer.pem");
    let wrong = folder.path().join("wrong.pem");
    let make = |out: &Path, subject: &str, extension: &str| {
        let mut command = Command::new("openssl");
        command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
        command.args(["-nodes", "-keyout", "/dev/null", "-subj", subject, "-days", "30"]);
        run(command.args(["-addext", extension, "-out"]).arg(out));
    };
    make(&issuer, "/CN=issuer", "keyUsage=critical,keyCertSign,cRLSign");
    make(&wrong, "/CN=wrong", "nameConstraints=permitted;DNS:example.com");
    let found = findings(gather(&[("wrong.pem", &wrong)]).path(), &issuer);
    for tool in ["pkilint ", "openssl-strict ", "certtool "] {
        assert!(found.iter().any(|(_, finding)| finding.starts_with(tool)), "{tool}: {found:?}");
    }
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
