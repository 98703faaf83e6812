//! The member's key: in a file, or wherever else something can sign a digest for us.

use std::fmt;

use aws_lc_rs::digest::{SHA256, SHA384, digest};
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, LineEnding};
use zeroize::Zeroizing;

use crate::cli::exit::Failure;
use crate::hsm::Uri;
use crate::pki::{KeyAlgorithm, PublicKey};

/// The curves that members use: a Fabric node takes no other key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum Curve {
    /// NIST P-256
    P256,
    /// NIST P-384
    P384,
}

impl Curve {
    /// The digest that a certificate request by a key on this curve is signed over.
    pub(super) fn request_digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::P256 => sha256(message),
            Self::P384 => digest(&SHA384, message).as_ref().to_vec(),
        }
    }
}

/// SHA-256.
pub(super) fn sha256(message: &[u8]) -> Vec<u8> {
    digest(&SHA256, message).as_ref().to_vec()
}

/// What a member proves itself with. Narrow on purpose: a file, a token and a test can each be one.
pub(in crate::cli) trait MemberKey: fmt::Debug + Send + Sync {
    /// The curve.
    fn curve(&self) -> Curve;

    /// The public key: an uncompressed point, 04 X Y.
    /// [SEC 1 section 2.3.3](https://www.secg.org/sec1-v2.pdf)
    fn point(&self) -> &[u8];

    /// Signs a digest: an ASN.1 DER signature whose S is low, as Fabric demands of every signature.
    ///
    /// # Errors
    /// When whoever holds the key cannot or will not.
    fn sign_digest(&self, digest: &[u8]) -> Result<Vec<u8>, Failure>;

    /// The key as PKCS#8 PEM, when it lives in a file.
    ///
    /// # Errors
    /// When it cannot be encoded.
    fn to_pem(&self) -> Result<Option<Zeroizing<String>>, Failure>;

    /// Where the key is, when it lives in a token.
    fn place(&self) -> Option<&Uri>;
}

/// The public key of a member's key.
///
/// # Errors
/// When it is no point of its curve.
pub(super) fn public_key(key: &dyn MemberKey) -> Result<PublicKey, Failure> {
    let algorithm = match key.curve() {
        Curve::P256 => KeyAlgorithm::P256,
        Curve::P384 => KeyAlgorithm::P384,
    };
    PublicKey::from_ec_point(algorithm, key.point())
        .map_err(|error| Failure::refused("the member's key cannot be used").because(error))
}

/// The curve and the uncompressed point of a public key.
///
/// # Errors
/// When it is none of P-256 or P-384.
pub(super) fn curve_and_point(key: &PublicKey) -> Result<(Curve, &[u8]), Failure> {
    let (curve, length) = match key.algorithm() {
        KeyAlgorithm::P256 => (Curve::P256, 65),
        KeyAlgorithm::P384 => (Curve::P384, 97),
        other @ (KeyAlgorithm::Ed25519 | KeyAlgorithm::Rsa { .. }) => {
            return Err(Failure::usage(format!("a member's key cannot be of kind {other}"))
                .hint("a Fabric CA takes proofs by ECDSA keys only"));
        }
    };
    // The point is what a SubjectPublicKeyInfo ends with.
    let spki = key.spki_der();
    spki.len()
        .checked_sub(length)
        .and_then(|start| spki.get(start..))
        .map(|point| (curve, point))
        .ok_or_else(|| Failure::usage("the public key of the member's certificate is malformed"))
}

/// Fabric's key identifier, which names the key's file: SHA-256 of the uncompressed point.
pub(super) fn fabric_ski(point: &[u8]) -> String {
    hex::encode(sha256(point))
}

/// A private key in memory, from a file or for one.
pub(in crate::cli) struct FileKey {
    secret: SecretKey,
    point: Vec<u8>,
}

enum SecretKey {
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
}

impl FileKey {
    /// Makes a new key.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub(in crate::cli) fn generate(curve: Curve) -> Result<Self, Failure> {
        // One in 2^32 random strings is no scalar of P-256; a few tries are more than enough.
        for _ in 0..8 {
            let made = match curve {
                Curve::P256 => {
                    let octets = random::<32>()?;
                    p256::ecdsa::SigningKey::from_slice(octets.as_ref()).ok().map(SecretKey::P256)
                }
                Curve::P384 => {
                    let octets = random::<48>()?;
                    p384::ecdsa::SigningKey::from_slice(octets.as_ref()).ok().map(SecretKey::P384)
                }
            };
            if let Some(secret) = made {
                return Ok(Self::from_secret(secret));
            }
        }
        Err(Failure::refused("the system's randomness yields no key"))
    }

    /// Reads a PKCS#8 PEM, as Fabric CA's client and `openssl genpkey` write it.
    ///
    /// # Errors
    /// A usage failure that names the file; it never tells what was in it.
    pub(super) fn from_pem(pem: &str, file: &str) -> Result<Self, Failure> {
        if let Ok(key) = p256::ecdsa::SigningKey::from_pkcs8_pem(pem) {
            return Ok(Self::from_secret(SecretKey::P256(key)));
        }
        if let Ok(key) = p384::ecdsa::SigningKey::from_pkcs8_pem(pem) {
            return Ok(Self::from_secret(SecretKey::P384(key)));
        }
        let failure =
            Failure::usage(format!("`{file}` holds no P-256 or P-384 private key in PKCS#8 PEM"));
        Err(if pem.contains("BEGIN EC PRIVATE KEY") {
            failure.hint(format!("convert it with `openssl pkcs8 -topk8 -nocrypt -in {file}`"))
        } else {
            failure
        })
    }

    fn from_secret(secret: SecretKey) -> Self {
        let point = match &secret {
            SecretKey::P256(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            SecretKey::P384(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
        };
        Self { secret, point }
    }
}

impl MemberKey for FileKey {
    fn curve(&self) -> Curve {
        match self.secret {
            SecretKey::P256(_) => Curve::P256,
            SecretKey::P384(_) => Curve::P384,
        }
    }

    fn point(&self) -> &[u8] {
        &self.point
    }

    fn sign_digest(&self, digest: &[u8]) -> Result<Vec<u8>, Failure> {
        let failed =
            |error| Failure::refused("could not sign with the member's key").because(error);
        Ok(match &self.secret {
            SecretKey::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign_prehash(digest).map_err(failed)?;
                signature.normalize_s().to_der().as_bytes().to_vec()
            }
            SecretKey::P384(key) => {
                let signature: p384::ecdsa::Signature = key.sign_prehash(digest).map_err(failed)?;
                signature.normalize_s().to_der().as_bytes().to_vec()
            }
        })
    }

    fn to_pem(&self) -> Result<Option<Zeroizing<String>>, Failure> {
        match &self.secret {
            SecretKey::P256(key) => key.to_pkcs8_pem(LineEnding::LF),
            SecretKey::P384(key) => key.to_pkcs8_pem(LineEnding::LF),
        }
        .map(Some)
        .map_err(|error| Failure::refused("could not encode the member's key").because(error))
    }

    fn place(&self) -> Option<&Uri> {
        None
    }
}

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileKey({:?}, {})", self.curve(), fabric_ski(&self.point))
    }
}

fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, Failure> {
    crate::secret::random()
        .map(Zeroizing::new)
        .map_err(|error| Failure::refused("the system gives no randomness").because(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_file() {
        for curve in [Curve::P256, Curve::P384] {
            let key = FileKey::generate(curve).unwrap();
            let pem = key.to_pem().unwrap().unwrap();
            assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
            let again = FileKey::from_pem(&pem, "key.pem").unwrap();
            assert_eq!(again.point(), key.point());
            assert_eq!(again.curve(), curve);
            assert!(!format!("{again:?}").contains(pem.as_str()));
        }
    }

    #[test]
    fn signatures_verify_and_are_low_s() {
        use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
        let key = FileKey::generate(Curve::P256).unwrap();
        let verifier = p256::ecdsa::VerifyingKey::from_sec1_bytes(key.point()).unwrap();
        for round in 0..32 {
            let digest = sha256(&[round]);
            let signature =
                p256::ecdsa::Signature::from_der(&key.sign_digest(&digest).unwrap()).unwrap();
            verifier.verify_prehash(&digest, &signature).unwrap();
            assert_eq!(signature, signature.normalize_s());
        }
        // A token's text is hashed with SHA-256 whatever the curve.
        let wide = FileKey::generate(Curve::P384).unwrap();
        assert!(wide.sign_digest(&sha256(b"text")).is_ok());
    }

    #[test]
    fn a_bad_file_is_named_and_not_quoted() {
        let told =
            FileKey::from_pem("-----BEGIN EC PRIVATE KEY-----\nhush", "old.pem").unwrap_err();
        assert!(told.to_string().contains("`old.pem`") && !told.to_string().contains("hush"));
        assert!(told.hint_text().unwrap().contains("openssl pkcs8"));
    }
}
