//! The certificate request: built by `rcgen`, signed by whatever holds the member's key.

use std::cell::RefCell;
use std::net::IpAddr;

use rcgen::{
    CertificateParams, DistinguishedName, DnType, DnValue, PublicKeyData, SanType,
    SignatureAlgorithm, SigningKey,
};

use super::key::{Curve, MemberKey};
use crate::cli::exit::Failure;
use crate::pki::Field;

/// Reads `C=US,ST=North Carolina,O=Hyperledger`; a backslash keeps the comma after it. The common
/// name is the enrollment ID, and the CA sets the OUs from type and affiliation: neither is taken.
///
/// # Errors
/// A usage failure that names the field.
pub(super) fn parse_subject(text: &str) -> Result<Vec<(Field, String)>, Failure> {
    let mut parts = vec![String::new()];
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, parts.last_mut()) {
            (',', _) => parts.push(String::new()),
            ('\\', Some(part)) => part.extend(letters.next()),
            (_, Some(part)) => part.push(letter),
            (_, None) => {}
        }
    }
    let parts = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty());
    let mut fields: Vec<(Field, String)> = Vec::new();
    for part in parts {
        let (field, value) = parse_field(part)?;
        if fields.iter().any(|(other, _)| *other == field) {
            return Err(Failure::usage(format!("the subject field `{field}` is given twice")));
        }
        fields.push((field, value));
    }
    Ok(fields)
}

fn parse_field(part: &str) -> Result<(Field, String), Failure> {
    let Some((name, value)) = part.split_once('=') else {
        return Err(Failure::usage(format!("the subject field `{part}` has no `=`"))
            .hint("write it like `C=US,ST=North Carolina,O=Hyperledger`"));
    };
    let (name, value) = (name.trim(), value.trim().to_owned());
    if value.is_empty() {
        return Err(Failure::usage(format!("the subject field `{name}` is empty")));
    }
    match name.to_ascii_uppercase().as_str() {
        "C" => Ok((Field::Country, value)),
        "ST" => Ok((Field::StateOrProvince, value)),
        "L" => Ok((Field::Locality, value)),
        "O" => Ok((Field::Organization, value)),
        "SERIALNUMBER" => Ok((Field::SerialNumber, value)),
        "CN" => Err(Failure::usage("the common name is the enrollment ID and cannot be chosen")),
        "OU" => {
            Err(Failure::usage("the CA sets the organizational units from type and affiliation")
                .hint("give the identity a type and an affiliation when it is registered"))
        }
        _ => Err(Failure::usage(format!("the subject field `{name}` is not known"))
            .hint("the fields are C, ST, L, O and serialNumber")),
    }
}

/// Builds and signs a request: PEM.
///
/// # Errors
/// When a host cannot be an alternative name, or the key cannot sign.
pub(in crate::cli) fn build(
    id: &str,
    subject: &[(Field, String)],
    hosts: &[String],
    key: &dyn MemberKey,
) -> Result<String, Failure> {
    let mut params = CertificateParams::default();
    params.distinguished_name = distinguished_name(id, subject);
    params.subject_alt_names =
        hosts.iter().map(|host| alternative_name(host)).collect::<Result<_, _>>()?;
    let key = RemoteKey { key, refused: RefCell::new(None) };
    let request = params.serialize_request(&key).and_then(|request| request.pem());
    request.map_err(|error| match key.refused.take() {
        Some(failure) => failure,
        None => Failure::refused("could not build the certificate request").because(error),
    })
}

fn distinguished_name(id: &str, subject: &[(Field, String)]) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    for (field, value) in subject {
        let kind = match field {
            Field::Country => DnType::CountryName,
            Field::StateOrProvince => DnType::StateOrProvinceName,
            Field::Locality => DnType::LocalityName,
            Field::Organization => DnType::OrganizationName,
            // 2.5.4.5, the one of these that rcgen has no name for.
            Field::SerialNumber => DnType::CustomDnType(vec![2, 5, 4, 5]),
            // The CA sets the one, and the other is the enrollment ID.
            Field::OrganizationalUnit | Field::CommonName => continue,
        };
        name.push(kind, text(value));
    }
    name.push(DnType::CommonName, text(id));
    name
}

/// `PrintableString` where the text allows it, otherwise `UTF8String`, as Go does; `C` and
/// `serialNumber` may be nothing but printable.
fn text(value: &str) -> DnValue {
    match value.try_into() {
        Ok(printable) => DnValue::PrintableString(printable),
        Err(_) => DnValue::Utf8String(value.to_owned()),
    }
}

/// An IP address, an e-mail address, a URI, or else a DNS name, told apart as a Fabric CA does.
fn alternative_name(host: &str) -> Result<SanType, Failure> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(SanType::IpAddress(address));
    }
    let bad = |_| {
        Failure::usage(format!("the host `{host}` is not ASCII"))
            .hint("write it in its `xn--` form")
    };
    let name = host.try_into().map_err(bad)?;
    if host.is_empty() || host.chars().any(|c| c.is_ascii_whitespace() || c.is_control()) {
        return Err(Failure::usage(format!("`{host}` is no host")));
    }
    Ok(if host.contains("://") {
        SanType::URI(name)
    } else if host.contains('@') {
        SanType::Rfc822Name(name)
    } else {
        SanType::DnsName(name)
    })
}

/// A [`MemberKey`] as `rcgen` sees it.
pub(super) struct RemoteKey<'a> {
    pub(super) key: &'a dyn MemberKey,
    /// Why it did not sign; `rcgen`'s own error has no room for it.
    pub(super) refused: RefCell<Option<Failure>>,
}

impl PublicKeyData for RemoteKey<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.key.point()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match self.key.curve() {
            Curve::P256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            Curve::P384 => &rcgen::PKCS_ECDSA_P384_SHA384,
        }
    }
}

impl SigningKey for RemoteKey<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.key.sign_digest(&self.key.curve().request_digest(message)).map_err(|failure| {
            self.refused.replace(Some(failure));
            rcgen::Error::RemoteKeyError
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_read() {
        assert_eq!(
            parse_subject(r"C=US, ST=North Carolina,O=Acme\, Inc.").unwrap(),
            [
                (Field::Country, "US".into()),
                (Field::StateOrProvince, "North Carolina".into()),
                (Field::Organization, "Acme, Inc.".into())
            ]
        );
        assert!(parse_subject("").unwrap().is_empty());
        for bad in ["CN=x", "OU=x", "C", "C=", "DC=x", "O=a,O=b"] {
            assert!(parse_subject(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn hosts_become_the_right_kind_of_name() {
        assert!(matches!(alternative_name("10.0.0.1"), Ok(SanType::IpAddress(_))));
        assert!(matches!(alternative_name("::1"), Ok(SanType::IpAddress(_))));
        assert!(matches!(alternative_name("peer0.org1"), Ok(SanType::DnsName(_))));
        assert!(matches!(alternative_name("a@b.example"), Ok(SanType::Rfc822Name(_))));
        assert!(matches!(alternative_name("grpc://a"), Ok(SanType::URI(_))));
        assert!(alternative_name("bücher.example").is_err());
        assert!(alternative_name("a b").is_err());
    }

    #[derive(Debug)]
    struct Mute;

    impl MemberKey for Mute {
        fn curve(&self) -> Curve {
            Curve::P256
        }

        fn point(&self) -> &[u8] {
            &[4; 65]
        }

        fn sign_digest(&self, _: &[u8]) -> Result<Vec<u8>, Failure> {
            Err(Failure::refused("the token is gone"))
        }

        fn to_pem(&self) -> Result<Option<zeroize::Zeroizing<String>>, Failure> {
            Ok(None)
        }

        fn place(&self) -> Option<&crate::hsm::Uri> {
            None
        }
    }

    #[test]
    fn a_key_that_refuses_says_why() {
        let told = build("peer0", &[], &[], &Mute).unwrap_err();
        assert_eq!(told.to_string(), "the token is gone");
    }
}
