//! What the present certificate says, so that a new one can say the same.

use crate::cli::exit::Failure;
use crate::pki::{Certificate, Field};

/// What is carried over.
#[derive(Debug)]
pub(super) struct Present {
    /// The enrollment ID.
    pub(super) id: String,
    /// The subject without the common name and the OUs, which the CA sets.
    pub(super) subject: Vec<(Field, String)>,
    /// The alternative names.
    pub(super) hosts: Vec<String>,
    /// Whether it is for TLS: only that profile of a Fabric CA has extended key usages.
    pub(super) is_tls: bool,
}

/// Reads the certificate.
///
/// # Errors
/// A usage failure when it names nobody, or names somebody in a way that cannot be asked for again.
pub(super) fn read(certificate: &Certificate) -> Result<Present, Failure> {
    let id = certificate
        .common_name()
        .ok_or_else(|| Failure::usage("the member's certificate has no common name"))?
        .to_owned();
    let subject = certificate.subject().map_err(|error| {
        Failure::usage("the subject of the member's certificate cannot be read").because(error)
    })?;
    let hosts = certificate.alternative_names().map_err(|error| {
        Failure::usage("the hosts of the member's certificate cannot be carried over")
            .because(error)
    })?;
    let is_ours = |field: &Field| !matches!(field, Field::CommonName | Field::OrganizationalUnit);
    Ok(Present {
        id,
        subject: subject.fields.into_iter().filter(|(field, _)| is_ours(field)).collect(),
        hosts: hosts.iter().map(ToString::to_string).collect(),
        is_tls: certificate.extended_key_usages().is_some(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subject_hosts_and_use_are_carried_over() {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec![
            "peer0.org1".into(),
            "10.0.0.1".into(),
            "::1".into(),
        ])
        .unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::CountryName, "DE");
        params.distinguished_name.push(rcgen::DnType::OrganizationalUnitName, "peer");
        params.distinguished_name.push(rcgen::DnType::CommonName, "peer0");
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = Certificate::from_pem(&params.self_signed(&key).unwrap().pem()).unwrap();
        let present = read(&certificate).unwrap();
        assert_eq!(present.id, "peer0");
        assert_eq!(present.subject, [(Field::Country, "DE".to_owned())]);
        assert_eq!(present.hosts, ["peer0.org1", "10.0.0.1", "::1"]);
        assert!(present.is_tls);
    }
}
