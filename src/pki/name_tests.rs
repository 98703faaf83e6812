//! Names: written as Go writes them, read as others do.

use super::*;
use proptest::prelude::*;

fn subject() -> Subject {
    let fields = [
        (Field::SerialNumber, "4711"),
        (Field::OrganizationalUnit, "client"),
        (Field::OrganizationalUnit, "org1"),
        (Field::Organization, "Acme"),
        (Field::Locality, "Frankfurt"),
        (Field::StateOrProvince, "Hessen"),
        (Field::Country, "DE"),
    ];
    let fields = fields.map(|(field, value)| (field, value.to_owned())).to_vec();
    Subject { common_name: Some("a@b".into()), fields }
}

#[test]
fn fields_stand_in_gos_order_and_ous_in_one_sorted_set() {
    let name = subject().write(true).unwrap();
    assert_eq!(
        display(&name),
        "serialNumber=4711,CN=a@b,OU=org1+OU=client,O=Acme,L=Frankfurt,ST=Hessen,C=DE"
    );
    let name = subject().write(false).unwrap();
    assert_eq!(
        display(&name),
        "serialNumber=4711,CN=a@b,OU=org1,OU=client,O=Acme,L=Frankfurt,ST=Hessen,C=DE"
    );
}

#[test]
fn fields_of_another_subject_take_the_place_of_ours() {
    let other = Subject {
        common_name: None,
        fields: vec![(Field::Country, "US".into()), (Field::Organization, "Body".into())],
    };
    let name = subject().overridden_by(&other).write(true).unwrap();
    assert_eq!(
        display(&name),
        "serialNumber=4711,CN=a@b,OU=org1+OU=client,O=Body,L=Frankfurt,ST=Hessen,C=US"
    );
    assert_eq!(subject().overridden_by(&Subject::named("c")).common_name.unwrap(), "c");
}

#[test]
fn text_is_printable_where_it_can_be() {
    let tag = |value: &str| attribute(Field::CommonName, value).unwrap()[7];
    assert_eq!(tag("peer0.org1"), asn1::PRINTABLE_STRING);
    for other in ["a@b", "a*", "a&b", "a_b", "é"] {
        assert_eq!(tag(other), asn1::UTF8_STRING, "{other}");
    }
}

#[test]
fn fields_that_cannot_stand_are_refused_by_name() {
    let write = |field, value: &str| {
        Subject { common_name: None, fields: vec![(field, value.to_owned())] }.write(true)
    };
    for field in Field::ALL {
        if field != Field::Country {
            assert!(write(field, &"x".repeat(field.max_octets())).is_ok());
        }
        let long = "x".repeat(field.max_octets() + 1);
        assert_eq!(write(field, &long), Err(SubjectError::TooLong(field)));
    }
    assert_eq!(
        write(Field::Organization, &"é".repeat(33)),
        Err(SubjectError::TooLong(Field::Organization))
    );
    assert!(matches!(write(Field::Country, "é"), Err(SubjectError::Invalid(..))));
    assert!(matches!(write(Field::Locality, "a\0b"), Err(SubjectError::Invalid(..))));
    assert_eq!(write(Field::Organization, ""), Err(SubjectError::Empty));
}

#[test]
fn a_value_that_is_no_text_is_an_error() {
    let integer = asn1::wrap(asn1::INTEGER, &[&[1]]);
    let name = |value: &[u8]| {
        let pair = asn1::wrap(asn1::SEQUENCE, &[&asn1::oid(rfc4519::O), value]);
        asn1::wrap(asn1::SEQUENCE, &[&asn1::wrap(asn1::SET, &[&pair])])
    };
    assert!(Subject::read(&name(&integer)).is_err());
    assert!(Subject::read(&name(&asn1::wrap(asn1::TELETEX_STRING, &[b"\xe9"]))).is_err());
    assert!(Subject::read(&name(&asn1::wrap(asn1::BMP_STRING, &[b"\0"]))).is_err());
    assert!(Subject::read(&name(&asn1::wrap(asn1::BMP_STRING, &[b"\xd8\0"]))).is_err());
    assert!(Subject::read(&name(&asn1::wrap(asn1::IA5_STRING, &[b"a\0"]))).is_err());
    let bmp = Subject::read(&name(&asn1::wrap(asn1::BMP_STRING, &[b"\0a\x20\xac"]))).unwrap();
    assert_eq!(bmp.values(Field::Organization).collect::<Vec<_>>(), ["a€"]);
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        common_name in "[^\\p{Cc}]{1,16}",
        others in proptest::collection::vec(
            ((1_usize..5).prop_map(|i| Field::ALL[i]), "[^\\p{Cc}]{1,16}"), 0..8),
        grouped: bool,
    ) {
        let fields: Vec<_> =
            others.into_iter().filter(|(field, _)| *field != Field::CommonName).collect();
        let subject = Subject { common_name: Some(common_name), fields };
        let name = subject.write(grouped).unwrap();
        let read = Subject::read(&name).unwrap();
        prop_assert_eq!(&read.common_name, &subject.common_name);
        for field in Field::ALL {
            let mut values: [Vec<_>; 2] =
                [&read, &subject].map(|s| s.values(field).map(str::to_owned).collect());
            if grouped {
                for values in &mut values {
                    values.sort();
                }
            }
            prop_assert_eq!(&values[0], &values[1]);
        }
        let _ = display(&name);
    }

    #[test]
    fn mutated_names_do_not_make_the_reader_panic(position in 0_usize..100, octet: u8) {
        let mut name = subject().write(true).unwrap();
        let position = position % name.len();
        name[position] = octet;
        let _ = Subject::read(&name);
        let _ = display(&name);
    }
}
