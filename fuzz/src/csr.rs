//! A certification request, in DER or PEM, as a client sends it.

use aws_lc_rs::signature as aws;
use chancery::pki::{Csr, KeyAlgorithm as K, SignatureAlgorithm as S};

use super::tlv;

pub fn law(octets: &[u8]) {
    if let Ok(csr) = Csr::from_der(octets) {
        accepted(&csr, octets);
    }
    let text = String::from_utf8_lossy(octets);
    if let Ok(csr) = Csr::from_pem(&text) {
        accepted(&csr, csr.der());
    }
}

/// What holds for every request that was accepted.
pub fn accepted(csr: &Csr, der: &[u8]) {
    assert_eq!(csr.der(), der, "a request keeps its octets");
    assert_eq!(Csr::from_pem(&csr.to_pem()).as_ref(), Ok(csr), "its own PEM reads back");
    assert!(verifies(der, csr), "its signature verifies in another way");
    let _ = (csr.subject(), csr.alternative_names(), csr.asks_for_ca());
}

/// Verifies the request's signature from its octets alone, with a parser and key object of its own.
fn verifies(der: &[u8], csr: &Csr) -> bool {
    let parts = tlv::children(der).unwrap();
    let [info, algorithm, signature] = parts[..] else { panic!("three parts") };
    let spki = tlv::children(info).unwrap()[2];
    let key = tlv::content(tlv::children(spki).unwrap()[1]).unwrap();
    let signature = tlv::content(signature).unwrap();
    assert_eq!((key[0], signature[0]), (0, 0), "whole octets");
    let oid = tlv::children(algorithm).unwrap()[0];
    let all =
        [S::EcdsaSha256, S::EcdsaSha384, S::EcdsaSha512, S::RsaSha256, S::RsaSha384, S::RsaSha512];
    let named = all
        .into_iter()
        .chain([S::Ed25519])
        .find(|known| tlv::children(known.identifier_der()).is_some_and(|parts| parts[0] == oid));
    let verifier: &dyn aws::VerificationAlgorithm = match (csr.public_key().algorithm(), named) {
        (K::P256, Some(S::EcdsaSha256)) => &aws::ECDSA_P256_SHA256_ASN1,
        (K::P256, Some(S::EcdsaSha384)) => &aws::ECDSA_P256_SHA384_ASN1,
        (K::P256, Some(S::EcdsaSha512)) => &aws::ECDSA_P256_SHA512_ASN1,
        (K::P384, Some(S::EcdsaSha256)) => &aws::ECDSA_P384_SHA256_ASN1,
        (K::P384, Some(S::EcdsaSha384)) => &aws::ECDSA_P384_SHA384_ASN1,
        (K::P384, Some(S::EcdsaSha512)) => &aws::ECDSA_P384_SHA512_ASN1,
        (K::Rsa { .. }, Some(S::RsaSha256)) => &aws::RSA_PKCS1_2048_8192_SHA256,
        (K::Rsa { .. }, Some(S::RsaSha384)) => &aws::RSA_PKCS1_2048_8192_SHA384,
        (K::Rsa { .. }, Some(S::RsaSha512)) => &aws::RSA_PKCS1_2048_8192_SHA512,
        (K::Ed25519, Some(S::Ed25519)) => &aws::ED25519,
        (key, named) => panic!("{key} with {named:?}"),
    };
    aws::UnparsedPublicKey::new(verifier, &key[1..]).verify(info, &signature[1..]).is_ok()
}
