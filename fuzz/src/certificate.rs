//! Certificates, as tokens, files and chains bring them.

use chancery::pki::{Attributes, Certificate, Demand, lint_certificate};
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::name::Name;

use super::material::{issuer, now};
use super::tlv;

pub fn law(octets: &[u8]) {
    let Ok(certificate) = Certificate::from_der(octets) else { return };
    assert_eq!(certificate.der(), octets, "a certificate keeps its octets");
    let parts = [
        certificate.tbs().der(),
        certificate.signature_algorithm().identifier_der(),
        &tlv::bits(certificate.signature()),
    ];
    assert_eq!(tlv::wrap(0x30, &parts), octets, "its parts make it whole again");
    assert_eq!(Certificate::from_pem(&certificate.to_pem()).as_ref(), Ok(&certificate));

    let _ = (certificate.subject_text(), certificate.issuer_text(), certificate.subject());
    let _ = (certificate.issuing_key_id(), certificate.key_usage(), certificate.path_length());
    let _ = (certificate.alternative_names(), certificate.extended_key_usages());
    let _ = certificate.verify_signed_by(certificate.public_key());
    if let Some(attributes) = certificate.attributes()
        && let Ok(json) = attributes.to_json()
    {
        assert_eq!(Attributes::from_json(json.as_bytes()).unwrap(), attributes);
    }
    let demands = [
        Demand::StartedBy(now()),
        Demand::LastsUntil(now()),
        Demand::AlternativeNames,
        Demand::ProperNames,
        Demand::OneRole,
        Demand::ServerAuth,
    ];
    let (_, issuer) = issuer();
    for finding in lint_certificate(&certificate, issuer, &demands) {
        assert!(!finding.to_string().is_empty());
    }
    // Where another reader reads it too, both read the same.
    if let Ok(theirs) = x509_cert::Certificate::from_der(octets) {
        let tbs = theirs.tbs_certificate();
        // It shows the octet that says that the number is positive, we do not.
        let serial = tbs.serial_number().as_bytes();
        let serial = serial.strip_prefix(&[0]).filter(|rest| !rest.is_empty()).unwrap_or(serial);
        assert_eq!(serial, certificate.serial().as_octets());
        // Read again and not written again: they would put a SET in order that came without.
        assert_eq!(Name::from_der(certificate.subject_der()).as_ref(), Ok(tbs.subject()));
        let spki = tbs.subject_public_key_info().to_der().unwrap();
        assert_eq!(spki, certificate.public_key().spki_der());
        let not_after = tbs.validity().not_after.to_unix_duration().as_secs();
        assert_eq!(not_after.cast_signed(), certificate.not_after().unix());
    }
}
