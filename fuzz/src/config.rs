//! The configuration: TOML, then what the environment lays over it, separated by NUL octets.

use std::collections::BTreeSet;
use std::path::Path;

use chancery::config::Config;

pub fn law(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else { return };
    let mut pieces = text.split('\0');
    let file = pieces.next().unwrap_or_default();
    let variables: Vec<(String, String)> = pieces
        .filter_map(|piece| piece.split_once('='))
        .map(|(name, value)| (format!("CHANCERY_{name}"), value.to_owned()))
        .collect();
    let folder = Path::new("/etc/chancery");
    match Config::parse(file, variables.into_iter(), folder, Path::new("chancery.toml")) {
        Ok(config) => sound(&config),
        Err(why) => assert!(!why.to_string().is_empty()),
    }
}

fn sound(config: &Config) {
    let names: BTreeSet<_> = config.cas.iter().map(|ca| ca.name.as_str()).collect();
    assert_eq!(names.len(), config.cas.len(), "no name stands twice");
    assert!(names.contains(config.default_ca().unwrap().as_str()));
    assert!(config.signer.workers > 0 && config.signer.dir.is_absolute());
    let signer = &config.signer;
    let paths = [&signer.pin_file, &signer.socket, &signer.softhsm2_conf];
    assert!(paths.into_iter().flatten().all(|path| path.is_absolute()));
}
