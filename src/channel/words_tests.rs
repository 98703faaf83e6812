use crate::channel::diff::diff;
use crate::channel::effects::effects;
use crate::channel::testing::{CAS, at, changed, msp, msp_value, network, org, policy, value};
use crate::policy::PolicyTree;
use crate::wire::{AclResource, Acls, BatchSize, Config, ConfigGroup};

/// What is told of a change of the network.
fn words(change: impl FnOnce(&mut ConfigGroup)) -> Vec<String> {
    let before = network();
    let after = changed(&before, change);
    let root = |config: &Config| config.channel_group.clone().unwrap();
    let (before, after) = (root(&before), root(&after));
    let trees = [&before, &after].map(|root| PolicyTree::load(root).unwrap());
    let changes = diff(&before, &after).iter().map(ToString::to_string).collect::<Vec<_>>();
    changes
        .into_iter()
        .chain(effects(&trees[0], &trees[1]).iter().map(ToString::to_string))
        .collect()
}

#[test]
fn a_third_organization_takes_a_veto_away() {
    let told = words(|root| {
        at(root, &["Application"]).groups.insert("Org3".into(), org(&msp("Org3MSP", &CAS[2])));
    });
    assert_eq!(
        told,
        [
            "Org3 (MSP ID Org3MSP) joins the application",
            "Org1MSP and Org2MSP lose the veto over /Channel/Admins",
            "/Channel/Application/Admins now asks for 2 of 3; it was 2 of 2",
            "Org1MSP and Org2MSP lose the veto over /Channel/Application/Admins",
            "/Channel/Application/Endorsement now asks for 2 of 3; it was 2 of 2",
            "Org1MSP and Org2MSP lose the veto over /Channel/Application/Endorsement",
            "Org3MSP can now satisfy /Channel/Application/Readers alone",
            "Org3MSP can now satisfy /Channel/Application/Writers alone",
            "Org3MSP can now satisfy /Channel/Readers alone",
            "Org3MSP can now satisfy /Channel/Writers alone",
        ]
        .sorted_like(&told)
    );
    let told = words(|root| {
        at(root, &["Application"]).policies.insert("Admins".into(), policy("ALL Admins"));
        at(root, &["Application"]).groups.insert("Org3".into(), org(&msp("Org3MSP", &CAS[2])));
    });
    assert!(
        told.contains(&"Org3MSP gains a veto over /Channel/Application/Admins".into()),
        "{told:?}"
    );
    let changed = "/Channel/Application/Admins becomes ALL Admins; it was MAJORITY Admins";
    assert!(told.contains(&changed.into()), "{told:?}");
}

trait SortedLike {
    fn sorted_like(self, other: &[String]) -> Vec<String>;
}

impl<const N: usize> SortedLike for [&str; N] {
    /// In the order of the others; what they lack comes last.
    fn sorted_like(self, other: &[String]) -> Vec<String> {
        let mut mine: Vec<String> = self.iter().map(|line| (*line).to_owned()).collect();
        let place = |line: &String| other.iter().position(|it| it == line);
        mine.sort_by_key(|line| place(line).unwrap_or(usize::MAX));
        mine
    }
}

#[test]
fn a_replaced_msp_is_told_piece_by_piece() {
    let list = |serials: &[u64]| {
        let revoked = serials.iter().map(|serial| rcgen::RevokedCertParams {
            serial_number: rcgen::SerialNumber::from(*serial),
            revocation_time: rcgen::date_time_ymd(2026, 1, 1),
            reason_code: None,
            invalidity_date: None,
        });
        let params = rcgen::CertificateRevocationListParams {
            this_update: rcgen::date_time_ymd(2026, 2, 1),
            next_update: rcgen::date_time_ymd(2026, 3, 1),
            crl_number: rcgen::SerialNumber::from(5_u64),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: rcgen::KeyIdMethod::Sha256,
        };
        params.signed_by(&CAS[0].issuer).unwrap().pem().unwrap().into_bytes()
    };
    let told = words(|root| {
        let mut msp = msp("Org1MSP", &CAS[0]);
        msp.root_certs.push(CAS[2].pem.clone());
        msp.revocation_list.push(list(&[0x1234, 0x5678]));
        msp.fabric_node_ous.as_mut().unwrap().orderer_ou_identifier = None;
        at(root, &["Application", "Org1"]).values.insert("MSP".into(), msp_value(&msp));
    });
    let path = "/Channel/Application/Org1/MSP";
    assert!(
        told[0].starts_with(&format!("{path}: root CAs added CN=ca.org3 until 2060-01-01")),
        "{told:?}"
    );
    assert_eq!(
        told[1..],
        [
            format!(
                "{path}: revocation lists added number 5, of 2026-02-01T00:00:00Z, next by \
                 2026-03-01T00:00:00Z, 2 revoked"
            ),
            format!("{path}: newly revoked 1234, 5678"),
            format!("{path}: the unit of orderers is no longer set; it was `orderer`"),
        ]
    );
}

#[test]
fn settings_and_rights_are_told_by_name() {
    let told = words(|root| {
        let orderer = at(root, &["Orderer"]);
        let size =
            BatchSize { max_message_count: 20, absolute_max_bytes: 1000, preferred_max_bytes: 500 };
        orderer.values.insert("BatchSize".into(), value(&size));
        let application = at(root, &["Application"]);
        let right = AclResource { policy_ref: "Admins".into() };
        let acls = Acls { acls: [("event/Block".to_owned(), right)].into() };
        application.values.insert("ACLs".into(), value(&acls));
        application.mod_policy = "/Channel/Admins".into();
        application.groups.remove("Org2");
    });
    for line in [
        "the group /Channel/Application is now guarded by `/Channel/Admins`, no longer by `Admins`",
        "the value /Channel/Application/ACLs is new: access to event/Block Admins",
        "Org2 (MSP ID Org2MSP) leaves the application",
        "/Channel/Orderer/BatchSize: max_message_count becomes 20; it was 10",
        "Org1MSP can now satisfy /Channel/Application/Admins alone",
    ] {
        assert!(told.iter().any(|it| it == line), "{line}: {told:#?}");
    }
    assert!(words(|_| {}).is_empty());
}
