//! `chancery reenroll`: a new certificate for the holder of a valid one.

use super::enroll::{self, Wish};
use super::issued::{self, Issued};
use super::key::{MemberKey, curve_and_point};
use super::key_source::KeySource;
use super::msp_folder::MspFolder;
use super::present;
use super::server::Session;
use crate::api::fabric::EnrollResponse;
use crate::cli::exit::Failure;
use crate::cli::output::Output;

/// Get a new certificate for the member of an MSP folder, before the present one expires
///
/// What the present certificate says stays unless told otherwise: hosts, subject fields and, when
/// it is one for TLS, the profile `tls`. The key is a new one unless `--reuse-key` is given; a
/// key in a token, or in a file named by `--key`, is used again unless `--new-key` names another. The old certificate
/// stays valid until it expires or is revoked, and its key stays in the keystore.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  chancery reenroll --url https://ca.org1.example.com:7054 --tls-ca ca-root.pem --msp-dir peer0/msp
  chancery reenroll --reuse-key --msp-dir peer0/tls --hosts peer0.org1.example.com,localhost")]
pub struct Reenroll {
    /// Certify the present key again instead of a new one
    #[arg(long, conflicts_with = "algorithm")]
    reuse_key: bool,

    /// Another key for the new certificate: a PKCS#8 PEM file, or a PKCS#11 URI of a key that is
    /// made if it is not there
    #[arg(long, value_name = "KEY", conflicts_with = "reuse_key")]
    new_key: Option<KeySource>,

    /// Take a root that is not in the folder yet; without the channels' configuration knowing it,
    /// peers will refuse the new certificate
    #[arg(long)]
    accept_new_root: bool,

    #[command(flatten)]
    wish: Wish,

    #[command(flatten)]
    session: Session,
}

impl Reenroll {
    /// Reenrolls.
    ///
    /// # Errors
    /// When the command line is not usable, the server refuses, or its answer is not taken.
    pub fn run(self, out: &Output) -> Result<(), Failure> {
        let (client, caller) = self.session.open()?;
        let present = present::read(&caller.certificate)?;
        let mut wish = self.wish;
        if wish.profile.is_none() && present.is_tls {
            wish.profile = Some("tls".to_owned());
        }
        let algorithm = wish.algorithm;
        let wish = wish.understood(&present.hosts, &present.subject)?;
        let member = self.session.member();
        member.folder().check_writable()?;
        let made: Option<Box<dyn MemberKey>> = match (&self.new_key, &member.key) {
            (Some(source), _) => Some(source.to_enroll(algorithm)?),
            (None, KeySource::Keystore) if !self.reuse_key => {
                let (curve, _) = curve_and_point(caller.certificate.public_key())?;
                Some(member.key.to_enroll(algorithm.or(Some(curve)))?)
            }
            (None, KeySource::Keystore | KeySource::File(_) | KeySource::Token(_)) => None,
        };
        let key = made.as_deref().unwrap_or(caller.key.as_ref());
        let body = wish.body(&present.id, key, &client)?;
        let answer: EnrollResponse = client.send("POST", "reenroll", &body, caller.credential())?;
        let issued = issued::check(&answer, &present.id, key)?;
        if !self.accept_new_root {
            check_root(&issued, &member.folder())?;
        }
        enroll::keep("reenrolled", &member.folder(), wish.kind, &issued, key, &client, out)
    }
}

/// A member that renews goes on trusting what it trusted: a root that has changed is news, or an
/// attack, and neither should happen in a nightly job unseen.
fn check_root(issued: &Issued, folder: &MspFolder) -> Result<(), Failure> {
    let known = folder.authorities()?;
    if known.is_empty() || issued.chain.roots.iter().any(|root| known.contains(root)) {
        return Ok(());
    }
    Err(Failure::refused("the server's root certificate is not one of the MSP folder").hint(
        "compare `chancery cainfo` with what the CA's operator says, then give `--accept-new-root`",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::member::fixture::TestCa;
    use crate::cli::member::key::{Curve, FileKey};
    use crate::cli::member::msp_folder::Kind;

    #[test]
    fn another_root_is_not_taken_unasked() {
        let home = tempfile::tempdir().unwrap();
        let folder = MspFolder::at(home.path());
        let key = FileKey::generate(Curve::P256).unwrap();
        let (ours, other) = (TestCa::root("root"), TestCa::root("root"));
        let issue = |ca: &TestCa| issued::check(&ca.answer("a", &key), "a", &key).unwrap();
        check_root(&issue(&other), &folder).unwrap();
        folder.write(Kind::Enrollment, &issue(&ours), &key, "h.pem").unwrap();
        check_root(&issue(&ours.intermediate("new")), &folder).unwrap();
        assert!(check_root(&issue(&other), &folder).is_err());
    }
}
