//! Configurations of real networks as documents: nothing is lost on the way there and back.

use std::collections::BTreeMap;

use chancery::channel::Current;
use chancery::channel::document::{compile, write};
use chancery::clock::Clock;
use chancery::wire::{Config, canonical, decode};
use serde_json::Value;

use super::frame::{folder, octets};

/// Families whose tables hold configurations, and the table.
const FAMILIES: [(&str, &str); 6] = [
    ("channel-config", "configs"),
    ("config-update", "configs"),
    ("config-validate", "configs"),
    ("compute-update", "configs"),
    ("application-policy", "channels"),
    ("block-signature", "channels"),
];

#[test]
fn every_configuration_that_loads_is_written_and_compiles_to_the_same() {
    let Some(folder) = folder() else { return };
    let now = Clock::system().now();
    let mut known: BTreeMap<Vec<u8>, String> = BTreeMap::new();
    for (family, table) in FAMILIES {
        let text = std::fs::read(folder.join(format!("{family}.json"))).unwrap();
        let family_of: Value = serde_json::from_slice(&text).unwrap();
        for (id, value) in family_of["tables"][table].as_object().unwrap() {
            known.entry(octets(value)).or_insert_with(|| format!("{family} {id}"));
        }
    }
    let (mut written, mut with_raw) = (0, 0);
    for (octets, name) in &known {
        let Ok(config) = decode::<Config>(octets) else { continue };
        if Current::load("mychannel", config.clone(), now).is_err() {
            continue;
        }
        let text = write("mychannel", &config).unwrap_or_else(|why| panic!("{name}: {why}"));
        let again = compile(&text, &BTreeMap::new(), now);
        let again = again.unwrap_or_else(|why| panic!("{name}: {why}\n{text}"));
        assert_eq!(canonical(again.current.config()), canonical(&config), "{name}\n{text}");
        let stable = write("mychannel", again.current.config()).unwrap();
        assert_eq!(stable, text, "{name}");
        written += 1;
        with_raw += usize::from(text.contains("\nraw:"));
    }
    assert!(written > 50, "{written}");
    // Most have words for all that they say.
    assert!(with_raw * 2 < written, "{with_raw} of {written}");
}
