//! Documents of channels and collections: what compiles is written and compiles to the same.

use std::collections::BTreeMap;

use chancery::channel::document::{compile, compile_collections, kind_of, write};
use chancery::wire::canonical;

use super::material::{issuer, now};

pub fn law(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else { return };
    let kind = kind_of(text);
    let ca = issuer().1.to_pem().into_bytes();
    let roles =
        "NodeOUs:\n  Enable: true\n  AdminOUIdentifier: {OrganizationalUnitIdentifier: admin}\n";
    let files = BTreeMap::from([
        ("msp/cacerts/ca.pem".to_owned(), ca.clone()),
        ("msp/config.yaml".to_owned(), roles.as_bytes().to_vec()),
        ("tls.pem".to_owned(), ca),
    ]);
    if let Ok(compiled) = compile(text, &files, now()) {
        assert!(kind.is_ok(), "{kind:?}");
        let (id, config) = (compiled.current.channel_id(), compiled.current.config());
        let written = write(id, config).expect("what nodes load is written");
        // What was read from files stands in it.
        let again = compile(&written, &BTreeMap::new(), now()).expect("what is written compiles");
        assert_eq!(canonical(again.current.config()), canonical(config), "{written}");
        assert_eq!(write(id, config).as_ref(), Ok(&written));
    }
    if let Ok(collections) = compile_collections(text, None) {
        assert!(
            collections
                .chaincodes
                .values()
                .all(|package| { package.config.iter().all(|config| config.payload.is_some()) })
        );
    }
}
