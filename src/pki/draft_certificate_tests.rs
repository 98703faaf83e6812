//! Orders: what becomes of them by Fabric CA's profiles and by ours.

use const_oid::db::rfc5280;
use der::Decode as _;
use proptest::prelude::*;
use x509_cert::ext::pkix::{AuthorityInfoAccessSyntax, CrlDistributionPoints};

use super::*;
use crate::pki::algorithm::SignatureAlgorithm;
use crate::pki::draft_request::Asking;
use crate::pki::testing::{Key, now, profile, sealed_root, serial};

const OUS: [&str; 3] = ["peer", "org1", "department1"];

fn units() -> Vec<String> {
    OUS.map(str::to_owned).to_vec()
}

/// What differs from an order with nothing special to it.
#[derive(Default)]
struct Wish<'a> {
    subject: Option<&'a Subject>,
    units: Option<&'a [String]>,
    hosts: Option<&'a [String]>,
    attributes: Option<&'a Attributes>,
    not_before: Option<Timestamp>,
    one_role: bool,
}

/// What the profile makes of the wish, sealed.
fn issue(
    profile_name: &str,
    wish: &Wish<'_>,
    asking: Asking<'_>,
) -> Result<Certificate, ProfileError> {
    let (key, root) = sealed_root();
    let csr = Key::generate().request(&Subject::named("peer0"), asking);
    let units = units();
    let order = Order {
        csr: &csr,
        subject: wish.subject.unwrap_or(csr.subject()),
        organizational_units: wish.units.unwrap_or(&units),
        hosts: wish.hosts,
        attributes: wish.attributes,
        not_before: wish.not_before,
        one_role: wish.one_role,
    };
    let draft = profile(profile_name).draft(&root, &serial(2), &order, now())?;
    let signature = key.sign(draft.to_be_signed());
    Ok(draft.seal(&signature).unwrap())
}

/// As [`issue`], for a plain wish of a member.
fn plain(profile_name: &str) -> Result<Certificate, ProfileError> {
    issue(profile_name, &Wish::default(), Asking::Member(&[]))
}

fn oids(certificate: &Certificate) -> Vec<(String, bool)> {
    certificate.extensions().iter().map(|e| (e.oid.to_string(), e.critical)).collect()
}

#[test]
fn fabrics_default_profile_gives_what_fabric_gives() {
    let attributes: Attributes = [("hf.Type".to_owned(), "peer".to_owned())].into_iter().collect();
    let names = [AlternativeName::Dns("a.example.com".into())];
    let certificate = issue(
        "default",
        &Wish { attributes: Some(&attributes), ..Wish::default() },
        Asking::Member(&names),
    )
    .unwrap();
    // The OUs stand in one RDN, shorter encodings first.
    assert_eq!(certificate.subject_text(), "CN=peer0,OU=org1+OU=peer+OU=department1");
    assert_eq!(certificate.not_before(), now().plus(-300));
    // 00:00:20 is rounded down to the minute.
    assert_eq!(certificate.not_after().to_string(), "2031-01-01T00:00:00Z");
    assert_eq!(
        oids(&certificate),
        [
            ("2.5.29.15".to_owned(), true),
            ("2.5.29.19".to_owned(), true),
            ("2.5.29.14".to_owned(), false),
            ("2.5.29.35".to_owned(), false),
            ("2.5.29.17".to_owned(), false),
            ("1.2.3.4.5.6.7.8.1".to_owned(), false),
        ]
    );
    assert_eq!(certificate.basic_constraints(), Some((false, None)));
    assert_eq!(certificate.attributes(), Some(attributes));
    assert_eq!(certificate.alternative_names().unwrap(), names);
}

#[test]
fn our_member_profile_gives_each_ou_its_rdn_and_no_basic_constraints() {
    let certificate =
        issue("member", &Wish { one_role: true, ..Wish::default() }, Asking::Member(&[])).unwrap();
    assert_eq!(certificate.subject_text(), "CN=peer0,OU=department1,OU=org1,OU=peer");
    assert_eq!(certificate.basic_constraints(), None);
    assert_eq!(certificate.not_before(), now().plus(-300));
    assert_eq!(oids(&certificate).len(), 3);
}

#[test]
fn a_tls_profile_tells_its_purposes_and_ours_wants_hosts() {
    let certificate = plain("tls").unwrap();
    let usages = certificate.extended_key_usages().unwrap();
    assert_eq!(usages, [rfc5280::ID_KP_SERVER_AUTH, rfc5280::ID_KP_CLIENT_AUTH]);

    let refused = plain("server-tls").unwrap_err();
    assert!(matches!(refused, ProfileError::AlternativeNames(_)));
    let hosts = ["peer0.example.com".to_owned(), "10.0.0.1".to_owned()];
    let certificate =
        issue("server-tls", &Wish { hosts: Some(&hosts), ..Wish::default() }, Asking::Member(&[]))
            .unwrap();
    assert_eq!(certificate.alternative_names().unwrap().len(), 2);
    let hosts = ["not!a!host".to_owned()];
    let refused =
        issue("server-tls", &Wish { hosts: Some(&hosts), ..Wish::default() }, Asking::Member(&[]))
            .unwrap_err();
    assert!(matches!(refused, ProfileError::Lint(found) if found[0].code == "alternative-name"));
}

#[test]
fn hosts_replace_the_names_of_the_request() {
    let asked = [AlternativeName::Dns("a".into())];
    let none: [String; 0] = [];
    let certificate =
        issue("default", &Wish { hosts: Some(&none), ..Wish::default() }, Asking::Member(&asked))
            .unwrap();
    assert_eq!(certificate.extension(rfc5280::ID_CE_SUBJECT_ALT_NAME), None);
    let hosts = ["z.example.com".to_owned(), "192.0.2.7".to_owned()];
    let certificate =
        issue("default", &Wish { hosts: Some(&hosts), ..Wish::default() }, Asking::Member(&asked))
            .unwrap();
    assert_eq!(
        certificate.alternative_names().unwrap(),
        hosts.map(|host| AlternativeName::from_host(&host).unwrap())
    );
    let many = vec!["a".to_owned(); MAX_ALTERNATIVE_NAMES + 1];
    let refused =
        issue("default", &Wish { hosts: Some(&many), ..Wish::default() }, Asking::Member(&[]));
    assert_eq!(refused, Err(ProfileError::AlternativeName(AlternativeNameError::TooMany)));
}

#[test]
fn a_subject_is_what_the_caller_says_within_its_bounds() {
    let subject = Subject {
        common_name: Some("peer0".into()),
        fields: vec![
            (Field::Organization, "Two".into()),
            (Field::Organization, "One".into()),
            (Field::OrganizationalUnit, "forged".into()),
            (Field::Country, "DE".into()),
        ],
    };
    let certificate =
        issue("default", &Wish { subject: Some(&subject), ..Wish::default() }, Asking::Member(&[]))
            .unwrap();
    assert_eq!(
        certificate.subject_text(),
        "CN=peer0,OU=org1+OU=peer+OU=department1,O=One+O=Two,C=DE"
    );
    for (subject, error) in [
        (Subject::named("x".repeat(65)), SubjectError::TooLong(Field::CommonName)),
        (Subject::default(), SubjectError::Invalid(Field::CommonName, "is missing")),
    ] {
        let refused = issue(
            "default",
            &Wish { subject: Some(&subject), ..Wish::default() },
            Asking::Member(&[]),
        );
        assert_eq!(refused, Err(ProfileError::Subject(error)));
    }
}

#[test]
fn a_later_start_is_granted_an_earlier_one_ignored_one_beyond_the_end_refused() {
    let start = |not_before: Timestamp| {
        issue(
            "default",
            &Wish { not_before: Some(not_before), ..Wish::default() },
            Asking::Member(&[]),
        )
    };
    let later = now().plus(86_400);
    assert_eq!(start(later).unwrap().not_before(), later);
    assert_eq!(start(Timestamp::from_unix(0)).unwrap().not_before(), now().plus(-300));
    assert!(matches!(start(Timestamp::NO_EXPIRY).unwrap_err(), ProfileError::Validity { .. }));
}

#[test]
fn a_certificate_does_not_outlive_its_issuer() {
    let (_, root) = sealed_root();
    let csr = Key::generate().request(&Subject::named("peer0"), Asking::Member(&[]));
    let late = root.not_after().plus(-60);
    let draft = profile("default").draft(&root, &serial(2), &Order::of(&csr), late).unwrap();
    assert_eq!(draft.preview().not_after(), root.not_after());
    for outside in [root.not_after().plus(1), root.not_before().plus(-1)] {
        let refused = profile("default").draft(&root, &serial(2), &Order::of(&csr), outside);
        assert_eq!(refused.unwrap_err(), ProfileError::Issuer("is not valid now"));
    }
}

#[test]
fn a_profile_of_seconds_may_issue_what_is_over() {
    let mut options = profile("default").options().clone();
    options.life_seconds = 1;
    let short = Profile::try_from(options).unwrap();
    let (_, root) = sealed_root();
    let csr = Key::generate().request(&Subject::named("peer0"), Asking::Member(&[]));
    let draft = short.draft(&root, &serial(2), &Order::of(&csr), now()).unwrap();
    assert!(draft.preview().not_after() < now());
}

#[test]
fn a_ca_is_a_ca_by_the_profile_alone() {
    let asking = Asking::Authority(Some(0));
    assert_eq!(issue("default", &Wish::default(), asking), Err(ProfileError::NotForAuthorities));
    let names =
        [AlternativeName::Dns("a".into()), AlternativeName::from_host("192.0.2.1").unwrap()];
    for asking in [asking, Asking::Authority(None), Asking::Member(&names)] {
        let certificate = issue("ca", &Wish::default(), asking).unwrap();
        assert_eq!(certificate.basic_constraints(), Some((true, Some(0))));
        let kept = certificate.alternative_names().unwrap();
        assert!(kept.iter().all(|name| matches!(name, AlternativeName::Ip(_))));
        assert_eq!(kept.len(), usize::from(asking == Asking::Member(&names)));
    }
    // The root has path length 1.
    let refused = issue("ca", &Wish::default(), Asking::Authority(Some(1)));
    assert_eq!(refused, Err(ProfileError::PathLength(1)));
}

#[test]
fn an_issuer_of_path_length_zero_issues_to_no_ca() {
    let (root_key, root) = sealed_root();
    let key = Key::generate();
    let name = Subject::named("ica");
    let issuing = profile("issuing");
    let draft = issuing.draft_issuing(&root, &key.public(), &serial(2), &name, now()).unwrap();
    let signature = root_key.sign(draft.to_be_signed());
    let ica = draft.seal(&signature).unwrap();
    let refused = issuing.draft_issuing(&ica, &key.public(), &serial(3), &name, now());
    assert_eq!(refused.unwrap_err(), ProfileError::PathLength(0));
    let csr = Key::generate().request(&Subject::named("sub"), Asking::Member(&[]));
    let refused = profile("ca").draft(&ica, &serial(3), &Order::of(&csr), now());
    assert_eq!(refused.unwrap_err(), ProfileError::PathLength(0));

    let member = profile("member").draft(&ica, &serial(3), &Order::of(&csr), now()).unwrap();
    let signature = key.sign(member.to_be_signed());
    let member = member.seal(&signature).unwrap();
    let refused = profile("member").draft(&member, &serial(4), &Order::of(&csr), now());
    assert_eq!(refused.unwrap_err(), ProfileError::Issuer("is no CA"));
}

#[test]
fn a_root_names_itself() {
    let (_, root) = sealed_root();
    assert_eq!(root.issuer_der(), root.subject_der());
    assert_eq!(root.authority_key_id(), root.subject_key_id());
    assert_eq!(root.basic_constraints(), Some((true, Some(1))));
    assert_eq!(root.alternative_names().unwrap(), []);
    assert_eq!(root.not_before(), now().plus(-300));
    assert_eq!(lint_certificate(root.tbs(), root.tbs(), &[]), []);
}

#[test]
fn keys_and_roles_that_fabric_refuses_are_refused_by_our_profile() {
    let csr = Csr::from_pem(include_str!("testdata/rsa.csr")).unwrap();
    let (_, root) = sealed_root();
    let refused = profile("member").draft(&root, &serial(2), &Order::of(&csr), now()).unwrap_err();
    assert_eq!(refused, ProfileError::KeyKind(KeyAlgorithm::Rsa { bits: 2048 }));
    assert!(profile("default").draft(&root, &serial(2), &Order::of(&csr), now()).is_ok());

    for roles in [&[][..], &["peer", "peer"], &["peer", "client"], &["Peer"]] {
        let roles: Vec<_> = roles.iter().map(|&role| role.to_owned()).collect();
        let refused = issue(
            "default",
            &Wish { one_role: true, units: Some(&roles), ..Wish::default() },
            Asking::Member(&[]),
        );
        assert!(matches!(refused, Err(ProfileError::Lint(found)) if found[0].code == "role"));
    }
}

#[test]
fn the_signature_follows_the_issuers_key() {
    use p384::ecdsa::signature::Signer as _;
    use p384::elliptic_curve::Generate as _;
    use spki::EncodePublicKey as _;
    let key = p384::ecdsa::SigningKey::generate();
    let spki = key.verifying_key().to_public_key_der().unwrap();
    let public = PublicKey::from_spki(spki.as_bytes()).unwrap();
    let name = Subject::named("root");
    let draft = profile("root").draft_root(&public, &serial(1), &name, now()).unwrap();
    let signature: p384::ecdsa::Signature = key.sign(draft.to_be_signed());
    let root = draft.seal(signature.normalize_s().to_der().as_bytes()).unwrap();
    assert_eq!(root.signature_algorithm(), SignatureAlgorithm::EcdsaSha384);
    assert_eq!(root.verify_signed_by(&public), Ok(()));
}

#[test]
fn urls_of_a_profile_stand_in_its_certificates() {
    let mut options = profile("member").options().clone();
    options.crl_urls = vec!["http://a.example.com/crl".into()];
    options.ocsp_urls = vec!["http://a.example.com/ocsp".into()];
    options.issuer_urls = vec!["http://a.example.com/ca".into()];
    let with_urls = Profile::try_from(options).unwrap();
    let (_, root) = sealed_root();
    let csr = Key::generate().request(&Subject::named("peer0"), Asking::Member(&[]));
    let draft = with_urls.draft(&root, &serial(2), &Order::of(&csr), now()).unwrap();
    let value = |oid| draft.preview().extension(oid).unwrap().value.clone();
    let points = value(rfc5280::ID_CE_CRL_DISTRIBUTION_POINTS);
    assert_eq!(CrlDistributionPoints::from_der(&points).unwrap().0.len(), 1);
    let access = value(rfc5280::ID_PE_AUTHORITY_INFO_ACCESS);
    let access = AuthorityInfoAccessSyntax::from_der(&access).unwrap().0;
    assert_eq!(access[0].access_method, rfc5280::ID_AD_OCSP);
    assert_eq!(access[1].access_method, rfc5280::ID_AD_CA_ISSUERS);
}

proptest! {
    #[test]
    fn every_serial_and_attribute_comes_back(
        millis: u64,
        random: [u8; 14],
        values: std::collections::BTreeMap<String, String>,
    ) {
        let (key, root) = sealed_root();
        let csr = Key::generate().request(&Subject::named("peer0"), Asking::Member(&[]));
        let attributes = Attributes { values };
        let serial = SerialNumber::new(millis, random);
        let mut order = Order::of(&csr);
        order.attributes = Some(&attributes);
        let draft = profile("default").draft(&root, &serial, &order, now()).unwrap();
        let signature = key.sign(draft.to_be_signed());
        let certificate = draft.seal(&signature).unwrap();
        prop_assert_eq!(certificate.serial(), &serial);
        prop_assert_eq!(certificate.attributes(), Some(attributes));
    }
}
