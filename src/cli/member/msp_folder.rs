//! The MSP folder as `fabric-ca-client` writes it, ready for a node to load.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::files::{self, Access};
use super::issued::{CaChain, Issued};
use super::key::{FileKey, MemberKey, fabric_ski};
use super::node_ous;
use crate::cli::exit::Failure;
use crate::pki::Certificate;

/// A member's MSP folder.
#[derive(Debug, Clone)]
pub(super) struct MspFolder {
    root: PathBuf,
}

/// Which certificates a folder is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Those that a member signs with.
    Enrollment,
    /// Those of its TLS connections.
    Tls,
}

/// What was written, relative names within the folder.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// The private key; `None` when it lives elsewhere.
    pub(super) key: Option<String>,
    /// The member's certificate.
    pub(super) certificate: String,
    /// `config.yaml`, unless there was one that somebody else wrote.
    pub(super) config: Option<String>,
}

impl MspFolder {
    /// The folder at a path; it need not exist yet.
    pub(super) fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.root
    }

    /// Finds out whether the folder could be written.
    ///
    /// # Errors
    /// A usage failure when it could not.
    pub(super) fn check_writable(&self) -> Result<(), Failure> {
        files::check_writable(&self.root)
    }

    /// The member's certificate: the file as it stands, and what is in it.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub(super) fn certificate(&self) -> Result<(String, Certificate), Failure> {
        let path = self.root.join("signcerts/cert.pem");
        let pem = files::read_text(&path).map_err(|failure| {
            failure.hint("enroll first, or name the member's folder with `--msp-dir`")
        })?;
        let certificate = Certificate::from_pem(&pem).map_err(|error| {
            Failure::usage(format!("`{}` holds no certificate", path.display())).because(error)
        })?;
        Ok((pem.to_string(), certificate))
    }

    /// The private key with an identifier.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub(super) fn key(&self, ski: &str) -> Result<FileKey, Failure> {
        let path = self.root.join("keystore").join(format!("{ski}_sk"));
        let pem = files::read_text(&path).map_err(|failure| {
            failure.hint("say where the key of the member's certificate is with `--key`")
        })?;
        FileKey::from_pem(&pem, &path.display().to_string())
    }

    /// The CAs of the folder, those of TLS included, to check what they signed.
    ///
    /// # Errors
    /// When one of their files cannot be read.
    pub(super) fn authorities(&self) -> Result<Vec<Certificate>, Failure> {
        let mut found = Vec::new();
        for place in ["intermediatecerts", "cacerts", "tlsintermediatecerts", "tlscacerts"] {
            for path in files::listed(&self.root.join(place))? {
                let pem = files::read_text(&path)?;
                found.extend(Certificate::chain_from_pem(&pem, 64).map_err(|error| {
                    Failure::usage(format!("`{}` holds no certificate", path.display()))
                        .because(error)
                })?);
            }
        }
        Ok(found)
    }

    /// Writes what a member needs: its key if it is in our hands, the CAs, `config.yaml` and, last,
    /// its certificate, so that a node that starts meanwhile never finds a certificate without the
    /// rest. `ca_file` is [`Address::file_name`](super::address::Address::file_name).
    ///
    /// # Errors
    /// When something cannot be written; what came before it stays.
    pub(super) fn write(
        &self,
        kind: Kind,
        issued: &Issued,
        key: &dyn MemberKey,
        ca_file: &str,
    ) -> Result<Written, Failure> {
        let mut written = Written::default();
        if let Some(pem) = key.to_pem()? {
            written.key = Some(self.write_key(&fabric_ski(key.point()), &pem)?);
        }
        let issuing = self.write_authorities(kind, &issued.chain, ca_file)?;
        if kind == Kind::Enrollment {
            // A role bound to another CA than the issuing one makes every certificate invalid.
            let bound_to = match issued.chain.issuer_of(&issued.certificate) {
                Some(issuer) => issuing.into_iter().find(|(ca, _)| ca == issuer),
                None => None,
            };
            let (_, bound_to) = bound_to.ok_or_else(|| {
                Failure::refused("the issuer of the certificate is not in the chain")
            })?;
            written.config = self.write_config(&bound_to)?;
        }
        "signcerts/cert.pem".clone_into(&mut written.certificate);
        let pem = issued.certificate.to_pem();
        self.write_file("signcerts", "cert.pem", pem.as_bytes(), Access::Public)?;
        Ok(written)
    }

    /// A file that a node would take for the member's certificate instead of ours: it takes the
    /// first by name.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub(super) fn certificate_before_ours(&self) -> Result<Option<PathBuf>, Failure> {
        let first = files::listed(&self.root.join("signcerts"))?.into_iter().next();
        Ok(first.filter(|path| !path.ends_with("cert.pem")))
    }

    /// Writes the CAs alone, one to a file. Gives each of them with the name of its file.
    ///
    /// # Errors
    /// When something cannot be written.
    pub(super) fn write_authorities(
        &self,
        kind: Kind,
        chain: &CaChain,
        ca_file: &str,
    ) -> Result<Vec<(Certificate, String)>, Failure> {
        let (roots, intermediates, file) = match kind {
            Kind::Enrollment => ("cacerts", "intermediatecerts", ca_file.to_owned()),
            Kind::Tls => ("tlscacerts", "tlsintermediatecerts", format!("tls-{ca_file}")),
        };
        let mut names = self.write_each(roots, &file, &chain.roots)?;
        names.extend(self.write_each(intermediates, &file, &chain.intermediates)?);
        Ok(names)
    }

    /// Writes `crls/crl.pem`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn write_crl(&self, pem: &str) -> Result<PathBuf, Failure> {
        self.write_file("crls", "crl.pem", pem.as_bytes(), Access::Public)?;
        Ok(self.root.join("crls/crl.pem"))
    }

    /// A node reads the first certificate of each file and no other. So a second intermediate gets
    /// a file of its own, which the Go client does not do; and files that a longer chain left behind
    /// go, since a CA too many can make certificates invalid.
    fn write_each(
        &self,
        place: &str,
        file: &str,
        certificates: &[Certificate],
    ) -> Result<Vec<(Certificate, String)>, Failure> {
        let mut names = Vec::new();
        for (index, certificate) in certificates.iter().enumerate() {
            let name = numbered(file, index);
            self.write_file(place, &name, certificate.to_pem().as_bytes(), Access::Public)?;
            names.push((certificate.clone(), format!("{place}/{name}")));
        }
        for index in certificates.len()..super::issued::CHAIN {
            files::remove(&self.root.join(place).join(numbered(file, index)))?;
        }
        Ok(names)
    }

    fn write_key(&self, ski: &str, pem: &Zeroizing<String>) -> Result<String, Failure> {
        let name = format!("{ski}_sk");
        self.write_file("keystore", &name, pem.as_bytes(), Access::Private)?;
        Ok(format!("keystore/{name}"))
    }

    /// Writes `config.yaml`, unless there is one that is not ours.
    fn write_config(&self, issuing: &str) -> Result<Option<String>, Failure> {
        let path = self.root.join("config.yaml");
        if path.exists() && !files::read_text(&path).is_ok_and(|text| node_ous::is_ours(&text)) {
            return Ok(None);
        }
        files::write(&path, node_ous::config(Some(issuing)).as_bytes(), Access::Public)?;
        Ok(Some("config.yaml".to_owned()))
    }

    fn write_file(
        &self,
        place: &str,
        name: &str,
        octets: &[u8],
        access: Access,
    ) -> Result<(), Failure> {
        let directory = self.root.join(place);
        files::make_directory(&directory, access)?;
        files::write_by_way_of(&self.root, &directory.join(name), octets, access)
    }
}

/// `ca.pem`, `ca.2.pem`, `ca.3.pem` …; no CA's own name has a dot in it.
fn numbered(file: &str, index: usize) -> String {
    match (index, file.strip_suffix(".pem")) {
        (0, _) | (_, None) => file.to_owned(),
        (_, Some(stem)) => format!("{stem}.{}.pem", index + 1),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::cli::member::fixture::TestCa;
    use crate::cli::member::issued;
    use crate::cli::member::key::Curve;

    fn tree(root: &Path) -> Vec<String> {
        let mut found = Vec::new();
        let mut open = vec![root.to_owned()];
        while let Some(directory) = open.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    found.push(path.strip_prefix(root).unwrap().display().to_string());
                }
            }
        }
        found.sort();
        found
    }

    fn issue(ca: &TestCa, key: &FileKey) -> Issued {
        issued::check(&ca.answer("peer0", key), "peer0", key).unwrap()
    }

    #[test]
    fn the_layout_is_that_of_the_go_client() {
        let home = tempfile::tempdir().unwrap();
        let folder = MspFolder::at(&home.path().join("peer0/msp"));
        let ca = TestCa::root("root").intermediate("issuing");
        let key = FileKey::generate(Curve::P256).unwrap();
        let ski = fabric_ski(key.point());
        folder.write(Kind::Enrollment, &issue(&ca, &key), &key, "ca-org1-7054.pem").unwrap();
        assert_eq!(
            tree(folder.path()),
            [
                "cacerts/ca-org1-7054.pem",
                "config.yaml",
                "intermediatecerts/ca-org1-7054.pem",
                &format!("keystore/{ski}_sk"),
                "signcerts/cert.pem",
            ]
        );
        let mode = |name: &str| {
            fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777
        };
        assert_eq!(mode("keystore"), 0o700);
        assert_eq!(mode(&format!("keystore/{ski}_sk")), 0o600);
        let config = fs::read_to_string(folder.path().join("config.yaml")).unwrap();
        assert!(config.contains("Certificate: intermediatecerts/ca-org1-7054.pem"));

        // What was written can be used.
        let (pem, certificate) = folder.certificate().unwrap();
        assert_eq!(certificate.to_pem(), pem);
        assert_eq!(folder.key(&ski).unwrap().point(), key.point());
        assert_eq!(folder.authorities().unwrap().len(), 2);
    }

    #[test]
    fn writing_again_replaces_what_the_longer_chain_left() {
        let home = tempfile::tempdir().unwrap();
        let folder = MspFolder::at(home.path());
        let root = TestCa::root("root");
        let key = FileKey::generate(Curve::P256).unwrap();
        let deep = root.intermediate("policy").intermediate("issuing");
        folder.write(Kind::Enrollment, &issue(&deep, &key), &key, "h-7054.pem").unwrap();
        assert!(tree(home.path()).contains(&"intermediatecerts/h-7054.2.pem".to_owned()));
        folder.write(Kind::Enrollment, &issue(&root, &key), &key, "h-7054.pem").unwrap();
        assert!(!tree(home.path()).iter().any(|name| name.starts_with("intermediatecerts")));
        let config = fs::read_to_string(home.path().join("config.yaml")).unwrap();
        assert!(config.contains("Certificate: cacerts/h-7054.pem"));
    }

    #[test]
    fn tls_has_directories_of_its_own_and_no_roles() {
        let home = tempfile::tempdir().unwrap();
        let folder = MspFolder::at(home.path());
        let ca = TestCa::root("root").intermediate("issuing");
        let key = FileKey::generate(Curve::P384).unwrap();
        let written = folder.write(Kind::Tls, &issue(&ca, &key), &key, "h-7054.pem").unwrap();
        assert!(written.config.is_none());
        let names = tree(home.path());
        assert!(names.contains(&"tlscacerts/tls-h-7054.pem".to_owned()));
        assert!(names.contains(&"tlsintermediatecerts/tls-h-7054.pem".to_owned()));
        assert_eq!(names.len(), 4);
    }

    #[test]
    fn a_certificate_that_a_node_would_rather_take_is_seen() {
        let home = tempfile::tempdir().unwrap();
        let folder = MspFolder::at(home.path());
        let key = FileKey::generate(Curve::P256).unwrap();
        folder.write(Kind::Tls, &issue(&TestCa::root("root"), &key), &key, "h.pem").unwrap();
        assert_eq!(folder.certificate_before_ours().unwrap(), None);
        let other = home.path().join("signcerts/Admin@org1-cert.pem");
        fs::write(&other, "").unwrap();
        assert_eq!(folder.certificate_before_ours().unwrap(), Some(other));
    }

    #[test]
    fn a_config_of_somebody_else_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("config.yaml"), "NodeOUs:\n  Enable: false\n").unwrap();
        let folder = MspFolder::at(home.path());
        let key = FileKey::generate(Curve::P256).unwrap();
        let issued = issue(&TestCa::root("root"), &key);
        let written = folder.write(Kind::Enrollment, &issued, &key, "h.pem").unwrap();
        assert!(written.config.is_none());
        let config = fs::read_to_string(home.path().join("config.yaml")).unwrap();
        assert_eq!(config, "NodeOUs:\n  Enable: false\n");
    }
}
