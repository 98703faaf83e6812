//! Profiles of channels, up to their first block.

use std::collections::BTreeMap;

use chancery::channel::{check_join, generate, genesis_block, read, read_profile};
use chancery::wire::Message as _;

use super::material::now;

/// What an MSP's folder needs at least; nobody looks into it before a node does.
const PEM: &[u8] = b"-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";

pub fn law(octets: &[u8]) {
    let variable = ("CONFIGTX_PROFILES_P_ORDERER_BATCHTIMEOUT".to_owned(), "90s".to_owned());
    let environment = BTreeMap::from([variable]);
    let Ok(profile) = read_profile(octets, &environment, "P") else { return };
    assert_eq!(read_profile(octets, &environment, "P").as_ref(), Ok(&profile));
    let files = ["msp/cacerts/ca.pem", "tls.pem"].map(|path| (path.to_owned(), PEM.to_vec()));
    let files = BTreeMap::from(files);
    let Ok(generated) = generate(&profile, &files) else { return };
    assert_eq!(generate(&profile, &files).as_ref(), Ok(&generated));
    let group = generated.channel_group;
    let block = genesis_block("channel", group.clone(), now(), [7; 24]).encode_to_vec();
    let found = read(&block).expect("a first block is read");
    assert_eq!((found.channel_id.as_deref(), found.block), (Some("channel"), Some(0)));
    assert_eq!(found.config.channel_group, Some(group));
    let (joined, again) = (check_join(&block, now()), check_join(&block, now()));
    assert_eq!(joined.err(), again.err());
}
