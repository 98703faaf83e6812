//! What the server issued, checked as a Fabric node would before it is written anywhere.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::key::{MemberKey, public_key};
use crate::api::fabric::EnrollResponse;
use crate::cli::exit::Failure;
use crate::pki::{Budget, Certificate, chain};

/// Bounds the certificates of a chain.
pub(super) const CHAIN: usize = 8;

/// A certificate of ours with the CAs above it.
#[derive(Debug)]
pub(super) struct Issued {
    /// Ours.
    pub(super) certificate: Certificate,
    /// Those that issued it.
    pub(super) chain: CaChain,
}

/// The CAs of a server, as an MSP folder tells them apart.
#[derive(Debug, Clone)]
pub(super) struct CaChain {
    /// Those without authority key identifier, or with their own.
    pub(super) roots: Vec<Certificate>,
    /// The others, in the order in which they came: the issuing one first.
    pub(super) intermediates: Vec<Certificate>,
}

impl CaChain {
    /// Reads `CAChain` of an answer: base64 of PEM.
    ///
    /// # Errors
    /// When it is malformed, empty or too long, or holds something that is no CA.
    pub(super) fn from_answer(text: &str) -> Result<Self, Failure> {
        let bad = || Failure::refused("the server's CA chain cannot be used");
        let pem = decoded(text).ok_or_else(bad)?;
        let certificates =
            Certificate::chain_from_pem(&pem, CHAIN).map_err(|error| bad().because(error))?;
        if certificates.iter().any(|certificate| !certificate.is_ca()) {
            return Err(bad().because("a certificate in it is no CA's"));
        }
        let is_root = |certificate: &Certificate| match certificate.authority_key_id() {
            None => true,
            Some(authority) => certificate.subject_key_id() == Some(authority),
        };
        let (roots, intermediates): (Vec<_>, Vec<_>) = certificates.into_iter().partition(is_root);
        if roots.is_empty() {
            return Err(bad().because("there is no root in it"));
        }
        Ok(Self { roots, intermediates })
    }

    /// The CA that signed a certificate, if it is among these.
    pub(super) fn issuer_of(&self, certificate: &Certificate) -> Option<&Certificate> {
        self.intermediates.iter().chain(&self.roots).find(|ca| {
            ca.subject_der() == certificate.issuer_der()
                && certificate.verify_signed_by(ca.public_key()).is_ok()
        })
    }
}

/// Checks the answer to `enroll` or `reenroll`: the certificate is for our key and our name, and it
/// chains to the root that came with it.
///
/// # Errors
/// When it does not; nothing should be written then.
pub(super) fn check(
    answer: &EnrollResponse,
    id: &str,
    key: &dyn MemberKey,
) -> Result<Issued, Failure> {
    let bad = |why: &str| Failure::refused(format!("the server's answer is not taken: {why}"));
    let pem =
        decoded(&answer.certificate).ok_or_else(|| bad("the certificate is no base64 of PEM"))?;
    let certificate = Certificate::from_pem(&pem)
        .map_err(|error| bad("the certificate cannot be read").because(error))?;
    if *certificate.public_key() != public_key(key)? {
        return Err(bad("the certificate is for another key"));
    }
    if certificate.common_name() != Some(id) {
        return Err(bad("the certificate is for another enrollment ID"));
    }
    let ca_chain = CaChain::from_answer(&answer.server_info.ca_chain)?;
    // A Fabric node looks at a certificate as of the second after its start.
    let at = certificate.not_before().plus(1);
    chain(&certificate, &ca_chain.intermediates, &ca_chain.roots, at, &mut Budget::default())
        .map_err(|error| {
            bad("the certificate does not chain to the server's root").because(error)
        })?;
    Ok(Issued { certificate, chain: ca_chain })
}

fn decoded(text: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::member::fixture::TestCa;
    use crate::cli::member::key::{Curve, FileKey};

    #[test]
    fn what_is_ours_and_chains_is_taken() {
        let root = TestCa::root("root");
        let issuing = root.intermediate("issuing");
        for curve in [Curve::P256, Curve::P384] {
            let key = FileKey::generate(curve).unwrap();
            let issued = check(&issuing.answer("peer0", &key), "peer0", &key).unwrap();
            assert_eq!((issued.chain.roots.len(), issued.chain.intermediates.len()), (1, 1));
            let issuer = issued.chain.issuer_of(&issued.certificate).unwrap();
            assert_eq!(issuer.common_name(), Some("issuing"));
            assert!(check(&root.answer("peer0", &key), "peer0", &key).is_ok());
        }
    }

    #[test]
    fn what_is_another_s_is_not_taken() {
        let root = TestCa::root("root");
        let (ours, theirs) =
            (FileKey::generate(Curve::P256).unwrap(), FileKey::generate(Curve::P256).unwrap());
        let told =
            |answer: &EnrollResponse, id: &str| check(answer, id, &ours).unwrap_err().to_string();
        assert!(told(&root.answer("a", &theirs), "a").contains("another key"));
        assert!(told(&root.answer("A", &ours), "a").contains("another enrollment ID"));

        // A root that merely has the same name.
        let mut forged = root.answer("a", &ours);
        forged.server_info = TestCa::root("root").answer("a", &ours).server_info;
        assert!(told(&forged, "a").contains("chain"));

        let mut broken = root.answer("a", &ours);
        broken.certificate.push('!');
        assert!(told(&broken, "a").contains("base64"));
    }

    #[test]
    fn a_chain_of_something_else_than_cas_is_not_taken() {
        let root = TestCa::root("root");
        let key = FileKey::generate(Curve::P256).unwrap();
        let leaf = root.certificate("a", &key, false);
        let encoded = |pem: &str| CaChain::from_answer(&STANDARD.encode(pem));
        assert!(encoded(&(leaf + &root.chain)).is_err());
        assert!(encoded("").is_err());
        assert!(encoded(&root.chain.repeat(CHAIN + 1)).is_err());
        // An intermediate without its root.
        let lone = root.intermediate("issuing").chain.replace(&root.chain, "");
        assert!(encoded(&lone).is_err());
    }
}
