//! What happens to a server that is abused: hostile requests of every family that we know, slow and
//! endless clients, and guesses. It answers each, quickly, takes little memory, tells nothing of who
//! exists, and serves an honest client all the while.
//!
//! `CHANCERY_CAMPAIGN=long` runs the long form; it prints the figures that `docs/campaigns.md` cites.

mod der;
mod guessing;
mod memory;
mod shots;
mod slow;
mod timing;
mod wire;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use self::der::{Key, pem};
use self::memory::Watch;
use self::shots::{Expect, Material, Scale, Shot};
use self::wire::{Answer, ask, request};
use crate::support::server::Server;

/// No answer takes longer than this from the last octet of its request. The short form runs on an
/// unoptimised server, beside other tests.
fn quick() -> Duration {
    Duration::from_secs(if is_long() { 2 } else { 10 })
}

/// What all processes together may take, in kB: 100 MB. A build without optimisation, which a plain
/// test run tries, has itself half as much again in memory: its own pages, not its clients'.
fn memory() -> u64 {
    if std::env::var_os("CHANCERY_BIN").is_some() { 100 * 1024 } else { 150 * 1024 }
}

fn is_long() -> bool {
    std::env::var("CHANCERY_CAMPAIGN").is_ok_and(|form| form == "long")
}

/// A server, and an administrator who has enrolled there.
struct Scene {
    server: Server,
    address: SocketAddr,
    admin: Material,
    _data: tempfile::TempDir,
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

impl Scene {
    fn set() -> Self {
        let data = tempfile::tempdir().unwrap();
        let server = Server::start(data.path());
        let address = server.url().trim_start_matches("http://").parse().unwrap();
        let key = Key::of(8);
        let certificate = enroll(address, "admin", "adminpw", &key);
        let admin =
            Material { basic: basic("admin", "adminpw"), id: "admin".to_owned(), certificate, key };
        Self { server, address, admin, _data: data }
    }

    /// Registers a client; gives nothing back but that it went well.
    fn register(&self, id: &str, secret: &str, max_enrollments: i64) {
        let body = json!({ "id": id, "secret": secret, "type": "client", "affiliation": "org1",
            "max_enrollments": max_enrollments });
        let octets = self.admin.signed("POST", "/api/v1/register", body.to_string().as_bytes());
        let answer = ask(self.address, &octets).0.unwrap();
        assert_eq!(answer.status, 201, "{}", answer.text());
    }

    /// The server's own record is sound, and it ends well.
    fn end(self) {
        assert!(self.server.stop().success(), "the server ends well");
    }
}

/// Enrolls, and gives the certificate in PEM.
fn enroll(address: SocketAddr, id: &str, secret: &str, key: &Key) -> String {
    let csr = pem("CERTIFICATE REQUEST", &key.request(id));
    let body = json!({ "certificate_request": csr }).to_string();
    let authorization = basic(id, secret);
    let octets = request(
        "POST",
        "/api/v1/enroll",
        &[("Authorization", authorization.as_str())],
        body.as_bytes(),
    );
    let (answer, took) = ask(address, &octets);
    let answer = answer.expect("an enrollment is answered");
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert!(took < quick(), "an honest enrollment took {took:?}");
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    let pem = STANDARD.decode(body["result"]["Cert"].as_str().unwrap()).unwrap();
    String::from_utf8(pem).unwrap()
}

/// What is wrong with an outcome, if anything is.
fn fault(shot: &Shot, answer: &Result<Answer, String>, took: Duration) -> Option<String> {
    let said = |answer: &Answer| {
        let text: String = answer.text().chars().take(200).collect();
        format!("{} {text}", answer.status)
    };
    match answer {
        _ if took >= quick() => Some(format!("it took {took:?}: {answer:?}")),
        Err(why) if shot.expect == Expect::AnswerOrEnd && why != "silent" => None,
        Err(why) => Some(format!("no answer: {why}")),
        Ok(answer) if answer.status == 503 && answer.header("retry-after").is_some() => None,
        Ok(answer) if answer.status >= 500 => Some(said(answer)),
        Ok(answer) if shot.expect == Expect::Refusal && answer.status < 400 => Some(said(answer)),
        Ok(_) => None,
    }
}

/// Fires every shot at a server; gives how many there were of each family, and the longest answer.
fn fire(scene: &Scene, shots: &[Shot]) -> (BTreeMap<&'static str, usize>, Duration) {
    let (mut counts, mut faults, mut longest) = (BTreeMap::new(), Vec::new(), Duration::ZERO);
    for shot in shots {
        let mut client = wire::Client::connect(scene.address);
        client.send(&shot.octets);
        if shot.expect == Expect::AnswerOrEnd {
            client.finish();
        }
        let began = Instant::now();
        let answer = client.answer();
        let took = began.elapsed();
        longest = longest.max(took);
        *counts.entry(shot.family).or_insert(0) += 1;
        if let Some(why) = fault(shot, &answer, took) {
            faults.push(format!("{}: {}: {why}", shot.family, shot.name));
        }
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), shots.len(), faults.join("\n"));
    (counts, longest)
}

#[test]
fn hostile_requests_are_answered_and_honest_ones_served() {
    let scene = Scene::set();
    let scale = if is_long() { Scale::LONG } else { Scale::SHORT };
    let shots = shots::all(&scene.admin, scale);
    assert!(shots.len() >= if is_long() { 2600 } else { 600 }, "{} shots", shots.len());
    let watch = Watch::group(scene.server.pid());
    let began = Instant::now();
    let (counts, longest) = fire(&scene, &shots);
    let spent = began.elapsed();
    enroll(scene.address, "admin", "adminpw", &Key::of(8));
    let most = watch.most();
    for (family, count) in &counts {
        println!("{count:6} {family}");
    }
    println!(
        "{} hostile requests in {spent:.1?}; the longest answer took {longest:.1?}; all processes \
         together took at most {} MB; the server was ready in {:.1?}",
        shots.len(),
        most / 1024,
        scene.server.started_in()
    );
    assert!(most < memory(), "{most} kB");
    scene.end();
}

/// Pipelined requests are answered in their order, good ones and bad ones.
#[test]
fn pipelined_requests_are_answered_in_order() {
    let scene = Scene::set();
    let mut client = wire::Client::connect(scene.address);
    let one = [
        request("GET", "/api/v1/cainfo", &[], b""),
        request("POST", "/api/v1/register", &[], b"{"),
        request("GET", "/nowhere", &[], b""),
    ]
    .concat();
    for _ in 0..50 {
        assert!(client.send(&one));
    }
    for _ in 0..50 {
        for status in [200, 400, 404] {
            assert_eq!(client.answer().unwrap().status, status);
        }
    }
    scene.end();
}

/// Whoever asks before sending a body is told to go on, or at once that there is no use.
#[test]
fn an_expectation_is_answered_before_the_body() {
    let scene = Scene::set();
    let ask = |length: usize| {
        let mut client = wire::Client::connect(scene.address);
        let authorization = basic("admin", "adminpw");
        client.send(
            format!(
                "POST /api/v1/enroll HTTP/1.1\r\nHost: ca\r\nAuthorization: {authorization}\r\n\
                 Expect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
            )
            .as_bytes(),
        );
        let first = client.any_answer(false).unwrap();
        (client, first.status)
    };
    assert_eq!(ask(100_000_000).1, 413);
    let body = br#"{"certificate_request": 1}"#;
    let (mut client, status) = ask(body.len());
    assert_eq!(status, 100);
    client.send(body);
    assert_eq!(client.answer().unwrap().status, 400);
    scene.end();
}
