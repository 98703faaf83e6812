//! The folder of an MSP, as `cryptogen` and Fabric CA's client write it, read into a configuration.

use std::collections::BTreeMap;

use super::folder_settings::{Roles, Settings, Unit};
use super::path::clean_path;
use super::pem;
use crate::wire::{
    FabricCryptoConfig, FabricMspConfig, FabricNodeOus, FabricOuIdentifier, SigningIdentityInfo,
};

const CONFIG: &str = "config.yaml";

/// Files of a directory: name and octets.
pub type NamedFiles = Vec<(String, Vec<u8>)>;

/// Where the files of an MSP are. Paths are relative, with `/` between their parts.
pub trait Folder {
    /// The files of a directory with their names, subdirectories left out and links followed; nothing
    /// when there is no such directory.
    ///
    /// # Errors
    /// When it is no directory, or cannot be read.
    fn directory(&self, name: &str) -> Result<Option<NamedFiles>, String>;

    /// The octets of a file; nothing when there is no such file.
    ///
    /// # Errors
    /// When it is no file, or cannot be read.
    fn file(&self, path: &str) -> Result<Option<Vec<u8>>, String>;
}

/// Why a folder is none of an MSP.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FolderError {
    /// There are no root CAs, since the directory is not there.
    #[error("the folder has no directory `cacerts`, where the certificates of its root CAs belong")]
    NoCas,
    /// There are no root CAs, since the directory has no PEM file.
    #[error(
        "`cacerts` holds no PEM file: the certificates of the root CAs belong there, and DER is passed over"
    )]
    EmptyCas,
    /// The node's own certificate is not there, since the directory is not.
    #[error("the folder has no directory `signcerts`, where a node's own certificate belongs")]
    NoSigner,
    /// The node's own certificate is not there, since the directory has no PEM file.
    #[error("`signcerts` holds no PEM file: a node's own certificate belongs there")]
    EmptySigner,
    /// A directory cannot be read.
    #[error("`{0}` cannot be read: {1}")]
    Directory(&'static str, String),
    /// `config.yaml` does not read.
    #[error("config.yaml is malformed: {0}")]
    Settings(String),
    /// The certificate that a unit is bound to cannot be read.
    #[error("config.yaml binds the unit `{unit}` to `{path}`, which cannot be read")]
    UnitCertificate {
        /// The unit's name.
        unit: String,
        /// The file.
        path: String,
    },
}

impl FolderError {
    /// The reason in the one word of the vectors.
    pub fn category(&self) -> &'static str {
        match self {
            Self::NoCas | Self::Directory("cacerts", _) => "cacerts-missing",
            Self::EmptyCas => "cacerts-empty",
            Self::NoSigner | Self::Directory("signcerts", _) => "signcerts-missing",
            Self::EmptySigner => "signcerts-empty",
            Self::Directory(name, _) => name,
            Self::Settings(_) => "config-yaml",
            Self::UnitCertificate { .. } => "ou-certificate-missing",
        }
    }
}

/// What a folder comes to, and what in it has no effect though somebody may have meant it to.
#[derive(Debug, Clone, PartialEq)]
pub struct FolderContents {
    /// The configuration.
    pub config: FabricMspConfig,
    /// What was passed over, in words.
    pub warnings: Vec<String>,
}

impl FolderContents {
    /// As an `MSPConfig`.
    pub fn to_msp_config(&self) -> Vec<u8> {
        self.config.to_msp_config()
    }
}

/// Reads the folder of the MSP with this ID; a local one is a node's own, and has its certificate.
///
/// # Errors
/// When Fabric would not load it.
pub fn read_folder(
    folder: &impl Folder,
    id: &str,
    local: bool,
) -> Result<FolderContents, FolderError> {
    let mut reading = Reading { folder, warnings: Vec::new() };
    let signing_identity = if local {
        let found = reading.directory("signcerts")?.ok_or(FolderError::NoSigner)?;
        let Some(public_signer) = found.into_iter().next() else {
            return Err(FolderError::EmptySigner);
        };
        Some(SigningIdentityInfo { public_signer, private_signer: None })
    } else {
        None
    };
    let root_certs = reading.directory("cacerts")?.ok_or(FolderError::NoCas)?;
    if root_certs.is_empty() {
        return Err(FolderError::EmptyCas);
    }
    let mut optional = |name| reading.directory(name).map(Option::unwrap_or_default);
    let admins = optional("admincerts")?;
    let intermediate_certs = optional("intermediatecerts")?;
    let tls_root_certs = optional("tlscacerts")?;
    let tls_intermediate_certs =
        if tls_root_certs.is_empty() { Vec::new() } else { optional("tlsintermediatecerts")? };
    let revocation_list = optional("crls")?;
    let settings = reading.settings()?;
    let mut units = Vec::new();
    for unit in settings.units.iter().flatten() {
        units.push(reading.unit(unit)?);
    }
    let roles = settings.roles.as_ref().filter(|roles| roles.is_enabled());
    let config = FabricMspConfig {
        name: id.to_owned(),
        root_certs,
        intermediate_certs,
        admins,
        revocation_list,
        signing_identity,
        organizational_unit_identifiers: units,
        crypto_config: Some(FabricCryptoConfig {
            signature_hash_family: "SHA2".to_owned(),
            identity_identifier_hash_function: "SHA256".to_owned(),
        }),
        tls_root_certs,
        tls_intermediate_certs,
        fabric_node_ous: roles.map(|roles| reading.roles(roles)),
    };
    Ok(FolderContents { config, warnings: reading.warnings })
}

struct Reading<'a, F> {
    folder: &'a F,
    warnings: Vec<String>,
}

impl<F: Folder> Reading<'_, F> {
    /// The files of a directory that hold PEM, whole, in the order of their names' octets.
    fn directory(&mut self, name: &'static str) -> Result<Option<Vec<Vec<u8>>>, FolderError> {
        let found = self.folder.directory(name).map_err(|why| FolderError::Directory(name, why))?;
        let Some(mut files) = found else { return Ok(None) };
        files.sort_by(|(a, _), (b, _)| a.as_bytes().cmp(b.as_bytes()));
        let mut kept = Vec::new();
        for (file, octets) in files {
            if pem::is_some(&octets) {
                kept.push(octets);
            } else {
                let warning =
                    format!("`{name}/{}` holds no PEM and has no effect", file.escape_debug());
                self.warnings.push(warning);
            }
        }
        Ok(Some(kept))
    }

    fn settings(&self) -> Result<Settings, FolderError> {
        match self.folder.file(CONFIG) {
            Ok(None) => Ok(Settings::default()),
            Ok(Some(text)) => Settings::read(&text).map_err(FolderError::Settings),
            Err(why) => Err(FolderError::Settings(why)),
        }
    }

    /// A unit that is always bound: without a path it names the folder itself, which is no file.
    fn unit(&self, unit: &Unit) -> Result<FabricOuIdentifier, FolderError> {
        let read =
            joined(unit.certificate()).and_then(|path| self.folder.file(&path).ok().flatten());
        let certificate = read.ok_or_else(|| FolderError::UnitCertificate {
            unit: unit.name().to_owned(),
            path: unit.certificate().to_owned(),
        })?;
        let organizational_unit_identifier = unit.name().to_owned();
        Ok(FabricOuIdentifier { certificate, organizational_unit_identifier })
    }

    fn roles(&mut self, roles: &Roles) -> FabricNodeOus {
        let mut role = |unit: Option<&Unit>| {
            let unit = unit.filter(|unit| !unit.name().is_empty())?;
            let mut certificate = Vec::new();
            if !unit.certificate().is_empty() {
                let path = joined(unit.certificate());
                let read = path.and_then(|path| self.folder.file(&path).ok().flatten());
                certificate = read.unwrap_or_else(|| {
                    self.warnings.push(format!(
                        "config.yaml binds the role unit `{}` to `{}`, which cannot be read: the role is bound to no CA",
                        unit.name().escape_debug(),
                        unit.certificate().escape_debug()
                    ));
                    Vec::new()
                });
            }
            let organizational_unit_identifier = unit.name().to_owned();
            Some(FabricOuIdentifier { certificate, organizational_unit_identifier })
        };
        FabricNodeOus {
            enable: true,
            client_ou_identifier: role(roles.client.as_ref()),
            peer_ou_identifier: role(roles.peer.as_ref()),
            admin_ou_identifier: role(roles.admin.as_ref()),
            orderer_ou_identifier: role(roles.orderer.as_ref()),
        }
    }
}

/// A path below the folder, also when it begins with `/`; nothing for the folder itself.
fn joined(path: &str) -> Option<String> {
    let path = clean_path(path.trim_start_matches('/'));
    (!path.is_empty()).then_some(path)
}

/// Files in memory, by path. A path that ends in `/` is an empty directory.
impl Folder for BTreeMap<String, Vec<u8>> {
    fn directory(&self, name: &str) -> Result<Option<NamedFiles>, String> {
        if self.contains_key(name) {
            return Err("it is a file".to_owned());
        }
        let within = format!("{name}/");
        let mut found = None;
        for (path, octets) in self.range(within.clone()..) {
            let Some(file) = path.strip_prefix(&within) else { break };
            let files = found.get_or_insert_with(Vec::new);
            if !file.is_empty() && !file.contains('/') {
                files.push((file.to_owned(), octets.clone()));
            }
        }
        Ok(found)
    }

    fn file(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        let within = format!("{path}/");
        let is_directory = self
            .range(within.clone()..)
            .next()
            .is_some_and(|(first, _)| first.starts_with(&within));
        match self.get(path) {
            None if is_directory => Err("it is a directory".to_owned()),
            found => Ok(found.cloned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &[u8] = b"text\n-----BEGIN X-----\nAQID\n-----END X-----\nmore";

    fn files(named: &[(&str, &[u8])]) -> BTreeMap<String, Vec<u8>> {
        named.iter().map(|(path, octets)| ((*path).to_owned(), octets.to_vec())).collect()
    }

    fn read(named: &[(&str, &[u8])], local: bool) -> Result<FolderContents, FolderError> {
        read_folder(&files(named), "Org1", local)
    }

    #[test]
    fn files_are_kept_whole_in_the_order_of_their_names() {
        let other = b"-----BEGIN Y-----\n-----END Y-----\n";
        let named = [
            ("cacerts/b", PEM),
            ("cacerts/B", other),
            ("cacerts/x.der", b"0"),
            ("cacerts/s/a", PEM),
        ];
        let found = read(&named, false).unwrap();
        assert_eq!(found.config.root_certs, [other.to_vec(), PEM.to_vec()]);
        assert_eq!(found.warnings, ["`cacerts/x.der` holds no PEM and has no effect"]);
    }

    #[test]
    fn missing_and_empty_cas_are_told_apart() {
        assert_eq!(read(&[("crls/a", PEM)], false), Err(FolderError::NoCas));
        assert_eq!(read(&[("cacerts/", b"")], false), Err(FolderError::EmptyCas));
        assert_eq!(read(&[("cacerts", PEM)], false).unwrap_err().category(), "cacerts-missing");
        let named = [("cacerts/a", PEM), ("crls", PEM)];
        assert_eq!(read(&named, false).unwrap_err().category(), "crls");
        assert_eq!(read(&[("cacerts/a", PEM)], true), Err(FolderError::NoSigner));
        let named = [("cacerts/a", PEM), ("signcerts/", b"")];
        assert_eq!(read(&named, true), Err(FolderError::EmptySigner));
    }

    #[test]
    fn tls_intermediates_need_tls_roots() {
        let named = [("cacerts/a", PEM), ("tlsintermediatecerts", PEM)];
        assert_eq!(read(&named, false).unwrap().config.tls_intermediate_certs.len(), 0);
        let named = [("cacerts/a", PEM), ("tlsintermediatecerts/b", PEM), ("tlscacerts/c", PEM)];
        assert_eq!(read(&named, false).unwrap().config.tls_intermediate_certs.len(), 1);
    }

    #[test]
    fn roles_are_bound_when_their_file_reads() {
        let yaml = b"NodeOUs:\n  Enable: yes\n  ClientOUIdentifier: {Certificate: /cacerts/../cacerts/a, OrganizationalUnitIdentifier: c}\n  \
                     PeerOUIdentifier: {Certificate: none, OrganizationalUnitIdentifier: p}\n  AdminOUIdentifier: {Certificate: cacerts/a}\n";
        let found = read(&[("cacerts/a", PEM), ("config.yaml", yaml)], false).unwrap();
        let roles = found.config.fabric_node_ous.unwrap();
        assert_eq!(roles.client_ou_identifier.unwrap().certificate, PEM);
        assert_eq!(roles.peer_ou_identifier.unwrap().certificate, b"");
        assert_eq!(roles.admin_ou_identifier, None);
        assert_eq!(found.warnings.len(), 1);
    }

    #[test]
    fn units_are_always_bound() {
        for (path, good) in [
            ("cacerts/a", true),
            ("/cacerts/a", true),
            ("none", false),
            ("", false),
            ("cacerts", false),
        ] {
            let yaml = format!(
                "OrganizationalUnitIdentifiers: [{{Certificate: '{path}', OrganizationalUnitIdentifier: u}}]"
            );
            let found = read(&[("cacerts/a", PEM), ("config.yaml", yaml.as_bytes())], false);
            assert_eq!(found.is_ok(), good, "{path}");
        }
    }
}
