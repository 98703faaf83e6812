//! Requests: what is granted a hearing and what is not.

use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer as _;
use p256::elliptic_curve::Generate as _;
use proptest::prelude::*;
use spki::EncodePublicKey as _;

use super::*;
use crate::pki::extension::Extension;
use crate::pki::name::Field;

/// What Fabric CA's own client sends.
const FABRIC: &str = include_str!("testdata/fabric-member.csr");

const ECDSA_WITH_SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.1");

/// A request with these octets as the content of its attributes.
fn request(subject: &[u8], attributes: &[u8], algorithm: &[u8]) -> Vec<u8> {
    let key = SigningKey::generate();
    let spki = key.verifying_key().to_public_key_der().unwrap();
    let attributes = asn1::wrap(asn1::constructed(0), &[attributes]);
    let info = asn1::wrap(asn1::SEQUENCE, &[&[2, 1, 0], subject, spki.as_bytes(), &attributes]);
    let signature: p256::ecdsa::Signature = key.sign(&info);
    let signature = asn1::bit_string(signature.to_der().as_bytes());
    asn1::wrap(asn1::SEQUENCE, &[&info, algorithm, &signature])
}

fn attribute(oid: ObjectIdentifier, values: &[u8]) -> Vec<u8> {
    asn1::wrap(asn1::SEQUENCE, &[&asn1::oid(oid), &asn1::wrap(asn1::SET, &[values])])
}

fn asking(extensions: &[(ObjectIdentifier, &[u8])]) -> Result<Csr, CsrError> {
    let list: Vec<_> = extensions
        .iter()
        .map(|(oid, value)| Extension { oid: *oid, critical: true, value: value.to_vec() })
        .collect();
    let attributes = attribute(rfc5912::ID_EXTENSION_REQ, &extension::write(&list));
    let subject = Subject::named("peer0").write(false).unwrap();
    Csr::from_der(&request(&subject, &attributes, sha256()))
}

fn sha256() -> &'static [u8] {
    SignatureAlgorithm::EcdsaSha256.identifier_der()
}

#[test]
fn what_fabrics_client_sends_is_read() {
    let csr = Csr::from_pem(FABRIC).unwrap();
    assert_eq!(csr.subject().common_name.as_deref(), Some("c5cd7f-u-zzkfkr"));
    assert_eq!(csr.subject().values(Field::OrganizationalUnit).collect::<Vec<_>>(), ["mine"]);
    assert_eq!(csr.alternative_names().len(), 5);
    assert_eq!(csr.basic_constraints(), None);
    assert_eq!(Csr::from_pem(&csr.to_pem()).unwrap(), csr);
    let old = FABRIC.replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST");
    assert_eq!(Csr::from_pem(&format!("text before\n{old}text after")).unwrap(), csr);
}

#[test]
fn what_is_no_request_is_refused() {
    assert_eq!(Csr::from_pem("").unwrap_err(), CsrError::NotPem);
    assert_eq!(Csr::from_pem("hello").unwrap_err(), CsrError::NotPem);
    let other = FABRIC.replace("CERTIFICATE REQUEST", "CERTIFICATE");
    assert_eq!(Csr::from_pem(&other).unwrap_err(), CsrError::Label);
    assert!(matches!(Csr::from_der(&[0x30, 0]).unwrap_err(), CsrError::Malformed(_)));
    assert_eq!(Csr::from_pem(&" ".repeat(2 * MAX_CSR + 1)).unwrap_err(), CsrError::TooLarge);
    assert_eq!(Csr::from_der(&vec![0; MAX_CSR + 1]).unwrap_err(), CsrError::TooLarge);
    let der = Csr::from_pem(FABRIC).unwrap().der().to_vec();
    let trailing = [&der[..], &[0]].concat();
    assert!(matches!(Csr::from_der(&trailing).unwrap_err(), CsrError::Malformed(_)));
}

#[test]
fn a_request_proves_that_its_sender_has_the_key() {
    let der = Csr::from_pem(FABRIC).unwrap().der().to_vec();
    // A letter of the common name, which changes nothing of the form.
    let position = der.windows(6).position(|window| window == b"c5cd7f").unwrap();
    let mut changed = der;
    changed[position] ^= 1;
    assert_eq!(Csr::from_der(&changed).unwrap_err(), CsrError::BadSignature);
}

#[test]
fn signatures_of_other_kinds_and_with_sha1_are_refused() {
    let subject = Subject::named("peer0").write(false).unwrap();
    let sha1 = asn1::wrap(asn1::SEQUENCE, &[&asn1::oid(ECDSA_WITH_SHA1)]);
    let refused = Csr::from_der(&request(&subject, &[], &sha1)).unwrap_err();
    assert_eq!(refused, CsrError::Algorithm(ECDSA_WITH_SHA1));
    let rsa = SignatureAlgorithm::RsaSha256.identifier_der();
    assert!(matches!(
        Csr::from_der(&request(&subject, &[], rsa)).unwrap_err(),
        CsrError::Algorithm(_)
    ));
    let with_null = asn1::wrap(asn1::SEQUENCE, &[&asn1::oid(rfc5912::ECDSA_WITH_SHA_256), &[5, 0]]);
    assert!(Csr::from_der(&request(&subject, &[], &with_null)).is_ok());
}

#[test]
fn requests_of_other_programs_are_read() {
    for text in [
        include_str!("testdata/rsa.csr"),
        include_str!("testdata/ed25519.csr"),
        include_str!("testdata/p384-sha512.csr"),
    ] {
        let csr = Csr::from_pem(text).unwrap();
        assert_eq!(csr.subject().common_name.as_deref(), Some("peer0"));
    }
    let weak = Csr::from_pem(include_str!("testdata/rsa1024.csr")).unwrap_err();
    assert!(matches!(weak, CsrError::WeakKey(KeyError::Weak(_))));
    let sha1 = Csr::from_pem(include_str!("testdata/rsa-sha1.csr")).unwrap_err();
    assert_eq!(sha1, CsrError::Algorithm(rfc5912::SHA_1_WITH_RSA_ENCRYPTION));
}

#[test]
fn a_subject_that_is_no_text_is_refused() {
    let integer = asn1::wrap(asn1::INTEGER, &[&[1]]);
    let pair = asn1::wrap(asn1::SEQUENCE, &[&asn1::oid(Field::Organization.oid()), &integer]);
    let subject = asn1::wrap(asn1::SEQUENCE, &[&asn1::wrap(asn1::SET, &[&pair])]);
    let refused = Csr::from_der(&request(&subject, &[], sha256())).unwrap_err();
    assert_eq!(refused, CsrError::Malformed(Malformed("a field of the subject")));
    // An empty subject is read; whether it may enroll is not asked here.
    let empty = Csr::from_der(&request(&[0x30, 0], &[], sha256())).unwrap();
    assert_eq!(empty.subject(), &Subject::default());
}

#[test]
fn only_names_and_basic_constraints_are_heeded() {
    let constraints = rfc5280::ID_CE_BASIC_CONSTRAINTS;
    let csr = asking(&[
        (constraints, &[0x30, 6, 1, 1, 0xff, 2, 1, 1]),
        (rfc5280::ID_CE_SUBJECT_ALT_NAME, &[0x30, 3, 0x82, 1, b'a']),
        (crate::pki::attribute::ATTRIBUTES_OID, b"{\"attrs\":{\"role\":\"forged\"}}"),
    ])
    .unwrap();
    assert_eq!(csr.basic_constraints(), Some((true, Some(1))));
    assert!(csr.asks_for_ca());
    assert_eq!(csr.alternative_names(), [AlternativeName::Dns("a".into())]);

    for malformed in [&[0x30, 1][..], &[0x30, 3, 1, 1, 7], &[5, 0], b""] {
        let refused = asking(&[(constraints, malformed)]).unwrap_err();
        assert_eq!(refused, CsrError::BasicConstraints);
    }
    let twice = asking(&[(constraints, &[0x30, 0]), (constraints, &[0x30, 0])]).unwrap_err();
    assert!(matches!(twice, CsrError::Malformed(_)));
    let names = rfc5280::ID_CE_SUBJECT_ALT_NAME;
    assert!(matches!(
        asking(&[(names, b"\x30\x03\x82\x01\0")]),
        Err(CsrError::AlternativeNames(_))
    ));
}

#[test]
fn attributes_are_bounded() {
    let subject = Subject::named("peer0").write(false).unwrap();
    let ask = |count| {
        let one = attribute(ECDSA_WITH_SHA1, &[5, 0]);
        Csr::from_der(&request(&subject, &one.repeat(count), sha256()))
    };
    assert!(ask(MAX_ATTRIBUTES).is_ok());
    assert!(matches!(ask(MAX_ATTRIBUTES + 1).unwrap_err(), CsrError::Malformed(_)));
    let list = attribute(rfc5912::ID_EXTENSION_REQ, &[0x30, 0]);
    let twice = Csr::from_der(&request(&subject, &list.repeat(2), sha256()));
    assert!(matches!(twice.unwrap_err(), CsrError::Malformed(_)));
}

proptest! {
    #[test]
    fn mutated_requests_do_not_make_the_parser_panic(
        changes in proptest::collection::vec((0_usize..400, any::<u8>()), 1..4),
        cut in 0_usize..400,
    ) {
        let good = Csr::from_pem(FABRIC).unwrap();
        let mut der = good.der().to_vec();
        for (position, octet) in changes {
            let position = position % der.len();
            der[position] = octet;
        }
        if let Ok(csr) = Csr::from_der(&der) {
            prop_assert_eq!(csr.info(), good.info());
        }
        prop_assert!(Csr::from_der(&der[..cut]).is_err());
        // The part behind the signature check, which mutation hardly reaches otherwise.
        if let Some(position) = good.der().windows(good.info().len()).position(|w| w == good.info()) {
            let info = &der[position..position + good.info().len()];
            let _ = Csr::read_info(&der, info);
        }
    }
}
