//! The JSON bodies of the facade, one law for each shape: `enroll` and `reenroll`; `register` and
//! `identities`; `revoke`; `gencrl`; both of `affiliations`.

use chancery::api::fabric::{
    AffiliationRequest, CaChoice, EnrollRequest, GenCrlRequest, RegisterRequest,
    RenameAffiliationRequest, RevokeRequest,
};
use chancery::fabric::fuzzing;
use chancery::id::{Affiliation, EnrollmentId, SerialNumber};
use chancery::pki::{AlternativeName, Csr, Reason};
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::{csr, path};

/// What holds for every shape: a body that is taken is JSON, and what was read of it, written as
/// our own client writes it, reads as the same. A refusal is short and tells nothing of the body.
fn read<T: Serialize + DeserializeOwned>(body: &[u8]) -> Option<T> {
    let text = String::from_utf8_lossy(body);
    let is_json = serde_json::from_str::<IgnoredAny>(&text).is_ok();
    match fuzzing::body::<T>(body) {
        Ok(shape) => {
            assert!(is_json, "what is taken is JSON");
            let written = serde_json::to_string(&shape).unwrap();
            let again = fuzzing::body::<T>(written.as_bytes()).expect("our own writing is read");
            assert_eq!(serde_json::to_string(&again).unwrap(), written);
            Some(shape)
        }
        Err(why) => {
            assert!(!why.is_empty() && why.len() < 160, "{why}");
            None
        }
    }
}

/// Any body at all is read for the CA that it names.
fn names_a_ca(body: &[u8], caname: &str) {
    let choice = read::<CaChoice>(body).expect("a CA is read from what is read as a whole");
    assert_eq!(choice.caname, caname);
}

pub fn enroll(body: &[u8]) {
    let Some(request) = read::<EnrollRequest>(body) else { return };
    names_a_ca(body, &request.caname);
    if let Ok(request) = Csr::from_pem(&request.certificate_request) {
        csr::accepted(&request, request.der());
    }
    for host in request.hosts.into_iter().flatten() {
        let _ = AlternativeName::from_host(&host).map(|name| name.is_proper());
    }
    if let Some(subject) = request.subject {
        let common_name = subject.common_name.clone();
        assert_eq!(fuzzing::names(subject).common_name, Some(common_name));
    }
}

pub fn register(body: &[u8]) {
    let Some(request) = read::<RegisterRequest>(body) else { return };
    names_a_ca(body, &request.caname);
    if let Ok(id) = request.id.parse::<EnrollmentId>() {
        path::leads_back(id.as_str());
    }
    let _ = request.affiliation.parse::<Affiliation>();
}

pub fn revoke(body: &[u8]) {
    let Some(request) = read::<RevokeRequest>(body) else { return };
    names_a_ca(body, &request.caname);
    let _ = (request.serial.parse::<SerialNumber>(), request.reason.parse::<Reason>());
}

pub fn gencrl(body: &[u8]) {
    let Some(request) = read::<GenCrlRequest>(body) else { return };
    names_a_ca(body, &request.caname);
}

pub fn affiliation(body: &[u8]) {
    if let Some(request) = read::<AffiliationRequest>(body) {
        names_a_ca(body, &request.caname);
        if let Ok(affiliation) = request.name.parse::<Affiliation>() {
            assert_eq!(affiliation.as_str(), request.name);
        }
    }
    if let Some(request) = read::<RenameAffiliationRequest>(body) {
        names_a_ca(body, &request.caname);
        let _ = request.new_name().parse::<Affiliation>();
    }
}
