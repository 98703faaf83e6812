use super::*;
use crate::pki::Reason;
use crate::service::revoke::{Revoke, Target};
use crate::service::testing::{Registry, issuer, retired_issuer, serial};
use crate::store::{Change, Write};
use crate::wire::{
    BlockDataHashingStructure, Capabilities, Capability, ConfigGroup, ConfigValue,
    HashingAlgorithm, Message as _,
};

fn memberships(authority: &Arc<Authority>) -> Memberships {
    Memberships::new(authority.store.clone(), &[], std::slice::from_ref(authority))
}

fn is_revoked(membership: &Membership, issuer: &KeyId, number: u8) -> bool {
    membership.revoked.contains(issuer.as_octets(), serial(number).as_octets())
}

#[tokio::test]
async fn what_one_process_revoked_all_know_at_their_next_question() {
    let registry = Registry::open().await;
    registry.caller("u", "client", "x", "").await;
    for number in 1..=3 {
        registry.issue("u", number).await;
    }
    registry.issue_by(&retired_issuer(), "u", 9, 2_000_000_000).await;
    let another = registry.another();
    let (here, there) = (memberships(&registry.authority), memberships(&another));
    assert!(!is_revoked(&there.today().await.unwrap(), &issuer(), 1));

    let one = Target::read("", &serial(1).to_string(), &issuer().to_string()).unwrap();
    let request = Revoke { target: one, reason: Reason::KeyCompromise };
    registry.authority.revoke(&registry.admin, request).await.unwrap();
    for process in [&there, &here] {
        let today = process.today().await.unwrap();
        assert!(is_revoked(&today, &issuer(), 1));
        assert!(!is_revoked(&today, &issuer(), 2) && !is_revoked(&today, &retired_issuer(), 1));
    }

    // What was handed out before knows it as well: nobody is judged by what was true yesterday.
    let held = here.today().await.unwrap();
    let all = Revoke { target: Target::Identity("u".into()), reason: Reason::Superseded };
    another.revoke(&registry.admin, all).await.unwrap();
    let today = here.today().await.unwrap();
    assert!(is_revoked(&today, &issuer(), 3) && is_revoked(&today, &retired_issuer(), 9));
    assert!(is_revoked(&held, &issuer(), 3));
}

/// The least that nodes load.
fn smallest() -> ConfigGroup {
    let value = |value| ConfigValue { value, ..ConfigValue::default() };
    let hash = HashingAlgorithm { name: "SHA256".into() }.encode_to_vec();
    let width = BlockDataHashingStructure { width: u32::MAX }.encode_to_vec();
    let capabilities = Capabilities { capabilities: [("V2_0".into(), Capability {})].into() };
    let values = [
        ("HashingAlgorithm", hash),
        ("BlockDataHashingStructure", width),
        ("Capabilities", capabilities.encode_to_vec()),
    ];
    let values = values.map(|(name, octets)| (name.to_owned(), value(octets)));
    ConfigGroup { values: values.into(), ..ConfigGroup::default() }
}

#[tokio::test]
async fn a_channel_that_did_not_change_keeps_its_memory() {
    let registry = Registry::open().await;
    let memberships = memberships(&registry.authority);
    let config = Config { sequence: 1, channel_group: Some(smallest()) };
    let keep = |id: &str, sequence: u64, follows: Option<u64>| {
        let row = ChannelRow {
            id: id.parse().unwrap(),
            sequence,
            at: registry.authority.clock.now(),
            governed_here: false,
            config: config.encode_to_vec(),
        };
        let entry = registry.authority.entry("test", "import-channel", id, "");
        registry.authority.store.write(Write::new(Change::KeepChannel { row, follows }, entry))
    };
    keep("one", 1, None).await.unwrap();
    keep("two", 1, None).await.unwrap();
    let before = memberships.today().await.unwrap();
    keep("two", 2, Some(1)).await.unwrap();
    let after = memberships.today().await.unwrap();
    let same = |id: &str| Arc::ptr_eq(&before.channels[id], &after.channels[id]);
    assert!(same("one") && !same("two"));
    assert_eq!((before.channels["two"].sequence, after.channels["two"].sequence), (1, 2));
    assert!(Arc::ptr_eq(&after, &memberships.today().await.unwrap()));

    // Forgotten and imported again within one second, at the same sequence: it is another one.
    let id = "one".parse().unwrap();
    let entry = registry.authority.entry("test", "forget-channel", "one", "");
    let forget = Change::ForgetChannel { id, sequence: 1 };
    registry.authority.store.write(Write::new(forget, entry)).await.unwrap();
    let mut other = config.clone();
    other.channel_group.as_mut().unwrap().mod_policy = "Admins".into();
    let row = ChannelRow {
        id: "one".parse().unwrap(),
        sequence: 1,
        at: registry.authority.clock.now(),
        governed_here: true,
        config: other.encode_to_vec(),
    };
    let entry = registry.authority.entry("test", "import-channel", "one", "");
    let again = Change::KeepChannel { row, follows: None };
    registry.authority.store.write(Write::new(again, entry)).await.unwrap();
    let today = memberships.today().await.unwrap();
    let one = &today.channels["one"];
    assert!(one.governed_here && *one.current.config() == other);
}
