//! The key ceremony, its transcript, several issuers, and the server's own TLS key.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::server::{Server, is_sound};
use crate::support::tools::{chancery, output, run};

/// A folder with private tokens and a configuration.
struct Office {
    folder: tempfile::TempDir,
}

impl Office {
    /// With a token `main` and another one `vault`, and what follows `[signer]` in the configuration.
    fn new(cas: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let office = Self { folder };
        std::fs::create_dir(office.path("tokens")).unwrap();
        let conf = format!("directories.tokendir = {}\n", office.path("tokens").display());
        std::fs::write(office.path("softhsm2.conf"), conf).unwrap();
        std::fs::write(office.path("admin.secret"), "adminpw\n").unwrap();
        for token in ["main", "vault"] {
            std::fs::write(office.path(token), "87654321\n").unwrap();
            let mut init = office.command();
            init.args(["hsm", "init-token", "--label", token, "--module"]).arg(module());
            run(init.arg("--pin-file").arg(office.path(token)));
        }
        let module = module();
        office.configure(&format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n[store]\nurl = \"sqlite://ca.db\"\n\
             [signer]\nmodule = {module:?}\ntoken = \"main\"\npin_file = \"main\"\n\
             softhsm2_conf = \"softhsm2.conf\"\n{cas}"
        ));
        office
    }

    fn configure(&self, text: &str) {
        std::fs::write(self.path("chancery.toml"), text).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self) -> Command {
        let mut command = chancery();
        command.env("SOFTHSM2_CONF", self.path("softhsm2.conf"));
        command.current_dir(self.folder.path());
        command
    }

    /// Runs a command to its good end.
    fn run(&self, arguments: &[&str]) -> String {
        run(self.command().args(arguments))
    }

    /// Runs a command that is to be refused; gives what it said.
    fn refused(&self, arguments: &[&str]) -> String {
        let output = output(self.command().args(arguments));
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    fn serve(&self) -> Server {
        let mut serve = self.command();
        serve.arg("serve");
        Server::spawn(serve, self.folder.path())
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.run(arguments)).unwrap()
    }
}

fn module() -> PathBuf {
    let places = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so"];
    places.iter().map(PathBuf::from).find(|path| path.exists()).expect("SoftHSM2 is installed")
}

const ADMIN: &str = "[[ca.identities]]\nid = \"admin\"\nsecret_file = \"admin.secret\"\n\
    attributes = { \"hf.Registrar.Roles\" = \"*\", \"hf.Revoker\" = \"1\", \"hf.GenCRL\" = \"1\" }\n";

fn two_levels() -> String {
    let module = module();
    format!(
        "[[ca]]\nname = \"ca-a\"\nhierarchy = \"two\"\n\
         [ca.issuer]\nkey_algorithm = \"P-384\"\nsubject = {{ organization = \"A\" }}\n\
         [ca.root]\nsubject = {{ organization = \"A\", common_name = \"A Root\" }}\n\
         [ca.root.signer]\nmodule = {module:?}\ntoken = \"vault\"\npin_file = \"vault\"\n{ADMIN}"
    )
}

#[test]
fn a_ceremony_is_held_once_and_its_transcript_can_be_checked() {
    let office = Office::new(&two_levels());
    office.run(&["init"]);
    let said = office.run(&["ca", "verify-transcript", "ceremony.json", "-c", "chancery.toml"]);
    assert!(said.contains("2 issuers"), "{said}");

    // Root and issuing issuer are in tokens of their own, and nobody else's key is touched.
    let inventory = office.json(&["hsm", "inventory", "--json"]);
    let labels: Vec<_> =
        inventory["keys"].as_array().unwrap().iter().map(|k| &k["label"]).collect();
    assert_eq!(inventory["token"]["label"], "main");
    assert!(!labels.iter().any(|label| label.as_str() == Some("ca-a-root")), "{labels:?}");
    let issuing =
        inventory["keys"].as_array().unwrap().iter().find(|k| k["label"] == "ca-a-issuing-1");
    assert_eq!(issuing.unwrap()["algorithm"], "p384");

    // A second ceremony is refused, by the transcript and by the issuers on record.
    assert!(office.refused(&["init"]).contains("exists already"));
    let again = office.refused(&["init", "--transcript", "second.json"]);
    assert!(again.contains("has issuers already"), "{again}");
    assert!(!office.path("second.json").exists());

    // A transcript that was changed, or a configuration that was not the one, is told.
    let text = std::fs::read_to_string(office.path("ceremony.json")).unwrap();
    std::fs::write(office.path("changed.json"), text.replace("ca-a-issuing-1", "ca-a-issuing-2"))
        .unwrap();
    let said = office.refused(&["ca", "verify-transcript", "changed.json"]);
    assert!(said.contains("was changed"), "{said}");
    std::fs::write(office.path("other.toml"), "# another\n").unwrap();
    let said = office.refused(&["ca", "verify-transcript", "ceremony.json", "-c", "other.toml"]);
    assert!(said.contains("not the one that was carried out"), "{said}");
    is_sound(office.folder.path());
}

#[test]
fn a_label_that_the_token_has_ends_the_ceremony_before_anything_is_made() {
    let office =
        Office::new(&format!("[[ca]]\nname = \"ca-a\"\n{ADMIN}[[ca]]\nname = \"ca-b\"\n{ADMIN}"));
    let mut make = Command::new("pkcs11-tool");
    make.env("SOFTHSM2_CONF", office.path("softhsm2.conf")).arg("--module").arg(module());
    make.args(["--token-label", "main", "--login", "--pin", "87654321", "--keypairgen"]);
    run(make.args(["--key-type", "EC:prime256v1", "--label", "ca-b-issuing-1", "--id", "07"]));
    let said = office.refused(&["init"]);
    assert!(said.contains("has a key `ca-b-issuing-1` already"), "{said}");
    let inventory = office.json(&["hsm", "inventory", "--json"]);
    let ours =
        inventory["keys"].as_array().unwrap().iter().filter(|k| k["label"] != "ca-b-issuing-1");
    assert_eq!(ours.count(), 0, "nothing was made");
    assert!(!office.path("ceremony.json").exists());
}

#[test]
fn after_a_rollover_both_issuers_are_good_and_the_new_one_certifies() {
    let office = Office::new(&two_levels());
    office.run(&["init"]);
    let server = office.serve();
    let enroll = |server: &Server, folder: &str| {
        let url = server.url().to_owned();
        office.run(&[
            "enroll",
            "--url",
            &url,
            "--id",
            "admin",
            "--secret-file",
            "admin.secret",
            "--msp-dir",
            folder,
        ]);
    };
    enroll(&server, "old");
    assert!(server.stop().success());

    office.run(&["ca", "rollover", "--ca", "ca-a", "--transcript", "rollover.json"]);
    office.run(&["ca", "verify-transcript", "rollover.json"]);
    let issuers = office.json(&["ca", "issuers", "--json"]);
    let active: Vec<_> =
        issuers.as_array().unwrap().iter().filter(|i| i["active"] == true).collect();
    assert_eq!(active.len(), 1);
    assert_eq!(active[0]["key_label"], "ca-a-issuing-2");

    let server = office.serve();
    enroll(&server, "new");
    let issuer = |folder: &str| {
        let certificate = office.path(folder).join("signcerts/cert.pem");
        run(Command::new("openssl")
            .args(["x509", "-noout", "-ext", "authorityKeyIdentifier", "-in"])
            .arg(certificate))
    };
    assert_ne!(issuer("old"), issuer("new"));
    // The old certificate still opens the door, and the new one does.
    for folder in ["old", "new"] {
        let listed = ["identity", "list", "--json", "--url", server.url(), "--msp-dir", folder];
        assert!(office.run(&listed).contains("admin"));
    }
    assert!(server.stop().success());
    is_sound(office.folder.path());
}

#[test]
fn issuers_of_every_algorithm_certify_members_whose_key_may_be_in_a_token() {
    let cas = ["P-256", "P-384", "RSA-3072", "Ed25519"].map(|algorithm| {
        format!(
            "[[ca]]\nname = \"ca-{algorithm}\"\nhierarchy = \"two\"\n\
             [ca.issuer]\nkey_algorithm = \"{algorithm}\"\n\
             [ca.root]\nkey_algorithm = \"{algorithm}\"\n{ADMIN}"
        )
    });
    let cas = cas.concat();
    let office = Office::new(&cas);
    office.run(&["init"]);
    let server = office.serve();
    for algorithm in ["P-256", "P-384", "RSA-3072", "Ed25519"] {
        let (ca, folder) = (format!("ca-{algorithm}"), format!("m-{algorithm}"));
        let key = format!(
            "pkcs11:token=vault;object=member-{algorithm}?module-path={}&pin-source=file:{}",
            module().display(),
            office.path("vault").display()
        );
        let member = ["--url", server.url(), "--ca", &ca, "--msp-dir", &folder, "--key", &key];
        let enroll = ["enroll", "--id", "admin", "--secret-file", "admin.secret"];
        office.run(&[&enroll[..], &member].concat());
        office.run(&[&["reenroll"][..], &member].concat());
        assert!(office.run(&[&["identity", "list"][..], &member].concat()).contains("admin"));
        let msp = office.path(&folder);
        assert!(!msp.join("keystore").read_dir().is_ok_and(|mut keys| keys.next().is_some()));
        let only = |name: &str| msp.join(name).read_dir().unwrap().next().unwrap().unwrap().path();
        let mut verify = Command::new("openssl");
        verify.args(["verify", "-x509_strict", "-CAfile"]).arg(only("cacerts"));
        verify.arg("-untrusted").arg(only("intermediatecerts"));
        run(verify.arg(msp.join("signcerts/cert.pem")));
    }
    assert!(server.stop().success());
}

#[test]
fn https_is_served_with_the_key_in_the_token() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start_with(data.path(), &["--tls", "--hierarchy", "two"]);
    let address = server.url().strip_prefix("https://").expect("an https address").to_owned();

    // What the server shows chains to its root, which the ceremony made.
    let mut show = Command::new("openssl");
    show.args(["s_client", "-showcerts", "-connect", &address]);
    let shown = run(show.stdin(std::process::Stdio::null()));
    let root = shown.rsplit("-----BEGIN CERTIFICATE-----").next().unwrap();
    let body = root.split("-----END CERTIFICATE-----").next().unwrap();
    let pem = format!("-----BEGIN CERTIFICATE-----{body}-----END CERTIFICATE-----\n");
    let roots = data.path().join("root.pem");
    std::fs::write(&roots, pem).unwrap();
    for version in ["-tls1_2", "-tls1_3"] {
        let mut verify = Command::new("openssl");
        verify.args(["s_client", "-verify_return_error", "-verify_ip", "127.0.0.1", version]);
        verify.args(["-connect", &address, "-CAfile"]).arg(&roots);
        let said = run(verify.stdin(std::process::Stdio::null()));
        assert!(said.contains("Verify return code: 0 (ok)"), "{said}");
    }

    let msp = data.path().join("msp");
    let secret = data.path().join("bootstrap.secret");
    let mut enroll = chancery();
    enroll.args(["enroll", "--url", server.url(), "--id", "admin", "--tls-ca"]).arg(&roots);
    run(enroll.arg("--secret-file").arg(secret).arg("--msp-dir").arg(&msp));
    assert!(msp.join("signcerts/cert.pem").exists());
    assert!(server.stop().success());

    // The certificate outlives a restart: it is not issued anew while it is good.
    let count = |data: &Path| {
        let mut check = chancery();
        let said = run(check.args(["ca", "check", "--json", "-c"]).arg(data.join("chancery.toml")));
        serde_json::from_str::<Value>(&said).unwrap()["certificates"].as_u64().unwrap()
    };
    let before = count(data.path());
    let server = Server::start_with(data.path(), &["--tls", "--hierarchy", "two"]);
    assert!(server.stop().success());
    assert_eq!(count(data.path()), before);
}

#[test]
fn a_configuration_that_is_wrong_is_told_by_key_and_reason() {
    let office = Office::new("[[ca]]\nname = \"ca-a\"\nlimit = 3\n");
    let output = output(office.command().args(["config", "check"]));
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("limit") && said.contains("unknown"), "{said}");
}
