//! What a request asks for, with a signature that holds: subject, attributes and hosts are the
//! input, and everything up to the certificate is done with them.
//!
//! Input: the length of the subject (two octets), the subject's DER, the length of the attributes
//! (two octets), the content of the attributes; then one host a line, if anything is left.

use std::sync::OnceLock;

use chancery::pki::{
    Asking, Budget, Csr, Order, Profile, ProfileError, Subject, chain, draft_request,
};
use x509_cert::der::Decode as _;

use super::material::{Key, issuer, now, profile, serial};
use super::{csr, tlv};

pub fn law(octets: &[u8]) {
    let Some((subject, rest)) = piece(octets) else { return };
    let Some((attributes, hosts)) = piece(rest) else { return };
    let key = Key::of(2);
    let attributes = tlv::wrap(0xa0, &[attributes]);
    let info = tlv::wrap(0x30, &[&[2, 1, 0], subject, &key.spki(), &attributes]);
    let algorithm = [0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    let signature = tlv::bits(&key.sign(&info));
    let der = tlv::wrap(0x30, &[&info, &algorithm, &signature]);
    let Ok(request) = Csr::from_der(&der) else { return };
    csr::accepted(&request, &der);
    let hosts = std::str::from_utf8(hosts).ok().filter(|hosts| !hosts.is_empty());
    let hosts: Option<Vec<String>> = hosts.map(|hosts| hosts.lines().map(str::to_owned).collect());
    for profile in profiles() {
        certify(profile, &request, hosts.as_deref());
    }
}

fn profiles() -> &'static [Profile] {
    static PROFILES: OnceLock<Vec<Profile>> = OnceLock::new();
    PROFILES.get_or_init(|| ["default", "member", "issuing"].map(profile).into())
}

fn piece(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = octets.split_first_chunk::<2>()?;
    rest.split_at_checked(u16::from_be_bytes(*length).into())
}

fn certify(profile: &Profile, request: &Csr, hosts: Option<&[String]>) {
    let (issuing, issuer) = issuer();
    let units = ["client".to_owned(), "org1".to_owned()];
    let order = Order {
        organizational_units: &units,
        hosts,
        one_role: !profile.is_for_authorities(),
        ..Order::of(request)
    };
    let draft = match profile.draft(issuer, &serial(9), &order, now()) {
        Ok(draft) => draft,
        Err(ProfileError::Unreadable(what)) => panic!("what we wrote we cannot read: {what}"),
        Err(refused) => {
            let _ = refused.to_string();
            return;
        }
    };
    let signature = issuing.sign(draft.to_be_signed());
    let certificate = draft.seal(&signature).expect("what was drafted can be sealed");
    assert!(certificate.verify_signed_by(issuer.public_key()).is_ok());
    assert_eq!(certificate.public_key(), request.public_key());
    assert_eq!(certificate.is_ca(), profile.is_for_authorities());
    let theirs = x509_cert::Certificate::from_der(certificate.der());
    assert!(theirs.is_ok(), "another reader reads it: {theirs:?}");
    let anchors = [issuer.clone()];
    let path = chain(&certificate, &[], &anchors, now(), &mut Budget::default());
    assert!(path.is_ok(), "it stands under its issuer: {path:?}");
}

/// A request of a key for a common name alone.
pub fn request(key: &Key, name: &str) -> Csr {
    let draft = draft_request(&key.public(), &Subject::named(name), Asking::Member(&[])).unwrap();
    let signature = key.sign(draft.to_be_signed());
    draft.seal(&signature).unwrap()
}
