//! A CRL that the server made: checked as far as a node relies on it, then written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::{Decode as _, Encode as _};
use serde::Serialize;
use x509_cert::crl::CertificateList;
use x509_cert::ext::pkix::AuthorityKeyIdentifier;

use super::msp_folder::MspFolder;
use crate::cli::exit::Failure;
use crate::clock::Timestamp;
use crate::pki::{Certificate, SignatureAlgorithm, pem, signature};

/// What was written.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    /// Where.
    file: String,
    /// How many certificates it lists.
    entries: usize,
    this_update: String,
    next_update: Option<String>,
}

impl Told {
    /// One line for people.
    pub(super) fn text(&self) -> String {
        format!(
            "CRL with {} entries written to {}, next one due {}",
            self.entries,
            self.file,
            self.next_update.as_deref().unwrap_or("never")
        )
    }
}

/// Checks a CRL of an answer (base64 of PEM) against the CAs of the folder and writes it there.
///
/// # Errors
/// When it is malformed, no CA of the folder signed it, or it would harm whoever loads it.
pub(super) fn keep(text: &str, folder: &MspFolder) -> Result<Told, Failure> {
    let bad = |why: &'static str| Failure::refused("the server's CRL is not taken").because(why);
    let text = STANDARD.decode(text).ok().and_then(|octets| String::from_utf8(octets).ok());
    let text = text.ok_or_else(|| bad("it is no base64 of PEM"))?;
    let mut blocks = pem::blocks(&text);
    let block = match (blocks.next(), blocks.next()) {
        (Some(block), None) if block.label == "X509 CRL" => block,
        _ => return Err(bad("it is not one PEM block labelled X509 CRL")),
    };
    let list = CertificateList::from_der(&block.der)
        .map_err(|error| Failure::refused("the server's CRL is not taken").because(error))?;
    if !is_signed_by_one_of(&list, &folder.authorities()?) {
        return Err(bad("no CA of the MSP folder signed it")
            .hint("the folder's CA certificates may be those of another CA; `chancery cainfo --out-dir` writes today's"));
    }
    // One CRL without it makes every identity of its organization invalid.
    let extensions = list.tbs_cert_list.crl_extensions.as_deref().unwrap_or_default();
    if !extensions.iter().any(is_key_identifier) {
        return Err(bad("it has no authority key identifier, and nodes would refuse everybody"));
    }
    // Nodes want nothing before the BEGIN line, so it is written anew.
    let path = folder.write_crl(&pem::encode("X509 CRL", &block.der))?;
    let at = |time: &x509_cert::time::Time| {
        let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
        Timestamp::from_unix(seconds).to_string()
    };
    Ok(Told {
        file: path.display().to_string(),
        entries: list.tbs_cert_list.revoked_certificates.as_ref().map_or(0, Vec::len),
        this_update: at(&list.tbs_cert_list.this_update),
        next_update: list.tbs_cert_list.next_update.as_ref().map(at),
    })
}

fn is_key_identifier(extension: &x509_cert::ext::Extension) -> bool {
    extension.extn_id == <AuthorityKeyIdentifier as const_oid::AssociatedOid>::OID
        && AuthorityKeyIdentifier::from_der(extension.extn_value.as_bytes())
            .is_ok_and(|identifier| identifier.key_identifier.is_some())
}

fn is_signed_by_one_of(list: &CertificateList, authorities: &[Certificate]) -> bool {
    let algorithm = SignatureAlgorithm::from_oid(list.signature_algorithm.oid);
    let (Some(algorithm), Ok(issuer), Ok(message), Some(signature)) = (
        algorithm,
        list.tbs_cert_list.issuer.to_der(),
        list.tbs_cert_list.to_der(),
        list.signature.as_bytes(),
    ) else {
        return false;
    };
    authorities.iter().any(|ca| {
        ca.subject_der() == issuer
            && signature::verify(ca.public_key(), algorithm, &message, signature).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::member::fixture::TestCa;
    use crate::cli::member::issued;
    use crate::cli::member::key::{Curve, FileKey};
    use crate::cli::member::msp_folder::Kind;

    #[test]
    fn only_a_crl_of_the_folder_s_ca_is_written() {
        let home = tempfile::tempdir().unwrap();
        let folder = MspFolder::at(home.path());
        let ca = TestCa::root("root").intermediate("issuing");
        let key = FileKey::generate(Curve::P256).unwrap();
        let issued = issued::check(&ca.answer("a", &key), "a", &key).unwrap();
        folder.write(Kind::Enrollment, &issued, &key, "h.pem").unwrap();

        let stranger = TestCa::root("root").intermediate("issuing");
        assert!(keep(&stranger.crl(), &folder).is_err());
        assert!(keep("", &folder).is_err());
        assert!(keep(&STANDARD.encode(&ca.chain), &folder).is_err());
        assert!(!home.path().join("crls").exists());

        let told = keep(&ca.crl(), &folder).unwrap();
        assert_eq!(told.entries, 1);
        let text = std::fs::read_to_string(home.path().join("crls/crl.pem")).unwrap();
        assert!(text.starts_with("-----BEGIN X509 CRL-----\n"));
    }
}
