//! First blocks of channels, from `configtx.yaml`.

use std::collections::BTreeMap;

use chancery::channel::{
    ConfigtxError, GenesisError, JoinError, Profile, check_join, generate, genesis_block,
    read_profile,
};
use chancery::clock::{Clock, Timestamp};
use chancery::policy::header_octets;
use chancery::wire::{
    Block, ChannelHeader, ConfigEnvelope, Envelope, Message as _, Payload, Shaped, SignatureHeader,
    canonical, decode,
};
use serde_json::{Value, json};

use super::frame::{Case, Judge, Tables, Told, octets};

enum Why {
    Configtx(ConfigtxError),
    Genesis(GenesisError),
}

impl Why {
    fn word(&self) -> &'static str {
        match self {
            Self::Configtx(why) => why.word(),
            Self::Genesis(why) => why.word(),
        }
    }
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Configtx(why) => why.fmt(f),
            Self::Genesis(why) => why.fmt(f),
        }
    }
}

fn message<M: Shaped>(octets: &[u8]) -> M {
    decode(octets).unwrap_or_else(|e| panic!("{e}"))
}

fn profile(case: &Case) -> Result<Profile, ConfigtxError> {
    let environment = case.get("environment").as_object().into_iter().flatten();
    let environment = environment.map(|(name, value)| (name.clone(), text(value).to_owned()));
    let configtx = case.text("configtx").as_bytes();
    read_profile(configtx, &environment.collect(), case.text("profile"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

pub(super) fn genesis(tables: &Tables) -> Judge {
    let known = tables.octets("files");
    Box::new(move |case, told| {
        let expected = case.expect();
        let named = case.get("files").as_object().unwrap();
        let octets_of = |(path, id): (&String, &Value)| {
            let octets = id.as_str().and_then(|id| known.get(id)).cloned().unwrap_or_default();
            (path.clone(), octets)
        };
        let files: BTreeMap<String, Vec<u8>> = named.iter().map(octets_of).collect();
        let generated = profile(case).map_err(Why::Configtx);
        let generated =
            generated.and_then(|profile| generate(&profile, &files).map_err(Why::Genesis));
        if let (Ok(generated), true) = (&generated, expected["ok"] == true) {
            let group = base64(&canonical(&generated.channel_group));
            told.same("group", &json!(group), &expected["channel_group"]);
            let block: Block = message(&octets(&expected["block"]));
            same_block(told, case.text("channel"), &generated.channel_group, &block, expected);
        }
        told.verdict("genesis", generated.map(drop), Why::word, expected);
    })
}

/// Our block with the nonce and the instant of Fabric's says the same; the order of its maps is its own.
fn same_block(
    told: &mut Told,
    channel: &str,
    group: &chancery::wire::ConfigGroup,
    fabrics: &Block,
    expected: &Value,
) {
    let (header, signer, config) = parts(fabrics);
    let at = Timestamp::from_unix(header.timestamp.as_ref().unwrap().seconds);
    let nonce = <[u8; 24]>::try_from(signer.nonce.as_slice()).unwrap();
    let ours = genesis_block(channel, group.clone(), at, nonce);
    told.same("parts", &parts(&ours), &(header.clone(), signer, config));
    told.same("metadata", &ours.metadata, &fabrics.metadata);
    told.same("tx_id", &json!(header.tx_id), &expected["tx_id"]);
    told.same("tx_id of ours", &json!(parts(&ours).0.tx_id), &expected["tx_id"]);
    let fabrics_header = fabrics.header.as_ref().unwrap();
    told.same("data_hash", &json!(hex(&fabrics_header.data_hash)), &expected["data_hash"]);
    let hash = sha256(&header_octets(fabrics_header));
    told.same("header_hash", &json!(hex(&hash)), &expected["header_hash"]);
    let our_header = ours.header.as_ref().unwrap();
    told.same("number", &our_header.number, &fabrics_header.number);
    told.same("previous_hash", &our_header.previous_hash, &fabrics_header.previous_hash);
    told.same(
        "our data_hash",
        &our_header.data_hash,
        &sha256(&ours.data.as_ref().unwrap().data[0]),
    );
    let now = Clock::system().now();
    for block in [&ours, fabrics] {
        let judged = check_join(&block.encode_to_vec(), now);
        told.verdict("join", judged.map(drop), JoinError::word, &expected["join"]);
    }
}

fn parts(block: &Block) -> (ChannelHeader, SignatureHeader, ConfigEnvelope) {
    let envelope: Envelope = message(&block.data.as_ref().unwrap().data[0]);
    assert!(envelope.signature.is_empty());
    let payload: Payload = message(&envelope.payload);
    let header = payload.header.unwrap();
    (message(&header.channel_header), message(&header.signature_header), message(&payload.data))
}

fn sha256(octets: &[u8]) -> Vec<u8> {
    use aws_lc_rs::digest;
    digest::digest(&digest::SHA256, octets).as_ref().to_vec()
}

fn hex(octets: &[u8]) -> String {
    hex::encode(octets)
}

fn base64(octets: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(octets)
}
