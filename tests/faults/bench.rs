//! A server under load, whose every answer is judged, while something is done to it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chancery::pki::{Certificate, PublicKey};

use super::http::Answer;
use super::member::{Key, Member};
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
    /// When each client asked for its last certificate, and when it was given it.
    last: Vec<Option<(Instant, Instant)>>,
    issued: usize,
    put_off: usize,
    slowest: Duration,
}

/// What a fault did to callers.
pub(super) struct Seen {
    /// From its end until a client had a certificate, and until each had one.
    pub(super) first: Duration,
    pub(super) all: Duration,
    pub(super) put_off: usize,
    slowest: Duration,
}

/// Ends the campaign and every client when one of them ends, by a failure too.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
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
                clients.spawn(move || {
                    let _stop = Stop(&bench.stop);
                    bench.enroll_for_ever(client);
                });
            }
            let _stop = Stop(&bench.stop);
            campaign(&bench);
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
                    log.last[client] = Some((sent, Instant::now()));
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
    pub(super) fn somebody_is_put_off(&self) {
        let since = Instant::now();
        while self.log.lock().unwrap().put_off == 0 {
            assert!(since.elapsed() < Duration::from_secs(30), "nobody is put off");
            pause();
        }
    }

    /// Waits until one client was given a certificate that it asked for after `since`, and every
    /// client one, also those who had waited already: how long that took.
    fn every_client_after(&self, since: Instant) -> (Duration, Duration) {
        let mut first = None;
        loop {
            let waited = since.elapsed();
            let (asked, served): (Vec<bool>, Vec<bool>) = {
                let log = self.log.lock().unwrap();
                let is_after = |last: &Option<(Instant, Instant)>| {
                    last.map_or((false, false), |(sent, got)| (sent > since, got > since))
                };
                log.last.iter().map(is_after).unzip()
            };
            if asked.contains(&true) {
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
        let ms = |time: Duration| time.as_millis();
        println!(
            "{fault:<48} resumed after {:>4} ms, all clients {:>4} ms; {:>4} x 503; slowest answer {:>4} ms",
            ms(self.first),
            ms(self.all),
            self.put_off,
            ms(self.slowest)
        );
        let slower = self.first.max(self.all);
        assert!(slower < resumes_within(), "{fault}: resumed after {slower:?}");
    }
}
