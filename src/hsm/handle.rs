//! The service's face of the token: ask, and wait or be told that it is busy.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::block_in_place;
use tokio::time::{sleep, timeout};

use super::counts::{Count, Counts};
use super::error::Error;
use super::key::{Algorithm, Inventory, KeyInfo, NewKey};
use super::octets::Octets;
use super::protocol::{Answer, Ask, Health, MAX_WHOLE, Message};
use super::purpose::Purpose;
use super::remote::{Connection, Failure};
use super::supervise::{Link, SignerSource, Supervisor, Watch, WatchOptions};
use crate::audit::Recorded;
use crate::id::KeyLabel;
use crate::pki::signature::Verified;

/// How the service uses a signer.
#[derive(Debug, Clone)]
pub struct HsmOptions {
    /// Requests in flight, at most; one more is `Busy`. Not more than the signer's own queue.
    pub places: usize,
    /// How long a signature or a code may take, from being asked for.
    pub deadline: Duration,
    /// How long making a key or listing them may take.
    pub long_deadline: Duration,
    /// How the signer is watched.
    pub watch: WatchOptions,
}

impl Default for HsmOptions {
    fn default() -> Self {
        Self {
            places: 512,
            deadline: Duration::from_secs(5),
            long_deadline: Duration::from_secs(90),
            watch: WatchOptions::default(),
        }
    }
}

/// The token, as deeds see it. Cheap to clone; the signer is let go with the last clone.
#[derive(Debug, Clone)]
pub struct Hsm(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    options: HsmOptions,
    places: Arc<Semaphore>,
    link: watch::Receiver<Link>,
    watch: Arc<Watch>,
    counts: Counts,
    /// Whether each key signs SHA-384. Locked to look or to add.
    sha384: Mutex<HashMap<[u8; 32], bool>>,
}

/// Whether the signer can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Status {
    /// It is connected; [`Hsm::health`] tells how its token is.
    Up {
        /// Its process.
        pid: u32,
        /// How often it was started or connected to.
        starts: u64,
        /// Places that are free.
        free: usize,
    },
    /// It comes back by itself.
    Down {
        /// Why.
        why: String,
        /// How often it was started or connected to.
        starts: u64,
    },
    /// The token refused the PIN: an operator must act.
    WrongPin,
}

/// A place in the queue, good for one signature.
#[derive(Debug)]
pub struct Place {
    hsm: Hsm,
    connection: Arc<Connection>,
    _permit: OwnedSemaphorePermit,
}

impl Hsm {
    /// Starts or connects to a signer, and keeps it up. Returns at once; see [`Hsm::wait_ready`].
    ///
    /// # Panics
    /// When it is called outside a tokio runtime.
    pub fn start(source: SignerSource, options: HsmOptions) -> Self {
        let why: Arc<str> = "the signer is starting".into();
        let (sender, link) = watch::channel(Link::Down { until: Instant::now(), why });
        let watch = Arc::new(Watch::default());
        let supervisor = Supervisor {
            source,
            options: options.watch.clone(),
            link: sender,
            watch: watch.clone(),
        };
        tokio::spawn(supervisor.run());
        let places = Arc::new(Semaphore::new(options.places));
        Self(Arc::new(Inner {
            options,
            places,
            link,
            watch,
            counts: Counts::default(),
            sha384: Mutex::default(),
        }))
    }

    /// Takes a place in the queue, before anything is written that would have to be undone.
    ///
    /// # Errors
    /// `Busy` when all are taken, `Unavailable` while the signer is down, `WrongPin` for good.
    pub fn reserve(&self) -> Result<Place, Error> {
        let connection = self.connection()?;
        let permit = self.0.places.clone().try_acquire_owned().map_err(|_| Error::Busy)?;
        Ok(Place { hsm: self.clone(), connection, _permit: permit })
    }

    /// HMAC-SHA256 of `message` (at most 64 KiB) with the secret key of this reference.
    ///
    /// # Errors
    /// As [`Hsm::reserve`], and when the signer or its token refuses.
    pub async fn mac(&self, key: &[u8; 32], message: &[u8]) -> Result<[u8; 32], Error> {
        const OPERATION: &str = "compute a MAC";
        let place = self.reserve()?;
        let ask = Ask::Mac { key: *key, message: Octets::from(message) };
        let answer = place.ask_twice(ask, OPERATION, Some(*key)).await;
        self.0.counts.add(*key, Purpose::Mac, answer.is_ok());
        let Answer::Mac(code) = answer? else { return Err(Error::Protocol) };
        Ok(code)
    }

    /// A signature for the handshake of a TLS server.
    ///
    /// # Errors
    /// As [`Hsm::mac`].
    pub async fn sign_tls(&self, key: &[u8; 32], message: &[u8]) -> Result<Vec<u8>, Error> {
        let place = self.reserve()?;
        place.sign_message(*key, Message::of(message), Purpose::Tls).await
    }

    /// The same for code that cannot wait in another way, such as a signer of rustls. Call it from a
    /// thread of its own, or within a runtime of several threads.
    ///
    /// # Errors
    /// As [`Hsm::mac`]; `WouldDeadlock` within a runtime of one thread.
    pub fn sign_tls_blocking(&self, key: &[u8; 32], message: &[u8]) -> Result<Vec<u8>, Error> {
        let place = self.reserve()?;
        let ask = Ask::Sign { key: *key, purpose: Purpose::Tls, message: Message::of(message) };
        let patience = self.0.options.deadline;
        let ask = || place.connection.ask_blocking(ask, patience);
        let outcome = match Handle::try_current().map(|handle| handle.runtime_flavor()) {
            Err(_) => ask(),
            Ok(RuntimeFlavor::MultiThread) => block_in_place(ask),
            // The one thread that would have to read the answer is this one.
            Ok(_) => return Err(Error::WouldDeadlock),
        };
        let answer = outcome.map_err(|failure| self.told("sign", Some(*key), failure));
        self.0.counts.add(*key, Purpose::Tls, answer.is_ok());
        signature_of(answer?)
    }

    /// Makes a key. Not tried again when the signer goes down meanwhile; asked again in the same
    /// words, the signer finishes what it had begun.
    ///
    /// # Errors
    /// `LabelTaken` when there is a key of this label, `Refused` when this signer makes no keys,
    /// `Alarm` when what the token made is kept worse than it must be.
    pub async fn generate(&self, key: NewKey) -> Result<KeyInfo, Error> {
        let Answer::Key(info) = self.ask("make a key", Ask::Generate(key)).await? else {
            return Err(Error::Protocol);
        };
        Ok(*info)
    }

    /// The signer's register: every key that it may use.
    ///
    /// # Errors
    /// When the signer does not answer.
    pub async fn keys(&self) -> Result<Vec<KeyInfo>, Error> {
        let Answer::Keys(keys) = self.ask("list the keys", Ask::Keys).await? else {
            return Err(Error::Protocol);
        };
        Ok(keys)
    }

    /// The registered key of this label.
    ///
    /// # Errors
    /// As [`Hsm::keys`].
    pub async fn key(&self, label: &KeyLabel) -> Result<Option<KeyInfo>, Error> {
        Ok(self.keys().await?.into_iter().find(|key| key.label == *label))
    }

    /// Every key of the token, and what is proven about it.
    ///
    /// # Errors
    /// When the signer or its token does not answer.
    pub async fn inventory(&self) -> Result<Inventory, Error> {
        let Answer::Inventory(inventory) =
            self.ask("list the token's keys", Ask::Inventory).await?
        else {
            return Err(Error::Protocol);
        };
        Ok(*inventory)
    }

    /// How the signer and its token are. Answered even while the token hangs.
    ///
    /// # Errors
    /// When the signer does not answer.
    pub async fn health(&self) -> Result<Health, Error> {
        let Answer::Health(health) = self.ask("tell its health", Ask::Health).await? else {
            return Err(Error::Protocol);
        };
        Ok(*health)
    }

    /// Waits until the token is served, for at most `patience`.
    ///
    /// # Errors
    /// `WrongPin` as soon as it is known, else what stood in the way at last.
    pub async fn wait_ready(&self, patience: Duration) -> Result<Health, Error> {
        let until = Instant::now() + patience;
        loop {
            let error = match self.health().await {
                Ok(health) if health.serving => return Ok(health),
                Ok(health) => Error::down(Duration::from_secs(1), &health.detail),
                Err(error @ Error::WrongPin) => return Err(error),
                Err(error) => error,
            };
            if Instant::now() >= until {
                return Err(error);
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Whether the signer can be asked; does not ask it.
    pub fn status(&self) -> Status {
        let starts = self.0.watch.starts.load(Ordering::Relaxed);
        match &*self.0.link.borrow() {
            Link::Up(connection) => Status::Up {
                pid: connection.welcome().pid,
                starts,
                free: self.0.places.available_permits(),
            },
            Link::Down { why, .. } => Status::Down { why: why.to_string(), starts },
            Link::Stopped => Status::WrongPin,
        }
    }

    /// Signatures and codes since the start, by key and purpose.
    pub fn counts(&self) -> Vec<Count> {
        self.0.counts.all()
    }

    /// Takes no more requests, lets the signer finish those in flight, and stops it. Returns when it
    /// has gone, or was killed because it did not go in time.
    pub async fn shutdown(&self) {
        self.0.watch.stop.notify_one();
        let mut link = self.0.link.clone();
        // The supervisor ends with its end of the channel.
        while link.changed().await.is_ok() {}
    }

    /// Whether a key signs SHA-384, asked of the register once. Where it does not tell, it may.
    async fn signs_sha384(&self, key: &[u8; 32]) -> bool {
        let kept = || self.0.sha384.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(signs) = kept().get(key) {
            return *signs;
        }
        let Ok(keys) = self.keys().await else { return true };
        let mut kept = kept();
        kept.extend(keys.iter().map(|key| (key.reference, key.algorithm == Algorithm::P384)));
        kept.get(key).copied().unwrap_or(true)
    }

    fn connection(&self) -> Result<Arc<Connection>, Error> {
        match &*self.0.link.borrow() {
            Link::Up(connection) => Ok(connection.clone()),
            Link::Down { until, why } => {
                Err(Error::down(until.saturating_duration_since(Instant::now()), why))
            }
            Link::Stopped => Err(Error::WrongPin),
        }
    }

    /// The link after the present one, when it comes by `until`.
    async fn next_connection(
        &self,
        gone: &Arc<Connection>,
        until: Instant,
    ) -> Option<Arc<Connection>> {
        let mut link = self.0.link.clone();
        let is_next = |link: &Link| match link {
            Link::Up(connection) => !Arc::ptr_eq(connection, gone),
            Link::Down { .. } => false,
            Link::Stopped => true,
        };
        let left = until.saturating_duration_since(Instant::now());
        let found = timeout(left, link.wait_for(is_next)).await.ok()?.ok()?;
        match &*found {
            Link::Up(connection) => Some(connection.clone()),
            Link::Down { .. } | Link::Stopped => None,
        }
    }

    async fn ask(&self, operation: &'static str, ask: Ask) -> Result<Answer, Error> {
        let patience = match ask {
            Ask::Health | Ask::Keys => self.0.options.deadline,
            Ask::Sign { .. }
            | Ask::Mac { .. }
            | Ask::Generate(_)
            | Ask::Inventory
            | Ask::Cancel { .. } => self.0.options.long_deadline,
        };
        let answer = self.connection()?.ask(ask, patience).await;
        answer.map_err(|failure| self.told(operation, None, failure))
    }

    fn told(&self, operation: &'static str, key: Option<[u8; 32]>, failure: Failure) -> Error {
        match failure {
            Failure::Late => Error::Timeout { operation },
            Failure::Refused(refusal) => Error::refused(operation, key, refusal),
            Failure::Lost => match self.connection() {
                Err(error) => error,
                Ok(_) => Error::down(Duration::from_millis(100), "the signer went down"),
            },
        }
    }
}

impl Place {
    /// Signs what the journal holds, with the key that it names. The signature is as certificates
    /// carry it (DER, low S) and was verified with that key.
    ///
    /// # Errors
    /// When the signer goes down twice, does not answer in time, or refuses.
    pub async fn sign(self, recorded: Recorded, purpose: Purpose) -> Result<Verified, Error> {
        let intent = recorded.intent();
        let octets = &intent.to_be_signed;
        let sha384 = octets.len() > MAX_WHOLE && self.hsm.signs_sha384(&intent.key).await;
        let message = Message::digested(octets, intent.digest, sha384);
        let octets = self.sign_message(intent.key, message, purpose).await?;
        Ok(Verified::vouched_for(intent.key, intent.digest, octets))
    }

    async fn sign_message(
        self,
        key: [u8; 32],
        message: Message,
        purpose: Purpose,
    ) -> Result<Vec<u8>, Error> {
        let ask = Ask::Sign { key, purpose, message };
        let answer = self.ask_twice(ask, "sign", Some(key)).await;
        self.hsm.0.counts.add(key, purpose, answer.is_ok());
        signature_of(answer?)
    }

    /// Asks; when the signer goes down before it answers, asks the next one once more, all within
    /// the deadline. For what does no harm when it is done twice.
    async fn ask_twice(
        &self,
        ask: Ask,
        operation: &'static str,
        key: Option<[u8; 32]>,
    ) -> Result<Answer, Error> {
        let until = Instant::now() + self.hsm.0.options.deadline;
        let failure = match self.connection.ask(ask.clone(), self.hsm.0.options.deadline).await {
            Ok(answer) => return Ok(answer),
            Err(Failure::Lost) => match self.hsm.next_connection(&self.connection, until).await {
                None => Failure::Lost,
                Some(connection) => {
                    let left = until.saturating_duration_since(Instant::now());
                    match connection.ask(ask, left).await {
                        Ok(answer) => return Ok(answer),
                        Err(failure) => failure,
                    }
                }
            },
            Err(failure) => failure,
        };
        Err(self.hsm.told(operation, key, failure))
    }
}

fn signature_of(answer: Answer) -> Result<Vec<u8>, Error> {
    let Answer::Signature(signature) = answer else { return Err(Error::Protocol) };
    Ok(signature.0)
}

#[cfg(test)]
#[path = "handle_tests.rs"]
mod tests;
