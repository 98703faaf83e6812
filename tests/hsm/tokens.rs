//! The signer on tokens of several makers: a key made, bound, signed with, found again.

use chancery::hsm::protocol::{Answer, Ask, Refusal};
use chancery::hsm::{Algorithm, CustodyLevel, Purpose};
use chancery::pki::{SignatureAlgorithm, signature};

use crate::client::Client;
use crate::places::Place;

fn signer_works(place: &Place, level: CustodyLevel) {
    let mut client = Client::start(&place.signer(level));
    let key = client.ready().generate("ca", Algorithm::P256, &[Purpose::Certificate]).unwrap();
    assert_eq!(key.custody.level(), level);
    assert_eq!(key.token.label, place.token);
    let secret = client.generate("secrets", Algorithm::HmacSha256, &[Purpose::Mac]).unwrap();
    let code = client.mac(&secret, b"secret").unwrap();
    assert_ne!(code, client.mac(&secret, b"another").unwrap());
    let public = key.public_key().unwrap();
    let sign = |client: &mut Client, message: &[u8]| {
        let made = client.sign(&key, Purpose::Certificate, message).unwrap();
        assert!(signature::is_low_s(&public, &made));
        signature::verify(&public, SignatureAlgorithm::EcdsaSha256, message, &made).unwrap();
    };
    for number in 0..20_u8 {
        sign(&mut client, &[number]);
    }
    let Answer::Inventory(inventory) = client.ask(Ask::Inventory).unwrap() else { panic!() };
    assert!(inventory.missing.is_empty(), "{inventory:?}");
    let ca = inventory.keys.iter().find(|key| key.label == "ca").unwrap();
    assert_eq!((ca.algorithm, ca.level), (Some(Algorithm::P256), level));
    assert!(client.finish().success());

    // Both are found again by the next process.
    let mut client = Client::start(&place.signer(level));
    sign(client.ready(), b"after a restart");
    assert_eq!(client.mac(&secret, b"secret").unwrap(), code);
    assert!(client.finish().success());
}

#[test]
fn the_signer_works_on_nss_softokn() {
    let Some(place) = Place::nss() else { return };
    // It does not keep `CKA_LOCAL`: what asks for more is refused, and told.
    let mut client = Client::start(&place.signer(CustodyLevel::Generated));
    let refused = client.ready().generate("strict", Algorithm::P256, &[Purpose::Certificate]);
    let Err(Refusal::Alarm { detail, .. }) = refused else { panic!("{refused:?}") };
    assert!(detail.contains("not made in the token"), "{detail}");
    drop(client);
    signer_works(&place, CustodyLevel::Guarded);
}

#[test]
fn the_signer_works_on_kryoptic() {
    if let Some(place) = Place::kryoptic() {
        signer_works(&place, CustodyLevel::Generated);
    }
}

#[test]
fn the_signer_works_behind_p11_kit_server() {
    if let Some(place) = Place::p11_kit() {
        signer_works(&place, CustodyLevel::Generated);
    }
}
