use std::sync::Arc;

use super::*;
use crate::channel::{Edit, compute_update, edit};
use crate::clock::Clock;
use crate::hsm::{Hsm, HsmOptions, SignerSource};
use crate::orderer::{Address, Options, Remote};
use crate::service::authority::Commons;
use crate::service::channels::ImportChannel;
use crate::service::open_intents::OpenIntents;
use crate::service::orderers::orderers_of;
use crate::service::proposals::{Propose, Wanted};
use crate::service::secrets::SecretScheme;
use crate::service::testing::Registry;
use crate::wire::{Config, Message as _};

// The orderer of the tests at large: what is asked here is asked over TLS of something that listens.
#[path = "../../tests/support/network.rs"]
#[expect(dead_code, reason = "shared with the tests at large")]
mod network;
#[path = "../../tests/support/orderer.rs"]
#[expect(dead_code, reason = "shared with the tests at large")]
mod orderer;

use network::{Member, Org, config};
use orderer::{Mood, Stub, Tls};

const HOST: &str = "orderer0.example.com";

struct Harbour {
    registry: Registry,
    office: Office,
    stub: Stub,
    admins: [Member; 2],
    clerk: Member,
}

impl Harbour {
    async fn open(governed: bool) -> Self {
        let registry = Registry::open().await;
        let authority = Arc::clone(&registry.authority);
        let nowhere = SignerSource::Socket(std::path::PathBuf::from("/nonexistent/signer"));
        let commons = Commons {
            store: authority.store.clone(),
            // These deeds ask nothing of the token.
            hsm: Hsm::start(nowhere, HsmOptions::default()),
            // Orderers want to see a time that is about theirs.
            clock: Clock::system(),
            secrets: SecretScheme::local(),
            instance: "test".into(),
            open_intents: OpenIntents::default(),
        };
        let name = authority.name.clone();
        let office = Office::new(vec![authority], &name, &[], &commons).unwrap();
        let [org1, org2, orderer] = ["Org1", "Org2", "Orderer"].map(Org::new);
        let config = config(&[&org1, &org2], &orderer, &format!("{HOST}:7050"));
        let server = orderer.pair(HOST, None, Some(HOST));
        let tls = Tls { server: &server, clients: None };
        let signs = orderer.member("orderer");
        let stranger = Org::new("Org9").member("orderer");
        let stub = Stub::start("supply", config.clone(), signs, stranger, Some(&tls));
        let id: ChannelId = "supply".parse().unwrap();
        let import = ImportChannel {
            id,
            config: config.encode_to_vec(),
            last_update: None,
            govern_here: Some(governed),
        };
        office.import_channel(&registry.admin, import).await.unwrap();
        let admins = [org1.member("admin"), org2.member("admin")];
        Self { registry, office, stub, admins, clerk: org1.member("client") }
    }

    fn newest(&self) -> Config {
        self.stub.chain.lock().unwrap().current.config().clone()
    }

    /// An update of what the orderer has, signed by the administrators.
    fn update(&self, name: &str) -> Update {
        let from = self.newest();
        let path = format!("/Channel/Application/{name}");
        let edits = [Edit::SetPolicy { path, rule: "ANY Readers".to_owned() }];
        let root = edit(from.channel_group.as_ref().unwrap(), &edits).unwrap();
        let target = Config { sequence: 0, channel_group: Some(root) };
        let mut update = Update::unsigned(compute_update("supply", &from, &target).unwrap());
        for admin in &self.admins {
            update.sign(admin.sign_update(&update));
        }
        update
    }

    async fn remote(&self) -> Remote {
        let name: Address = format!("{HOST}:7050").parse().unwrap();
        let at = self.stub.address.to_string().parse().unwrap();
        let options = Options { overrides: [(name, at)].into(), ..Options::default() };
        let membership = self.office.membership().await.unwrap();
        let (mut remotes, _) =
            orderers_of(membership.known("supply").unwrap().current.root(), &options);
        remotes.remove(0)
    }

    async fn catch_up(&self) -> CaughtUp {
        let remote = self.remote().await;
        self.office.catch_up("supply", &self.clerk, &[&remote]).await.unwrap()
    }

    async fn sequence(&self) -> u64 {
        self.office.membership().await.unwrap().known("supply").unwrap().sequence
    }
}

fn taken(told: &CaughtUp) -> Vec<u64> {
    told.taken.iter().map(|(sequence, _)| *sequence).collect()
}

#[tokio::test]
async fn what_came_since_is_taken_and_settles_the_proposals_that_led_to_it() {
    let harbour = Harbour::open(false).await;
    let update = harbour.update("Auditors");
    let wanted = Wanted::Update(update.octets().to_vec());
    let propose = Propose { channel: "supply".into(), title: "Auditors".into(), wanted };
    let made = harbour.office.propose(&harbour.registry.admin, propose).await.unwrap();
    let none = harbour.catch_up().await;
    assert_eq!((none.sequence, none.answered, taken(&none)), (0, 1, Vec::new()));

    harbour.stub.apply(&update);
    harbour.stub.transact();
    harbour.stub.apply(&harbour.update("Others"));
    let told = harbour.catch_up().await;
    assert_eq!(told.taken, [(1, vec![made.row.id.clone()]), (2, Vec::new())]);
    assert_eq!((told.sequence, told.answered, harbour.sequence().await), (2, 1, 2));
    let settled = harbour.office.proposal(&made.row.id).await.unwrap().row;
    assert_eq!((settled.state, settled.outcome.as_str()), (ProposalState::Applied, "1"));
    let kept = harbour.office.membership().await.unwrap();
    assert_eq!(kept.known("supply").unwrap().current.config(), &harbour.newest());
    let audit = harbour.registry.audit().await;
    assert!(audit.contains(&"chancery read-channel supply at sequence 2".to_owned()), "{audit:?}");

    // Again, nothing is new; and an orderer that is behind has nothing to say.
    let told = harbour.catch_up().await;
    assert_eq!((told.answered, told.taken.len(), told.failures.len()), (1, 0, 0));
    harbour.stub.mood(Mood::Behind(1));
    let told = harbour.catch_up().await;
    assert_eq!((told.answered, told.failures.len(), told.forks.len()), (0, 1, 0), "{told:?}");
}

#[tokio::test]
async fn what_contradicts_the_channel_is_an_alarm_and_the_next_orderer_is_asked() {
    let harbour = Harbour::open(false).await;
    let name: Address = format!("{HOST}:7050").parse().unwrap();
    let nobody = "127.0.0.1:1".parse().unwrap();
    let options = Options { overrides: [(name, nobody)].into(), ..Options::default() };
    let membership = harbour.office.membership().await.unwrap();
    let root = membership.known("supply").unwrap().current.root().clone();
    let dead = orderers_of(&root, &options).0.remove(0);

    harbour.stub.apply(&harbour.update("Auditors"));
    for mood in [Mood::Forges, Mood::Stranger, Mood::BadSignature] {
        harbour.stub.mood(mood);
        let told = harbour.catch_up().await;
        assert_eq!((told.forks.len(), told.taken.len(), told.sequence), (1, 0, 0), "{told:?}");
    }
    let audit = harbour.registry.audit().await;
    let alarm = "chancery refused-read-channel supply at sequence 0".to_owned();
    // Two of the three contradict in the same words: the same alarm is not told again at once.
    assert_eq!(audit.iter().filter(|line| **line == alarm).count(), 2, "{audit:?}");

    harbour.stub.mood(Mood::Good);
    let remote = harbour.remote().await;
    let orderers: [&dyn Orderer; 2] = [&dead, &remote];
    let told = harbour.office.catch_up("supply", &harbour.clerk, &orderers).await.unwrap();
    assert_eq!((taken(&told), told.failures.len()), (vec![1], 1), "{told:?}");
    assert!(told.failures[0].contains("cannot be reached"), "{told:?}");
}

#[tokio::test]
async fn where_this_server_decides_no_orderer_is_asked() {
    let harbour = Harbour::open(true).await;
    let remote = harbour.remote().await;
    let asked = harbour.office.catch_up("supply", &harbour.clerk, &[&remote]).await;
    assert_eq!(asked.unwrap_err().kind, Kind::Conflict);
    let unknown = harbour.office.catch_up("other", &harbour.clerk, &[&remote]).await;
    assert_eq!(unknown.unwrap_err().kind, Kind::UnknownChannel);
}
