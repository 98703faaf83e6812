//! How enrollment secrets are kept: so that a stolen database cannot be guessed offline (I8).
//!
//! Where the token has HMAC, a secret is kept as `mac1$SALT$MAC`: a MAC with a key that never leaves
//! the token. Elsewhere a generated secret of 136 bits is kept as `fast1$SALT$SHA-256` (there is
//! nothing to guess), and a chosen one by Argon2id on a bounded number of threads.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use aws_lc_rs::digest;
use tokio::sync::Semaphore;

use crate::hsm::Hsm;
use crate::id::{CaName, EnrollmentId};
use crate::secret::{EnrollmentSecret, equal, random};
use crate::service::error::{Error, Kind};

/// The longest secret that is taken, in octets.
const MAX_SECRET: usize = 256;
/// Argon2id runs at once; each takes 19 MiB.
const ARGON_AT_ONCE: usize = 2;

/// Where a secret comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// Chosen by a registrar or in the configuration.
    Given,
    /// Made by us.
    Generated,
}

/// How secrets are kept; all CAs of a server share it.
#[derive(Debug, Clone)]
pub enum SecretScheme {
    /// With a MAC key in the token.
    TokenMac {
        /// The way to the token.
        hsm: Hsm,
        /// The key's reference.
        key: [u8; 32],
    },
    /// On a token without HMAC.
    Local {
        /// Argon2id runs that may start now.
        argon: Arc<Semaphore>,
    },
}

impl SecretScheme {
    /// With the token's MAC key of this reference.
    pub fn by_token(hsm: Hsm, key: [u8; 32]) -> Self {
        Self::TokenMac { hsm, key }
    }

    /// Without help of the token.
    pub fn local() -> Self {
        Self::Local { argon: Arc::new(Semaphore::new(ARGON_AT_ONCE)) }
    }
}

/// Keeps and compares the enrollment secrets of one CA.
#[derive(Debug, Clone)]
pub(super) struct Secrets {
    ca: CaName,
    scheme: SecretScheme,
}

impl Secrets {
    pub(super) fn new(ca: CaName, scheme: SecretScheme) -> Self {
        Self { ca, scheme }
    }

    /// Makes a secret: 12 letters as Fabric CA where the token guards them, else 24.
    pub(super) fn generate(&self) -> Result<EnrollmentSecret, Error> {
        let letters = match self.scheme {
            SecretScheme::TokenMac { .. } => 12,
            SecretScheme::Local { .. } => 24,
        };
        EnrollmentSecret::generate(letters).map_err(no_randomness)
    }

    /// The text to store for a secret.
    pub(super) async fn keep(
        &self,
        id: &EnrollmentId,
        secret: &EnrollmentSecret,
        origin: Origin,
    ) -> Result<String, Error> {
        if secret.expose().len() > MAX_SECRET {
            return Err(Error::new(Kind::Malformed, "`secret` is longer than 256 octets"));
        }
        let salt: [u8; 16] = random().map_err(no_randomness)?;
        match &self.scheme {
            SecretScheme::TokenMac { hsm, key } => {
                let input = digest_of(&salt, &self.ca, id.as_str(), secret);
                let mac = hsm.mac(key, &input).await?;
                Ok(format!("mac1${}${}", hex::encode(salt), hex::encode(mac)))
            }
            SecretScheme::Local { .. } if origin == Origin::Generated => {
                let hash = digest_of(&salt, &self.ca, id.as_str(), secret);
                Ok(format!("fast1${}${}", hex::encode(salt), hex::encode(hash)))
            }
            SecretScheme::Local { argon } => {
                let salt = SaltString::encode_b64(&salt).map_err(|_| internal("salt"))?;
                let secret = secret.clone();
                bounded(argon, move || {
                    let hash = Argon2::default().hash_password(secret.expose().as_bytes(), &salt);
                    hash.map(|hash| hash.to_string()).map_err(|_| internal("Argon2id"))
                })
                .await?
            }
        }
    }

    /// Whether a secret is the one that was kept. Without one (`None`: nobody of that name) the same
    /// work is done and the answer is no, so that time does not tell who exists.
    pub(super) async fn matches(
        &self,
        id: &str,
        secret: &EnrollmentSecret,
        kept: Option<&str>,
    ) -> Result<bool, Error> {
        if secret.expose().len() > MAX_SECRET {
            return Ok(false);
        }
        let parts: Vec<&str> = kept.unwrap_or_default().split('$').collect();
        match (&self.scheme, parts.as_slice()) {
            (SecretScheme::TokenMac { hsm, key }, ["mac1", salt, mac]) => {
                let input = digest_of(&unhex(salt), &self.ca, id, secret);
                Ok(equal(&hsm.mac(key, &input).await?, &unhex(mac)))
            }
            (SecretScheme::TokenMac { hsm, key }, _) if kept.is_none() => {
                hsm.mac(key, &digest_of(&[0; 16], &self.ca, id, secret)).await?;
                Ok(false)
            }
            (_, ["fast1", salt, hash]) => {
                Ok(equal(&digest_of(&unhex(salt), &self.ca, id, secret), &unhex(hash)))
            }
            (SecretScheme::Local { argon }, _) => {
                let kept = kept.map(str::to_owned);
                let secret = secret.clone();
                bounded(argon, move || argon_matches(kept.as_deref(), &secret)).await
            }
            (SecretScheme::TokenMac { .. }, _) => Err(internal("a secret kept in an unknown form")),
        }
    }
}

/// What goes under the MAC: of one size, and of one CA, identity and salt only.
fn digest_of(salt: &[u8], ca: &CaName, id: &str, secret: &EnrollmentSecret) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(b"chancery enrollment secret 1");
    for part in [salt, ca.as_str().as_bytes(), id.as_bytes(), secret.expose().as_bytes()] {
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    out
}

fn argon_matches(kept: Option<&str>, secret: &EnrollmentSecret) -> bool {
    // A hash of nothing, for those who do not exist: its cost is what counts.
    const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
                          AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    PasswordHash::new(kept.unwrap_or(NOBODY)).is_ok_and(|hash| {
        Argon2::default().verify_password(secret.expose().as_bytes(), &hash).is_ok()
    })
}

/// Runs slow work on a thread of its own, at most so many at once.
async fn bounded<T: Send + 'static>(
    places: &Arc<Semaphore>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let place = Arc::clone(places).acquire_owned().await;
    let place = place.map_err(|_| internal("the pool for secrets is closed"))?;
    let (answer, answered) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        // Nobody listens any more when the client went away.
        let _ = answer.send(work());
        drop(place);
    });
    answered.await.map_err(|_| internal("the work on a secret was lost"))
}

fn unhex(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap_or_default()
}

fn internal(what: &str) -> Error {
    Error::new(Kind::Internal, what)
}

fn no_randomness(error: getrandom::Error) -> Error {
    Error::new(Kind::Internal, "the system gives no randomness").because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_kept_secret_matches_itself_alone() {
        let secrets = Secrets::new("ca".parse().unwrap(), SecretScheme::local());
        let id: EnrollmentId = "u".parse().unwrap();
        for origin in [Origin::Given, Origin::Generated] {
            let secret = EnrollmentSecret::new("right".into());
            let kept = secrets.keep(&id, &secret, origin).await.unwrap();
            assert!(!kept.contains("right"));
            assert!(secrets.matches("u", &secret, Some(&kept)).await.unwrap());
            let wrong = EnrollmentSecret::new("wrong".into());
            assert!(!secrets.matches("u", &wrong, Some(&kept)).await.unwrap());
            if origin == Origin::Generated {
                assert!(!secrets.matches("v", &secret, Some(&kept)).await.unwrap());
            }
            assert!(!secrets.matches("u", &secret, None).await.unwrap());
        }
    }

    #[tokio::test]
    async fn overlong_secrets_are_refused_by_name() {
        let long = EnrollmentSecret::new("x".repeat(257));
        let secrets = Secrets::new("ca".parse().unwrap(), SecretScheme::local());
        let kept = secrets.keep(&"u".parse().unwrap(), &long, Origin::Given).await;
        assert_eq!(kept.unwrap_err().kind, Kind::Malformed);
    }
}
