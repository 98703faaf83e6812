//! What a CA says comes into channels whose orderers decide, however these behave.

use std::process::Command;

use chancery::wire::{Config, decode};
use serde_json::Value;

use crate::support::channel;
use crate::support::club::{Club, done};
use crate::support::council::json;
use crate::support::network::{Member, Org, Pair, endpoints};
use crate::support::orderer::{Mood, Stub, Tls};
use crate::support::tools::{chancery, output, pause};

const CHANNEL: &str = "supply";
const HOST: &str = "orderer0.example.com";
const OTHER: &str = "orderer1.example.com";

/// A server whose organizations have administrators in the token, and orderers of the first one.
struct Harbour {
    club: Club,
    stubs: Vec<Stub>,
}

impl Harbour {
    fn new() -> Self {
        Self::with(&[HOST], |_| {})
    }

    /// With an orderer at each of these hosts, in a channel that was changed so.
    fn with(hosts: &[&str], change: impl FnOnce(&mut Config)) -> Self {
        let club = Club::with(&["--ca", "org1", "--ca", "org2", "--administrators"]);
        let mut enroll = club.as_member("admin-org2", "enroll");
        enroll.env("CHANCERY_ENROLL_SECRET", "adminpw");
        done(enroll.args(["--ca", "org2", "--id", "admin"]));
        let signs = Pair::of_folder(&club.member("orderer0", "client"));
        let mut enroll = club.as_member("orderer0-tls", "enroll");
        enroll.args(["--id", "orderer0", "--profile", "tls", "--secret-file"]);
        enroll.arg(club.path("orderer0.secret")).args(["--hosts", &hosts.join(",")]);
        done(&mut enroll);
        let server = Pair::of_folder(&club.path("orderer0-tls"));

        let file = channel::write(&club, &["Org1", "Org2"], 0);
        let mut config: Config = decode(&std::fs::read(&file).unwrap()).unwrap();
        let addresses: Vec<String> = hosts.iter().map(|host| format!("{host}:7050")).collect();
        let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
        let root = config.channel_group.as_mut().unwrap();
        let orderers = root.groups.get_mut("Orderer").unwrap();
        let own = orderers.groups.get_mut("Org1").unwrap();
        own.values.insert("Endpoints".to_owned(), endpoints(&addresses));
        change(&mut config);
        std::fs::write(&file, chancery::wire::Message::encode_to_vec(&config)).unwrap();
        let stubs = hosts.iter().map(|_| {
            let signs = Member::new("Org1MSP", &signs);
            let stranger = Org::new("Org9").member("orderer");
            let tls = Tls { server: &server, clients: None };
            Stub::start(CHANNEL, config.clone(), signs, stranger, Some(&tls))
        });
        let stubs = stubs.collect();
        let harbour = Self { club, stubs };
        done(harbour.channel("import").arg(CHANNEL).arg(&file));
        harbour.again(hosts)
    }

    /// Kills the server and starts it again, led to the orderers.
    fn again(self, hosts: &[&str]) -> Self {
        let Self { club, stubs } = self;
        let mut more: Vec<String> = ["--ca", "org1", "--ca", "org2", "--administrators"]
            .into_iter()
            .chain(["--orderers", "--orderer-answer-seconds", "1"])
            .map(ToOwned::to_owned)
            .collect();
        for (host, stub) in hosts.iter().zip(&stubs) {
            more.push(format!("--orderer-override={host}:7050={}", stub.address));
        }
        let more: Vec<&str> = more.iter().map(String::as_str).collect();
        Self { club: club.after(|_| {}, &more), stubs }
    }

    fn stub(&self) -> &Stub {
        &self.stubs[0]
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

    /// Enrolls somebody and revokes them.
    fn banish(&self, id: &str) {
        self.club.member(id, "client");
        self.revoke(id);
    }

    /// How the revocation lists of Org1 stand in the channel.
    fn push(&self) -> Value {
        let told = output(self.channel("pushes").arg(CHANNEL));
        let list = json(&String::from_utf8(told.stdout).unwrap());
        let of =
            |push: &&Value| push["msp_id"] == "Org1MSP" && push["matter"] == "revocation-lists";
        list["pushes"].as_array().unwrap().iter().find(of).cloned().unwrap_or_default()
    }

    /// Waits until it stands so and says this.
    fn until(&self, state: &str, says: &str) -> Value {
        let mut push = Value::Null;
        for _ in 0..600 {
            push = self.push();
            let detail = push["detail"].as_str().unwrap_or_default();
            if push["state"] == state && detail.contains(says) {
                return push;
            }
            pause();
        }
        panic!("it is not {state} ({says}), but {push}; {}", self.log());
    }

    /// Waits until so many are revoked in the channel, here and at the orderer, and it stands as effective.
    fn until_effective(&self, listed: usize) {
        for _ in 0..900 {
            if self.listed() >= listed && self.push()["state"] == "effective" {
                let chain = self.stub().chain.lock().unwrap();
                let there = chancery::wire::Message::encode_to_vec(chain.current.config());
                assert_eq!(channel::listed(&there, "Org1MSP"), self.listed());
                return;
            }
            pause();
        }
        let told = (self.push(), self.listed(), self.stub().sequence(), self.log());
        panic!("it is not effective with {listed} listed, but {told:?}");
    }

    fn log(&self) -> String {
        let log = std::fs::read_to_string(self.club.path("server").join("server.log")).unwrap();
        let lines: Vec<&str> = log.lines().rev().take(30).collect();
        lines.join("\n")
    }

    /// How many certificates of Org1 are on the lists that the server knows the channel to carry.
    fn listed(&self) -> usize {
        let file = self.club.path("shown.pb");
        done(self.channel("show").arg(CHANNEL).arg("--config").arg(&file));
        channel::listed(&std::fs::read(&file).unwrap(), "Org1MSP")
    }

    fn sequence(&self) -> u64 {
        json(&done(self.channel("show").arg(CHANNEL)))["sequence"].as_u64().unwrap()
    }

    /// The states of the proposals, the oldest first.
    fn proposals(&self) -> Vec<String> {
        let listed = json(&done(self.channel("proposals").arg(CHANNEL)));
        let states = listed["proposals"].as_array().unwrap().iter();
        states.map(|one| one["state"].as_str().unwrap().to_owned()).collect()
    }

    /// Each applied proposal is one step of the sequence, here and at the orderer, none is left over.
    fn is_done_once(&self, steps: u64) {
        assert_eq!((self.sequence(), self.stub().sequence()), (steps, steps), "{}", self.log());
        let proposals = self.proposals();
        let applied = proposals.iter().filter(|state| *state == "applied").count();
        assert_eq!(u64::try_from(applied).unwrap(), steps, "{proposals:?}");
        assert!(proposals.iter().all(|state| state != "open"), "{proposals:?}");
    }
}

#[test]
fn whoever_is_revoked_is_revoked_at_the_orderers_by_itself() {
    let harbour = Harbour::new();
    assert_eq!(harbour.listed(), 0);
    harbour.banish("clerk");
    harbour.until_effective(1);
    harbour.is_done_once(1);
    assert_eq!(harbour.stub().taken(), 1);
    assert_eq!(harbour.push()["lag_seconds"], 0);
    // What nobody needs the server for comes back from the orderer: the certificate is refused by the channel's nodes.
    harbour.banish("carrier");
    harbour.until_effective(2);
    harbour.is_done_once(2);
    assert_eq!(harbour.stub().taken(), 2);
}

#[test]
fn an_orderer_that_refuses_or_is_behind_is_told_of_and_asked_again() {
    use chancery::wire::Status;
    let harbour = Harbour::new();
    harbour.stub().mood(Mood::RefusesEnvelopes(Status::Forbidden));
    harbour.banish("clerk");
    let push = harbour.until("failed", "FORBIDDEN");
    let detail = push["detail"].as_str().unwrap();
    assert_eq!(detail.matches("FORBIDDEN").count(), 1, "told once: {detail}");
    assert!(detail.contains(HOST), "{detail}");
    assert_eq!((push["attempts"].as_u64(), harbour.stub().sequence()), (Some(1), 0), "{push}");
    harbour.stub().mood(Mood::Good);
    harbour.until_effective(1);
    harbour.is_done_once(1);

    // An old block is no news, and no ground to send.
    harbour.stub().mood(Mood::Behind(1));
    harbour.banish("carrier");
    let push = harbour.until("failed", "is behind, at sequence 0");
    assert_eq!((push["lag_seconds"].is_u64(), harbour.stub().taken()), (true, 1), "{push}");
    harbour.stub().mood(Mood::Good);
    harbour.until_effective(2);
    harbour.is_done_once(2);
}

#[test]
fn what_an_orderer_did_without_saying_so_is_found_and_not_done_again() {
    let harbour = Harbour::new();
    for (turn, mood) in [Mood::DoesAndHangs, Mood::DoesAndDrops].into_iter().enumerate() {
        harbour.stub().mood(mood);
        harbour.banish(&format!("clerk{turn}"));
        // It says so until it is asked again.
        harbour.until_effective(turn + 1);
        let steps = u64::try_from(turn + 1).unwrap();
        harbour.is_done_once(steps);
        assert_eq!(harbour.stub().taken(), turn + 1, "{mood:?}: handed over once");
    }
    // Nothing was done by these.
    for (turn, (mood, says)) in
        [(Mood::Hangs, "did not answer within"), (Mood::Drops, "ended the connection")]
            .into_iter()
            .enumerate()
    {
        harbour.stub().mood(mood);
        harbour.banish(&format!("carrier{turn}"));
        harbour.until("failed", says);
        harbour.stub().mood(Mood::Good);
        harbour.until_effective(turn + 3);
        harbour.is_done_once(u64::try_from(turn + 3).unwrap());
    }
}

#[test]
fn an_orderer_on_another_way_is_an_alarm_and_others_go_on() {
    let harbour = Harbour::with(&[HOST, OTHER], |_| {});
    // Alone it has its way with nobody.
    let [first, second] = &harbour.stubs[..] else { panic!("two") };
    first.mood(Mood::Forges);
    second.mood(Mood::Hangs);
    harbour.banish("clerk");
    let push = harbour.until("failed", "is on another way");
    let detail = push["detail"].as_str().unwrap();
    assert!(detail.contains(HOST) && detail.contains("another configuration"), "{detail}");
    assert_eq!((harbour.sequence(), harbour.listed()), (0, 0));
    assert_eq!((first.taken(), second.taken()), (0, 0), "nothing is handed to it");
    let log = std::fs::read_to_string(harbour.club.path("server").join("server.log")).unwrap();
    assert!(log.contains("contradicts what is known of the channel"), "{log}");

    // Another one that answers well is enough; the alarm is not told each time.
    second.mood(Mood::Good);

    for _ in 0..900 {
        if harbour.push()["state"] == "effective" {
            break;
        }
        pause();
    }
    assert_eq!(harbour.push()["state"], "effective", "{}", harbour.log());
    assert_eq!((harbour.sequence(), harbour.listed()), (1, 1));
    let [first, second] = &harbour.stubs[..] else { panic!("two") };
    assert_eq!((first.taken(), second.taken(), second.sequence()), (0, 1, 1));
    let log = std::fs::read_to_string(harbour.club.path("server").join("server.log")).unwrap();
    assert_eq!(log.matches("contradicts what is known of the channel").count(), 1, "{log}");
}

#[test]
fn what_others_must_sign_waits_for_them_and_is_then_handed_in_by_itself() {
    let harbour = Harbour::with(&[HOST], |config| {
        let root = config.channel_group.as_mut().unwrap();
        let own = root.groups.get_mut("Application").unwrap().groups.get_mut("Org1").unwrap();
        own.values.get_mut("MSP").unwrap().mod_policy = "/Channel/Application/Admins".to_owned();
    });
    harbour.club.member_of("org2", "admin-org2", "boss2", "admin");
    harbour.banish("clerk");
    let push = harbour.until("waiting", "/Channel/Application/Admins");
    let detail = push["detail"].as_str().unwrap();
    assert!(detail.contains("(e.g. Org1MSP.admin + Org2MSP.admin)"), "{detail}");
    assert!(detail.contains("still needed: a signature of Org2MSP.admin"), "{detail}");
    assert_eq!((harbour.stub().taken(), harbour.sequence()), (0, 0));
    let mut sign = chancery();
    sign.args(["channel", "sign", "--url", harbour.club.server.url(), "--msp-id", "Org2MSP"]);
    sign.arg("--msp-dir").arg(harbour.club.path("boss2"));
    done(sign.arg(push["proposal"].as_str().unwrap()));
    harbour.until_effective(1);
    harbour.is_done_once(1);
    assert_eq!(harbour.stub().taken(), 1);
}

#[test]
fn what_is_larger_than_orderers_take_does_not_leave() {
    let harbour = Harbour::with(&[HOST], |config| {
        let root = config.channel_group.as_mut().unwrap();
        let orderer = root.groups.get_mut("Orderer").unwrap();
        let size = chancery::wire::BatchSize {
            max_message_count: 10,
            absolute_max_bytes: 70_000,
            preferred_max_bytes: 60_000,
        };
        let octets = chancery::wire::Message::encode_to_vec(&size);
        orderer.values.get_mut("BatchSize").unwrap().value = octets;
    });
    harbour.banish("clerk");
    harbour.until("failed", "BatchSize.absolute_max_bytes");
    assert_eq!((harbour.stub().taken(), harbour.sequence()), (0, 0));
}

#[test]
fn killed_at_any_moment_the_server_brings_each_revocation_to_the_orderers_once() {
    let mut harbour = Harbour::new();
    for round in 0..6 {
        harbour.club.member(&format!("clerk{round}"), "client");
    }
    for round in 0..6_u32 {
        harbour.revoke(&format!("clerk{round}"));
        // The look comes within a second: moments before, in it and after.
        for _ in 0..round * 12 {
            pause();
        }
        harbour = harbour.again(&[HOST]);
    }
    harbour.until_effective(6);
    let steps = harbour.stub().sequence();
    harbour.is_done_once(steps);
    assert!((1..=6).contains(&steps), "nobody proposed what changes nothing: {steps}");
    let chain = harbour.stub().chain.lock().unwrap();
    assert_eq!(chain.taken as u64, steps, "nothing was handed over twice");
}
