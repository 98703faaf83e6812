//! What is done about each class of error, on a real token that is made to fail.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chancery::clock::Clock;
use chancery::hsm::ledger::Line;
use chancery::hsm::protocol::{Answer, Message, Refusal};
use chancery::hsm::{
    Algorithm, Asker, Binding, Class, CustodyLevel, DeviceOptions, Engine, EngineOptions, Errand,
    Job, KeyInfo, Module, NewKey, Pkcs11Device, Purpose, Stop, TokenSelector, Work,
};
use chancery::pki::signature;
use chancery::secret::Pin;
use cryptoki::error::RvError;

use crate::faulty::{FaultyDevice, Mischief, Plan};
use crate::fixture::{MODULE, PIN, own_process};

type Told = (u64, Result<Answer, Refusal>, Option<Line>);

struct Notes(Mutex<Sender<Told>>);

impl Asker for Notes {
    fn is_gone(&self) -> bool {
        false
    }

    fn answer(&self, id: u64, answer: Result<Answer, Refusal>, line: Option<Line>, _: bool) {
        let _ = self.0.lock().unwrap().send((id, answer, line));
    }

    fn flush(&self) {}
}

struct Bench {
    engine: Engine,
    plan: Arc<Plan>,
    key: Arc<Binding>,
    asker: Arc<dyn Asker>,
    told: Receiver<Told>,
    hung: Arc<AtomicBool>,
}

fn device() -> Pkcs11Device {
    device_with(PIN)
}

fn device_with(pin: &str) -> Pkcs11Device {
    let module = Module::load(Path::new(MODULE)).unwrap();
    let options = DeviceOptions {
        token: TokenSelector { label: "t".into(), serial: None },
        custody: CustodyLevel::Generated,
        generates: true,
        reserve: 2,
    };
    Pkcs11Device::new(module, options, Pin::new(pin.into()))
}

/// One worker; `hung` is set when a call hangs.
fn options(hung: &Arc<AtomicBool>) -> EngineOptions {
    let seen = hung.clone();
    EngineOptions {
        workers: 1,
        depth: 16,
        hang: Duration::from_secs(1),
        opened: None,
        keep_alive: None,
        pause: Duration::from_millis(10),
        longest_pause: Duration::from_millis(50),
        give_up: 4,
        on_hang: Arc::new(move |_| seen.store(true, Ordering::SeqCst)),
        clock: Clock::system(),
    }
}

impl Bench {
    /// An engine with one worker, whose first signatures fail as planned.
    fn new(mischief: &[Mischief]) -> Self {
        let plan = Plan::of(mischief);
        let hung = Arc::new(AtomicBool::new(false));
        let device = FaultyDevice { inner: device(), plan: plan.clone() };
        let engine = Engine::start(Box::new(device), options(&hung)).unwrap();
        let (tell, told) = channel();
        let asker: Arc<dyn Asker> = Arc::new(Notes(Mutex::new(tell)));
        let errand: Errand = Box::new(|clerk, token| {
            let key = NewKey {
                label: "ca".parse().unwrap(),
                algorithm: Algorithm::P256,
                purposes: [Purpose::Certificate].into(),
            };
            let made = clerk.generate(&key, &[7; 20])?;
            assert!(made.refused.is_empty(), "{:?}", made.refused);
            Ok(Answer::Key(Box::new(KeyInfo {
                label: key.label,
                reference: made.reference,
                algorithm: key.algorithm,
                spki: made.spki,
                token: token.clone(),
                id: vec![7; 20],
                purposes: key.purposes,
                custody: made.custody,
            })))
        });
        engine.send(Job::new(asker.clone(), 0, soon(), errand)).unwrap();
        let (_, answer, _) = told.recv_timeout(Duration::from_secs(10)).unwrap();
        let Ok(Answer::Key(info)) = answer else { panic!("{answer:?}") };
        let key = Arc::new(Binding::new(*info).unwrap());
        Self { engine, plan, key, asker, told, hung }
    }

    fn sign(&self) -> (Result<Answer, Refusal>, Option<Line>) {
        let work = Work::Sign {
            key: self.key.clone(),
            purpose: Purpose::Certificate,
            message: Message::of(b"tbs"),
        };
        if let Err(refusal) = self.engine.submit(Job::new(self.asker.clone(), 1, soon(), work)) {
            return (Err(refusal), None);
        }
        let (_, answer, line) = self.told.recv_timeout(Duration::from_secs(10)).unwrap();
        (answer, line)
    }

    fn sign_well(&self) {
        let (answer, line) = self.sign();
        let Ok(Answer::Signature(made)) = answer else { panic!("{answer:?}") };
        let public = self.key.public.as_ref().unwrap();
        let digest = line.unwrap().sha256;
        signature::verify_digest(public, &digest, &made.0).unwrap();
    }

    fn end(self) -> Option<Stop> {
        self.engine.close();
        self.engine.wait(Some(Duration::from_secs(10)))
    }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

fn own(name: &str) -> Option<PathBuf> {
    own_process(&format!("engine::{name}"))
}

#[test]
fn a_request_bug_fails_alone() {
    if own("a_request_bug_fails_alone").is_none() {
        return;
    }
    let bench = Bench::new(&[Mischief::NotDone(RvError::DataLenRange)]);
    let (answer, line) = bench.sign();
    assert!(matches!(answer, Err(Refusal::Token { class: Class::Request, .. })), "{answer:?}");
    assert!(line.is_none());
    bench.sign_well();
    assert_eq!(bench.plan.counts(), (1, 1));
    assert_eq!(bench.end(), Some(Stop::Drained));
}

#[test]
fn a_stuck_operation_or_a_lost_session_costs_the_session() {
    if own("a_stuck_operation_or_a_lost_session_costs_the_session").is_none() {
        return;
    }
    let bench = Bench::new(&[
        Mischief::NotDone(RvError::OperationActive),
        // Done, but the reply was lost: the same.
    ]);
    bench.sign_well();
    assert_eq!(bench.plan.counts(), (1, 2));
    for (mischief, sessions) in [
        (Mischief::DoneButFailed(RvError::SessionHandleInvalid), 3),
        (Mischief::NotDone(RvError::FunctionFailed), 4),
    ] {
        bench.plan.next.lock().unwrap().push_back(mischief);
        bench.sign_well();
        assert_eq!(bench.plan.counts(), (1, sessions));
    }
    assert_eq!(bench.end(), Some(Stop::Drained));
}

#[test]
fn a_stale_handle_is_found_again_then_the_epoch_is_renewed() {
    if own("a_stale_handle_is_found_again_then_the_epoch_is_renewed").is_none() {
        return;
    }
    let bench = Bench::new(&[Mischief::NotDone(RvError::KeyHandleInvalid)]);
    bench.sign_well();
    assert_eq!(bench.plan.forgotten.load(Ordering::SeqCst), 1);
    assert_eq!(bench.plan.counts(), (1, 1));
    let twice = [
        Mischief::NotDone(RvError::KeyHandleInvalid),
        Mischief::NotDone(RvError::KeyHandleInvalid),
    ];
    bench.plan.next.lock().unwrap().extend(twice);
    bench.sign_well();
    assert_eq!(bench.plan.counts(), (2, 2));
    assert_eq!(bench.end(), Some(Stop::Drained));
}

#[test]
fn a_device_that_blinks_is_not_noticed() {
    if own("a_device_that_blinks_is_not_noticed").is_none() {
        return;
    }
    let bench = Bench::new(&[Mischief::DoneButFailed(RvError::DeviceError)]);
    bench.sign_well();
    assert_eq!(bench.plan.counts(), (2, 2));
    assert_eq!(bench.engine.health().epoch, 2);
    assert_eq!(bench.end(), Some(Stop::Drained));
}

#[test]
fn a_wrong_signature_never_leaves() {
    if own("a_wrong_signature_never_leaves").is_none() {
        return;
    }
    let bench = Bench::new(&[Mischief::WrongSignature]);
    bench.sign_well();
    assert_eq!(bench.plan.counts(), (2, 2));

    let always = std::iter::repeat_n(Mischief::WrongSignature, 1000);
    bench.plan.next.lock().unwrap().extend(always);
    // A device that signs wrongly every time: refused each time, and given up in the end.
    let mut refused = 0;
    while bench.engine.wait(Some(Duration::ZERO)).is_none() {
        let (answer, line) = bench.sign();
        assert!(matches!(answer, Err(Refusal::Unavailable { .. })), "{answer:?}");
        assert!(line.is_none());
        refused += 1;
    }
    assert!(refused > 0);
    assert!(matches!(bench.end(), Some(Stop::Unwell(_))));
}

#[test]
fn a_pin_error_that_is_not_the_logins_opens_a_new_epoch() {
    if own("a_pin_error_that_is_not_the_logins_opens_a_new_epoch").is_none() {
        return;
    }
    // Nobody has shown a PIN: whether ours is good, the next login tells.
    let bench = Bench::new(&[Mischief::NotDone(RvError::PinExpired)]);
    bench.sign_well();
    assert_eq!(bench.plan.counts(), (2, 2));
    assert_eq!(bench.end(), Some(Stop::Drained));
}

#[test]
fn a_pin_that_the_login_refuses_stops_for_good() {
    if own("a_pin_that_the_login_refuses_stops_for_good").is_none() {
        return;
    }
    let plan = Plan::of(&[]);
    let device = FaultyDevice { inner: device_with("0000"), plan: plan.clone() };
    let engine = Engine::start(Box::new(device), options(&Arc::default())).unwrap();
    assert!(matches!(engine.wait(Some(Duration::from_secs(10))), Some(Stop::Pin(_))));
    assert_eq!(plan.counts(), (1, 0));
    assert!(!engine.health().serving);
}

#[test]
fn a_session_that_is_open_is_not_the_one_too_many() {
    if own("a_session_that_is_open_is_not_the_one_too_many").is_none() {
        return;
    }
    // The last worker would leave, and nobody would serve the queue.
    let bench = Bench::new(&[Mischief::NotDone(RvError::SessionCount)]);
    bench.sign_well();
    assert_eq!(bench.plan.counts(), (2, 2));
    assert_eq!(bench.end(), Some(Stop::Drained));
}

#[test]
fn a_thread_that_fails_is_replaced() {
    if own("a_thread_that_fails_is_replaced").is_none() {
        return;
    }
    let bench = Bench::new(&[Mischief::Panic]);
    let work = Work::Sign {
        key: bench.key.clone(),
        purpose: Purpose::Certificate,
        message: Message::of(b"tbs"),
    };
    // Its job is lost, and answered by its deadline at the service; the next one is served.
    bench.engine.submit(Job::new(bench.asker.clone(), 1, soon(), work)).unwrap();
    bench.sign_well();
    assert_eq!(bench.plan.counts(), (2, 2));
    assert_eq!(bench.end(), Some(Stop::Drained));
}

#[test]
fn a_call_that_hangs_is_seen_from_outside() {
    if own("a_call_that_hangs_is_seen_from_outside").is_none() {
        return;
    }
    let bench = Bench::new(&[Mischief::Hang(Duration::from_secs(3))]);
    let work = Work::Sign {
        key: bench.key.clone(),
        purpose: Purpose::Certificate,
        message: Message::of(b"tbs"),
    };
    bench.engine.submit(Job::new(bench.asker.clone(), 1, soon(), work)).unwrap();
    let started = Instant::now();
    while !bench.hung.load(Ordering::SeqCst) {
        assert!(started.elapsed() < Duration::from_secs(3));
        crate::client::pause(10);
    }
    let health = bench.engine.health();
    assert_eq!(health.busy, 1);
    assert!(health.longest_call_ms >= 1000, "{health:?}");
    bench.told.recv_timeout(Duration::from_secs(10)).unwrap().1.unwrap();
    assert_eq!(bench.end(), Some(Stop::Drained));
}
