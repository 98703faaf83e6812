//! Guessing of secrets: slowed for who guesses, whoever is guessed at; not for the owner elsewhere.

use std::net::Ipv4Addr;

use super::der::{Key, pem};
use super::wire::{Answer, Client, request};
use super::{Scene, basic};

/// `limits.password_attempts` of a CA that says nothing about it.
const ATTEMPTS: usize = 10;

const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

fn attempt(scene: &Scene, from: Ipv4Addr, id: &str, secret: &str) -> Answer {
    let csr = pem("CERTIFICATE REQUEST", &Key::of(9).request(id));
    let body = serde_json::json!({ "certificate_request": csr }).to_string();
    let authorization = basic(id, secret);
    let headers = [("Authorization", authorization.as_str())];
    let mut client = Client::connect_from(from, scene.address);
    client.send(&request("POST", "/api/v1/enroll", &headers, body.as_bytes()));
    client.answer().expect("an attempt is answered")
}

/// Status and code: 401/20 is a refusal, 401/73 a lock.
fn verdict(answer: &Answer) -> (u16, u64) {
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    (answer.status, body["errors"][0]["code"].as_u64().unwrap_or(0))
}

#[test]
fn who_guesses_is_slowed_and_the_owner_is_not() {
    let scene = Scene::set();
    scene.register("victim", "right", -1);
    scene.register("neighbour", "right", -1);
    for id in ["victim", "nobody"] {
        let guesses: Vec<_> =
            (0..20).map(|n| verdict(&attempt(&scene, HERE, id, &format!("{n}")))).collect();
        assert!(guesses[..ATTEMPTS].iter().all(|seen| *seen == (401, 20)), "{id}: {guesses:?}");
        assert!(guesses[ATTEMPTS..].iter().all(|seen| *seen == (401, 73)), "{id}: {guesses:?}");
    }
    // Even the right secret opens nothing from there; whoever comes from elsewhere is not touched,
    // and neither is another identity of the same source.
    assert_eq!(verdict(&attempt(&scene, HERE, "victim", "right")), (401, 73));
    assert_eq!(attempt(&scene, ELSEWHERE, "victim", "right").status, 201);
    assert_eq!(attempt(&scene, HERE, "neighbour", "right").status, 201);
    assert_eq!(verdict(&attempt(&scene, ELSEWHERE, "nobody", "x")), (401, 20));
    scene.end();
}

/// A burst has no more guesses than a row of them.
#[test]
fn guesses_at_once_are_no_more_than_guesses_in_a_row() {
    let scene = Scene::set();
    scene.register("victim", "right", -1);
    let answered = std::thread::scope(|scope| {
        let guesses: Vec<_> = (0..60)
            .map(|n| {
                let scene = &scene;
                scope.spawn(move || verdict(&attempt(scene, HERE, "victim", &format!("{n}"))))
            })
            .collect();
        guesses.into_iter().map(|guess| guess.join().unwrap()).collect::<Vec<_>>()
    });
    let compared = answered.iter().filter(|seen| **seen == (401, 20)).count();
    let locked = answered.iter().filter(|seen| **seen == (401, 73)).count();
    assert_eq!((compared, compared + locked), (ATTEMPTS, 60), "{answered:?}");
    assert_eq!(attempt(&scene, ELSEWHERE, "victim", "right").status, 201);
    scene.end();
}
