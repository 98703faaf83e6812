//! The signer's process: how it starts, what it refuses, how it ends.

use std::os::unix::fs::PermissionsExt as _;

use chancery::hsm::protocol::{Ask, Message, Refusal, Reply};
use chancery::hsm::{Algorithm, PinSource, Purpose};
use chancery::signer::{EXIT_PIN, SignerOptions};

use crate::client::{Client, pause, signal};
use crate::fixture::{Home, ledger_lines};

#[test]
fn a_wrong_pin_is_tried_once_and_not_by_the_next_process_either() {
    let home = Home::new(&["org1"]);
    std::fs::write(home.path("wrong"), "9999").unwrap();
    let right = home.options("org1");
    let wrong = SignerOptions { pin: Some(PinSource::File(home.path("wrong"))), ..right.clone() };
    assert!(!low_pin_count(&home));
    let status = Client::start(&home.command(&wrong)).wait();
    assert_eq!(status.code(), Some(EXIT_PIN.into()));
    assert!(low_pin_count(&home), "the token was asked");

    // A right login clears the token's own mark; a second try of the wrong PIN would set it again.
    home.pkcs11_tool(&["--list-objects"]);
    assert!(!low_pin_count(&home));
    let status = Client::start(&home.command(&wrong)).wait();
    assert_eq!(status.code(), Some(EXIT_PIN.into()));
    assert!(!low_pin_count(&home), "the token was not asked again");

    assert!(Client::start(&home.command(&right)).ready().health().serving);
}

/// Whether the token has seen a wrong PIN since the last right one.
fn low_pin_count(home: &Home) -> bool {
    let output = std::process::Command::new("pkcs11-tool")
        .args(["--module", crate::fixture::MODULE, "--list-slots"])
        .env("SOFTHSM2_CONF", home.conf())
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).contains("user PIN count low")
}

#[test]
fn a_wrong_label_tells_which_tokens_there_are() {
    let home = Home::new(&["org1", "org2"]);
    let mut client = Client::start(&home.command(&home.options("org3")));
    let detail = loop {
        let health = client.health();
        if health.detail.contains("there is no token") {
            break health.detail;
        }
        pause(20);
    };
    assert!(detail.contains("`org3`"), "{detail}");
    assert!(detail.contains("`org1` (serial ") && detail.contains("`org2` (serial "), "{detail}");
    let refused = client.generate("x", Algorithm::P256, &[Purpose::Crl]).unwrap_err();
    assert!(matches!(refused, Refusal::Unavailable { .. }), "{refused:?}");
    assert!(refused.to_string().contains("there is no token"), "{refused}");
}

#[test]
fn two_tokens_of_one_label_need_a_serial() {
    let home = Home::new(&["org1", "org1"]);
    let mut client = Client::start(&home.command(&home.options("org1")));
    let detail = loop {
        let health = client.health();
        if health.detail.contains("2 tokens are") {
            break health.detail;
        }
        pause(20);
    };
    let serial = detail.split("(serial ").nth(1).unwrap().split(')').next().unwrap().to_owned();
    drop(client);
    let token = format!("pkcs11:token=org1;serial={serial}");
    let mut client = Client::start(&home.command(&home.options(&token)));
    assert_eq!(client.ready().health().token.unwrap().serial, serial);
}

#[test]
fn another_users_token_beside_is_left_alone() {
    let home = Home::new(&["org1"]);
    home.init_token("theirs", "7777");
    let mut client = Client::start(&home.command(&home.options("org1")));
    let key = client.ready().generate("ca", Algorithm::P256, &[Purpose::Crl]).unwrap();
    assert!(client.sign(&key, Purpose::Crl, b"x").is_ok());
    assert!(!low_pin_count(&home));
}

#[test]
fn a_signer_that_makes_no_keys_says_so() {
    let home = Home::new(&["org1"]);
    let options = SignerOptions { allow_generate: false, ..home.options("org1") };
    let mut client = Client::start(&home.command(&options));
    let refused = client.ready().generate("ca", Algorithm::P256, &[Purpose::Crl]);
    assert!(matches!(refused, Err(Refusal::NotServed(_))), "{refused:?}");
}

#[test]
fn what_waits_is_served_when_the_peer_closes_its_end() {
    let home = Home::new(&["org1"]);
    let mut client = Client::start(&home.command(&home.options("org1")));
    let key = client.ready().generate("ca", Algorithm::P256, &[Purpose::Crl]).unwrap();
    for number in 0..100_u8 {
        let message = Message::of(&[number]);
        client.send(Ask::Sign { key: key.reference, purpose: Purpose::Crl, message });
    }
    assert!(client.finish().success());
    assert_eq!(ledger_lines(&home.path("ledger.txt")).len(), 100);
}

#[test]
fn sigterm_ends_a_signer_in_order() {
    let home = Home::new(&["org1"]);
    let socket = home.path("socket");
    let options = SignerOptions { socket: Some(socket.clone()), ..home.options("org1") };
    let command = home.command(&options);
    let mut child = std::process::Command::new(&command.program)
        .args(&command.arguments)
        .envs(command.environment.iter().map(|(name, value)| (name, value)))
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while !socket.exists() {
        pause(10);
    }
    assert_eq!(socket.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let (mut one, mut two) = (Client::connect(&socket), Client::connect(&socket));
    let key = one.ready().generate("ca", Algorithm::P256, &[Purpose::Crl]).unwrap();
    assert!(two.sign(&key, Purpose::Crl, b"x").is_ok());
    signal(child.id(), "TERM");
    assert!(child.wait().unwrap().success());
    assert!(!socket.exists());
}

#[test]
fn a_deadline_that_has_passed_costs_the_token_nothing() {
    let home = Home::new(&["org1"]);
    let mut client = Client::start(&home.command(&home.options("org1")));
    let key = client.ready().generate("ca", Algorithm::P256, &[Purpose::Crl]).unwrap();
    let message = Message::of(b"x");
    client.send_within(Ask::Sign { key: key.reference, purpose: Purpose::Crl, message }, 0);
    let reply: Reply = client.read().unwrap();
    assert_eq!(reply.answer, Err(Refusal::Late));
    assert!(ledger_lines(&home.path("ledger.txt")).is_empty());
}

#[test]
fn more_than_the_queue_holds_is_busy() {
    let home = Home::new(&["org1"]);
    let options = SignerOptions { queue: 4, workers: 1, ..home.options("org1") };
    let mut client = Client::start(&home.command(&options));
    let key = client.ready().generate("ca", Algorithm::P384, &[Purpose::Crl]).unwrap();
    let mut frames = Vec::new();
    for id in 1000..1200 {
        let message = Message::of(b"x");
        let ask = Ask::Sign { key: key.reference, purpose: Purpose::Crl, message };
        let request = chancery::hsm::protocol::Request { id, deadline_ms: 20_000, ask };
        chancery::hsm::frame::encode(&request, &mut frames).unwrap();
    }
    client.send_octets(&frames);
    let (mut made, mut busy) = (0, 0);
    for _ in 0..200 {
        match client.read::<Reply>().unwrap().answer {
            Ok(_) => made += 1,
            Err(Refusal::Busy) => busy += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(made >= 4 && busy > 0, "{made} made, {busy} busy");
    assert_eq!(ledger_lines(&home.path("ledger.txt")).len(), made);
}

#[test]
fn octets_that_are_no_request_end_the_connection_and_not_the_signer() {
    let home = Home::new(&["org1"]);
    let socket = home.path("socket");
    let options = SignerOptions { socket: Some(socket.clone()), ..home.options("org1") };
    let command = home.command(&options);
    let mut child = std::process::Command::new(&command.program)
        .args(&command.arguments)
        .envs(command.environment.iter().map(|(name, value)| (name, value)))
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while !socket.exists() {
        pause(10);
    }
    for octets in [&[0xff; 64][..], &[0, 0, 0, 1, 0xff], &[0, 0, 0, 0]] {
        let mut client = Client::connect(&socket);
        client.send_octets(octets);
        assert!(client.read::<Reply>().is_none());
    }
    assert!(Client::connect(&socket).ready().health().serving);
    child.kill().unwrap();
    child.wait().unwrap();
}
