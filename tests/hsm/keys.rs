//! Keys: made, bound, used for what they are for, and for nothing else.

use std::collections::HashSet;

use chancery::hsm::protocol::{Answer, Ask, Message, Refusal};
use chancery::hsm::{Algorithm, Class, CustodyLevel, Octets, Purpose};
use chancery::pki::{SignatureAlgorithm, signature};

use crate::client::Client;
use crate::fixture::{Home, ledger_lines};

#[test]
fn a_key_is_made_and_bound_and_strictly_kept() {
    let home = Home::new(&["org1"]);
    let mut client = Client::start(&home.command(&home.options("org1")));
    let key = client
        .ready()
        .generate("ca-root", Algorithm::P256, &[Purpose::Certificate, Purpose::Crl])
        .unwrap();
    assert_eq!(key.custody.level(), CustodyLevel::Generated);
    assert_eq!(key.custody.modifiable, Some(false));
    assert_eq!(key.custody.sign_only, Some(true));
    assert_eq!(key.id.len(), 20);
    assert_eq!(key.token.label, "org1");
    let public = key.public_key().unwrap();
    assert_eq!(public.spki_hash(), key.reference);

    let made = client.sign(&key, Purpose::Certificate, b"tbs").unwrap();
    signature::verify(&public, SignatureAlgorithm::EcdsaSha256, b"tbs", &made).unwrap();
    assert_eq!(client.ask(Ask::Keys).unwrap(), Answer::Keys(vec![key.clone()]));
    assert!(client.finish().success());

    // The binding outlives the process.
    let mut client = Client::start(&home.command(&home.options("org1")));
    let made = client.ready().sign(&key, Purpose::Crl, b"crl").unwrap();
    signature::verify(&public, SignatureAlgorithm::EcdsaSha256, b"crl", &made).unwrap();
}

#[test]
fn a_label_in_use_is_refused() {
    let home = Home::new(&["org1"]);
    let mut client = Client::start(&home.command(&home.options("org1")));
    client.ready().generate("ca", Algorithm::P256, &[Purpose::Crl]).unwrap();
    let taken = Refusal::LabelTaken { label: "ca".parse().unwrap() };
    for algorithm in [Algorithm::P256, Algorithm::P384] {
        assert_eq!(client.generate("ca", algorithm, &[Purpose::Crl]), Err(taken.clone()));
    }
    // One that only the token knows is taken too.
    home.pkcs11_tool(&["--keypairgen", "--key-type", "EC:prime256v1", "--label", "other"]);
    let taken = Refusal::LabelTaken { label: "other".parse().unwrap() };
    for _ in 0..2 {
        let refused = client.generate("other", Algorithm::P256, &[Purpose::Crl]);
        assert_eq!(refused, Err(taken.clone()));
    }
}

#[test]
fn a_key_serves_its_purposes_alone() {
    let home = Home::new(&["org1"]);
    let mut client = Client::start(&home.command(&home.options("org1")));
    client.ready();
    let issuer = client.generate("ca", Algorithm::P256, &[Purpose::Certificate]).unwrap();
    let tls = client.generate("tls", Algorithm::P256, &[Purpose::Tls]).unwrap();
    assert!(client.sign(&issuer, Purpose::Certificate, b"tbs").is_ok());
    assert!(client.sign(&tls, Purpose::Tls, b"handshake").is_ok());
    for (key, purpose) in [(&issuer, Purpose::Crl), (&issuer, Purpose::Tls), (&tls, Purpose::Crl)] {
        let label = key.label.clone();
        let refused = client.sign(key, purpose, b"x");
        assert_eq!(refused, Err(Refusal::WrongPurpose { label, purpose }));
    }
    assert!(matches!(client.mac(&issuer, b"x"), Err(Refusal::WrongPurpose { .. })));

    let mut unknown = issuer.clone();
    unknown.reference = [9; 32];
    let refused = client.sign(&unknown, Purpose::Certificate, b"x");
    assert_eq!(refused, Err(Refusal::UnknownKey));

    // A key off the ledger that could also issue is not made.
    let mixed = client.generate("mixed", Algorithm::P256, &[Purpose::Tls, Purpose::Certificate]);
    assert!(matches!(mixed, Err(Refusal::Malformed(_))));
    let lines = ledger_lines(&home.path("ledger.txt"));
    assert_eq!(lines.len(), 1, "only what was signed for the issuer is in the ledger");
}

#[test]
fn two_hundred_signatures_are_low_s_and_verify() {
    let home = Home::new(&["org1"]);
    let mut client = Client::start(&home.command(&home.options("org1")));
    client.ready();
    let key = client.generate("ca", Algorithm::P256, &[Purpose::Certificate]).unwrap();
    let public = key.public_key().unwrap();
    let mut messages = Vec::new();
    for number in 0..200_u32 {
        messages.push(number.to_be_bytes().to_vec());
        let message = Message::of(messages.last().unwrap());
        client.send(Ask::Sign { key: key.reference, purpose: Purpose::Certificate, message });
    }
    // The first two requests were others: health is asked for at least once, and the key was made.
    let mut seen = HashSet::new();
    let mut first = None;
    for _ in 0..200 {
        let reply: chancery::hsm::protocol::Reply = client.read().unwrap();
        let first = *first.get_or_insert(reply.id.min(reply.id));
        seen.insert(reply.id);
        let Ok(Answer::Signature(made)) = reply.answer else { panic!("{:?}", reply.answer) };
        assert!(signature::is_low_s(&public, &made.0));
        // Replies come in any order: the identifiers of this run are consecutive.
        let verified = messages.iter().any(|message| {
            signature::verify(&public, SignatureAlgorithm::EcdsaSha256, message, &made.0).is_ok()
        });
        assert!(verified, "reply {} after {first}", reply.id);
    }
    assert_eq!(seen.len(), 200);

    // One line for each signature, with the digest of what was signed.
    let expected: HashSet<_> = messages.iter().map(|message| sha256(message)).collect();
    let lines = ledger_lines(&home.path("ledger.txt"));
    assert_eq!(lines.len(), 200);
    assert!(lines.iter().all(|line| {
        line.key == key.reference && line.purpose == Purpose::Certificate && line.sha384.is_none()
    }));
    assert_eq!(lines.iter().map(|line| line.sha256).collect::<HashSet<_>>(), expected);
}

#[test]
fn p384_signs_sha384_and_its_line_holds_both_digests() {
    let home = Home::new(&["org1"]);
    let mut client = Client::start(&home.command(&home.options("org1")));
    let key = client.ready().generate("ca", Algorithm::P384, &[Purpose::Crl]).unwrap();
    let public = key.public_key().unwrap();
    let large = vec![5; 3_000_000];
    for message in [&b"small"[..], &large] {
        let made = client.sign(&key, Purpose::Crl, message).unwrap();
        signature::verify(&public, SignatureAlgorithm::EcdsaSha384, message, &made).unwrap();
        let line = ledger_lines(&home.path("ledger.txt")).pop().unwrap();
        assert_eq!(line.sha256, sha256(message));
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA384, message);
        assert_eq!(line.sha384.as_deref(), Some(digest.as_ref()));
    }
}

#[test]
fn rsa_signs_and_ed25519_where_the_token_can() {
    let home = Home::new(&["org1"]);
    let mut client = Client::start(&home.command(&home.options("org1")));
    client.ready();
    let rsa = Algorithm::Rsa { bits: 3072 };
    for (label, algorithm, kind) in [
        ("rsa", rsa, SignatureAlgorithm::RsaSha256),
        ("ed", Algorithm::Ed25519, SignatureAlgorithm::Ed25519),
    ] {
        let key = match client.generate(label, algorithm, &[Purpose::Certificate]) {
            Ok(key) => key,
            Err(Refusal::Token { class: Class::Request, .. }) if algorithm != rsa => continue,
            Err(other) => panic!("{other}"),
        };
        let made = client.sign(&key, Purpose::Certificate, b"tbs").unwrap();
        signature::verify(&key.public_key().unwrap(), kind, b"tbs", &made).unwrap();
    }
}

#[test]
fn a_code_depends_on_key_and_message_alone() {
    let home = Home::new(&["org1"]);
    let mut client = Client::start(&home.command(&home.options("org1")));
    client.ready();
    let one = client.generate("mac-1", Algorithm::HmacSha256, &[Purpose::Mac]).unwrap();
    let two = client.generate("mac-2", Algorithm::HmacSha256, &[Purpose::Mac]).unwrap();
    assert_ne!(one.reference, two.reference);
    assert_eq!(one.custody.level(), CustodyLevel::Generated);
    let code = client.mac(&one, b"message").unwrap();
    assert_eq!(client.mac(&one, b"message").unwrap(), code);
    assert_ne!(client.mac(&one, b"messagf").unwrap(), code);
    assert_ne!(client.mac(&two, b"message").unwrap(), code);
    assert!(matches!(
        client.sign(&one, Purpose::Certificate, b"x"),
        Err(Refusal::WrongPurpose { .. })
    ));
    let large = Ask::Mac { key: one.reference, message: Octets(vec![0; 70_000]) };
    assert!(matches!(client.ask(large), Err(Refusal::Malformed(_))));
}

#[test]
fn a_key_of_another_token_or_another_key_of_its_id_is_not_used() {
    let home = Home::new(&["org1", "org2"]);
    let mut client = Client::start(&home.command(&home.options("org1")));
    let key = client.ready().generate("ca", Algorithm::P256, &[Purpose::Crl]).unwrap();
    assert!(client.finish().success());

    // The same register with another token: an alarm, not a signature.
    let mut client = Client::start(&home.command(&home.options("org2")));
    let alarm = client.ready().sign(&key, Purpose::Crl, b"x").unwrap_err();
    assert!(alarm.to_string().contains("registered in token `org1`"), "{alarm}");
    assert!(client.finish().success());

    // A second private key of the same CKA_ID.
    let id = hex::encode(&key.id);
    home.pkcs11_tool(&[
        "--token-label",
        "org1",
        "--keypairgen",
        "--key-type",
        "EC:prime256v1",
        "--label",
        "ca",
        "--id",
        &id,
    ]);
    let mut client = Client::start(&home.command(&home.options("org1")));
    let alarm = client.ready().sign(&key, Purpose::Crl, b"x").unwrap_err();
    assert!(alarm.to_string().contains("2 keys have its CKA_ID"), "{alarm}");
    let Answer::Inventory(inventory) = client.ask(Ask::Inventory).unwrap() else { panic!() };
    assert_eq!(inventory.keys.len(), 2);
    assert!(inventory.keys.iter().all(|key| {
        key.warnings.iter().any(|warning| warning == "another key has the same CKA_ID")
    }));
}

#[test]
fn a_missing_key_is_an_alarm_and_stays_registered() {
    let home = Home::new(&["org1"]);
    let mut client = Client::start(&home.command(&home.options("org1")));
    let key = client.ready().generate("ca", Algorithm::P256, &[Purpose::Crl]).unwrap();
    assert!(client.finish().success());
    let id = hex::encode(&key.id);
    home.pkcs11_tool(&["--delete-object", "--type", "privkey", "--id", &id]);

    let mut client = Client::start(&home.command(&home.options("org1")));
    let alarm = client.ready().sign(&key, Purpose::Crl, b"x").unwrap_err();
    assert!(alarm.to_string().contains("the token does not hold it"), "{alarm}");
    let Answer::Inventory(inventory) = client.ask(Ask::Inventory).unwrap() else { panic!() };
    assert_eq!(inventory.missing, ["ca".parse().unwrap()]);
    assert_eq!(client.ask(Ask::Keys).unwrap(), Answer::Keys(vec![key]));
}

#[test]
fn an_imported_key_shows_in_the_inventory_with_what_is_wrong() {
    let home = Home::new(&["org1"]);
    home.pkcs11_tool(&[
        "--keypairgen",
        "--key-type",
        "EC:prime256v1",
        "--label",
        "foreign",
        "--id",
        "aa",
        "--extractable",
    ]);
    let mut client = Client::start(&home.command(&home.options("org1")));
    let Answer::Inventory(inventory) = client.ready().ask(Ask::Inventory).unwrap() else {
        panic!()
    };
    let key = &inventory.keys[0];
    assert_eq!((key.label.as_str(), key.id.as_str()), ("foreign", "aa"));
    assert_eq!(key.algorithm, Some(Algorithm::P256));
    assert_eq!(key.level, CustodyLevel::Any);
    for warning in ["it is not in the register", "it is extractable"] {
        assert!(key.warnings.iter().any(|told| told == warning), "{:?}", key.warnings);
    }
}

fn sha256(message: &[u8]) -> [u8; 32] {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, message).as_ref().try_into().unwrap()
}
