//! Organizations that ask to join a channel: judged, approved by signatures of the very update that admits them.

use std::path::Path;
use std::process::Command;

use chancery::channel::{Current, Update};
use chancery::clock::Clock;
use chancery::msp::Epoch;
use chancery::wire::{Config, Envelope, Message as _, decode};
use serde_json::Value;

use crate::support::channel;
use crate::support::club::{done, refused};
use crate::support::council::{CAS, Council, json, path};
use crate::support::tools::{pause, python, run};

const RULES: &str = "\
kind: admission
channel: supply
documents:
  - name: licence
    description: The licence to trade
    media_type: application/pdf
approval: MAJORITY Admins
certificates: {algorithms: [p256], node_ous: true, tls_roots: true}
open_for_days: 14
";

/// A council whose channel has these rules, and an administrator of the organization outside.
struct Hall {
    council: Council,
}

impl Hall {
    fn with(import: &[&str], rules: &str) -> Self {
        let council = Council::with(import);
        council.club.member_of("org3", "admin-org3", "boss3", "admin");
        let hall = Self { council };
        done(&mut hall.set_rules("admin", rules));
        std::fs::write(hall.council.club.path("licence.pdf"), b"the licence").unwrap();
        hall
    }

    fn new() -> Self {
        Self::with(&["--govern-here"], RULES)
    }

    fn set_rules(&self, member: &str, rules: &str) -> Command {
        let file = self.council.club.path("admission.yaml");
        std::fs::write(&file, rules).unwrap();
        let mut set = self.council.channel(member, "rules");
        set.args(["supply", "--set"]).arg(file);
        set
    }

    /// `chancery channel apply` of the third organization.
    fn apply(&self, member: &str, more: &[&str]) -> Command {
        let msp = channel::msp(&self.council.club, "Org3");
        let mut apply = self.council.channel(member, "apply");
        apply.args(["supply", "--org", "Org3", "--msp", path(&msp)]);
        apply.args(["--contact", "Ada, ada@org3.example"]).args(more);
        apply
    }

    fn licence(&self) -> String {
        format!("licence={}", path(&self.council.club.path("licence.pdf")))
    }

    fn applied(&self) -> Value {
        json(&done(&mut self.apply("boss3", &["--document", &self.licence()])))
    }

    fn about(&self, verb: &str, member: &str, application: &Value) -> Command {
        let mut command = self.council.channel(member, verb);
        command.arg(application["id"].as_str().unwrap());
        command
    }

    fn approve(&self, application: &Value, msp_id: &str, member: &str) -> Command {
        let mut approve = self.about("approve", member, application);
        approve.args(["--msp-id", msp_id]);
        approve
    }

    fn show(&self, application: &Value) -> Value {
        json(&done(&mut self.about("application", "admin", application)))
    }

    fn open(&self) -> usize {
        let mut list = self.council.channel("clerk", "applications");
        let listed = json(&done(list.args(["supply", "--open"])));
        listed["applications"].as_array().unwrap().len()
    }

    /// Deed, actor and reason of each line of the audit trail.
    fn audit(&self) -> Vec<String> {
        let script = "import sqlite3, sys\n\
            rows = sqlite3.connect(sys.argv[1]).execute('SELECT deed, actor, reason FROM audit')\n\
            print(*[' '.join(row) for row in rows], sep='\\n')";
        let mut read = python("python");
        read.args(["-c", script]).arg(self.council.club.path("server/chancery.db"));
        run(&mut read).lines().map(str::to_owned).collect()
    }

    /// Kills the server, runs a script over its database, and starts it again.
    fn after(self, script: &'static str) -> Self {
        let undo = |data: &Path| {
            run(python("python").args(["-c", script]).arg(data.join("chancery.db")));
        };
        Self { council: Council { club: self.council.club.after(undo, &CAS) } }
    }
}

#[test]
fn rules_are_kept_when_they_fit_the_channel() {
    let hall = Hall::new();
    let mut show = hall.council.channel("clerk", "rules");
    assert_eq!(json(&done(show.arg("supply")))["content"], RULES);
    let bad = |text: &str| refused(&mut hall.set_rules("admin", text));
    let said = bad(&RULES.replace("licence\n    desc", "Li cence\n    desc"));
    assert!(said.contains("line 4: `documents`"), "{said}");
    let said = bad(&RULES.replace("MAJORITY Admins", "AND('Org1MSP.admin', 'Org9MSP.admin')"));
    assert!(said.contains("line 7: `approval`") && said.contains("nobody"), "{said}");
    let said = bad(&RULES.replace("channel: supply", "channel: other"));
    assert!(said.contains("line 2: `channel`"), "{said}");
    let said = refused(&mut hall.set_rules("clerk", RULES));
    assert!(said.contains("lacks `chancery.ChannelMgr`"), "{said}");
    let mut show = hall.council.channel("clerk", "rules");
    assert_eq!(json(&done(show.arg("supply")))["content"], RULES, "as before");
}

#[test]
fn everything_that_an_application_lacks_is_told_at_once_and_nothing_is_kept() {
    let strict = RULES
        .replace("approval:", "  - {name: audit, description: The audit of its CA}\napproval:")
        .replace("[p256]", "[p384]")
        .replace("tls_roots: true", "intermediates: true")
        + "custody: declared\n";
    let hall = Hall::with(&["--govern-here"], &strict);
    let said = refused(&mut hall.apply("boss3", &["--document", &hall.licence()]));
    for lack in [
        "the document `audit` is missing: The audit of its CA",
        "has a key of the kind P-256",
        "there is no intermediate CA",
        "(`custody`)",
    ] {
        assert!(said.contains(lack), "{lack}: {said}");
    }
    assert_eq!(hall.open(), 0);
    let audit = hall.audit();
    let refusal = audit.iter().find(|line| line.starts_with("refused-application Org3MSP "));
    let refusal = refusal.unwrap_or_else(|| panic!("{audit:?}"));
    assert!(refusal.contains("document") && refusal.contains("custody"), "{refusal}");

    // Who is no administrator of what is submitted does not apply for it.
    let (licence, audit) = (hall.licence(), format!("audit=sha256:{}", "ab".repeat(32)));
    let wanted = [
        "--document",
        &licence,
        "--document",
        &audit,
        "--custody",
        "in an HSM",
        "--evidence",
        "audit",
    ];
    let loose = strict.replace("p384", "p256").replace("intermediates: true", "tls_roots: true");
    done(&mut hall.set_rules("admin", &loose));
    let said = refused(&mut hall.apply("boss1", &wanted));
    assert!(said.contains("the signer is no valid member of the MSP"), "{said}");
    hall.council.club.member_of("org3", "admin-org3", "clerk3", "client");
    let said = refused(&mut hall.apply("clerk3", &wanted));
    assert!(said.contains("the signer is no administrator of the MSP"), "{said}");
    let made = json(&done(&mut hall.apply("boss3", &wanted)));
    assert_eq!((&made["state"], hall.open()), (&"open".into(), 1));
    // One is open for a name and an MSP.
    let said = refused(&mut hall.apply("boss3", &wanted));
    assert!(said.contains("one is open for the organization"), "{said}");
}

#[test]
fn custody_is_proven_by_keys_of_the_server_s_own_token() {
    let hall = Hall::with(&["--govern-here"], &format!("{RULES}custody: token\n"));
    // The third organization's CA is this server's.
    assert_eq!(hall.applied()["state"], "open");
}

#[test]
fn approvals_are_signatures_that_admit_and_others_do_not_approve() {
    let hall = Hall::new();
    let made = hall.applied();
    let shown = hall.show(&made);
    assert_eq!(shown["content"]["documents"][0]["name"], "licence");
    let standing = &shown["proposal"]["standing"];
    assert!(standing["changes"].to_string().contains("Org3"), "{standing}");
    let proposal = &shown["proposal"];

    // A signature without the digest counts for the mod policy, and is no approval.
    done(&mut hall.council.sign(proposal, "Org1MSP", "boss1"));
    let approved = json(&done(&mut hall.approve(&made, "Org2MSP", "boss2")));
    assert_eq!((&approved["state"], hall.council.sequence()), (&"open".into(), 0), "{approved}");
    let demands = approved["proposal"]["standing"]["demands"].as_array().unwrap();
    let told = |demand: &Value| (demand["policy"].to_string(), demand["satisfied"] == true);
    let told: Vec<_> = demands.iter().map(told).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].0.contains("/Channel/Application/Admins") && told[0].1, "{told:?}");
    assert!(told[1].0.contains("rules of admission: MAJORITY Admins") && !told[1].1, "{told:?}");
    // Who approves is told what, approves once, and must be a member.
    let said = refused(&mut hall.approve(&made, "Org2MSP", "boss2"));
    assert!(said.contains("has signed already"), "{said}");
    assert!(said.contains("document licence: sha256:"), "{said}");
    let mut withdraw = hall.council.channel("admin", "withdraw");
    let said = refused(withdraw.arg(proposal["id"].as_str().unwrap()));
    assert!(said.contains("is of an application"), "{said}");

    let admitted = json(&done(&mut hall.approve(&made, "Org1MSP", "boss1")));
    assert_eq!((&admitted["state"], &admitted["outcome"]), (&"admitted".into(), &"1".into()));
    assert_eq!((hall.council.sequence(), hall.open()), (1, 0));
    assert_eq!(hall.council.show(proposal)["state"], "applied");
    let audit = hall.audit();
    for deed in [
        "apply-for-admission Org3MSP",
        "approve-application Org2MSP",
        "admit-organization chancery",
    ] {
        assert!(audit.iter().any(|line| line.starts_with(deed)), "{deed}: {audit:?}");
    }
    // Who is in does not apply again.
    let said = refused(&mut hall.apply("boss3", &["--document", &hall.licence()]));
    assert!(said.contains("the organization `Org3` is in the channel already"), "{said}");
    assert!(said.contains("the MSP `Org3MSP` is in the channel already"), "{said}");
}

#[test]
fn an_application_is_declined_with_a_reason_withdrawn_or_over() {
    let hall = Hall::new();
    let made = hall.applied();
    let said = refused(hall.about("decline", "clerk", &made).args(["--reason", "no"]));
    assert!(said.contains("lacks `chancery.ChannelMgr`"), "{said}");
    done(hall.about("decline", "admin", &made).args(["--reason", "the licence is over"]));
    let state = |made: &Value| json(&done(hall.about("application", "boss3", made).arg("--state")));
    assert_eq!(
        (&state(&made)["state"], &state(&made)["outcome"]),
        (&"declined".into(), &"the licence is over".into())
    );
    let said = refused(&mut hall.approve(&made, "Org1MSP", "boss1"));
    assert!(said.contains("the proposal is withdrawn"), "{said}");

    // Another may be made, and taken back by who made it and by nobody else.
    let next = json(&done(&mut hall.apply(
        "boss3",
        &["--document", &hall.licence(), "--uri", "licence=https://org3.example"],
    )));
    let withdraw = |member: &str, msp_id: &str| {
        let mut withdraw = hall.about("withdraw-application", member, &next);
        withdraw.args(["--msp-id", msp_id]);
        withdraw
    };
    let said = refused(&mut withdraw("boss1", "Org1MSP"));
    assert!(said.contains("no valid member of the MSP"), "{said}");
    done(&mut withdraw("boss3", "Org3MSP"));
    assert_eq!(state(&next)["state"], "withdrawn");
    let said = refused(&mut withdraw("boss3", "Org3MSP"));
    assert!(said.contains("the application is withdrawn"), "{said}");

    // What nobody approves in time is over.
    // Other words than the first, which may be of the same second: its digest is taken once.
    let late = json(&done(&mut hall.apply(
        "boss3",
        &["--document", &hall.licence(), "--uri", "licence=https://org3.example/late"],
    )));
    let hall = hall.after(
        "import sqlite3, sys\n\
         db = sqlite3.connect(sys.argv[1])\n\
         db.execute(\"UPDATE applications SET expires_at = 1 WHERE state = 'open'\")\n\
         db.commit()",
    );
    while hall.show(&late)["state"] != "expired" {
        pause();
    }
    let said = refused(&mut hall.approve(&late, "Org1MSP", "boss1"));
    assert!(said.contains("the proposal is withdrawn"), "{said}");
    assert_eq!(hall.show(&late)["proposal"]["outcome"], "the application is expired");
    assert!(hall.audit().iter().any(|line| line.starts_with("close-application chancery")));
}

#[test]
fn where_orderers_decide_an_approved_application_is_an_envelope_and_ends_with_their_block() {
    let hall = Hall::with(&[], RULES);
    let made = hall.applied();
    let shown = hall.show(&made);
    let proposal = shown["proposal"]["id"].as_str().unwrap();
    let file = hall.council.club.path("update.envelope");
    let envelope = |member: &str| {
        let mut envelope = hall.council.channel(member, "envelope");
        envelope.arg(proposal).args(["--msp-id", "Org1MSP", "--out"]).arg(&file);
        envelope
    };
    // Signed enough for the orderers, and not approved: nothing leaves.
    done(&mut hall.council.sign(&shown["proposal"], "Org1MSP", "boss1"));
    done(&mut hall.council.sign(&shown["proposal"], "Org2MSP", "boss2"));
    let said = refused(&mut envelope("boss1"));
    assert!(said.contains("is not approved"), "{said}");
    done(&mut hall.approve(&made, "Org1MSP", "boss1"));
    let ready = json(&done(&mut hall.approve(&made, "Org2MSP", "boss2")));
    assert_eq!(
        (&ready["state"], &ready["proposal"]["standing"]["ready"]),
        (&"ready".into(), &true.into())
    );
    done(&mut envelope("boss1"));

    // Whoever judges it as nodes do takes it.
    let octets = std::fs::read(hall.council.club.path("channel-0.pb")).unwrap();
    let config: Config = decode(&octets).unwrap();
    let now = Clock::system().now();
    let current = Current::load("supply", config, now).unwrap();
    let sent: Envelope = decode(&std::fs::read(&file).unwrap()).unwrap();
    let update = Update::from_envelope(&sent).unwrap();
    let members = Epoch::new(current.channel().msps().clone(), 100);
    let next = current.apply(&update, &members, now).unwrap();
    assert!(next.as_current().channel().application_org("Org3MSP").is_some());

    // The configuration that they make of it is imported: the organization is in.
    let next_file = hall.council.club.path("next.pb");
    std::fs::write(&next_file, next.as_current().config().encode_to_vec()).unwrap();
    done(hall.council.channel("admin", "import").arg("supply").arg(&next_file));
    let hall = hall.after("pass");
    while hall.show(&made)["state"] != "admitted" {
        pause();
    }
    assert_eq!((&hall.show(&made)["outcome"], hall.open()), (&"1".into(), 0));
}

/// Undoes the commit that admitted: as it is when a process ends before it, but after the last approval was kept.
const UNDO: &str = "
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
sequence, base = db.execute('SELECT sequence, base FROM proposals').fetchone()
db.execute('UPDATE channels SET sequence = ?, config = ?', (sequence, base))
db.execute(\"UPDATE proposals SET state = 'open', outcome = '', closed_at = NULL\")
db.execute(\"UPDATE applications SET state = 'open', outcome = '', closed_at = NULL\")
db.commit()
";

#[test]
fn an_application_that_was_approved_when_the_process_ended_is_admitted_by_the_next_once() {
    let hall = Hall::new();
    let made = hall.applied();
    for (msp_id, member) in [("Org1MSP", "boss1"), ("Org2MSP", "boss2")] {
        done(&mut hall.approve(&made, msp_id, member));
    }
    assert_eq!((hall.council.sequence(), &hall.show(&made)["state"]), (1, &"admitted".into()));
    let hall = hall.after(UNDO);
    while hall.show(&made)["state"] != "admitted" {
        pause();
    }
    assert_eq!(hall.council.sequence(), 1);
    let hall = hall.after("pass");
    assert_eq!((hall.council.sequence(), &hall.show(&made)["outcome"]), (1, &"1".into()));
    let admissions =
        hall.audit().iter().filter(|line| line.starts_with("admit-organization")).count();
    assert_eq!(admissions, 2, "the one that was undone, and the one that stands");
}

#[test]
fn an_application_stays_when_its_update_is_rebased_and_approvals_are_asked_for_anew() {
    let hall = Hall::new();
    let made = hall.applied();
    done(&mut hall.approve(&made, "Org1MSP", "boss1"));
    // The channel moves on, elsewhere: what was approved still stands as it is.
    let elsewhere = ["--policy", "/Channel/Orderer/Auditors=ANY Readers"];
    let other = hall.council.propose("elsewhere", &elsewhere);
    done(&mut hall.council.sign(&other, "Org1MSP", "boss1"));
    assert_eq!(hall.council.sequence(), 1);
    assert_eq!(hall.show(&made)["proposal"]["standing"]["conflict"], Value::Null);
    // It moves on under it: the update is another, and so are its approvals.
    let here = ["--policy", "/Channel/Application/Auditors=ANY Readers"];
    let other = hall.council.propose("here", &here);
    for (msp_id, member) in [("Org1MSP", "boss1"), ("Org2MSP", "boss2")] {
        done(&mut hall.council.sign(&other, msp_id, member));
    }
    let shown = hall.show(&made);
    assert!(shown["proposal"]["standing"]["conflict"].is_string(), "{shown}");
    let mut rebase = hall.council.channel("admin", "rebase");
    done(rebase.arg(shown["proposal_id"].as_str().unwrap()));
    let moved = hall.show(&made);
    assert_eq!(
        (&moved["state"], &moved["asked_anew"]),
        (&"open".into(), &serde_json::json!(["Org1MSP"]))
    );
    assert_ne!(moved["proposal_id"], shown["proposal_id"]);
    done(&mut hall.approve(&made, "Org2MSP", "boss2"));
    let admitted = json(&done(&mut hall.approve(&made, "Org1MSP", "boss1")));
    assert_eq!(
        (&admitted["state"], hall.council.sequence()),
        (&"admitted".into(), 3),
        "{admitted}"
    );
    assert_eq!(admitted["asked_anew"], Value::Null);
}
