//! Where the member's key is: in the keystore, in a file of its own, or in a token.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

use super::files;
use super::key::{Curve, FileKey, MemberKey, curve_and_point, fabric_ski, public_key};
use super::msp_folder::MspFolder;
use crate::cli::exit::Failure;
use crate::pki::Certificate;

/// The value of `--key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KeySource {
    /// In the keystore of the MSP folder, named by its identifier.
    Keystore,
    /// In a PEM file of its own.
    File(PathBuf),
}

impl FromStr for KeySource {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "file" => Self::Keystore,
            _ => Self::File(PathBuf::from(text)),
        })
    }
}

impl KeySource {
    /// The key for a new certificate: a new one, or the one that is named.
    ///
    /// # Errors
    /// When it cannot be made, found or read, or is not on the curve that was asked for.
    pub(super) fn to_enroll(&self, curve: Option<Curve>) -> Result<Box<dyn MemberKey>, Failure> {
        match self {
            Self::Keystore => Ok(Box::new(FileKey::generate(curve.unwrap_or(Curve::P256))?)),
            Self::File(path) => {
                let key = FileKey::from_pem(&files::read_text(path)?, &path.display().to_string())?;
                match curve {
                    Some(curve) if curve != key.curve() => Err(Failure::usage(format!(
                        "the key in `{}` is not on the curve that `--algorithm` asks for",
                        path.display()
                    ))),
                    Some(_) | None => Ok(Box::new(key)),
                }
            }
        }
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
        };
        if public_key(key.as_ref())? == *certificate.public_key() {
            Ok(key)
        } else {
            Err(Failure::usage("the key is not that of the member's certificate")
                .hint("give the right one with `--key`"))
        }
    }
}
