//! Channels and collections as documents: the examples in `policies/`, and what commands make of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use serde_json::Value;

use crate::support::club::{Club, done, refused};
use crate::support::tools::{chancery, output, root, run};

/// Folders with examples of networks.
const NETWORKS: [&str; 7] = [
    "three-organizations",
    "food-supply-chain",
    "container-shipping",
    "private-equity",
    "bank-data-privacy",
    "last-mile-delivery",
    "cross-border-settlement",
];

const ROLES: &str = "NodeOUs:\n  Enable: true\n  ClientOUIdentifier: {OrganizationalUnitIdentifier: client}\n  \
    PeerOUIdentifier: {OrganizationalUnitIdentifier: peer}\n  AdminOUIdentifier: {OrganizationalUnitIdentifier: admin}\n  \
    OrdererOUIdentifier: {OrganizationalUnitIdentifier: orderer}\n";

fn policies() -> PathBuf {
    root().join("policies")
}

/// Every document of a folder and those below.
fn documents(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(documents(&path));
        } else if path.extension().is_some_and(|end| end == "yaml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

struct Ca {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

fn ca(name: &str) -> Ca {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    Ca { issuer: Issuer::new(params, key), pem }
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// A network's documents, with all that they name.
fn network(name: &str, home: &Path) -> PathBuf {
    let folder = home.join(name);
    let (tls, own) = (ca("TLS"), ca("CA"));
    for document in documents(&policies().join(name)) {
        let text = std::fs::read_to_string(&document).unwrap();
        let below = document.strip_prefix(policies().join(name)).unwrap();
        write(&folder.join(below), &text);
        for line in text.lines() {
            if let Some(msp) = line.trim().strip_prefix("msp: ") {
                let msp = folder.join(msp);
                write(&msp.join("cacerts/ca.pem"), &own.pem);
                write(&msp.join("tlscacerts/tls.pem"), &tls.pem);
                write(&msp.join("config.yaml"), ROLES);
            }
            let words = line.split([' ', ',', '}']);
            for file in
                words.filter(|word| Path::new(word).extension().is_some_and(|it| it == "pem"))
            {
                let mut params =
                    CertificateParams::new(vec!["orderer.example".to_owned()]).unwrap();
                params.distinguished_name.push(DnType::OrganizationalUnitName, "orderer");
                params.use_authority_key_identifier_extension = true;
                let issuer = if file.starts_with("nodes/") { &own } else { &tls };
                let key = KeyPair::generate().unwrap();
                let pem = params.signed_by(&key, &issuer.issuer).unwrap().pem();
                // The client's and the server's are one.
                if !folder.join(file).exists() {
                    write(&folder.join(file), &pem);
                }
            }
        }
    }
    folder
}

fn lint(path: &Path) -> (Option<i32>, Value) {
    let said = output(chancery().args(["policy", "lint", "--json"]).arg(path));
    let value = serde_json::from_slice(&said.stdout)
        .unwrap_or_else(|why| panic!("{why}: {}", String::from_utf8_lossy(&said.stderr)));
    (said.status.code(), value)
}

#[test]
fn examples_are_good_whether_their_msps_are_there_or_not() {
    let (code, told) = lint(&policies());
    assert_eq!((code, &told["wrong"]), (Some(0), &0.into()), "{told:#}");
    let judged = told["documents"].as_array().unwrap();
    assert_eq!(judged.len(), documents(&policies()).len());
    for document in judged {
        let is_channel = document["kind"] == "channel";
        // What was not judged is told.
        let is_partly = document["notes"].to_string().contains("not there");
        assert_eq!(is_channel, is_partly, "{document:#}");
        assert_eq!(document["warnings"], serde_json::json!([]), "{document:#}");
    }
}

#[test]
fn every_example_begins_a_channel_and_comes_back_as_it_was() {
    let home = tempfile::tempdir().unwrap();
    for name in NETWORKS {
        let folder = network(name, home.path());
        let (code, told) = lint(&folder);
        assert_eq!(code, Some(0), "{told:#}");
        for document in told["documents"].as_array().unwrap() {
            for part in ["errors", "warnings", "notes"] {
                assert_eq!(document[part], serde_json::json!([]), "{document:#}");
            }
            if document["kind"] != "channel" {
                continue;
            }
            let file = PathBuf::from(document["file"].as_str().unwrap());
            let (block, again) = (file.with_extension("block"), file.with_extension("again.yaml"));
            run(chancery().args(["channel", "create"]).arg(&file).arg("-o").arg(&block));
            run(chancery().args(["channel", "export"]).arg(&block).arg("-o").arg(&again));
            let mut diff = chancery();
            let diff = run(diff.args(["channel", "diff"]).arg(&file).arg(&again));
            assert_eq!(diff, "they say the same\n", "{name}");
            let text = std::fs::read_to_string(&again).unwrap();
            assert!(!text.contains("raw:") && !text.contains("without:"), "{text}");
            // A block that is there stays.
            let said =
                output(chancery().args(["channel", "create"]).arg(&file).arg("-o").arg(&block));
            assert_eq!(said.status.code(), Some(2));
        }
    }
}

#[test]
fn editors_are_told_what_the_program_takes() {
    for kind in ["channel", "collections", "profile", "admission"] {
        let schema = run(chancery().args(["policy", "schema", kind]));
        let path = policies().join(format!("schema/{kind}.schema.json"));
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(schema, kept, "`chancery policy schema {kind} > {}` writes it", path.display());
    }
    for document in documents(&policies()) {
        let text = std::fs::read_to_string(&document).unwrap();
        let first = text.lines().next().unwrap();
        let schema = first.strip_prefix("# yaml-language-server: $schema=");
        let schema = schema.unwrap_or_else(|| panic!("{}: {first}", document.display()));
        let schema = document.parent().unwrap().join(schema);
        assert!(schema.is_file(), "{}: {}", document.display(), schema.display());
    }
}

#[test]
fn a_wrong_document_is_told_with_its_line() {
    let home = tempfile::tempdir().unwrap();
    let folder = network("bank-data-privacy", home.path());
    let channel = folder.join("channel.yaml");
    let text = std::fs::read_to_string(&channel).unwrap();
    let line = |marker: &str| {
        u64::try_from(text.lines().position(|line| line.contains(marker)).unwrap() + 1).unwrap()
    };
    write(&channel, &text.replace("ALL Admins", "EVERY Admins"));
    let (code, told) = lint(&channel);
    let error = &told["documents"][0]["errors"][0];
    assert_eq!((code, &error["line"]), (Some(1), &line("ALL Admins").into()), "{told:#}");
    assert_eq!(error["path"], "policies.application.Admins");
    let create = || {
        let mut create = chancery();
        create.args(["channel", "create"]).arg(&channel).arg("-o").arg(folder.join("no.block"));
        create
    };
    let said = refused(&mut create());
    assert!(said.contains(&format!("line {}: ", line("ALL Admins"))), "{said}");

    // A policy that nobody can satisfy is no error of the document, and told.
    write(
        &channel,
        &text.replace("    Admins: ALL Admins", "    Admins: OutOf(2, 'BankAMSP.admin')"),
    );
    let (code, told) = lint(&channel);
    assert_eq!(code, Some(0), "{told:#}");
    let warnings = told["documents"][0]["warnings"].to_string();
    assert!(warnings.contains("nobody can satisfy /Channel/Application/Admins"), "{warnings}");

    // Organizations of collections are those of the channel.
    write(&channel, &text);
    let collections = folder.join("collections.yaml");
    let text = std::fs::read_to_string(&collections).unwrap();
    let at = text.lines().position(|line| line.contains("[BankAMSP, BankBMSP]")).unwrap() + 1;
    write(&collections, &text.replace("[BankAMSP, BankBMSP]", "[BankAMSP, BankDMSP]"));
    let (code, told) = lint(&collections);
    let error = &told["documents"][0]["errors"][0];
    assert_eq!((code, &error["line"]), (Some(1), &at.into()), "{told:#}");
    assert_eq!(error["path"], "chaincodes.disclosure[0].members");
    for (from, to, path) in [
        ("name: pair-a-b", "name: _pair", "chaincodes.disclosure[0].name"),
        ("name: pair-a-c", "name: pair-a-b", "chaincodes.disclosure[1].name"),
        (
            "    - name: pair-a-b\n      members: [BankAMSP, BankBMSP]",
            "    - name: x\n      members: AND('BankAMSP.peer', 'BankBMSP.peer')",
            "chaincodes.disclosure[0].members",
        ),
        (
            "AND('BankAMSP.peer', 'BankBMSP.peer')",
            "/Channel/Application/Nobody",
            "chaincodes.disclosure[0].endorsement",
        ),
    ] {
        write(&collections, &text.replace(from, to));
        let (code, told) = lint(&collections);
        assert_eq!(
            (code, &told["documents"][0]["errors"][0]["path"]),
            (Some(1), &path.into()),
            "{told:#}"
        );
    }
}

#[test]
fn rules_of_admission_are_held_against_the_channel_beside_them() {
    let home = tempfile::tempdir().unwrap();
    let folder = network("private-equity", home.path());
    let rules = folder.join("admission.yaml");
    let text = std::fs::read_to_string(&rules).unwrap();
    let at = text.lines().position(|line| line.starts_with("approval: ")).unwrap() + 1;
    for (from, to, line, path) in [
        ("'AdministratorMSP.admin'", "'NobodyMSP.admin'", Some(at), "approval"),
        ("approval: AND(", "approval: EVERY(", Some(at), "approval"),
        ("open_for_days: 90", "open_for_days: 900", Some(at + 2), "open_for_days"),
        ("custody: declared", "custody: somehow", None, ""),
    ] {
        write(&rules, &text.replace(from, to));
        let (code, told) = lint(&rules);
        let error = &told["documents"][0]["errors"][0];
        assert_eq!(code, Some(1), "{told:#}");
        assert_eq!((&error["line"], &error["path"]), (&line.into(), &path.into()), "{told:#}");
        // Nothing is begun with what does not fit: no server is asked.
        let mut create = chancery();
        create.args(["channel", "create", "--govern-here", "--url", "http://127.0.0.1:1"]);
        create.arg(folder.join("channel.yaml")).arg("--rules").arg(&rules);
        let said = refused(&mut create);
        assert!(said.contains("is no document of its rules"), "{said}");
    }
    // What is not judged is told.
    write(&rules, &text.replace("channel: register", "channel: another"));
    let (code, told) = lint(&rules);
    assert_eq!(code, Some(0), "{told:#}");
    let notes = told["documents"][0]["notes"].to_string();
    assert!(notes.contains("no document beside it is of the channel `another`"), "{notes}");
}

#[test]
fn collections_are_explained() {
    let home = tempfile::tempdir().unwrap();
    let folder = network("bank-data-privacy", home.path());
    let explain = |name: &str, more: &[&str]| {
        let mut explain = chancery();
        explain.args(["policy", "explain", "--collection", name, "--json"]).args(more);
        explain.current_dir(&folder);
        explain
    };
    let with = ["--document", "collections.yaml", "--channel", "channel.yaml"];
    let told: Value =
        serde_json::from_str(&run(&mut explain("disclosure/pair-a-c", &with))).unwrap();
    let pair = &told["collections"][0];
    assert_eq!(pair["stored_by"], serde_json::json!(["BankAMSP", "BankCMSP"]));
    assert_eq!((&pair["read"], &pair["write"]), (&"members".into(), &"members".into()));
    assert_eq!(pair["block_to_live"], 50000);
    assert_eq!(pair["endorsement"], "AND('BankAMSP.peer', 'BankCMSP.peer')");
    let own = explain("_implicit_org_BankBMSP", &["--channel", "channel.yaml"]);
    let told: Value = serde_json::from_str(&run(&mut { own })).unwrap();
    assert_eq!(told["collections"][0]["stored_by"], serde_json::json!(["BankBMSP"]));
    let said = refused(&mut explain("_implicit_org_BankDMSP", &["--channel", "channel.yaml"]));
    assert!(said.contains("BankDMSP"), "{said}");
    let said = refused(&mut explain("pair-a-d", &with));
    assert!(said.contains("no collection `pair-a-d`"), "{said}");
}

const COUNCIL: &str = "\
kind: channel
id: supply
capabilities: {channel: [V2_0], orderer: [V2_0], application: [V2_5]}
organizations:
  - {name: Org1, msp_id: Org1MSP, sections: [application, orderer], msp: msp/Org1}
  - {name: Org2, msp_id: Org2MSP, msp: msp/Org2}
orderer: {type: solo}
";

/// A document becomes a channel of the server, is proposed edited, and comes out of it again.
#[test]
fn a_channel_of_a_server_goes_out_and_in_as_a_document() {
    let club = Club::with(&["--ca", "org1", "--ca", "org2"]);
    for org in ["Org1", "Org2"] {
        let mut export = chancery();
        export.args(["msp", "export", &format!("{org}MSP"), "--url", club.server.url()]);
        done(export.arg("--out-dir").arg(club.path(&format!("msp/{org}"))));
    }
    let document = club.path("channel.yaml");
    write(&document, COUNCIL);
    let channel = |verb: &str, more: &[&str]| {
        let mut command = chancery();
        command.args(["channel", verb, "--url", club.server.url(), "--msp-dir"]);
        command.arg(club.path("admin")).args(more);
        command
    };
    let file = document.to_str().unwrap();
    done(&mut channel("create", &[file, "--govern-here"]));
    assert_eq!(done(&mut channel("diff", &["supply", file])), "they say the same\n");
    let shown = done(&mut channel("show", &["supply", "--yaml"]));
    let edited = club.path("edited.yaml");
    let changed = shown.replace("MAJORITY Endorsement", "ALL Endorsement");
    let changed = changed.replace("batch_timeout: 2s", "batch_timeout: 5s");
    assert_ne!(changed, shown);
    write(&edited, &changed);
    let edited = edited.to_str().unwrap();

    // Looked at first: all is told, and nothing is kept.
    let told = done(&mut channel("simulate", &["supply", "--yaml", edited, "--json"]));
    let told: Value = serde_json::from_str(&told).unwrap();
    let changes = told["changes"].to_string();
    assert!(changes.contains("Endorsement") && changes.contains("batch timeout"), "{told:#}");
    assert_eq!(told["demands"].as_array().unwrap().len(), 2, "{told:#}");
    let none = done(&mut channel("proposals", &["supply", "--json"]));
    assert_eq!(serde_json::from_str::<Value>(&none).unwrap()["proposals"], serde_json::json!([]));
    let proposed = ["supply", "--title", "as written", "--yaml", edited, "--json"];
    let made: Value = serde_json::from_str(&done(&mut channel("propose", &proposed))).unwrap();
    assert_eq!(made["standing"]["changes"], told["changes"]);
    assert_eq!(made["standing"]["update"], told["update"]);

    // Options for orderers come to the same as the document.
    let options = [
        "supply",
        "--batch-timeout",
        "5s",
        "--policy",
        "/Channel/Application/Endorsement=ALL Endorsement",
        "--policy",
        "/Channel/Application/LifecycleEndorsement=ALL Endorsement",
        "--json",
    ];
    let other: Value = serde_json::from_str(&done(&mut channel("simulate", &options))).unwrap();
    assert_eq!(other["update"], told["update"]);
    let said = refused(&mut channel("simulate", &["supply", "--yaml", file]));
    assert!(said.contains("nothing differs"), "{said}");
    let said = refused(&mut channel("simulate", &["supply", "--capabilities", "orderer=V9_9"]));
    assert!(said.contains("V9_9"), "{said}");
    let counts: BTreeMap<String, Value> =
        serde_json::from_str(&done(&mut channel("export", &["supply", "--json"]))).unwrap();
    assert_eq!(counts["document"].as_str().unwrap().trim_end(), shown.trim_end());
}
