use aws_lc_rs::digest::{SHA256, digest};
use proptest::prelude::*;

use super::*;
use crate::wire::{
    BlockData, BlockHeader, BlockMetadata, ConfigPolicy, ConfigUpdate, ConfigValue, Header,
    Message as _,
};

/// A block with these entries and the hash of them.
fn block(number: u64, data: Vec<Vec<u8>>) -> Block {
    let data_hash = digest(&SHA256, &data.concat()).as_ref().to_vec();
    Block {
        header: Some(BlockHeader { number, previous_hash: vec![7; 32], data_hash }),
        data: Some(BlockData { data }),
        metadata: Some(BlockMetadata { metadata: vec![Vec::new(); 5] }),
    }
}

fn entry(kind: i32, data: Vec<u8>) -> Vec<u8> {
    let header =
        ChannelHeader { r#type: kind, channel_id: "trade".to_owned(), ..ChannelHeader::default() };
    let header = Header { channel_header: header.encode_to_vec(), signature_header: Vec::new() };
    let payload = Payload { header: Some(header), data }.encode_to_vec();
    Envelope { payload, signature: Vec::new() }.encode_to_vec()
}

fn config() -> Config {
    let value = ConfigValue { value: vec![1], ..ConfigValue::default() };
    let group = ConfigGroup {
        groups: [("Application".to_owned(), ConfigGroup::default())].into(),
        values: [("Capabilities".to_owned(), value)].into(),
        ..ConfigGroup::default()
    };
    Config { sequence: 4, channel_group: Some(group) }
}

fn envelope(config: &Config) -> Vec<u8> {
    ConfigEnvelope { config: Some(config.clone()), last_update: Some(Envelope::default()) }
        .encode_to_vec()
}

#[test]
fn a_block_tells_channel_and_number() {
    let octets = block(9, vec![entry(1, envelope(&config()))]).encode_to_vec();
    let read = read(&octets).unwrap();
    assert_eq!(read.config, config());
    assert_eq!((read.channel_id.as_deref(), read.block), (Some("trade"), Some(9)));
}

#[test]
fn what_is_no_configuration_block_is_told_why() {
    let refused = |block: &Block| read(&block.encode_to_vec()).unwrap_err();
    let entries = block(3, vec![entry(3, Vec::new()), entry(3, Vec::new())]);
    assert_eq!(refused(&entries), ReadError::Entries(3, 2));
    let transaction = block(3, vec![entry(3, Vec::new())]);
    assert_eq!(refused(&transaction), ReadError::NotConfig(3, "a transaction".to_owned()));
    let unknown = block(3, vec![entry(99, Vec::new())]);
    assert!(refused(&unknown).to_string().contains("an entry of the type 99"));
    let empty = block(3, vec![entry(1, Vec::new())]);
    assert!(matches!(refused(&empty), ReadError::Empty(_)));
    let torn = block(3, vec![b"\x0a\x05a".to_vec()]);
    assert!(refused(&torn).to_string().contains("entry does not parse"));
    let torn = block(3, vec![entry(1, b"\x0a\x05a".to_vec())]);
    assert!(refused(&torn).to_string().contains("ConfigEnvelope does not parse"));
    let mut other = block(3, vec![entry(1, envelope(&config()))]);
    other.header.as_mut().unwrap().data_hash[0] ^= 1;
    assert_eq!(refused(&other), ReadError::DataHash(3));
    assert_eq!(refused(&block(0, Vec::new())), ReadError::Entries(0, 0));
}

#[test]
fn what_is_something_else_is_told_so() {
    assert_eq!(read(b""), Err(ReadError::NotProtobuf));
    assert_eq!(read(b"text"), Err(ReadError::NotProtobuf));
    assert!(matches!(read(b" {\"data\": {}}"), Err(ReadError::Text(_))));
    assert!(matches!(read(b"-----BEGIN CERTIFICATE-----"), Err(ReadError::Text("PEM"))));
    assert_eq!(
        read(&Config { sequence: 3, channel_group: None }.encode_to_vec()).unwrap_err(),
        ReadError::Empty("a `common.Config`".to_owned())
    );
    // What is in the block alone.
    assert_eq!(read(&entry(1, envelope(&config()))), Err(ReadError::NotProtobuf));
    let update = ConfigUpdate {
        channel_id: "trade".to_owned(),
        write_set: Some(config().channel_group.unwrap()),
        ..ConfigUpdate::default()
    };
    assert_eq!(read(&update.encode_to_vec()), Err(ReadError::Update));
    let update = ConfigUpdate { read_set: config().channel_group, ..update };
    assert_eq!(read(&update.encode_to_vec()), Err(ReadError::Update));
    let signed = ConfigUpdateEnvelope {
        config_update: update.encode_to_vec(),
        ..ConfigUpdateEnvelope::default()
    };
    assert_eq!(read(&signed.encode_to_vec()), Err(ReadError::Update));
    assert_eq!(read(&entry(2, signed.encode_to_vec())), Err(ReadError::Update));
}

fn groups() -> impl Strategy<Value = ConfigGroup> {
    let value = (any::<u64>(), any::<Vec<u8>>(), "[a-zA-Z/]{0,9}")
        .prop_map(|(version, value, mod_policy)| ConfigValue { version, value, mod_policy });
    let policy = any::<u64>().prop_map(|version| ConfigPolicy { version, ..Default::default() });
    let of = move |inner: BoxedStrategy<ConfigGroup>| {
        let values = proptest::collection::btree_map("[a-z]{1,9}", value.clone(), 0..3);
        let policies = proptest::collection::btree_map("[a-z]{1,9}", policy.clone(), 0..3);
        let groups = proptest::collection::btree_map("[a-z]{1,9}", inner, 0..3);
        (any::<u64>(), groups, values, policies, "[a-zA-Z/]{0,9}").prop_map(
            |(version, groups, values, policies, mod_policy)| ConfigGroup {
                version,
                groups,
                values,
                policies,
                mod_policy,
            },
        )
    };
    let leaf = Just(ConfigGroup::default()).boxed();
    leaf.prop_recursive(3, 20, 3, move |inner| of(inner.boxed()))
}

proptest! {
    #[test]
    fn a_configuration_is_the_same_in_each_of_its_dresses(
        sequence in 0..5_u64,
        number in 0..5_u64,
        group in groups(),
    ) {
        prop_assume!(!is_empty(&group));
        let config = Config { sequence, channel_group: Some(group) };
        let (channel_id, last_update) = (None, None);
        let alone = ReadConfig { config: config.clone(), channel_id, block: None, last_update };
        prop_assert_eq!(read(&config.encode_to_vec()), Ok(alone.clone()));
        prop_assert_eq!(read(&envelope(&config)), Ok(alone.clone()));
        let bare = ConfigEnvelope { config: Some(config.clone()), last_update: None };
        prop_assert_eq!(read(&bare.encode_to_vec()), Ok(alone.clone()));
        let octets = block(number, vec![entry(1, envelope(&config))]).encode_to_vec();
        let channel_id = Some("trade".to_owned());
        prop_assert_eq!(read(&octets), Ok(ReadConfig { channel_id, block: Some(number), ..alone }));
    }

    #[test]
    fn a_block_whose_data_was_touched_is_refused(group in groups(), at: usize, with in 1..=255_u8) {
        prop_assume!(!is_empty(&group));
        let config = Config { sequence: 1, channel_group: Some(group) };
        let mut block = block(1, vec![entry(1, envelope(&config))]);
        let data = &mut block.data.as_mut().unwrap().data[0];
        let at = at % data.len();
        data[at] ^= with;
        prop_assert_eq!(read(&block.encode_to_vec()), Err(ReadError::DataHash(1)));
    }

    #[test]
    fn whatever_it_is_it_ends(octets: Vec<u8>) {
        let _ = read(&octets);
    }
}
