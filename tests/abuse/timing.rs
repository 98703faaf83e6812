//! Who exists is told by nothing: not by the answer, not by its time.
//!
//! Times are compared in blocks, each the difference of what the quickest tenth of its requests took on
//! average: what else the machine does slows the others. The standard error over the blocks says how
//! fine the comparison is; it goes on until one more trip to the token or the database would be found.

use std::net::Ipv4Addr;
use std::time::Instant;

use super::der::{Key, pem};
use super::wire::{Answer, Client, ask, request};
use super::{Scene, basic, is_long};

/// Who is asked for, and with which secret.
struct Case {
    what: &'static str,
    id: &'static str,
    secret: &'static str,
}

const CASES: [Case; 4] = [
    Case { what: "a known name, a wrong secret", id: "known", secret: "wrong" },
    Case { what: "an unknown name", id: "whoever", secret: "wrong" },
    Case { what: "a revoked identity, its secret", id: "revoked", secret: "right" },
    Case { what: "no enrollment left, its secret", id: "spent", secret: "right" },
];

/// Fewer than what locks a pair of source and identity.
const TRIES: usize = 8;

fn enrollment(case: &Case) -> Vec<u8> {
    let csr = pem("CERTIFICATE REQUEST", &Key::of(9).request(case.id));
    let body = serde_json::json!({ "certificate_request": csr }).to_string();
    let authorization = basic(case.id, case.secret);
    request("POST", "/api/v1/enroll", &[("Authorization", authorization.as_str())], body.as_bytes())
}

/// What an answer says, but for its moment and its number.
type Said = (u16, Vec<(String, String)>, String);

fn said(answer: &Answer) -> Said {
    let mut headers = answer.headers.clone();
    headers.retain(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id"));
    (answer.status, headers, answer.text())
}

/// Rounds of a block.
const BLOCK: usize = 80;

/// What the quickest tenth took on average, in microseconds.
fn quickest(samples: &mut [f64]) -> f64 {
    samples.sort_by(f64::total_cmp);
    let kept = &samples[..samples.len() / 10];
    kept.iter().sum::<f64>() / number(kept.len())
}

/// The mean of some differences, and its standard error.
fn mean(differences: &[f64]) -> (f64, f64) {
    let count = number(differences.len());
    let mean = differences.iter().sum::<f64>() / count;
    let spread = differences.iter().map(|one| (one - mean).powi(2)).sum::<f64>();
    (mean, (spread / (count * (count - 1.0))).sqrt())
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

/// Sends every case once a round, interleaved and begun at another one in each, so that what drifts
/// drifts for all; gives what each case took. All are answered alike.
fn block(scene: &Scene, requests: &[Vec<u8>], number: usize, said: &Said) -> Vec<Vec<f64>> {
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); requests.len()];
    for source in 0..BLOCK / TRIES {
        // A source of its own, so that no pair is ever locked.
        let source = u32::try_from(number * BLOCK / TRIES + source + 10).unwrap();
        let [_, a, b, c] = source.to_be_bytes();
        let mut client = Client::connect_from(Ipv4Addr::new(127, 1 + a, b, c), scene.address);
        for round in 0..TRIES {
            for turn in 0..requests.len() {
                let case = (round + turn) % requests.len();
                let began = Instant::now();
                client.send(&requests[case]);
                let answer = client.answer().unwrap();
                times[case].push(began.elapsed().as_secs_f64() * 1e6);
                assert_eq!(*said, self::said(&answer), "{}", CASES[case].what);
            }
        }
    }
    times
}

#[test]
fn who_exists_is_told_neither_by_the_answer_nor_by_its_time() {
    let scene = Scene::set();
    scene.register("known", "right", -1);
    scene.register("revoked", "right", -1);
    scene.register("spent", "right", 1);
    super::enroll(scene.address, "spent", "right", &Key::of(10));
    let body = br#"{"id":"revoked"}"#;
    let revoked = ask(scene.address, &scene.admin.signed("POST", "/api/v1/revoke", body)).0;
    assert_eq!(revoked.unwrap().status, 200);

    let requests: Vec<Vec<u8>> = CASES.iter().map(enrollment).collect();
    let first = said(&ask(scene.address, &requests[0]).0.unwrap());
    // A name that nobody can have is not looked for; that much anybody may know.
    let nobody = Case { what: "a name that can be none", id: "who\u{7}", secret: "wrong" };
    let (answer, _) = ask(scene.address, &enrollment(&nobody));
    assert_eq!(first, said(&answer.unwrap()), "{}", nobody.what);

    // A trip to the token or to the database more is 50 us and more; three standard errors for chance.
    let (fewest, most, fine, bound) =
        if is_long() { (50, 200, 4.0, 20.0) } else { (4, 4, f64::MAX, 1000.0) };
    let mut base = 0.0;
    let mut differences: Vec<Vec<f64>> = vec![Vec::new(); CASES.len()];
    for number in 0..most {
        let mut times = block(&scene, &requests, number, &first);
        base = quickest(&mut times[0]);
        for (case, samples) in times.iter_mut().enumerate() {
            differences[case].push(quickest(samples) - base);
        }
        let errors = || differences.iter().map(|case| mean(case).1);
        if number >= fewest && errors().all(|error| error < fine) {
            break;
        }
    }
    let samples = differences[0].len() * BLOCK;
    println!("{}: {base:.0} us in the last block ({samples} samples)", CASES[0].what);
    for (case, differences) in CASES.iter().zip(&differences).skip(1) {
        let (difference, error) = mean(differences);
        println!("{}: {difference:+.1} us, standard error {error:.1}", case.what);
        assert!(error < fine, "the machine is too busy to tell: {}", case.what);
        assert!(difference.abs() < bound + 3.0 * error, "{}: {difference:+.1} us", case.what);
    }
    scene.end();
}
