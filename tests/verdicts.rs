//! Verdicts over the API: who signed, whether they are members still, whether it is enough; signed
//! requests, client certificates, channels, exported MSPs.

use std::path::PathBuf;
use std::process::Command;

use crate::support::channel;
use crate::support::club::{Club, done, error_of, refused};
use crate::support::server::Server;
use crate::support::tools::{chancery, output, python, root, run};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Two organizations, a clerk of the first and one of the second, and what they signed.
struct Stage {
    club: Club,
}

impl Stage {
    fn new() -> Self {
        let club = Club::with(&["--ca", "org1", "--ca", "org2"]);
        club.member("clerk", "client");
        let stage = Self { club };
        let other = stage.path("other");
        let mut enroll = stage.club.as_member("other", "enroll");
        enroll.env("CHANCERY_ENROLL_SECRET", "adminpw");
        done(enroll.args(["--ca", "org2", "--id", "admin"]));
        std::fs::write(stage.path("message"), "an order of ten crates").unwrap();
        for (member, signature) in [("clerk", "clerk.sig"), ("other", "other.sig")] {
            stage.sign(member, signature);
        }
        assert!(other.join("signcerts/cert.pem").exists());
        stage
    }

    fn path(&self, name: &str) -> PathBuf {
        self.club.path(name)
    }

    fn sign(&self, member: &str, signature: &str) {
        let mut sign = chancery();
        sign.arg("sign").arg(self.path("message")).arg("--msp-dir").arg(self.path(member));
        done(sign.arg("--out").arg(self.path(signature)));
    }

    /// `chancery verify` by the administrator, of the clerk's signature and the other's.
    fn verify(&self, more: &[&str]) -> Command {
        let mut verify = self.club.as_member("admin", "verify");
        verify.args(["--json", "--message"]).arg(self.path("message"));
        for (msp, member) in [("Org1MSP", "clerk"), ("Org2MSP", "other")] {
            let (folder, signature) = (self.path(member), self.path(&format!("{member}.sig")));
            verify.arg("--by").arg(format!("{msp},{},{}", folder.display(), signature.display()));
        }
        verify.args(more);
        verify
    }

    fn verdict(&self, more: &[&str]) -> serde_json::Value {
        let output = output(&mut self.verify(more));
        let told: serde_json::Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", error_of(&output)));
        let verdict = told["verdicts"][0].clone();
        let code = i32::from(verdict["satisfied"] != true);
        assert_eq!(output.status.code(), Some(code), "{verdict}");
        verdict
    }

    /// Writes a configuration of a channel of both organizations; gives its file.
    fn channel(&self, sequence: u64) -> PathBuf {
        channel::write(&self.club, &["Org1", "Org2"], sequence)
    }

    fn import(&self, member: &str, id: &str, file: &std::path::Path) -> Command {
        let mut import = chancery();
        import.args(["channel", "import", id]).arg(file);
        import.args(["--url", self.club.server.url(), "--msp-dir"]).arg(self.path(member));
        import
    }

    fn revoke(&self, id: &str) {
        let mut revoke = self.club.as_member("admin", "revoke");
        done(revoke.args(["--id", id, "--reason", "keyCompromise"]));
    }

    /// A request signed by a library that is not ours.
    fn message(&self, method: &str, path: &str, more: &[&str]) -> Vec<(u16, String)> {
        let member = self.path("clerk");
        let key = std::fs::read_dir(member.join("keystore")).unwrap().next().unwrap().unwrap();
        let mut message = python("python");
        message.arg(root().join("tests/support/message.py"));
        message.args([method, &format!("{}{path}", self.club.server.url())]);
        message.arg(member.join("signcerts/cert.pem")).arg(key.path()).args(more);
        let answers = run(&mut message);
        let answer = |line: &str| {
            let (status, body) = line.split_once(' ').unwrap();
            (status.parse().unwrap(), body.to_owned())
        };
        answers.lines().map(answer).collect()
    }
}

#[test]
fn members_are_judged_and_a_revoked_one_is_refused_from_that_moment() {
    let stage = Stage::new();
    let both = "AND('Org1MSP.client', 'Org2MSP.member')";
    let members = stage.verdict(&["--explain"]);
    assert_eq!(members["satisfied"], true, "{members}");
    assert_eq!(members["signatures"][0]["msp_id"], "Org1MSP");
    assert_eq!(members["signatures"][0]["roles"], serde_json::json!(["member", "client"]));
    assert_eq!(stage.verdict(&["--rule", both])["satisfied"], true);

    // The verdict is remembered by now, and so is the identity.
    stage.revoke("clerk");
    let members = stage.verdict(&[]);
    assert_eq!(members["satisfied"], false, "{members}");
    assert_eq!(members["signatures"][0]["why"], "revoked");
    assert_eq!(members["signatures"][1]["good"], true);
    let rule = stage.verdict(&["--rule", both, "--explain"]);
    assert_eq!((&rule["satisfied"], &rule["why"]), (&false.into(), &"not-satisfied".into()));
    let client = &rule["explanation"]["found"]["parts"][0];
    assert!(client["refused"].to_string().contains("was revoked"), "{rule}");
    assert!(rule["explanation"]["needs"].to_string().contains("Org1MSP.client"), "{rule}");

    // What was exported before does not know it, what is exported now does.
    let mut check = chancery();
    let folder = stage.path("exported");
    let mut export = chancery();
    export.args(["msp", "export", "Org1MSP", "--url", stage.club.server.url(), "--out-dir"]);
    done(export.arg(&folder));
    check.args(["msp", "check", "--msp-id", "Org1MSP"]).arg(&folder).arg("--member");
    let said = output(
        check
            .arg(stage.path("clerk/signcerts/cert.pem"))
            .arg(stage.path("admin/signcerts/cert.pem")),
    );
    assert_eq!(said.status.code(), Some(1));
    let text = String::from_utf8(said.stdout).unwrap();
    assert!(text.contains("clerk/signcerts/cert.pem: not valid (revoked)"), "{text}");
    assert!(text.contains("admin/signcerts/cert.pem: valid as member, client"), "{text}");
}

#[test]
fn a_channel_is_imported_once_for_each_sequence_and_judges() {
    let stage = Stage::new();
    let file = stage.channel(3);
    let said = refused(&mut stage.import("clerk", "supply", &file));
    assert!(said.contains("lacks `chancery.ChannelMgr`"), "{said}");
    let said = done(&mut stage.import("admin", "supply", &file));
    assert!(said.contains("supply  sequence 3  rules 1.4.3  Org1MSP, Org2MSP"), "{said}");

    // What is judged: a path, a resource, names that lead nowhere.
    let at = |more: &[&str]| {
        let mut all = vec!["--channel", "supply"];
        all.extend(more);
        stage.verdict(&all)
    };
    let writers = at(&["--policy", "/Channel/Application/Writers"]);
    assert_eq!((&writers["satisfied"], &writers["sequence"]), (&true.into(), &3.into()));
    let propose = at(&["--resource", "peer/Propose", "--explain"]);
    assert_eq!(propose["satisfied"], true, "{propose}");
    let below = &propose["explanation"]["found"]["parts"];
    assert_eq!(below.as_array().unwrap().len(), 2, "{propose}");
    assert_eq!(at(&["--policy", "/Channel/Nothing"])["why"], "no-such-policy");
    assert_eq!(at(&["--resource", "nobody/Knows"])["why"], "no-such-resource");
    assert_eq!(at(&["--resource", "cscc/JoinChain"])["why"], "local-right");
    let nowhere = stage.verdict(&["--channel", "other", "--policy", "/Channel/Writers"]);
    assert_eq!(nowhere["why"], "unknown-channel");

    // The same again and an older one change nothing; a later one is taken at once.
    let said = refused(&mut stage.import("admin", "supply", &file));
    assert!(said.contains("is known as of sequence 3"), "{said}");
    let said = refused(&mut stage.import("admin", "supply", &stage.channel(2)));
    assert!(said.contains("not before 2"), "{said}");
    done(&mut stage.import("admin", "supply", &stage.channel(4)));
    assert_eq!(at(&["--policy", "/Channel/Writers"])["sequence"], 4);

    // What no node would load is refused with its reason, and nothing is kept.
    let garbage = stage.path("garbage");
    std::fs::write(&garbage, [0x0a, 0xff, 0xff]).unwrap();
    let said = refused(&mut stage.import("admin", "more", &garbage));
    assert!(said.contains("config: "), "{said}");
    let mut list = stage.club.as_member("admin", "channel");
    let listed = output(list.arg("list"));
    assert_eq!(listed.status.code(), Some(2), "the verb comes before its options");
    let mut list = chancery();
    list.args(["channel", "list", "--url", stage.club.server.url(), "--msp-dir"]);
    let listed = done(list.arg(stage.path("clerk")));
    assert_eq!(listed.lines().count(), 1, "{listed}");

    // A revocation reaches the channel before any list does.
    stage.revoke("clerk");
    assert_eq!(at(&["--resource", "peer/Propose"])["why"], "implicit-not-satisfied");
    assert_eq!(at(&["--policy", "/Channel/Application/Writers"])["satisfied"], true);

    let mut forget = chancery();
    forget.args(["channel", "forget", "supply", "--url", stage.club.server.url(), "--msp-dir"]);
    done(forget.arg(stage.path("admin")));
    assert_eq!(at(&["--policy", "/Channel/Writers"])["why"], "unknown-channel");
    let audited = audit_of(&stage);
    for deed in ["refused-import-channel", "import-channel", "forget-channel"] {
        assert!(audited.contains(&deed.to_owned()), "{audited:?}");
    }
}

/// The deeds of the audit trail, as the database has them.
fn audit_of(stage: &Stage) -> Vec<String> {
    let script = "import sqlite3, sys\n\
                  rows = sqlite3.connect(sys.argv[1]).execute('SELECT deed FROM audit')\n\
                  print(*[row[0] for row in rows], sep='\\n')";
    let mut read = python("python");
    read.args(["-c", script]).arg(stage.path("server/chancery.db"));
    run(&mut read).lines().map(str::to_owned).collect()
}

#[test]
fn a_signed_request_is_taken_once_and_only_as_it_was_signed() {
    let stage = Stage::new();
    let first = |more: &[&str]| {
        let body = ["--body", r#"{"items": []}"#];
        let answers = stage.message("POST", "/api/v2/verify?a=b%20c", &[&body[..], more].concat());
        answers.first().cloned().unwrap()
    };
    let (status, body) = first(&[]);
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("\"verdicts\":[]"), "{body}");
    assert_eq!(stage.message("GET", "/api/v2/channels", &[])[0].0, 200);

    let twice = stage.message("GET", "/api/v2/channels", &["--times", "2"]);
    assert_eq!((twice[0].0, twice[1].0), (200, 401), "{twice:?}");
    for (more, told) in [
        (&["--age", "120"][..], "authentication failure"),
        (&["--age", "-120"], "authentication failure"),
        (&["--spoil", "signature"], "authentication failure"),
        (&["--spoil", "body"], "not that of the header `content-digest`"),
        (&["--spoil", "query"], "authentication failure"),
        (&["--without", "content-digest"], "does not cover `content-digest`"),
        (&["--without", "@method"], "does not cover `@method`"),
        (&["--without", "@query"], "does not cover `@query`"),
        (&["--nonce", "short"], "`nonce` is not of 16"),
    ] {
        let (status, body) = first(more);
        assert_eq!(status, 401, "{more:?}: {body}");
        assert!(body.contains(told), "{more:?}: {body}");
        assert!(body.contains("urn:chancery:problem:unauthenticated"), "{body}");
    }
    // A revoked caller is nobody.
    stage.revoke("clerk");
    assert_eq!(stage.message("GET", "/api/v2/channels", &[])[0].0, 401);
}

#[test]
fn questions_that_are_not_good_are_told_by_their_place() {
    let stage = Stage::new();
    let ask = |body: &str| stage.message("POST", "/api/v2/verify", &["--body", body]).remove(0);
    for (body, told) in [
        ("{", "the body is not good"),
        (r#"{"item": []}"#, "unknown field `item`"),
        (
            r#"{"items": [{"signatures": [{"identity": 3, "signature": "", "message": ""}]}]}"#,
            "items[0].signatures[0].identity: there is no identities[3]",
        ),
        (
            r#"{"items": [{"signatures": []}, {"signatures": [{"identity": "aQ==", "signature": ""}]}]}"#,
            "items[1].signatures[0].message: neither",
        ),
        (r#"{"items": [{"message": "*", "signatures": []}]}"#, "items[0].message: no base64"),
        (r#"{"identities": ["*"], "items": []}"#, "identities[0]: no base64"),
        (r#"{"items": [{"policy": "a", "rule": "b", "signatures": []}]}"#, "exclude each other"),
    ] {
        let (status, said) = ask(body);
        assert_eq!(status, 400, "{body}: {said}");
        assert!(said.contains(told), "{body}: {said}");
        assert!(said.contains("urn:chancery:problem:malformed"), "{said}");
    }
    // What is a question, but one with a bad end, is a verdict.
    let body = r#"{"items": [{"rule": "AND(", "signatures": []}, {"policy": "/Channel/Writers", "signatures": []},
                             {"signatures": []}]}"#;
    let (status, said) = ask(&body.replace('\n', " "));
    assert_eq!(status, 200, "{said}");
    let told: serde_json::Value = serde_json::from_str(&said).unwrap();
    let whys: Vec<_> = (0..3).map(|at| told["verdicts"][at]["why"].as_str().unwrap()).collect();
    assert_eq!(whys, ["syntax", "no-channel", "not-satisfied"]);
}

#[test]
fn many_questions_are_answered_in_their_order() {
    let stage = Stage::new();
    let octets = |name: &str| STANDARD.encode(std::fs::read(stage.path(name)).unwrap());
    let pem = std::fs::read_to_string(stage.path("clerk/signcerts/cert.pem")).unwrap();
    let items: Vec<_> = (0..3000)
        .map(|number| {
            let signature = octets(if number % 3 == 0 { "other.sig" } else { "clerk.sig" });
            serde_json::json!({ "message": octets("message"),
                "signatures": [{ "identity": 0, "signature": signature }] })
        })
        .collect();
    let body = serde_json::json!({
        "identities": [{ "msp_id": "Org1MSP", "certificate": pem }], "items": items });
    let file = stage.path("batch.json");
    std::fs::write(&file, body.to_string()).unwrap();
    let mut verify = stage.club.as_member("admin", "verify");
    let said = output(verify.args(["--json", "--request"]).arg(file));
    assert!(error_of(&said).contains("the verdict is no for 1000 of 3000"), "{}", error_of(&said));
    let told: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    for (number, verdict) in told["verdicts"].as_array().unwrap().iter().enumerate() {
        assert_eq!(verdict["satisfied"], number % 3 != 0, "{number}");
        let good = number % 3 != 0;
        assert!(good || verdict["signatures"][0]["why"] == "sig-invalid", "{verdict}");
    }
}

#[test]
fn the_api_describes_itself() {
    let club = Club::with(&[]);
    let mut fetch = Command::new("curl");
    let document = run(fetch.args(["-sf", &format!("{}/api/v2/openapi.json", club.server.url())]));
    let file = club.path("openapi.json");
    std::fs::write(&file, &document).unwrap();
    run(python("openapi-spec-validator").arg(&file));
    // Each path that it tells is there, with each of its methods and with no other.
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() >= 6);
    for (path, methods) in paths {
        for method in ["get", "put", "post", "delete", "patch"] {
            let url = format!("{}{}", club.server.url(), path.replace("{id}", "x"));
            let mut ask = Command::new("curl");
            ask.args(["-s", "-o", "/dev/null", "-w", "%{http_code}", "-X"]);
            let status = run(ask.args([&method.to_uppercase(), &url]));
            let offered = methods.get(method).is_some();
            assert_eq!(status != "405", offered, "{method} {path}: {status}");
            if offered {
                let needs = methods[method].get("security").is_some();
                assert_eq!(status == "401", needs, "{method} {path}: {status}");
            }
        }
    }
}

#[test]
fn a_client_certificate_is_as_good_as_a_signature() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_with(&folder.path().join("server"), &["--tls"]);
    let url = server.url().replace("127.0.0.1", "localhost");
    // What an operator would hand over by other means.
    let info = run(Command::new("curl").args(["-sfk", &format!("{url}/cainfo")]));
    let info: serde_json::Value = serde_json::from_str(&info).unwrap();
    let chain = STANDARD.decode(info["result"]["CAChain"].as_str().unwrap()).unwrap();
    let root = folder.path().join("root.pem");
    std::fs::write(&root, chain).unwrap();
    let mut enroll = chancery();
    enroll
        .env("CHANCERY_ENROLL_SECRET", "adminpw")
        .args(["enroll", "--id", "admin", "--url", &url]);
    let msp = folder.path().join("admin");
    done(enroll.arg("--tls-ca").arg(&root).arg("--msp-dir").arg(&msp));

    let key = std::fs::read_dir(msp.join("keystore")).unwrap().next().unwrap().unwrap().path();
    let ask = |with_certificate: bool| {
        let mut ask = Command::new("curl");
        ask.args(["-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert"]).arg(&root);
        if with_certificate {
            ask.arg("--cert").arg(msp.join("signcerts/cert.pem")).arg("--key").arg(&key);
        }
        run(ask.arg(format!("{url}/api/v2/channels")))
    };
    assert_eq!(ask(true), "200");
    assert_eq!(ask(false), "401");
    let mut revoke = chancery();
    revoke.args(["revoke", "--id", "admin", "--url", &url, "--tls-ca"]).arg(&root);
    done(revoke.arg("--msp-dir").arg(&msp));
    assert_eq!(ask(true), "401");
}
