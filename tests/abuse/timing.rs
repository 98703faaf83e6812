//! Who exists is told by nothing: not by the answer, not by its time.
//!
//! Times are compared by the difference of trimmed means. The standard error says how fine the
//! comparison is: it must be fine enough that one more trip to the token, or one more query, would
//! be found.

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

const CASES: [Case; 5] = [
    Case { what: "a known name, a wrong secret", id: "known", secret: "wrong" },
    Case { what: "an unknown name", id: "whoever", secret: "wrong" },
    Case { what: "a revoked identity, its secret", id: "revoked", secret: "right" },
    Case { what: "no enrollment left, its secret", id: "spent", secret: "right" },
    Case { what: "a name that can be none", id: "who\u{7}", secret: "wrong" },
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
fn said(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let mut headers = answer.headers.clone();
    headers.retain(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id"));
    (answer.status, headers, answer.text())
}

/// The mean without the tenth of the samples at either end, and its standard error, both in
/// microseconds (Yuen 1974: the error is that of the Winsorized samples).
fn trimmed(samples: &mut [f64]) -> (f64, f64) {
    samples.sort_by(f64::total_cmp);
    let cut = samples.len() / 10;
    let kept = &samples[cut..samples.len() - cut];
    let count = f64::from(u32::try_from(kept.len()).unwrap());
    let mean = kept.iter().sum::<f64>() / count;
    let (low, high) = (kept[0], kept[kept.len() - 1]);
    let winsorized: Vec<f64> = samples.iter().map(|sample| sample.clamp(low, high)).collect();
    let all = f64::from(u32::try_from(winsorized.len()).unwrap());
    let centre = winsorized.iter().sum::<f64>() / all;
    let spread = winsorized.iter().map(|sample| (sample - centre).powi(2)).sum::<f64>();
    (mean, (spread / (count * (count - 1.0))).sqrt())
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
    let rounds = if is_long() { 4000 } else { 160 };
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); CASES.len()];
    let (mut clients, mut first): (Vec<Client>, Option<_>) = (Vec::new(), None);
    for round in 0..rounds {
        if round % TRIES == 0 {
            // A source of its own, so that no pair is ever locked.
            let [_, a, b, c] = u32::try_from(round / TRIES + 10).unwrap().to_be_bytes();
            let source = Ipv4Addr::new(127, 1 + a, b, c);
            clients = vec![Client::connect_from(source, scene.address)];
        }
        let client = &mut clients[0];
        // Interleaved, and begun at another case in every round: what drifts, drifts for all.
        for turn in 0..CASES.len() {
            let case = (round + turn) % CASES.len();
            let began = Instant::now();
            client.send(&requests[case]);
            let answer = client.answer().unwrap();
            times[case].push(began.elapsed().as_secs_f64() * 1e6);
            let first = first.get_or_insert_with(|| said(&answer));
            assert_eq!(*first, said(&answer), "{}", CASES[case].what);
        }
    }

    let figures: Vec<(f64, f64)> = times.iter_mut().map(|samples| trimmed(samples)).collect();
    let (base, base_error) = figures[0];
    println!("{}: {base:.1} us +- {base_error:.1} ({rounds} samples)", CASES[0].what);
    for (case, (mean, error)) in CASES.iter().zip(&figures).skip(1) {
        let (difference, error) = (mean - base, error.hypot(base_error));
        println!("{}: {difference:+.1} us +- {error:.1}", case.what);
        // Three standard errors for chance. A trip to the token or to the database more is 50 us.
        let bound = if is_long() { 20.0 } else { 1000.0 };
        assert!(difference.abs() < bound + 3.0 * error, "{}: {difference:+.1} us", case.what);
        if is_long() {
            assert!(50.0 - 3.0 * error > bound + 3.0 * error, "too coarse: +- {error:.1} us");
        }
    }
    scene.end();
}
