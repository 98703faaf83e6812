//! Configurations of channels, in blocks and alone.

use chancery::channel::{Channel, ReadConfig, read};
use chancery::policy::language::read as read_language;
use chancery::policy::{Lookup, Outline, SignaturePolicy, advise_at, parse_implicit};
use chancery::wire::{ConfigEnvelope, Message as _};

use super::material::now;

pub fn law(octets: &[u8]) {
    let Ok(found) = read(octets) else { return };
    assert_eq!(found.block.is_some(), found.channel_id.is_some(), "a block tells both");
    let alone = ReadConfig { channel_id: None, block: None, last_update: None, ..found.clone() };
    assert_eq!(read(&alone.config.encode_to_vec()).as_ref(), Ok(&alone));
    let config = Some(alone.config.clone());
    let envelope = ConfigEnvelope { config, last_update: None }.encode_to_vec();
    assert_eq!(read(&envelope).as_ref(), Ok(&alone));

    let loaded = Channel::load(&found.config, now());
    let again = Channel::load(&found.config, now());
    assert_eq!(loaded.as_ref().err(), again.as_ref().err());
    let Ok(channel) = loaded else { return };
    let tree = channel.policies();
    let root = tree.root().expect("a loaded tree has a root");
    for name in tree.names(root) {
        let place = tree.lookup(root, &name);
        assert!(matches!(place, Lookup::Found(_)));
        assert_eq!(tree.lookup(root, &format!("/Channel/{name}")), place);
        let outline = tree.outline(place);
        let _ = advise_at(tree, place);
        match (tree.text(place), tree.signature_policy(place)) {
            (Some(text), Some(policy)) => {
                // The text may be longer than today's parser takes.
                if let Ok(written) = read_language(&text) {
                    let said = SignaturePolicy::from_written(&written);
                    assert_eq!(said.outline(), policy.outline());
                }
            }
            (Some(text), None) => {
                let implicit = parse_implicit(&text).expect("an implicit policy reads");
                let Outline::Implicit { name, .. } = outline else { panic!("it is one") };
                assert_eq!(implicit.sub_policy, name);
            }
            (None, Some(policy)) => assert_eq!(policy.outline(), outline),
            (None, None) => assert!(matches!(outline, Outline::Implicit { .. })),
        }
    }
}
