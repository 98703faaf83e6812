//! Configurations of channels, and updates of one.

use chancery::channel::{Channel, Current, Update, compute_update, diff, outlooks, rebase};
use chancery::clock::Timestamp;
use chancery::policy::{Described, Members, Named, language, parse_implicit, to_envelope};
use chancery::wire::{
    BatchSize, BatchTimeout, BlockDataHashingStructure, Capabilities, Capability, Config,
    ConfigEnvelope, ConfigGroup, ConfigPolicy, ConfigValue, HashingAlgorithm, Message,
    MspPrincipal, Policy, canonical, decode,
};
use std::sync::LazyLock;

pub(crate) fn now() -> Timestamp {
    Timestamp::from_unix(1_800_000_000)
}

/// A configuration: what loads is loaded the same again, written again it is the same, and nothing differs from
/// itself.
pub fn configuration(octets: &[u8]) {
    let Ok(config) = decode::<Config>(octets) else { return };
    let written = canonical(&config);
    assert_eq!(decode::<Config>(&written).as_ref(), Ok(&config));
    assert_eq!(canonical(&decode::<Config>(&written).expect("as written")), written);
    if let Some(root) = &config.channel_group {
        assert!(diff(root, root).is_empty());
        let none = ConfigGroup::default();
        for change in diff(&none, root) {
            assert!(!change.to_string().is_empty());
        }
    }
    let Ok(current) = Current::load("channel", config.clone(), now()) else { return };
    let channel = current.channel();
    let again = channel.load_next(&config, now()).expect("what loads loads again");
    assert_eq!(again.msps().iter().len(), channel.msps().iter().len());
    assert_eq!(channel.check_successor(&again), Ok(()));
    outlooks(channel, current.root(), now());
    let from_here = compute_update("channel", FIRST.config(), &config);
    let Ok(update) = from_here.map(Update::unsigned) else { return };
    // Asked by whoever may, it leads there, unless a mod policy could not be.
    let Ok(demands) = FIRST.demands(&update) else { return };
    assert!(!demands.is_empty(), "something is touched");
    let moved = rebase(&update, &FIRST, &FIRST).expect("onto itself");
    assert_eq!(Some(&moved.update), Some(update.message()));
}

/// The signatures and the update of a `ConfigUpdateEnvelope`, before a small configuration.
pub fn update(octets: &[u8]) {
    let Ok(update) = Update::from_octets(octets) else { return };
    let proposed = FIRST.propose(&update, &Spelled);
    let explained = FIRST.explain(&update, &Spelled);
    let config = match proposed {
        Err(why) => {
            assert!(!why.to_string().contains('\n') && !why.word().is_empty());
            // Whoever is refused for their signatures learns which; whoever is not, learns the same reason.
            match explained {
                Ok(all) => assert!(all.iter().any(|(_, why)| !why.is_satisfied)),
                Err(told) => assert_eq!(told, why),
            }
            return;
        }
        Ok(config) => config,
    };
    assert!(explained.is_ok_and(|all| all.iter().all(|(_, why)| why.is_satisfied)));
    assert_eq!(config.sequence, FIRST.config().sequence + 1);
    let last_update = Some(update.to_envelope(Vec::new()));
    let envelope = ConfigEnvelope { config: Some(config.clone()), last_update };
    assert_eq!(FIRST.validate(&envelope, &Spelled), Ok(()));
    let root = config.channel_group.clone().expect("a root");
    for change in diff(FIRST.root(), &root) {
        assert!(!change.to_string().is_empty());
    }
    let Ok(next) = FIRST.follow(config.clone(), now()) else { return };
    let alone = Channel::load(&config, now()).expect("what follows loads alone");
    assert_eq!(alone.msps().iter().len(), next.as_current().channel().msps().iter().len());
    // Where anything differs, versions have moved on: it cannot be applied twice.
    if !diff(FIRST.root(), &root).is_empty() {
        assert!(next.as_current().propose(&update, &Spelled).is_err());
    }
}

/// Identities are spelled as roles are in policies, and sign with `y`.
struct Spelled;

impl Members for Spelled {
    type Identity = String;
    type Rejection = ();

    fn identity(&self, serialized: &[u8]) -> Result<String, ()> {
        let text = String::from_utf8(serialized.to_vec()).map_err(|_| ())?;
        if Named::parse(&text).is_some() { Ok(text) } else { Err(()) }
    }

    fn key(identity: &String) -> (&str, &[u8]) {
        ("", identity.as_bytes())
    }

    fn verify(&self, _: &String, _: &[u8], signature: &[u8]) -> Result<(), ()> {
        if signature == b"y" { Ok(()) } else { Err(()) }
    }

    fn satisfies(&self, identity: &String, principal: &MspPrincipal) -> Result<(), ()> {
        if Described::of(principal).to_string() == *identity { Ok(()) } else { Err(()) }
    }
}

/// A channel whose organizations are named by its policies alone.
/// A small channel at its third sequence, whose blocks nobody can sign.
pub fn first() -> &'static Current {
    &FIRST
}

static FIRST: LazyLock<Current> = LazyLock::new(|| {
    let mut root = group(&[("Admins", "AND('A.admin', 'B.admin')"), ("Any", "ANY Admins")]);
    let mut application = group(&[("Admins", "OR('A.admin', 'B.admin')")]);
    application.values.insert("Capabilities".into(), capabilities("V2_5"));
    let mut orderer = group(&[("Admins", "OR('C.admin')")]);
    let size = BatchSize { max_message_count: 9, absolute_max_bytes: 9, preferred_max_bytes: 9 };
    orderer.values.insert("BatchSize".into(), value(&size));
    orderer.values.insert("BatchTimeout".into(), value(&BatchTimeout { timeout: "2s".into() }));
    orderer.values.insert("Capabilities".into(), capabilities("V2_0"));
    root.groups = [("Application".to_owned(), application), ("Orderer".to_owned(), orderer)].into();
    root.values = [
        ("Capabilities".to_owned(), capabilities("V2_0")),
        ("HashingAlgorithm".to_owned(), value(&HashingAlgorithm { name: "SHA256".into() })),
        (
            "BlockDataHashingStructure".to_owned(),
            value(&BlockDataHashingStructure { width: u32::MAX }),
        ),
    ]
    .into();
    let config = Config { sequence: 3, channel_group: Some(root) };
    Current::load("channel", config, now()).expect("a small channel")
});

fn group(policies: &[(&str, &str)]) -> ConfigGroup {
    let policy = |text: &str| {
        if let Ok(written) = language::read(text) {
            return Policy { r#type: 1, value: to_envelope(&written).encode_to_vec() };
        }
        let value = parse_implicit(text).expect("an implicit policy").encode_to_vec();
        Policy { r#type: 3, value }
    };
    let named = policies.iter().map(|(name, text)| {
        let policy = Some(policy(text));
        ((*name).to_owned(), ConfigPolicy { policy, mod_policy: "Admins".into(), version: 0 })
    });
    ConfigGroup { policies: named.collect(), mod_policy: "Admins".into(), ..ConfigGroup::default() }
}

fn value(message: &impl Message) -> ConfigValue {
    ConfigValue { version: 0, value: message.encode_to_vec(), mod_policy: "Admins".into() }
}

fn capabilities(name: &str) -> ConfigValue {
    value(&Capabilities { capabilities: [(name.to_owned(), Capability {})].into() })
}
