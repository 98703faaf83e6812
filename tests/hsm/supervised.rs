//! The service's side: a signer that is watched, and comes back.

use std::time::{Duration, Instant};

use chancery::hsm::{
    Algorithm, Error, Hsm, HsmOptions, KeyInfo, NewKey, PinSource, Purpose, SignerSource, Status,
    WatchOptions,
};
use chancery::pki::{SignatureAlgorithm, signature};
use chancery::signer::SignerOptions;

use crate::client::signal;
use crate::fixture::Home;

const PATIENCE: Duration = Duration::from_secs(20);

fn options() -> HsmOptions {
    HsmOptions {
        deadline: Duration::from_secs(2),
        watch: WatchOptions {
            ping: Duration::from_millis(200),
            patience: Duration::from_millis(1500),
            ..WatchOptions::default()
        },
        ..HsmOptions::default()
    }
}

async fn start(home: &Home) -> (Hsm, KeyInfo) {
    let source = SignerSource::Spawn(home.command(&home.options("org1")));
    let hsm = Hsm::start(source, options());
    hsm.wait_ready(PATIENCE).await.unwrap();
    let key = NewKey {
        label: "mac".parse().unwrap(),
        algorithm: Algorithm::HmacSha256,
        purposes: [Purpose::Mac].into(),
    };
    let key = hsm.generate(key).await.unwrap();
    (hsm, key)
}

fn pid(hsm: &Hsm) -> u32 {
    let Status::Up { pid, .. } = hsm.status() else { panic!("the signer is not up") };
    pid
}

/// Asks until there is an answer; gives how often there was none, all of them temporary.
async fn until_it_works(hsm: &Hsm, key: &KeyInfo) -> usize {
    let start = Instant::now();
    let mut refused = 0;
    loop {
        match hsm.mac(&key.reference, b"x").await {
            Ok(_) => return refused,
            Err(error) => assert!(error.is_temporary() && start.elapsed() < PATIENCE, "{error:?}"),
        }
        refused += 1;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_signer_comes_back_by_itself() {
    let home = Home::new(&["org1"]);
    let (hsm, key) = start(&home).await;
    let before = hsm.mac(&key.reference, b"x").await.unwrap();
    let first = pid(&hsm);
    signal(first, "KILL");
    while matches!(hsm.status(), Status::Up { pid, .. } if pid == first) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let started = Instant::now();
    let error = hsm.mac(&key.reference, b"x").await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    assert!(started.elapsed() < Duration::from_millis(50), "it is told at once");
    assert!(matches!(hsm.reserve(), Err(Error::Unavailable { .. })));

    until_it_works(&hsm, &key).await;
    assert_eq!(hsm.mac(&key.reference, b"x").await.unwrap(), before);
    assert_ne!(pid(&hsm), first);
    hsm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_in_flight_when_the_signer_died_is_asked_again() {
    let home = Home::new(&["org1"]);
    let (hsm, key) = start(&home).await;
    let mut tasks = Vec::new();
    for number in 0..200_u32 {
        let (hsm, key) = (hsm.clone(), key.clone());
        tasks.push(tokio::spawn(
            async move { hsm.mac(&key.reference, &number.to_be_bytes()).await },
        ));
    }
    tokio::task::yield_now().await;
    signal(pid(&hsm), "KILL");
    let mut made = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => made += 1,
            Err(error) => assert!(error.is_temporary(), "{error:?}"),
        }
    }
    assert!(made > 0);
    until_it_works(&hsm, &key).await;
}

/// Whether the process has come to a stop, as `/proc` tells it.
fn is_stopped(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let after_name = stat.rsplit_once(')').unwrap().1;
    after_name.trim_start().starts_with('T')
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_signer_is_replaced() {
    let home = Home::new(&["org1"]);
    let (hsm, key) = start(&home).await;
    let first = pid(&hsm);
    signal(first, "STOP");
    // It may be in the middle of something when it is told to.
    while !is_stopped(first) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let started = Instant::now();
    let error = hsm.mac(&key.reference, b"x").await.unwrap_err();
    assert!(error.is_temporary(), "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(3), "no later than its deadline");
    until_it_works(&hsm, &key).await;
    assert_ne!(pid(&hsm), first);
    // The old one is gone, not only left behind.
    assert!(!std::path::Path::new(&format!("/proc/{first}")).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_pin_stops_the_signer_until_there_is_another() {
    let home = Home::new(&["org1"]);
    std::fs::write(home.path("wrong"), "9999").unwrap();
    let wrong =
        SignerOptions { pin: Some(PinSource::File(home.path("wrong"))), ..home.options("org1") };
    let hsm = Hsm::start(SignerSource::Spawn(home.command(&wrong)), options());
    let error = hsm.wait_ready(PATIENCE).await.unwrap_err();
    assert!(matches!(error, Error::WrongPin), "{error:?}");
    while hsm.status() != Status::WrongPin {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Longer than several pauses between starts: nobody tries again.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(hsm.status(), Status::WrongPin);
    assert!(matches!(hsm.reserve(), Err(Error::WrongPin)));
    hsm.shutdown().await;

    // A new service with the same PIN does not ask the token either.
    let hsm = Hsm::start(SignerSource::Spawn(home.command(&wrong)), options());
    assert!(matches!(hsm.wait_ready(PATIENCE).await, Err(Error::WrongPin)));

    // Another PIN is tried when it is there.
    std::fs::copy(home.path("pin"), home.path("wrong")).unwrap();
    let started = Instant::now();
    while !hsm.health().await.is_ok_and(|health| health.serving) {
        assert!(started.elapsed() < PATIENCE, "{:?}", hsm.status());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    hsm.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_signs_from_a_thread_that_blocks() {
    let home = Home::new(&["org1"]);
    let (hsm, _) = start(&home).await;
    let key = NewKey {
        label: "tls".parse().unwrap(),
        algorithm: Algorithm::P256,
        purposes: [Purpose::Tls].into(),
    };
    let key = hsm.generate(key).await.unwrap();
    let public = key.public_key().unwrap();
    let made = hsm.sign_tls_blocking(&key.reference, b"handshake").unwrap();
    signature::verify(&public, SignatureAlgorithm::EcdsaSha256, b"handshake", &made).unwrap();
    let made = hsm.sign_tls(&key.reference, b"again").await.unwrap();
    signature::verify(&public, SignatureAlgorithm::EcdsaSha256, b"again", &made).unwrap();
    let (other, reference) = (hsm.clone(), key.reference);
    let thread = std::thread::spawn(move || other.sign_tls_blocking(&reference, b"thread"));
    while !thread.is_finished() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    thread.join().unwrap().unwrap();
    let counts = hsm.counts();
    let count = counts.iter().find(|count| count.key == key.reference).unwrap();
    assert_eq!((count.purpose, count.made, count.failed), (Purpose::Tls, 3, 0));
    hsm.shutdown().await;
}

#[tokio::test]
async fn a_runtime_of_one_thread_is_told_before_it_waits_for_itself() {
    let home = Home::new(&["org1"]);
    let (hsm, key) = start(&home).await;
    let error = hsm.sign_tls_blocking(&key.reference, b"x").unwrap_err();
    assert!(matches!(error, Error::WouldDeadlock));
}

#[tokio::test(flavor = "multi_thread")]
async fn places_are_bounded() {
    let home = Home::new(&["org1"]);
    let source = SignerSource::Spawn(home.command(&home.options("org1")));
    let hsm = Hsm::start(source, HsmOptions { places: 2, ..options() });
    hsm.wait_ready(PATIENCE).await.unwrap();
    let (one, _two) = (hsm.reserve().unwrap(), hsm.reserve().unwrap());
    assert!(matches!(hsm.reserve(), Err(Error::Busy)));
    drop(one);
    assert!(hsm.reserve().is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_signer_goes_with_the_service() {
    let home = Home::new(&["org1"]);
    let (hsm, key) = start(&home).await;
    let first = pid(&hsm);
    let waiting = {
        let (hsm, key) = (hsm.clone(), key.clone());
        tokio::spawn(async move { hsm.mac(&key.reference, b"x").await })
    };
    tokio::task::yield_now().await;
    hsm.shutdown().await;
    assert!(!std::path::Path::new(&format!("/proc/{first}")).exists());
    if let Err(error) = waiting.await.unwrap() {
        assert!(error.is_temporary(), "{error:?}");
    }
    assert!(matches!(hsm.mac(&key.reference, b"x").await, Err(Error::Unavailable { .. })));

    let (hsm, _) = start_again(&home).await;
    let second = pid(&hsm);
    drop(hsm);
    let started = Instant::now();
    while std::path::Path::new(&format!("/proc/{second}")).exists() {
        assert!(started.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn start_again(home: &Home) -> (Hsm, KeyInfo) {
    let hsm = Hsm::start(SignerSource::Spawn(home.command(&home.options("org1"))), options());
    hsm.wait_ready(PATIENCE).await.unwrap();
    let key = hsm.key(&"mac".parse().unwrap()).await.unwrap().unwrap();
    (hsm, key)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signer_that_somebody_else_runs_is_found_again() {
    let home = Home::new(&["org1"]);
    let socket = home.path("socket");
    let command =
        home.command(&SignerOptions { socket: Some(socket.clone()), ..home.options("org1") });
    let run = || {
        tokio::process::Command::new(&command.program)
            .args(&command.arguments)
            .envs(command.environment.iter().map(|(name, value)| (name, value)))
            .stdout(std::process::Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    };
    let hsm = Hsm::start(SignerSource::Socket(socket), options());
    assert!(matches!(hsm.reserve(), Err(Error::Unavailable { .. })));
    let mut first = run();
    hsm.wait_ready(PATIENCE).await.unwrap();
    first.kill().await.unwrap();
    let _second = run();
    let started = Instant::now();
    while hsm.health().await.is_err() {
        assert!(started.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
