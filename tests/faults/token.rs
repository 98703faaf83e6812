//! Every way in which a token can fail, under load. For each: the service stays up, every caller gets an
//! answer or 503 with `Retry-After` within the deadline, no wrong signature leaves, and issuing goes on by
//! itself.
//!
//! `CHANCERY_CAMPAIGN=long`: each fault lasts longer; `CHANCERY_BIN` names a release build.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chancery::pki::{Certificate, PublicKey};

use super::http::Answer;
use super::is_long;
use super::member::{Key, Member};
use super::module::{Fault, Function, Module};
use crate::support::server::Server;
use crate::support::tools::{pause, wait};

/// Clients at once.
const CLIENTS: usize = 6;

/// In which every request is answered: one MAC and one signature at 5 seconds each, and what the store
/// takes. The server's own limit is 30 seconds.
const DEADLINE: Duration = Duration::from_secs(11);

/// Within which issuing resumes once the fault has gone.
fn resumes_within() -> Duration {
    // A build without optimisation, beside other tests, is given more.
    Duration::from_secs(if std::env::var_os("CHANCERY_BIN").is_some() { 3 } else { 8 })
}

/// A server under load, whose answers are judged as they come.
pub(super) struct Bench<'a> {
    pub(super) server: &'a Server,
    key: &'a Key,
    issuer: PublicKey,
    stop: AtomicBool,
    log: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    /// When each client was last given a certificate.
    last: Vec<Option<Instant>>,
    issued: usize,
    put_off: usize,
    slowest: Duration,
}

/// What a fault did to callers.
pub(super) struct Seen {
    /// From its end until a client had a certificate, and until each had one.
    pub(super) first: Duration,
    pub(super) all: Duration,
    put_off: usize,
    slowest: Duration,
}

impl<'a> Bench<'a> {
    /// Runs `campaign` while clients enroll and reenroll as fast as they can.
    pub(super) fn run(server: &'a Server, key: &'a Key, campaign: impl FnOnce(&Self)) {
        let mut member = Member::of(server.url(), key);
        let admin = member.admin();
        let issuer = issuer(&mut member);
        for client in 0..CLIENTS {
            let id = format!("client{client}");
            if let Err(answer) = member.register(&admin, &id, -1).unwrap() {
                assert_eq!(answer.status, 409, "{answer:?}");
            }
        }
        let log = Log { last: vec![None; CLIENTS], ..Log::default() };
        let bench =
            Self { server, key, issuer, stop: AtomicBool::new(false), log: Mutex::new(log) };
        std::thread::scope(|clients| {
            for client in 0..CLIENTS {
                let bench = &bench;
                clients.spawn(move || bench.enroll_for_ever(client));
            }
            // Clients must end when the campaign fails.
            let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| campaign(&bench)));
            bench.stop.store(true, Ordering::SeqCst);
            if let Err(why) = ended {
                std::panic::resume_unwind(why);
            }
        });
    }

    fn enroll_for_ever(&self, client: usize) {
        let id = format!("client{client}");
        let mut member = Member::of(self.server.url(), self.key);
        let mut own: Option<String> = None;
        for round in 0.. {
            if self.stop.load(Ordering::SeqCst) {
                return;
            }
            let sent = Instant::now();
            let outcome = match &own {
                Some(pem) if round % 2 == 0 => member.reenroll(&id, pem),
                _ => member.enroll(&id, "s"),
            };
            let took = sent.elapsed();
            let outcome = outcome.unwrap_or_else(|why| panic!("no answer after {took:?}: {why}"));
            assert!(took < DEADLINE, "an answer took {took:?}");
            let mut log = self.log.lock().unwrap();
            log.slowest = log.slowest.max(took);
            match outcome {
                Ok(pem) => {
                    log.issued += 1;
                    log.last[client] = Some(Instant::now());
                    drop(log);
                    self.is_good(&pem);
                    own = Some(pem);
                }
                Err(Answer { status: 503, has_retry_after: true, .. }) => {
                    log.put_off += 1;
                    drop(log);
                    // As polite as a client may be expected to be, and quicker than it was told.
                    pause();
                }
                Err(answer) => panic!("{answer:?} {}", String::from_utf8_lossy(&answer.body)),
            }
        }
    }

    /// The certificate verifies, and its signature is low.
    fn is_good(&self, pem: &str) {
        let certificate = Certificate::from_pem(pem).unwrap();
        certificate.verify_signed_by(&self.issuer).expect("no wrong signature leaves");
        let signature = p256::ecdsa::Signature::from_der(certificate.signature()).unwrap();
        assert_eq!(signature.normalize_s(), signature, "low S");
    }

    /// Lets a fault begin, last and end; waits until every client is served again.
    pub(super) fn suffer(&self, begin: impl FnOnce(), lasts: Duration, end: impl FnOnce()) -> Seen {
        self.every_client_after(Instant::now());
        {
            let mut log = self.log.lock().unwrap();
            (log.put_off, log.slowest) = (0, Duration::ZERO);
        }
        begin();
        wait(lasts);
        end();
        let ended = Instant::now();
        let (first, all) = self.every_client_after(ended);
        let log = self.log.lock().unwrap();
        Seen { first, all, put_off: log.put_off, slowest: log.slowest }
    }

    /// Waits until the present fault has put somebody off.
    fn somebody_is_put_off(&self) {
        let since = Instant::now();
        while self.log.lock().unwrap().put_off == 0 {
            assert!(since.elapsed() < Duration::from_secs(30), "nobody is put off");
            pause();
        }
    }

    /// Waits until every client was given a certificate after `since`: how long the first and the last
    /// took.
    fn every_client_after(&self, since: Instant) -> (Duration, Duration) {
        let mut first = None;
        loop {
            let waited = since.elapsed();
            let served: Vec<bool> = {
                let log = self.log.lock().unwrap();
                log.last.iter().map(|last| last.is_some_and(|at| at > since)).collect()
            };
            if served.contains(&true) {
                first.get_or_insert(waited);
            }
            if let (Some(first), false) = (first, served.contains(&false)) {
                return (first, waited);
            }
            assert!(waited < Duration::from_mins(1), "clients are not served again: {served:?}");
            assert!(!self.stop.load(Ordering::SeqCst), "a client gave up");
            pause();
        }
    }
}

/// The key of the issuer, from `cainfo`.
fn issuer(member: &mut Member<'_>) -> PublicKey {
    use base64::Engine as _;
    let answer = member.connection.call("GET", "/api/v1/cainfo", "none", b"").unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    let chain = answer["result"]["CAChain"].as_str().unwrap();
    let chain = base64::engine::general_purpose::STANDARD.decode(chain).unwrap();
    let issuer = Certificate::from_pem(std::str::from_utf8(&chain).unwrap()).unwrap();
    issuer.public_key().clone()
}

impl Seen {
    /// Prints a line of the table; the bound is the campaign's.
    pub(super) fn tell(&self, fault: &str) {
        println!(
            "{fault:<52} resumed after {:>6.0?}, all clients {:>6.0?}; {:>4} x 503; slowest answer {:.1?}",
            self.first, self.all, self.put_off, self.slowest
        );
        assert!(self.all < resumes_within(), "{fault}: resumed after {:?}", self.all);
    }
}

/// Return values by class: what PKCS#11 v3.1 names, with its number.
const RETURN_VALUES: &[(&str, u64)] = &[
    ("HOST_MEMORY", 0x2),
    ("SLOT_ID_INVALID", 0x3),
    ("GENERAL_ERROR", 0x5),
    ("FUNCTION_FAILED", 0x6),
    ("ARGUMENTS_BAD", 0x7),
    ("DATA_INVALID", 0x20),
    ("DATA_LEN_RANGE", 0x21),
    ("DEVICE_ERROR", 0x30),
    ("DEVICE_MEMORY", 0x31),
    ("DEVICE_REMOVED", 0x32),
    ("FUNCTION_CANCELED", 0x50),
    ("FUNCTION_NOT_SUPPORTED", 0x54),
    ("KEY_HANDLE_INVALID", 0x60),
    ("KEY_FUNCTION_NOT_PERMITTED", 0x68),
    ("MECHANISM_INVALID", 0x70),
    ("OBJECT_HANDLE_INVALID", 0x82),
    ("OPERATION_ACTIVE", 0x90),
    ("OPERATION_NOT_INITIALIZED", 0x91),
    ("PIN_INCORRECT", 0xa0),
    ("PIN_EXPIRED", 0xa3),
    ("PIN_LOCKED", 0xa4),
    ("SESSION_CLOSED", 0xb0),
    ("SESSION_COUNT", 0xb1),
    ("SESSION_HANDLE_INVALID", 0xb3),
    ("TOKEN_NOT_PRESENT", 0xe0),
    ("TOKEN_NOT_RECOGNIZED", 0xe1),
    ("USER_NOT_LOGGED_IN", 0x101),
    ("BUFFER_TOO_SMALL", 0x150),
    ("CRYPTOKI_NOT_INITIALIZED", 0x190),
    ("FUNCTION_REJECTED", 0x200),
    ("VENDOR_DEFINED + 1", 0x8000_0001),
    ("a number that means nothing", 0x7abc),
];

fn world(campaign: impl FnOnce(&Bench<'_>, &Module)) {
    let data = tempfile::tempdir().unwrap();
    let module = Module::build(data.path());
    let server = Server::spawn(module.dev(data.path()), data.path());
    let key = Key::new();
    Bench::run(&server, &key, |bench| campaign(bench, &module));
    assert!(server.stop().success(), "it is the same process, and its record is sound");
}

fn lasts() -> Duration {
    Duration::from_millis(if is_long() { 2000 } else { 150 })
}

#[test]
fn a_token_that_returns_errors_is_survived() {
    world(|bench, module| {
        let until_cleared = |name: &str, function, fault| {
            let seen =
                bench.suffer(|| module.fail(function, fault, None), lasts(), || module.clear());
            seen.tell(name);
        };
        for (name, value) in RETURN_VALUES {
            until_cleared(&format!("C_Sign: {name}"), Function::Sign, Fault::Return(*value));
            if is_long() {
                let fault = Fault::Return(*value);
                until_cleared(&format!("C_SignInit: {name}"), Function::SignInit, fault);
                until_cleared(&format!("every function: {name}"), Function::Any, fault);
            }
        }
        for (name, function, value) in [
            ("every function: DEVICE_REMOVED", Function::Any, 0x32),
            ("every function: CRYPTOKI_NOT_INITIALIZED", Function::Any, 0x190),
            ("C_SignInit: KEY_HANDLE_INVALID", Function::SignInit, 0x60),
            ("C_GetSessionInfo: SESSION_HANDLE_INVALID", Function::GetSessionInfo, 0xb3),
        ] {
            until_cleared(name, function, Fault::Return(value));
        }
        // Errors of what is called when an epoch opens and closes only show when one does.
        for (name, function, value) in [
            ("C_Initialize: GENERAL_ERROR", Function::Initialize, 0x5),
            ("C_GetTokenInfo: TOKEN_NOT_PRESENT", Function::GetTokenInfo, 0xe0),
            ("C_OpenSession: SESSION_COUNT", Function::OpenSession, 0xb1),
            ("C_Login: DEVICE_ERROR", Function::Login, 0x30),
            ("C_CloseSession: DEVICE_ERROR", Function::CloseSession, 0x30),
            ("C_Finalize: DEVICE_ERROR", Function::Finalize, 0x30),
        ] {
            let begin = || {
                module.fail(function, Fault::Return(value), None);
                module.fail(Function::Sign, Fault::Return(0x30), Some(1));
            };
            bench.suffer(begin, lasts(), || module.clear()).tell(name);
        }
        let key_is_gone = || {
            module.fail(Function::FindObjects, Fault::NothingFound, None);
            module.fail(Function::SignInit, Fault::Return(0x60), Some(4));
        };
        bench.suffer(key_is_gone, lasts(), || module.clear()).tell("the keys are not found");
        until_cleared(
            "C_Sign: signs and returns DEVICE_ERROR",
            Function::Sign,
            Fault::DoneButFailed(0x30),
        );
    });
}

#[test]
fn a_token_that_gives_wrong_signatures_gives_none() {
    world(|bench, module| {
        for (name, function, fault) in [
            ("a bit of the signature is flipped", Function::Sign, Fault::FlippedBit),
            ("another message is signed", Function::Sign, Fault::OtherMessage),
            ("another key signs", Function::SignInit, Fault::OtherKey),
            ("r is zero", Function::Sign, Fault::ZeroR),
            ("the signature is cut short", Function::Sign, Fault::CutShort),
        ] {
            let begin = || module.fail(function, fault, None);
            let end = || {
                bench.somebody_is_put_off();
                module.clear();
            };
            bench.suffer(begin, lasts(), end).tell(name);
        }
        // A high S is no fault: it is turned over before it leaves.
        let begin = || module.fail(Function::Sign, Fault::HighS, None);
        let seen = bench.suffer(begin, lasts(), || module.clear());
        assert_eq!(seen.put_off, 0, "a high S is right");
        seen.tell("S is high");
    });
}

#[test]
fn a_token_that_hangs_or_crashes_is_survived() {
    world(|bench, module| {
        let hang = |name: &str, function, lasts| {
            let begin = || module.fail(function, Fault::Hang, None);
            bench.suffer(begin, lasts, || module.clear()).tell(name);
        };
        hang("C_Sign hangs, less than its limit", Function::Sign, Duration::from_millis(800));
        hang("C_Sign hangs, longer than its limit", Function::Sign, Duration::from_secs(4));
        hang("every function hangs for seven seconds", Function::Any, Duration::from_secs(7));
        let once = |function, fault| module.fail(function, fault, Some(1));
        for (name, function) in [
            ("one C_Sign never returns", Function::Sign),
            ("one C_SignInit never returns", Function::SignInit),
        ] {
            let begin = || once(function, Fault::HangForEver);
            bench.suffer(begin, Duration::ZERO, || ()).tell(name);
        }
        // What opens and closes an epoch hangs when one does.
        for (name, function) in [
            ("one C_Initialize never returns", Function::Initialize),
            ("one C_Login never returns", Function::Login),
            ("one C_OpenSession never returns", Function::OpenSession),
            ("one C_Finalize never returns", Function::Finalize),
        ] {
            let begin = || {
                once(function, Fault::HangForEver);
                once(Function::Sign, Fault::Return(0x30));
            };
            bench.suffer(begin, Duration::ZERO, || ()).tell(name);
        }
        let crash = || once(Function::Sign, Fault::Crash);
        bench.suffer(crash, Duration::ZERO, || ()).tell("C_Sign dies of SIGSEGV");
        let crashes = || module.fail(Function::Sign, Fault::Crash, Some(3));
        bench.suffer(crashes, Duration::ZERO, || ()).tell("C_Sign dies of SIGSEGV three times");
        let crash = || module.fail(Function::Initialize, Fault::Crash, None);
        let begin = || {
            crash();
            once(Function::Sign, Fault::Crash);
        };
        let lasts = Duration::from_secs(if is_long() { 20 } else { 4 });
        let seen = bench.suffer(begin, lasts, || module.clear());
        seen.tell("the module crashes at every start, for seconds");
    });
}
