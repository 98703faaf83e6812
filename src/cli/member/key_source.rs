//! Where the member's key is: in the keystore, in a file of its own, or in a token.

use std::path::PathBuf;
use std::str::FromStr;

use super::files;
use super::key::{Curve, FileKey, MemberKey, curve_and_point, fabric_ski, public_key};
use super::msp_folder::MspFolder;
use super::token_key::{Missing, TokenKey};
use crate::cli::exit::Failure;
use crate::hsm::{BadUri, Uri};
use crate::pki::Certificate;

/// The value of `--key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KeySource {
    /// In the keystore of the MSP folder, named by its identifier.
    Keystore,
    /// In a PEM file of its own.
    File(PathBuf),
    /// In a token.
    Token(Box<Uri>),
}

impl FromStr for KeySource {
    type Err = BadUri;

    fn from_str(text: &str) -> Result<Self, BadUri> {
        Ok(match text {
            "file" => Self::Keystore,
            _ if text.starts_with("pkcs11:") => Self::Token(Box::new(text.parse()?)),
            _ => Self::File(PathBuf::from(text)),
        })
    }
}

impl KeySource {
    /// The key for a new certificate: the one that is named, or a new one. A new one in the
    /// keystore is only in memory yet; a new one in a token is there from now on.
    ///
    /// # Errors
    /// When it cannot be made, found or read, or is not on the curve that was asked for.
    pub(super) fn to_enroll(&self, curve: Option<Curve>) -> Result<Box<dyn MemberKey>, Failure> {
        let key: Box<dyn MemberKey> = match self {
            Self::Keystore => Box::new(FileKey::generate(curve.unwrap_or(Curve::P256))?),
            Self::File(path) => {
                Box::new(FileKey::from_pem(&files::read_text(path)?, &path.display().to_string())?)
            }
            Self::Token(uri) => {
                Box::new(TokenKey::open(uri, Missing::Make(curve.unwrap_or(Curve::P256)))?)
            }
        };
        if curve.is_some_and(|curve| curve != key.curve()) {
            return Err(Failure::usage("the key is not on the curve that `--algorithm` asks for"));
        }
        Ok(key)
    }

    /// The key that belongs to a certificate.
    ///
    /// # Errors
    /// When it cannot be found or read, or is not the certificate's.
    pub(super) fn of_certificate(
        &self,
        certificate: &Certificate,
        folder: &MspFolder,
    ) -> Result<Box<dyn MemberKey>, Failure> {
        let key: Box<dyn MemberKey> = match self {
            Self::Keystore => {
                let (_, point) = curve_and_point(certificate.public_key())?;
                Box::new(folder.key(&fabric_ski(point))?)
            }
            Self::File(_) => self.to_enroll(None)?,
            Self::Token(uri) => Box::new(TokenKey::open(uri, Missing::Fail)?),
        };
        if public_key(key.as_ref())? == *certificate.public_key() {
            Ok(key)
        } else {
            Err(Failure::usage("the key is not that of the member's certificate")
                .hint("give the right one with `--key`"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_word_a_file_or_a_uri() {
        assert_eq!("file".parse(), Ok(KeySource::Keystore));
        assert_eq!("./file".parse(), Ok(KeySource::File("./file".into())));
        assert!(matches!("pkcs11:token=a;object=b".parse(), Ok(KeySource::Token(_))));
        assert!("pkcs11:token=a?pin-value=1234".parse::<KeySource>().is_err());
    }

    #[test]
    fn a_file_of_the_wrong_curve_is_not_taken() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("key.pem");
        let key = FileKey::generate(Curve::P384).unwrap();
        std::fs::write(&file, key.to_pem().unwrap().unwrap().as_bytes()).unwrap();
        let source = KeySource::File(file);
        assert_eq!(source.to_enroll(None).unwrap().point(), key.point());
        assert!(source.to_enroll(Some(Curve::P256)).is_err());
    }
}
