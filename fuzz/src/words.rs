//! Names and numbers as texts: what parses prints back.

use std::fmt::Display;
use std::str::FromStr;

use chancery::clock::Timestamp;
use chancery::hsm::Purpose;
use chancery::hsm::ledger::Line;
use chancery::id::{Affiliation, CaName, EnrollmentId, KeyId, KeyLabel, ProfileName, SerialNumber};
use chancery::pki::{AlternativeName, Reason};

pub fn law(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else { return };
    as_it_stands::<CaName>(text);
    as_it_stands::<EnrollmentId>(text);
    as_it_stands::<KeyLabel>(text);
    as_it_stands::<ProfileName>(text);
    as_it_stands::<Affiliation>(text);
    as_it_stands::<Purpose>(text);
    in_one_form::<SerialNumber>(text);
    in_one_form::<KeyId>(text);
    in_one_form::<Timestamp>(text);
    in_one_form::<Line>(text);
    in_one_form::<Reason>(text);
    if let Ok(name) = AlternativeName::from_host(text) {
        assert_eq!(AlternativeName::from_host(&name.to_string()), Ok(name));
    }
    if let Ok(affiliation) = text.parse::<Affiliation>() {
        assert_eq!(affiliation.parts().collect::<Vec<_>>().join("."), text);
        assert!(affiliation.parent().is_none_or(|above| above.covers(&affiliation)));
    }
}

fn as_it_stands<T: FromStr + Display>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        assert_eq!(value.to_string(), text);
    }
}

fn in_one_form<T: FromStr + Display + PartialEq>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        let printed = value.to_string();
        let again = printed.parse::<T>();
        assert!(again.is_ok_and(|again| again == value), "{text} prints as {printed}");
    }
}
