//! A CRL that the server made: checked as far as a node relies on it, then written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::msp_folder::MspFolder;
use crate::cli::exit::Failure;
use crate::pki::{Certificate, Crl};

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
    let bad = |why: &'static str| Failure::refused(format!("the server's CRL is not taken: {why}"));
    let text = STANDARD.decode(text).ok().and_then(|octets| String::from_utf8(octets).ok());
    let text = text.ok_or_else(|| bad("it is no base64 of PEM"))?;
    let crl = Crl::from_pem(&text).map_err(|error| bad("it cannot be read").because(error))?;
    if !folder.authorities()?.iter().any(|ca| is_signed_by(&crl, ca)) {
        return Err(bad("no CA of the MSP folder signed it")
            .hint("the folder's CA certificates may be those of another CA; `chancery cainfo --out-dir` writes today's"));
    }
    // One CRL without it makes every identity of its organization invalid.
    if crl.head().authority_key_id.is_none() {
        return Err(bad("it has no authority key identifier, and nodes would refuse everybody"));
    }
    // Nodes want nothing before the BEGIN line, so it is written anew.
    let path = folder.write_crl(&crl.to_pem())?;
    Ok(Told {
        file: path.display().to_string(),
        entries: crl.len(),
        this_update: crl.head().this_update.to_string(),
        next_update: crl.head().next_update.map(|at| at.to_string()),
    })
}

fn is_signed_by(crl: &Crl, ca: &Certificate) -> bool {
    ca.subject_der() == crl.head().issuer && crl.verify_signed_by(ca.public_key()).is_ok()
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
