//! Names of subjects and alternative names: read, written, shown.

use chancery::pki::fuzzing::{
    display_name, read_alternative_names, read_name, write_alternative_names, write_name,
};
use chancery::pki::{Field, Subject};

pub fn law(octets: &[u8]) {
    let shown = display_name(octets);
    assert!(!shown.chars().any(char::is_control), "a name shows without control characters");
    if let Ok(subject) = read_name(octets) {
        for grouped in [false, true] {
            if let Ok(written) = write_name(&subject, grouped) {
                let again = read_name(&written).expect("our own writing is read");
                assert_eq!(fields(&again), fields(&subject));
            }
        }
    }
    if let Ok(names) = read_alternative_names(octets) {
        let mut sorted = names;
        let written = write_alternative_names(&sorted);
        let mut again = read_alternative_names(&written).expect("our own writing is read");
        sorted.sort();
        again.sort();
        assert_eq!(again, sorted);
    }
}

/// What a name says, whatever the order and grouping; what is empty says nothing.
fn fields(subject: &Subject) -> Vec<(Field, String)> {
    let texts = |field| subject.values(field).map(move |text| (field, text.to_owned()));
    let mut all: Vec<_> = Field::ALL.into_iter().flat_map(texts).collect();
    all.retain(|(_, text)| !text.is_empty());
    all.sort();
    all
}
