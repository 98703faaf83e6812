//! Channels that are governed by signatures: proposed, explained, signed where the keys are, applied once.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chancery::wire::{Message as _, SerializedIdentity, SignatureHeader};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::DecodePrivateKey as _;
use serde_json::Value;

use crate::support::channel;
use crate::support::club::{Club, done, error_of, refused};
use crate::support::tools::{chancery, output, pause, python, run};

const CAS: [&str; 6] = ["--ca", "org1", "--ca", "org2", "--ca", "org3"];

/// Two organizations with an administrator each in one channel, and a third outside.
struct Council {
    club: Club,
}

impl Council {
    fn new() -> Self {
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
        done(council.channel("admin", "import").arg("supply").arg(&file).arg("--govern-here"));
        council
    }

    /// `chancery channel VERB` as a member.
    fn channel(&self, member: &str, verb: &str) -> Command {
        let mut command = chancery();
        command.args(["channel", verb, "--url", self.club.server.url(), "--json", "--msp-dir"]);
        command.arg(self.club.path(member));
        command
    }

    fn propose(&self, title: &str, more: &[&str]) -> Value {
        let mut propose = self.channel("admin", "propose");
        json(&done(propose.args(["supply", "--title", title]).args(more)))
    }

    fn sign(&self, proposal: &Value, msp_id: &str, member: &str) -> Command {
        let mut sign = self.channel(member, "sign");
        sign.arg(proposal["id"].as_str().unwrap()).args(["--msp-id", msp_id]);
        sign
    }

    fn show(&self, proposal: &Value) -> Value {
        let mut show = self.channel("admin", "proposal");
        json(&done(show.arg(proposal["id"].as_str().unwrap())))
    }

    fn sequence(&self) -> u64 {
        let mut show = self.channel("admin", "show");
        json(&done(show.arg("supply")))["sequence"].as_u64().unwrap()
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|why| panic!("{why}: {text}"))
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_third_organization_is_admitted_by_the_signatures_that_the_channel_asks_for() {
    let council = Council::new();
    let msp = channel::msp(&council.club, "Org3");
    let admit = format!("Org3={}", path(&msp));
    let made = council.propose("Org3 joins", &["--admit", &admit]);
    let standing = &made["standing"];
    assert_eq!((&made["state"], &made["sequence"]), (&"open".into(), &0.into()), "{made}");
    assert!(standing["changes"].to_string().contains("Org3"), "{standing}");
    assert_eq!(standing["demands"][0]["policy"], "/Channel/Application/Admins");
    assert_eq!(standing["demands"][0]["satisfied"], false);
    assert!(
        standing["demands"][0]["sets"].to_string().contains("Org1MSP.admin + Org2MSP.admin"),
        "{standing}"
    );

    // One is not enough, and one twice is one.
    let said = output(&mut council.sign(&made, "Org1MSP", "boss1"));
    assert!(error_of(&said).contains("Org3"), "what is signed is told first: {}", error_of(&said));
    let signed = json(&String::from_utf8(said.stdout).unwrap());
    assert_eq!(signed["state"], "open");
    assert_eq!(signed["standing"]["signatures"][0]["msp_id"], "Org1MSP");
    let said = refused(&mut council.sign(&made, "Org1MSP", "boss1"));
    assert!(said.contains("has signed already"), "{said}");
    // A signature of a member counts for what the member is, and no more.
    let signed = json(&done(&mut council.sign(&made, "Org1MSP", "clerk")));
    assert_eq!((&signed["state"], council.sequence()), (&"open".into(), 0));
    // Nor does that of somebody who is none.
    let said = refused(&mut council.sign(&made, "Org3MSP", "admin-org3"));
    assert!(said.contains("not a valid member"), "{said}");
    let said = refused(&mut council.sign(&made, "Org2MSP", "clerk"));
    assert!(said.contains("not a valid member"), "{said}");

    // The last that was missing puts it in force.
    let applied = json(&done(&mut council.sign(&made, "Org2MSP", "boss2")));
    assert_eq!((&applied["state"], &applied["outcome"]), (&"applied".into(), &"1".into()));
    assert_eq!(council.sequence(), 1);
    let mut show = council.channel("admin", "show");
    let shown = json(&done(show.arg("supply")));
    assert_eq!(shown["msps"], serde_json::json!(["Org1MSP", "Org2MSP", "Org3MSP"]));
    // Nobody goes around the signatures.
    let other = channel::write(&council.club, &["Org1"], 9);
    let said = refused(council.channel("admin", "import").arg("supply").arg(&other));
    assert!(said.contains("decides over the channel by signatures"), "{said}");
    let late = refused(&mut council.sign(&made, "Org1MSP", "boss1"));
    assert!(late.contains("the proposal is applied"), "{late}");
    assert_eq!(council.show(&made)["state"], "applied");
}

/// A signature of a proposal by a member whose certificate is sent as this text.
fn dressed(
    council: &Council,
    made: &Value,
    msp_id: &str,
    member: &str,
    pem: &str,
) -> (u16, String) {
    let keystore = council.club.path(member).join("keystore");
    let key = std::fs::read_dir(keystore).unwrap().next().unwrap().unwrap().path();
    let key = SigningKey::from_pkcs8_pem(&std::fs::read_to_string(key).unwrap()).unwrap();
    let creator =
        SerializedIdentity { mspid: msp_id.to_owned(), id_bytes: pem.as_bytes().to_vec() };
    let header = SignatureHeader { creator: creator.encode_to_vec(), nonce: b"nonce".to_vec() }
        .encode_to_vec();
    let update = STANDARD.decode(made["standing"]["update"].as_str().unwrap()).unwrap();
    let signature: Signature = key.sign(&[header.as_slice(), &update].concat());
    let body = serde_json::json!({
        "header": STANDARD.encode(header),
        "signature": STANDARD.encode(signature.normalize_s().to_der().as_bytes()),
    });
    let id = made["id"].as_str().unwrap();
    let url = format!("{}/api/v2/proposals/{id}/signatures", council.club.server.url());
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut answer = agent.post(url).send(body.to_string()).unwrap();
    (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
}

#[test]
fn a_member_signs_once_however_the_certificate_is_dressed() {
    let council = Council::new();
    let made = council.propose("Org2 leaves", &["--remove", "Org2"]);
    let clerk = council.club.path("clerk").join("signcerts/cert.pem");
    let pem = std::fs::read_to_string(clerk).unwrap();
    let (status, said) = dressed(&council, &made, "Org1MSP", "clerk", &pem);
    assert_eq!(status, 200, "{said}");
    for other in [format!("{pem}and more"), pem.replace('\n', "\r\n"), format!("\n{pem}")] {
        let (status, said) = dressed(&council, &made, "Org1MSP", "clerk", &other);
        assert!(status == 409 && said.contains("has signed already"), "{status}: {said}");
    }
    let signatures = &council.show(&made)["standing"]["signatures"];
    assert_eq!(signatures.as_array().unwrap().len(), 1, "{signatures}");
    // Another member of the same organization is somebody else.
    done(&mut council.sign(&made, "Org1MSP", "boss1"));
}

#[test]
fn of_two_that_conflict_the_second_is_told_what_moved_and_is_rebased() {
    let council = Council::new();
    let first = channel::msp(&council.club, "Org3");
    let join = council.propose("Org3 joins", &["--admit", &format!("Org3={}", path(&first))]);
    let list = council
        .propose("a list of rights", &["--policy", "/Channel/Application/Auditors=ANY Readers"]);
    for (msp_id, member) in [("Org1MSP", "boss1"), ("Org2MSP", "boss2")] {
        done(&mut council.sign(&join, msp_id, member));
    }
    assert_eq!(council.sequence(), 1);
    let shown = council.show(&list);
    let conflict = shown["standing"]["conflict"].as_str().unwrap();
    assert!(conflict.contains("/Channel/Application"), "{conflict}");

    let mut rebase = council.channel("admin", "rebase");
    let moved = json(&done(rebase.arg(list["id"].as_str().unwrap())));
    assert_eq!((&moved["state"], &moved["sequence"]), (&"open".into(), &1.into()), "{moved}");
    assert_eq!(
        moved["standing"]["changes"], shown["standing"]["changes"],
        "its meaning is the same"
    );
    let old = council.show(&list);
    assert_eq!((&old["state"], &old["outcome"]), (&"superseded".into(), &moved["id"]));
    for (msp_id, member) in [("Org1MSP", "boss1"), ("Org2MSP", "boss2")] {
        done(&mut council.sign(&moved, msp_id, member));
    }
    assert_eq!(council.sequence(), 2);

    // Nothing is rebased that is not open, and nobody without the right proposes.
    let mut rebase = council.channel("admin", "rebase");
    let said = refused(rebase.arg(list["id"].as_str().unwrap()));
    assert!(said.contains("is not open"), "{said}");
    let mut propose = council.channel("clerk", "propose");
    let said = refused(propose.args(["supply", "--title", "x", "--remove", "Org2"]));
    assert!(said.contains("lacks `chancery.ChannelMgr`"), "{said}");
    // Who is not the channel's is not removed twice, and a change that is none is none.
    let mut propose = council.channel("admin", "propose");
    let said = refused(propose.args(["supply", "--title", "x", "--remove", "Org9"]));
    assert!(said.contains("has no organization `Org9`"), "{said}");
    let mut propose = council.channel("admin", "propose");
    let same = ["supply", "--title", "x", "--policy", "/Channel/Application/Writers=ANY Writers"];
    let said = refused(propose.args(same));
    assert!(said.contains("nothing differs"), "{said}");
}

#[test]
fn who_would_lock_the_channel_is_warned_and_a_proposal_is_taken_back() {
    let council = Council::new();
    let lock = "/Channel/Application/Org1/Admins=OR('Org9MSP.admin')";
    let made = council.propose("locked", &["--policy", lock]);
    assert!(made["standing"]["warnings"].to_string().contains("nobody can satisfy"), "{made}");
    let mut withdraw = council.channel("admin", "withdraw");
    done(withdraw.arg(made["id"].as_str().unwrap()));
    assert_eq!(council.show(&made)["state"], "withdrawn");
    let said = refused(&mut council.sign(&made, "Org1MSP", "boss1"));
    assert!(said.contains("the proposal is withdrawn"), "{said}");
    let mut open = council.channel("clerk", "proposals");
    let listed = json(&done(open.args(["supply", "--open"])));
    assert_eq!(listed["proposals"], serde_json::json!([]));
}

#[test]
fn what_ends_in_a_channel_is_told_and_when() {
    let council = Council::new();
    let expiry =
        |more: &[&str]| json(&done(council.channel("clerk", "expiry").arg("supply").args(more)));
    let all = expiry(&[]);
    let held: Vec<&str> = all["certificates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["held"].as_str().unwrap())
        .collect();
    // Two organizations in the application and one among the orderers, each with a root and one of TLS.
    assert_eq!(held.iter().filter(|held| **held == "root CA").count(), 3, "{all}");
    assert_eq!(held.iter().filter(|held| **held == "root CA of TLS").count(), 3, "{all}");
    let admins = all["policies"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["policy"] == "/Channel/Application/Admins");
    let admins = admins.unwrap();
    assert_eq!(admins["satisfiable"], "until", "{admins}");
    assert_eq!(admins["until"], all["certificates"][0]["not_after"], "as long as their CAs last");
    let soon = expiry(&["--within", "30"]);
    assert_eq!(
        (&soon["certificates"], &soon["policies"]),
        (&serde_json::json!([]), &serde_json::json!([]))
    );
}

#[test]
fn a_revocation_travels_in_the_organization_s_next_list() {
    let council = Council::new();
    let mut revoke = council.club.as_member("admin", "revoke");
    done(revoke.args(["--id", "clerk", "--reason", "keyCompromise"]));
    let msp = channel::msp(&council.club, "Org1");
    let made = council.propose("the new list", &["--replace-msp", path(&msp)]);
    let changes = made["standing"]["changes"].to_string();
    assert!(changes.contains("revoked") || changes.contains("revocation"), "{changes}");
    // Its own administrator and the orderer's are the same organization here.
    let signed = json(&done(&mut council.sign(&made, "Org1MSP", "boss1")));
    assert_eq!(signed["state"], "applied", "{signed}");
    assert_eq!(council.sequence(), 1);
}

/// Undoes the commit that applied a proposal: as it is when a process ends before it, but after the last
/// signature was kept.
const UNDO: &str = "
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
sequence, base = db.execute('SELECT sequence, base FROM proposals').fetchone()
db.execute('UPDATE channels SET sequence = ?, config = ?', (sequence, base))
db.execute(\"UPDATE proposals SET state = 'open', outcome = '', closed_at = NULL\")
db.commit()
";

#[test]
fn a_proposal_that_was_signed_enough_when_the_process_ended_is_applied_by_the_next() {
    let council = Council::new();
    let made = council.propose("Org2 leaves", &["--remove", "Org2"]);
    for (msp_id, member) in [("Org1MSP", "boss1"), ("Org2MSP", "boss2")] {
        done(&mut council.sign(&made, msp_id, member));
    }
    assert_eq!(council.sequence(), 1);
    let undo = |data: &Path| {
        run(python("python").args(["-c", UNDO]).arg(data.join("chancery.db")));
    };
    let council = Council { club: council.club.after(undo, &CAS) };
    while council.show(&made)["state"] != "applied" {
        pause();
    }
    assert_eq!(council.sequence(), 1);
    // Once: another start finds nothing to do.
    let council = Council { club: council.club.after(|_| {}, &CAS) };
    assert_eq!((council.sequence(), &council.show(&made)["outcome"]), (1, &"1".into()));
}
