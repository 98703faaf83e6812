//! Orderers, through our own client over TLS: what a good one does, and what nobody takes from a bad one.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use chancery::channel::{Current, Edit, Learned, Trail, Update, compute_update, edit};
use chancery::clock::{Clock, Timestamp};
use chancery::orderer::{
    Address, ClientCertificate, Error, Kind, Options, Orderer, Remote, Security, Several,
};
use chancery::service::{ReadFailure, follow_trail, orderers_of, update_envelope};
use chancery::wire::{Block, Config, Status, decode};

use serde_json::Value;

use crate::support::channel;
use crate::support::club::{Club, done, error_of, refused};
use crate::support::network::{Member, Org, Pair, config, endpoints};
use crate::support::orderer::{Mood, Stub, Tls};
use crate::support::tools::{chancery, output};

const CHANNEL: &str = "supply";
const HOST: &str = "orderer0.example.com";

/// Two organizations, a third outside, and those who run the orderers.
struct Network {
    org1: Org,
    org2: Org,
    org3: Org,
    orderer: Org,
    admins: [Member; 2],
    clerk: Member,
}

impl Network {
    fn new() -> Self {
        let [org1, org2, org3, orderer] = ["Org1", "Org2", "Org3", "Orderer"].map(Org::new);
        let admins = [org1.member("admin"), org2.member("admin")];
        let clerk = org1.member("client");
        Self { org1, org2, org3, orderer, admins, clerk }
    }

    fn config(&self) -> Config {
        config(&[&self.org1, &self.org2], &self.orderer, &format!("{HOST}:7050"))
    }

    /// An orderer with a certificate of TLS for its name.
    fn orderer(&self) -> Stub {
        self.orderer_with(self.config(), None)
    }

    fn orderer_with(&self, config: Config, clients: Option<&str>) -> Stub {
        let server = self.orderer.pair(HOST, None, Some(HOST));
        let tls = Tls { server: &server, clients };
        let (signs, stranger) = (self.orderer.member("orderer"), self.org3.member("orderer"));
        Stub::start(CHANNEL, config, signs, stranger, Some(&tls))
    }

    /// What is known of the channel at its beginning.
    fn known(&self) -> Current {
        Current::load(CHANNEL, self.config(), now()).unwrap()
    }

    /// An update that sets a policy, signed by the administrators.
    fn update(&self, from: &Config, name: &str) -> Update {
        let path = format!("/Channel/Application/{name}");
        let edits = [Edit::SetPolicy { path, rule: "ANY Readers".to_owned() }];
        let root = edit(from.channel_group.as_ref().unwrap(), &edits).unwrap();
        let target = Config { sequence: 0, channel_group: Some(root) };
        let mut update = Update::unsigned(compute_update(CHANNEL, from, &target).unwrap());
        for admin in &self.admins {
            update.sign(admin.sign_update(&update));
        }
        update
    }
}

fn now() -> Timestamp {
    Clock::system().now()
}

fn options(to: &Stub) -> Options {
    let name: Address = format!("{HOST}:7050").parse().unwrap();
    Options {
        connect: Duration::from_secs(20),
        answer: Duration::from_secs(20),
        overrides: [(name, to.address.to_string().parse().unwrap())].into(),
        ..Options::default()
    }
}

/// The orderers that the configuration names, with the roots that it has for them, reached where the stub listens.
fn remote(known: &Current, options: &Options) -> Remote {
    let (mut remotes, unusable) = orderers_of(known.root(), options);
    assert_eq!((remotes.len(), unusable), (1, Vec::new()));
    remotes.remove(0)
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// Reads from an orderer what follows the configuration that is known.
fn read(known: &Current, member: &Member, from: &dyn Orderer) -> Result<Learned, ReadFailure> {
    let mut trail = Trail::after(known);
    block_on(follow_trail(&mut trail, CHANNEL, member, from, &Clock::system()))?;
    Ok(trail.conclude(known, now())?)
}

fn broadcast(update: &Update, member: &Member, to: &dyn Orderer) -> Result<(), Error> {
    block_on(async { to.broadcast(update_envelope(update, member).await.unwrap()).await })
}

fn sequences(learned: Learned) -> Vec<u64> {
    let Learned::Later(steps) = learned else { panic!("{learned:?}") };
    steps.iter().map(|step| step.current.config().sequence).collect()
}

#[test]
fn an_update_is_handed_over_and_the_new_configuration_read_back() {
    let (network, known) = (Network::new(), Network::known);
    let stub = network.orderer();
    let known = known(&network);
    let orderer = remote(&known, &options(&stub));
    assert!(matches!(read(&known, &network.clerk, &orderer), Ok(Learned::Same)));

    let update = network.update(known.config(), "Auditors");
    broadcast(&update, &network.clerk, &orderer).unwrap();
    assert_eq!(stub.sequence(), 1);
    let learned = read(&known, &network.clerk, &orderer).unwrap();
    let Learned::Later(steps) = learned else { panic!("{learned:?}") };
    let [step] = &steps[..] else { panic!("one") };
    assert_eq!(step.current.config(), stub.chain.lock().unwrap().current.config());
    let led = Update::from_envelope(step.block.last_update().unwrap()).unwrap();
    assert_eq!(led.octets(), update.octets(), "by the update that was handed over");

    // Twice is once: the second is refused, with the orderer's reason.
    let refused = broadcast(&update, &network.clerk, &orderer).unwrap_err();
    assert_eq!(refused.kind(), Kind::Refused(Status::BadRequest.into()));
    assert!(!refused.may_be_done() && !refused.is_for_another());
    assert!(refused.to_string().contains("BAD_REQUEST: "), "{refused}");
    // Who is no member is told so.
    let stranger = network.org3.member("client");
    let refused = broadcast(&update, &stranger, &orderer).unwrap_err();
    assert_eq!(refused.kind(), Kind::Refused(Status::Forbidden.into()));
    let refused = read(&known, &stranger, &orderer).unwrap_err();
    assert!(refused.to_string().contains("FORBIDDEN"), "{refused}");
    assert!(!refused.is_fork());
}

#[test]
fn what_lies_far_back_is_walked_step_by_step_between_other_blocks() {
    let network = Network::new();
    let (stub, known) = (network.orderer(), network.known());
    for turn in 0..5 {
        stub.transact();
        let from = stub.chain.lock().unwrap().current.config().clone();
        stub.apply(&network.update(&from, &format!("Rule{turn}")));
    }
    stub.transact();
    let orderer = remote(&known, &options(&stub));
    let learned = read(&known, &network.clerk, &orderer).unwrap();
    let Learned::Later(steps) = &learned else { panic!("{learned:?}") };
    let third = steps[2].current.clone();
    assert_eq!(sequences(learned), [1, 2, 3, 4, 5]);
    // From the middle only the rest.
    assert_eq!(sequences(read(&third, &network.clerk, &orderer).unwrap()), [4, 5]);
    // An orderer that is behind what is known has nothing to say.
    stub.mood(Mood::Behind(3));
    assert!(matches!(read(&third, &network.clerk, &orderer), Ok(Learned::Older(1))));
    stub.mood(Mood::Good);

    // Without anything known the newest stands by itself.
    let alone = || {
        let mut trail = Trail::to_newest(CHANNEL);
        block_on(follow_trail(&mut trail, CHANNEL, &network.clerk, &orderer, &Clock::system()))?;
        Ok::<_, ReadFailure>(trail.conclude_alone(now())?.unwrap())
    };
    assert_eq!(alone().unwrap().current.config().sequence, 5);
    stub.mood(Mood::Stranger);
    assert!(alone().unwrap_err().is_fork());
}

#[test]
fn nothing_is_taken_that_was_tampered_with() {
    let network = Network::new();
    let (stub, known) = (network.orderer(), network.known());
    stub.apply(&network.update(known.config(), "Auditors"));
    stub.transact();
    let orderer = remote(&known, &options(&stub));
    let told = |mood: Mood| {
        stub.mood(mood);
        let why = read(&known, &network.clerk, &orderer).unwrap_err();
        (why.is_fork(), why.to_string())
    };
    // What contradicts the rules of the channel is an alarm.
    for (mood, word) in [
        (Mood::BadSignature, "/Channel/Orderer/BlockValidation"),
        (Mood::Stranger, "/Channel/Orderer/BlockValidation"),
        (Mood::Forges, "does not follow the one in force"),
    ] {
        let (is_fork, why) = told(mood);
        assert!(is_fork && why.contains(word), "{mood:?}: {why}");
    }
    // What is no good block is not, but nothing of it is taken either.
    for (mood, word) in [
        (Mood::BadHash, "is not what its header has the hash of"),
        (Mood::OtherChannel, "of the channel `another`"),
        (Mood::LooksAhead, "comes later"),
        (Mood::Garbage, "bad answer"),
        (Mood::Drops, "ended the connection"),
        (Mood::Refuses(Status::ServiceUnavailable), "SERVICE_UNAVAILABLE"),
        (Mood::Unavailable, "no leader"),
    ] {
        let (is_fork, why) = told(mood);
        assert!(!is_fork && why.contains(word), "{mood:?}: {why}");
    }
    // The block before the newest tells of itself: it is the configuration. Asked for another, it is refused.
    stub.transact();
    let (is_fork, why) = told(Mood::OtherBlock);
    assert!(!is_fork && why.contains("was asked for"), "{why}");
    stub.mood(Mood::Good);
    assert_eq!(sequences(read(&known, &network.clerk, &orderer).unwrap()), [1]);
}

#[test]
fn a_channel_that_went_another_way_is_an_alarm() {
    let network = Network::new();
    let (here, there) = (network.orderer(), network.orderer());
    let known = network.known();
    here.apply(&network.update(known.config(), "Auditors"));
    there.apply(&network.update(known.config(), "Others"));
    let learned = read(&known, &network.clerk, &remote(&known, &options(&here))).unwrap();
    let Learned::Later(steps) = learned else { panic!("{learned:?}") };
    let ours = &steps[0].current;
    // Signed by the same orderer, with the same sequence: still another.
    let orderer = remote(&known, &options(&there));
    let why = read(ours, &network.clerk, &orderer).unwrap_err();
    assert!(why.is_fork() && why.to_string().contains("another configuration"), "{why}");
    // It goes on from there: what follows does not follow ours.
    let from = there.chain.lock().unwrap().current.config().clone();
    there.apply(&network.update(&from, "More"));
    let why = read(ours, &network.clerk, &orderer).unwrap_err();
    assert!(why.is_fork(), "{why}");
}

#[test]
fn what_may_have_been_done_is_told_and_found_again() {
    let network = Network::new();
    let (stub, known) = (network.orderer(), network.known());
    let quick = Options { answer: Duration::from_millis(300), ..options(&stub) };
    let orderer = remote(&known, &quick);
    let update = network.update(known.config(), "Auditors");
    let tried = |mood: Mood| {
        stub.mood(mood);
        let why = broadcast(&update, &network.clerk, &orderer).unwrap_err();
        (why.kind(), why.may_be_done(), stub.sequence())
    };
    assert_eq!(tried(Mood::Closes), (Kind::Unavailable, false, 0));
    assert_eq!(tried(Mood::Hangs), (Kind::TimedOut, true, 0));
    assert_eq!(tried(Mood::Drops), (Kind::Dropped, true, 0));
    assert_eq!(tried(Mood::Garbage), (Kind::BadAnswer, true, 0));
    for status in [
        Status::BadRequest,
        Status::Forbidden,
        Status::NotFound,
        Status::RequestEntityTooLarge,
        Status::InternalServerError,
        Status::NotImplemented,
        Status::ServiceUnavailable,
    ] {
        assert_eq!(tried(Mood::Refuses(status)), (Kind::Refused(status.into()), false, 0));
    }
    assert_eq!(tried(Mood::DoesAndHangs), (Kind::TimedOut, true, 1), "late: it was done");
    assert_eq!(tried(Mood::DoesAndDrops), (Kind::Dropped, true, 1));
    stub.mood(Mood::Good);
    assert_eq!(sequences(read(&known, &network.clerk, &orderer).unwrap()), [1]);
}

#[test]
fn of_several_orderers_the_next_is_asked_and_what_may_be_done_is_not_forgotten() {
    let network = Network::new();
    let (first, second, known) = (network.orderer(), network.orderer(), network.known());
    let quick = |stub: &Stub| Options { answer: Duration::from_millis(300), ..options(stub) };
    let both = Several::new(vec![remote(&known, &quick(&first)), remote(&known, &quick(&second))]);
    let update = network.update(known.config(), "Auditors");
    first.mood(Mood::Refuses(Status::ServiceUnavailable));
    broadcast(&update, &network.clerk, &both).unwrap();
    assert_eq!((first.sequence(), second.sequence()), (0, 1));
    // It is asked first from now on; a no that is meant is the end.
    let why = broadcast(&update, &network.clerk, &both).unwrap_err();
    assert_eq!((why.kind(), first.taken()), (Kind::Refused(Status::BadRequest.into()), 0));
    // One never answered: whatever the other says, nobody knows.
    first.mood(Mood::Refuses(Status::BadRequest));
    second.mood(Mood::Hangs);
    let why = broadcast(&update, &network.clerk, &both).unwrap_err();
    assert!(why.may_be_done(), "{why}");
    assert!(why.to_string().contains("may have been done"), "{why}");
}

#[test]
fn tls_holds_both_ways() {
    let network = Network::new();
    let stub = network.orderer_with(network.config(), Some(&network.org1.root));
    let known = network.known();
    let with = |security: Security| remote(&known, &Options { security, ..options(&stub) });
    let tls = |root: &str, client: Option<&Pair>| Security::Tls {
        roots: if root.is_empty() { Vec::new() } else { vec![der(root)] },
        client: client.map(|pair| {
            ClientCertificate::from_pem(pair.certificate.as_bytes(), pair.key.as_bytes()).unwrap()
        }),
    };
    let client = network.org1.pair("clerk", None, None);
    let good = with(tls("", Some(&client)));
    assert!(matches!(read(&known, &network.clerk, &good), Ok(Learned::Same)));

    let failed = |security: Security| {
        let why = read(&known, &network.clerk, &with(security)).unwrap_err();
        let ReadFailure::Orderer(why) = why else { panic!("{why}") };
        why.kind()
    };
    // A client without a certificate learns it when TLS 1.3 is agreed on, or later.
    assert!(matches!(failed(tls("", None)), Kind::Unavailable | Kind::Dropped));
    let foreign = network.org3.pair("clerk", None, None);
    assert!(matches!(failed(tls("", Some(&foreign))), Kind::Unavailable | Kind::Dropped));
    assert_eq!(failed(tls(&network.org3.root, Some(&client))), Kind::Unavailable, "another root");
    assert!(matches!(failed(Security::InsecurePlaintext), Kind::Unavailable | Kind::Dropped));

    // The name that was asked for counts, and not where it was led to.
    let other: Address = "orderer9.example.com:7050".parse().unwrap();
    let mut misled = Options { security: tls("", Some(&client)), ..options(&stub) };
    misled.security = tls(&network.orderer.root, Some(&client));
    misled.overrides = [(other.clone(), stub.address.to_string().parse().unwrap())].into();
    let misled = Remote::new(other, Arc::new(misled)).unwrap();
    let why = read(&known, &network.clerk, &misled).unwrap_err();
    assert!(why.to_string().contains("did not agree on TLS"), "{why}");
    assert!(Remote::new("o:1".parse().unwrap(), Arc::default()).is_err(), "nobody is trusted");
}

#[test]
fn in_the_clear_only_when_asked_and_never_more_than_the_limit() {
    let network = Network::new();
    let (signs, stranger) = (network.orderer.member("orderer"), network.org3.member("orderer"));
    let stub = Stub::start(CHANNEL, network.config(), signs, stranger, None);
    let known = network.known();
    let plain = Options { security: Security::InsecurePlaintext, ..options(&stub) };
    let orderer = remote(&known, &plain);
    assert!(matches!(read(&known, &network.clerk, &orderer), Ok(Learned::Same)));
    let why = read(&known, &network.clerk, &remote(&known, &options(&stub))).unwrap_err();
    assert!(why.to_string().contains("did not agree on TLS"), "{why}");

    let small = remote(&known, &Options { max_message: 100_000, ..plain });
    assert!(matches!(read(&known, &network.clerk, &small), Ok(Learned::Same)));
    stub.mood(Mood::Long(100_001));
    let why = read(&known, &network.clerk, &small).unwrap_err();
    let ReadFailure::Orderer(why) = why else { panic!("{why}") };
    assert_eq!(why.kind(), Kind::BadAnswer, "{why}");
    stub.mood(Mood::Good);
    let mut envelope =
        chancery::wire::Envelope { payload: vec![0; 100_000], signature: Vec::new() };
    let why = block_on(small.broadcast(envelope.clone())).unwrap_err();
    assert_eq!(why.kind(), Kind::Refused(Status::RequestEntityTooLarge.into()));
    assert!(!why.may_be_done());
    envelope.payload.truncate(10);
    let why = block_on(small.broadcast(envelope)).unwrap_err();
    assert_eq!(why.kind(), Kind::Refused(Status::BadRequest.into()));
    // A block comes whole.
    let block: Block = decode(&stub.config_block()).unwrap();
    assert_eq!(block.header.unwrap().number, 0);
}

fn der(pem: &str) -> Vec<u8> {
    chancery::pki::pem::blocks(pem).next().unwrap().der
}

/// A server with two organizations, and an orderer of theirs whose TLS certificate is of the first one's CA.
struct Council {
    club: Club,
    stub: Stub,
}

impl Council {
    fn new() -> Self {
        let club = Club::with(&["--ca", "org1", "--ca", "org2"]);
        let mut enroll = club.as_member("admin-org2", "enroll");
        enroll.env("CHANCERY_ENROLL_SECRET", "adminpw");
        done(enroll.args(["--ca", "org2", "--id", "admin"]));
        club.member("boss1", "admin");
        club.member_of("org2", "admin-org2", "boss2", "admin");
        let signs = Pair::of_folder(&club.member("orderer0", "client"));
        let mut enroll = club.as_member("orderer0-tls", "enroll");
        enroll.args(["--id", "orderer0", "--profile", "tls", "--hosts", HOST, "--secret-file"]);
        done(enroll.arg(club.path("orderer0.secret")));
        let server = Pair::of_folder(&club.path("orderer0-tls"));

        let file = channel::write(&club, &["Org1", "Org2"], 0);
        let mut config: Config = decode(&std::fs::read(file).unwrap()).unwrap();
        let root = config.channel_group.as_mut().unwrap();
        let orderers = root.groups.get_mut("Orderer").unwrap();
        let own = orderers.groups.get_mut("Org1").unwrap();
        own.values.insert("Endpoints".to_owned(), endpoints(&[&format!("{HOST}:7050")]));
        let signs = Member::new("Org1MSP", &signs);
        let stranger = Org::new("Org9").member("orderer");
        let tls = Tls { server: &server, clients: None };
        let stub = Stub::start(CHANNEL, config, signs, stranger, Some(&tls));
        Self { club, stub }
    }

    /// `chancery channel VERB` as a member.
    fn channel(&self, member: &str, verb: &str) -> std::process::Command {
        let mut command = chancery();
        command.args(["channel", verb, "--url", self.club.server.url(), "--json", "--msp-dir"]);
        command.arg(self.club.path(member));
        command
    }

    /// The same, of a verb that asks orderers.
    fn asking(&self, member: &str, verb: &str) -> std::process::Command {
        let mut command = self.channel(member, verb);
        let instead = format!("{HOST}:7050={}", self.stub.address);
        command.args(["--msp-id", "Org1MSP", "--orderer-address", &instead]);
        command
    }

    /// Imports the channel from the orderer.
    fn import(&self) -> std::process::Command {
        let mut command = self.asking("admin", "import");
        command.args([CHANNEL, "--orderer", &format!("{HOST}:7050")]);
        command
    }

    /// The file with the root of the orderer's TLS certificate.
    fn root(&self) -> std::path::PathBuf {
        let folder = self.club.path("orderer0").join("cacerts");
        std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path()
    }

    /// A proposal that its administrators have signed.
    fn signed(&self, name: &str) -> String {
        let policy = format!("/Channel/Application/{name}=ANY Readers");
        let mut propose = self.channel("admin", "propose");
        let made = json(&done(propose.args([CHANNEL, "--title", name, "--policy", &policy])));
        let id = made["id"].as_str().unwrap().to_owned();
        let refused = refused(self.asking("admin", "submit").arg(&id));
        assert!(refused.contains("not signed enough yet"), "{refused}");
        for (msp_id, member) in [("Org1MSP", "boss1"), ("Org2MSP", "boss2")] {
            done(self.channel(member, "sign").arg(&id).args(["--msp-id", msp_id]));
        }
        id
    }

    fn state(&self, proposal: &str) -> (String, String) {
        let shown = json(&done(self.channel("admin", "proposal").arg(proposal)));
        let word = |name: &str| shown[name].as_str().unwrap_or_default().to_owned();
        (word("state"), word("outcome"))
    }

    fn sequence(&self) -> u64 {
        let shown = json(&done(self.channel("admin", "show").arg(CHANNEL)));
        assert_eq!(shown["orderers"][0]["address"], format!("{HOST}:7050"), "{shown}");
        shown["sequence"].as_u64().unwrap()
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|why| panic!("{why}: {text}"))
}

fn applied(sequence: u64) -> (String, String) {
    ("applied".to_owned(), sequence.to_string())
}

#[test]
fn a_channel_is_imported_from_its_orderer_and_proposals_are_handed_to_it() {
    let council = Council::new();
    let root = council.root();
    let genesis = council.club.path("genesis.block");
    std::fs::write(&genesis, council.stub.config_block()).unwrap();

    // 1. From an orderer that only TLS vouches for, which is told; without its root, nobody does.
    let said = output(&mut council.import());
    assert_eq!(said.status.code(), Some(2), "{}", error_of(&said));
    assert!(error_of(&said).contains("--orderer-tls-ca"), "{}", error_of(&said));
    let said = output(council.import().arg("--orderer-tls-ca").arg(&root));
    assert!(error_of(&said).contains("compare it with somebody whom you trust"), "{said:?}");
    assert_eq!((said.status.code(), council.sequence()), (Some(0), 0));

    // 2. To the orderers of the configuration, with the TLS roots that it has for them.
    let first = council.signed("First");
    let made = json(&done(council.asking("admin", "submit").arg(&first)));
    assert_eq!((&made["sequence"], &made["block"]), (&1.into(), &1.into()), "{made}");
    assert_eq!((council.stub.sequence(), council.sequence()), (1, 1));
    assert_eq!(council.state(&first), applied(1));
    let said = refused(council.asking("admin", "submit").arg(&first));
    assert!(said.contains("the proposal is applied"), "{said}");

    // 3. An orderer that does it and says nothing: it is looked for.
    let second = council.signed("Second");
    council.stub.mood(Mood::DoesAndDrops);
    let said = output(council.asking("admin", "submit").arg(&second));
    assert!(error_of(&said).contains("may have been done"), "{}", error_of(&said));
    assert_eq!((council.sequence(), council.state(&second)), (2, applied(2)));

    // 4. One that refuses, and one whose block nobody should take.
    let third = council.signed("Third");
    council.stub.mood(Mood::Refuses(Status::Forbidden));
    let said = refused(council.asking("admin", "submit").arg(&third));
    assert!(said.contains("FORBIDDEN"), "{said}");
    council.stub.mood(Mood::Forges);
    let said = refused(council.import().arg("--trust").arg(&genesis));
    assert!(said.contains("does not follow"), "{said}");
    assert_eq!((council.sequence(), council.state(&third).0.as_str()), (2, "open"));

    // 5. Somebody else handed it over: the block that they bring settles the proposal.
    council.stub.mood(Mood::Good);
    let envelope = council.club.path("third.envelope");
    let mut write = council.channel("admin", "envelope");
    write.arg(&third).args(["--msp-id", "Org1MSP", "--out"]).arg(&envelope);
    done(&mut write);
    let envelope = decode(&std::fs::read(&envelope).unwrap()).unwrap();
    let update = Update::from_envelope(&envelope).unwrap();
    council.stub.apply(&update);
    let block = council.club.path("third.block");
    std::fs::write(&block, council.stub.config_block()).unwrap();
    done(council.channel("admin", "import").arg(CHANNEL).arg(&block));
    assert_eq!((council.sequence(), council.state(&third)), (3, applied(3)));

    // 6. Anew, from the first block that somebody gave us, over all that came since; its TLS roots are in it.
    done(council.channel("admin", "forget").arg(CHANNEL));
    done(council.import().arg("--trust").arg(&genesis));
    assert_eq!(council.sequence(), 3);
}
