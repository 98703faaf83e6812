//! MSPs and certificates that a document names and that are not there: stood in for, so that all else can be
//! judged.

use std::cell::RefCell;
use std::collections::BTreeSet;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

use super::super::exit::Failure;
use crate::msp::{Folder, NamedFiles};

/// Roles are units, as with MSPs that `chancery msp export` writes.
const ROLES: &str = "NodeOUs:\n  Enable: true\n  \
    ClientOUIdentifier: {OrganizationalUnitIdentifier: client}\n  \
    PeerOUIdentifier: {OrganizationalUnitIdentifier: peer}\n  \
    AdminOUIdentifier: {OrganizationalUnitIdentifier: admin}\n  \
    OrdererOUIdentifier: {OrganizationalUnitIdentifier: orderer}\n";

/// A folder in which every MSP and every certificate is found. One that is not there is made of a CA whose key nobody
/// keeps, and is noted.
#[derive(Debug)]
pub(super) struct StandIns<'f, F> {
    files: &'f F,
    ca: Vec<u8>,
    /// An orderer of every MSP that is stood in for.
    node: Vec<u8>,
    missing: RefCell<BTreeSet<String>>,
}

impl<'f, F: Folder> StandIns<'f, F> {
    /// Makes the CA.
    pub(super) fn new(files: &'f F) -> Result<Self, Failure> {
        let made = || {
            let mut params = CertificateParams::new(Vec::new())?;
            params.distinguished_name.push(DnType::CommonName, "stands in for a CA");
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
            let key = KeyPair::generate()?;
            let ca = params.self_signed(&key)?.pem().into_bytes();
            let issuer = Issuer::new(params, key);
            let mut params = CertificateParams::new(Vec::new())?;
            params.distinguished_name.push(DnType::CommonName, "stands in for an orderer");
            params.distinguished_name.push(DnType::OrganizationalUnitName, "orderer");
            params.use_authority_key_identifier_extension = true;
            let node = params.signed_by(&KeyPair::generate()?, &issuer)?.pem().into_bytes();
            Ok::<_, rcgen::Error>((ca, node))
        };
        let made = made().map_err(|why| Failure::refused("no CA could be made").because(why));
        let (ca, node) = made?;
        Ok(Self { files, ca, node, missing: RefCell::default() })
    }

    /// What was stood in for.
    pub(super) fn missing(self) -> Vec<String> {
        self.missing.into_inner().into_iter().collect()
    }
}

impl<F: Folder> Folder for StandIns<'_, F> {
    fn directory(&self, name: &str) -> Result<Option<NamedFiles>, String> {
        let found = self.files.directory(name)?;
        match (found, name.strip_suffix("/cacerts")) {
            (None, Some(msp)) => {
                self.missing.borrow_mut().insert(msp.to_owned());
                Ok(Some(vec![("ca.pem".to_owned(), self.ca.clone())]))
            }
            (found, _) => Ok(found),
        }
    }

    fn file(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        if let Some(found) = self.files.file(path)? {
            return Ok(Some(found));
        }
        if let Some(msp) = path.strip_suffix("/config.yaml") {
            let is_missing = self.missing.borrow().contains(msp);
            return Ok(is_missing.then(|| ROLES.as_bytes().to_vec()));
        }
        if [".pem", ".crt"].iter().any(|end| path.ends_with(end)) {
            self.missing.borrow_mut().insert(path.to_owned());
            return Ok(Some(self.node.clone()));
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::msp::{Subfolder, read_folder};

    #[test]
    fn what_is_not_there_is_stood_in_for_and_told() {
        let files = BTreeMap::from([("msp/A/cacerts/ca.pem".to_owned(), b"no PEM".to_vec())]);
        let folder = StandIns::new(&files).unwrap();
        // One that is there counts as it is.
        assert!(read_folder(&Subfolder::new(&folder, "msp/A"), "A", false).is_err());
        let made = read_folder(&Subfolder::new(&folder, "msp/B"), "B", false).unwrap();
        assert!(made.config.fabric_node_ous.is_some());
        assert!(folder.file("tls/o.pem").unwrap().is_some());
        assert_eq!(folder.file("o.mspconfig"), Ok(None));
        assert_eq!(folder.missing(), ["msp/B", "tls/o.pem"]);
    }
}
