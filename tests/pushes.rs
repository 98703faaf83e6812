//! What a CA says comes into the channels by itself.

use std::process::Command;

use serde_json::Value;

use crate::support::channel;
use crate::support::club::{Club, done};
use crate::support::tools::{chancery, output, pause};

/// Two organizations of one server in one channel that it governs.
struct Consortium {
    club: Club,
}

impl Consortium {
    fn new(more: &[&str]) -> Self {
        let club = Club::with(&[&["--ca", "org1", "--ca", "org2"], more].concat());
        let mut enroll = club.as_member("admin-org2", "enroll");
        enroll.env("CHANCERY_ENROLL_SECRET", "adminpw");
        done(enroll.args(["--ca", "org2", "--id", "admin"]));
        let consortium = Self { club };
        let file = channel::write(&consortium.club, &["Org1", "Org2"], 0);
        done(consortium.channel("import").arg("supply").arg(&file).arg("--govern-here"));
        consortium
    }

    fn channel(&self, verb: &str) -> Command {
        let mut command = chancery();
        command.args(["channel", verb, "--url", self.club.server.url(), "--json", "--msp-dir"]);
        command.arg(self.club.path("admin"));
        command
    }

    fn revoke(&self, id: &str) {
        done(self.club.as_member("admin", "revoke").args(["--ca", "org1", "--id", id]));
    }

    /// How the revocation lists of Org1 stand in the channel.
    fn push(&self) -> Value {
        let told = output(self.channel("pushes").arg("supply"));
        let list: Value = serde_json::from_slice(&told.stdout).unwrap();
        let of =
            |push: &&Value| push["msp_id"] == "Org1MSP" && push["matter"] == "revocation-lists";
        list["pushes"].as_array().unwrap().iter().find(of).cloned().unwrap_or_default()
    }

    /// Waits until it stands so, and so many certificates are on the list in the channel.
    fn until(&self, state: &str, listed: usize) -> Value {
        let mut push = Value::Null;
        for _ in 0..300 {
            push = self.push();
            // What a kill cut short may have been signed: its serial number is listed as well.
            let told = push["detail"].as_str().is_some_and(|detail| !detail.is_empty());
            if push["state"] == state
                && self.listed() >= listed
                && (state == "effective"
                    || told && push["detail"].to_string().contains("waiting for"))
            {
                return push;
            }
            pause();
        }
        panic!("it is not {state} with {listed} listed, but {} with {}", push, self.listed());
    }

    /// Waits until it waits for people and says this.
    fn until_told(&self, what: &str) -> Value {
        for _ in 0..300 {
            let push = self.push();
            let detail = push["detail"].as_str().unwrap_or_default();
            if push["state"] == "waiting" && detail.starts_with(what) {
                return push;
            }
            pause();
        }
        panic!("it does not say `{what}`, but {}", self.push());
    }

    /// How many certificates of Org1 are on the lists that the channel carries.
    fn listed(&self) -> usize {
        let file = self.club.path("shown.pb");
        done(self.channel("show").arg("supply").arg("--config").arg(&file));
        let octets = std::fs::read(&file).unwrap();
        channel::listed(&octets, "Org1MSP")
    }

    /// `member` of Org1 signs a proposal.
    fn sign(&self, member: &str, proposal: &str) {
        let mut sign = chancery();
        sign.args(["channel", "sign", "--url", self.club.server.url(), "--msp-id", "Org1MSP"]);
        done(sign.arg("--msp-dir").arg(self.club.path(member)).arg(proposal));
    }

    fn sequence(&self) -> u64 {
        let shown: Value = serde_json::from_str(&done(self.channel("show").arg("supply"))).unwrap();
        shown["sequence"].as_u64().unwrap()
    }
}

#[test]
fn whoever_is_revoked_is_revoked_in_the_channel_by_itself() {
    let consortium = Consortium::new(&["--administrators"]);
    consortium.club.member("clerk", "client");
    consortium.club.member("carrier", "client");
    assert_eq!(consortium.listed(), 0);
    consortium.revoke("clerk");
    let push = consortium.until("effective", 1);
    assert_eq!(push["lag_seconds"], 0, "{push}");
    assert_eq!(consortium.sequence(), 1);
    consortium.revoke("carrier");
    consortium.until("effective", 2);

    // It was proposed, signed and applied like any other change, and each step is told.
    let listed: Value =
        serde_json::from_str(&done(consortium.channel("proposals").arg("supply"))).unwrap();
    let first = &listed["proposals"].as_array().unwrap()[0];
    assert_eq!((&first["state"], &first["proposer"]), (&"applied".into(), &"chancery".into()));
    assert!(first["title"].as_str().unwrap().contains("revocation list of Org1MSP"), "{first}");
}

#[test]
fn a_channel_is_told_of_as_soon_as_it_is_imported() {
    let consortium = Consortium::new(&[]);
    let told = done(consortium.channel("pushes").arg("supply"));
    let list: Value = serde_json::from_str(&told).unwrap();
    let pushes = list["pushes"].as_array().unwrap();
    let of: Vec<_> = pushes.iter().map(|one| (&one["msp_id"], &one["state"])).collect();
    let effective = |id: &str| (Value::from(id), Value::from("effective"));
    let (one, other) = (effective("Org1MSP"), effective("Org2MSP"));
    assert_eq!(of, [(&one.0, &one.1), (&other.0, &other.1)], "{told}");

    // What was revoked in the same moment is not in it yet.
    consortium.club.member("clerk", "client");
    consortium.revoke("clerk");
    let said = refused_with_result(consortium.channel("pushes").arg("supply"));
    assert!(said.contains("lags behind"), "{said}");
}

#[test]
fn without_the_key_it_waits_for_a_person_and_says_for_whom() {
    let consortium = Consortium::new(&[]);
    consortium.club.member("boss", "admin");
    consortium.club.member("clerk", "client");
    consortium.club.member("carrier", "client");
    consortium.revoke("clerk");
    let push = consortium.until("waiting", 0);
    let detail = push["detail"].as_str().unwrap();
    assert!(detail.contains("/Channel/Application/Org1/Admins"), "{detail}");
    assert!(detail.contains("Org1MSP.admin"), "{detail}");
    let said = refused_with_result(consortium.channel("pushes").arg("supply"));
    assert!(said.contains("lags behind"), "{said}");

    // Another revocation meanwhile is in what is then signed.
    consortium.revoke("carrier");
    let proposal = push["proposal"].as_str().unwrap().to_owned();
    let mut push = consortium.push();
    for _ in 0..300 {
        push = consortium.push();
        if push["proposal"] != *proposal {
            break;
        }
        pause();
    }
    assert!(push["detail"].as_str().unwrap().contains("2 revoked certificates"), "{push}");
    consortium.sign("boss", push["proposal"].as_str().unwrap());
    consortium.until("effective", 2);
    let old = done(consortium.channel("proposal").arg(&proposal));
    assert!(old.contains("superseded"), "{old}");
}

#[test]
fn what_a_person_signed_is_not_thrown_away_when_more_is_revoked() {
    let consortium = Consortium::new(&["--administrators"]);
    for boss in ["boss", "other-boss"] {
        consortium.club.member(boss, "admin");
    }
    for clerk in ["clerk", "carrier", "caller"] {
        consortium.club.member(clerk, "client");
    }
    consortium.revoke("clerk");
    consortium.until("effective", 1);

    // From here on it takes two people: the key in the token is used no more.
    let two = "/Channel/Application/Org1/Admins=OutOf(2, 'Org1MSP.admin', 'Org1MSP.admin')";
    let mut propose = consortium.channel("propose");
    let made = done(propose.args(["supply", "--title", "two sign", "--policy", two]));
    let made: Value = serde_json::from_str(&made).unwrap();
    consortium.sign("boss", made["id"].as_str().unwrap());
    let mut list = chancery();
    list.args(["certificate", "list", "--url", consortium.club.server.url(), "--json"]);
    list.args(["--ca", "org1", "--msp-dir"]).arg(consortium.club.path("admin"));
    let listed: Value = serde_json::from_str(&done(&mut list)).unwrap();
    let of_the_key = |one: &&Value| one["common_name"] == "channel-administrator";
    let own = listed.as_array().unwrap().iter().find(of_the_key).unwrap();
    let part = |name: &str| own[name].as_str().unwrap();
    let mut revoke = consortium.club.as_member("admin", "revoke");
    done(revoke.args(["--ca", "org1", "--serial", part("serial"), "--aki", part("aki")]));
    let first = consortium.until_told("1 revoked certificate: waiting");
    consortium.sign("boss", first["proposal"].as_str().unwrap());

    // What comes then does not cost the signature, and is next.
    consortium.revoke("carrier");
    let more = consortium.until_told("2 revoked certificates: waiting");
    assert_eq!(more["proposal"], first["proposal"], "{more}");
    consortium.sign("other-boss", first["proposal"].as_str().unwrap());
    let next = consortium.until_told("1 revoked certificate: waiting");
    assert_eq!(consortium.listed(), 2);
    assert_ne!(next["proposal"], first["proposal"], "{next}");

    // What nobody signed makes way for what brings more.
    consortium.revoke("caller");
    let both = consortium.until_told("2 revoked certificates: waiting");
    assert_ne!(both["proposal"], next["proposal"], "{both}");
}

/// Runs it; it must print a result and exit with 1. Gives what it says beside.
fn refused_with_result(command: &mut Command) -> String {
    let told = output(command);
    assert_eq!(told.status.code(), Some(1));
    assert!(!told.stdout.is_empty());
    String::from_utf8(told.stderr).unwrap()
}

#[test]
fn nothing_is_done_twice_and_nothing_is_lost_when_the_server_is_killed_meanwhile() {
    let consortium = Consortium::new(&["--administrators"]);
    for round in 0..6 {
        consortium.club.member(&format!("clerk{round}"), "client");
    }
    let mut consortium = consortium;
    for round in 0..6_u32 {
        consortium.revoke(&format!("clerk{round}"));
        for _ in 0..round {
            pause();
        }
        let more = ["--hierarchy", "two", "--ca", "org1", "--ca", "org2", "--administrators"];
        let Consortium { club } = consortium;
        consortium = Consortium { club: club.after(|_| {}, more.get(2..).unwrap()) };
    }
    consortium.until("effective", 6);
    let listed: Value =
        serde_json::from_str(&done(consortium.channel("proposals").arg("supply"))).unwrap();
    let proposals = listed["proposals"].as_array().unwrap();
    assert!(proposals.iter().all(|one| one["state"] != "open"), "{listed}");
    let applied = proposals.iter().filter(|one| one["state"] == "applied").count();
    assert_eq!(consortium.sequence(), u64::try_from(applied).unwrap());
    // Nobody proposed what changes nothing.
    assert!(applied <= 6, "{listed}");
}
