use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;
use crate::channel::testing::{Spelled, ca, msp, network, now};
use crate::channel::{Current, Update, compute_update, edit};
use crate::wire::{Config, ConfigSignature, FabricMspConfig, Message as _, SignatureHeader};

/// Everything that certificates can be asked for.
const STRICT: [&str; 9] = [
    "algorithms: [p384, rsa-4096]",
    "issuer_lifetime_days: 3650",
    "root_remaining_days: 36500",
    "issuer_remaining_days: 36500",
    "node_ous: true",
    "intermediates: true",
    "tls_roots: true",
    "revocation_lists: true",
    "no_listed_admins: true",
];

fn rules(certificates: &[&str], custody: &str) -> AdmissionRules {
    let certificates: Vec<String> = certificates.iter().map(|line| format!("  {line}")).collect();
    let text = format!(
        "kind: admission
channel: supply
documents:
  - {{name: licence, description: The licence to trade, media_type: application/pdf}}
  - {{name: audit, description: The audit of its CA}}
approval: MAJORITY Admins
custody: {custody}
certificates:
{}",
        if certificates.is_empty() { "  {}".to_owned() } else { certificates.join("\n") }
    );
    AdmissionRules::read(text.as_bytes()).unwrap()
}

fn current() -> Current {
    Current::load("supply", network(), now()).unwrap()
}

fn application(config: &FabricMspConfig) -> AdmissionApplication {
    let attached = |name: &str| Attached {
        name: name.to_owned(),
        sha256: "ab".repeat(32),
        uri: Some("https://org3.example/licence.pdf".to_owned()),
    };
    AdmissionApplication {
        channel: "supply".to_owned(),
        organization: "Org3".to_owned(),
        msp: STANDARD.encode(config.to_msp_config()),
        contact: "Ada, ada@org3.example".to_owned(),
        documents: vec![attached("licence"), attached("audit")],
        policies: BTreeMap::new(),
        custody: None,
        at: now().to_string(),
        nonce: String::new(),
    }
}

fn org3() -> FabricMspConfig {
    msp("Org3MSP", &ca("ca.org3"))
}

fn judged(rules: &AdmissionRules, application: &AdmissionApplication) -> Vec<Shortcoming> {
    let current = current();
    let met = Circumstances { channel: current.channel(), custody_is_proven: false };
    rules.judge(application, met, now())
}

fn codes(lacks: &[Shortcoming]) -> Vec<&'static str> {
    lacks.iter().map(|lack| lack.code).collect()
}

#[test]
fn what_is_amiss_in_a_document_is_told_with_its_line() {
    let good = "kind: admission\nchannel: supply\napproval: MAJORITY Admins\n";
    let read = |more: &str| AdmissionRules::read(format!("{good}{more}").as_bytes());
    let rules = read("").unwrap();
    assert_eq!(
        (rules.channel(), rules.open_days(), rules.custody()),
        ("supply", 30, CustodyDemand::Any)
    );
    let told = |more: &str| read(more).unwrap_err().to_string();
    for (more, line, why) in [
        ("colour: blue\n", 4, "unknown field"),
        ("open_for_days: 0\n", 4, "`open_for_days` is 0"),
        ("open_for_days: 400\n", 4, "1 to 366"),
        ("custody: vault\n", 4, "vault"),
        (
            "documents:\n  - name: a\n    description: A\n  - name: a\n    description: B\n",
            7,
            "twice",
        ),
        ("documents:\n  - {name: A b, description: x}\n", 5, "is not 1 to 64"),
        ("documents:\n  - {name: a, description: ''}\n", 5, "no description"),
        ("documents:\n  - {name: a, description: x, media_type: pdf}\n", 5, "media type"),
        ("certificates: {algorithms: [p521]}\n", 4, "p521"),
    ] {
        let said = told(more);
        assert!(said.contains(&format!("line {line}")) && said.contains(why), "{more}: {said}");
    }
    assert!(told("---\nkind: admission\n").contains("more than one document"));
    let other = "kind: collection\nchannel: supply\napproval: MAJORITY Admins\n";
    assert!(AdmissionRules::read(other.as_bytes()).unwrap_err().to_string().contains("collection"));
    let approval = |text: &str| {
        let document = format!("kind: admission\nchannel: supply\n\napproval: {text}\n");
        AdmissionRules::read(document.as_bytes()).map_err(|why| why.to_string())
    };
    assert!(
        approval("MOST Admins").unwrap_err().starts_with("line 4: `approval` is `MOST Admins`")
    );
    assert!(approval("\"OutOf(2, 'Org1MSP.admin', 'Org2MSP.admin')\"").is_ok());
}

#[test]
fn who_must_approve_is_found_in_the_channel_or_the_rules_are_refused() {
    let current = current();
    let compiled = |channel: &str, approval: &str| {
        let text = format!("kind: admission\nchannel: {channel}\napproval: \"{approval}\"\n");
        let rules = AdmissionRules::read(text.as_bytes()).unwrap();
        rules.compile("supply", current.channel(), now()).map_err(|why| why.to_string())
    };
    for good in
        ["MAJORITY Admins", "/Channel/Application/Admins", "OR('Org1MSP.admin', 'Org9MSP.admin')"]
    {
        assert!(compiled("supply", good).is_ok(), "{good}");
    }
    for (channel, approval, why) in [
        ("other", "MAJORITY Admins", "line 2: `channel` is `other`"),
        ("supply", "/Channel/Application/Nobodies", "no policy of the channel"),
        ("supply", "ANY Nobodies", "nobody in the channel can approve"),
        ("supply", "AND('Org1MSP.admin', 'Org9MSP.admin')", "nobody in the channel can approve"),
        ("supply", "OutOf(0, 'Org1MSP.admin')", "holds without anybody"),
    ] {
        let said = compiled(channel, approval).unwrap_err();
        assert!(said.contains(why), "{approval}: {said}");
    }
}

#[test]
fn all_shortcomings_are_told_at_once() {
    let good = application(&org3());
    assert_eq!(judged(&rules(&[], "any"), &good), []);
    // What is missing, and what is wrong.
    let mut bad = good.clone();
    bad.documents.remove(1);
    bad.documents[0].sha256 = "abc".to_owned();
    bad.documents.push(Attached { name: "Other Paper".to_owned(), ..good.documents[0].clone() });
    bad.contact = "two\nlines".to_owned();
    bad.organization = "Org1".to_owned();
    bad.at = now().plus(-90_000).to_string();
    bad.channel = "other".to_owned();
    bad.policies.insert("Admins".to_owned(), "MAJORITY Admins".to_owned());
    let lacks = judged(&rules(&[], "declared"), &bad);
    assert_eq!(
        codes(&lacks),
        [
            "channel",
            "time",
            "contact",
            "already-in",
            "document",
            "document",
            "document",
            "policy",
            "custody"
        ],
        "{lacks:#?}"
    );
    assert!(lacks[6].text.contains("`audit` is missing: The audit of its CA"), "{lacks:#?}");
}

#[test]
fn who_is_in_the_channel_already_does_not_apply_again() {
    let again = AdmissionApplication {
        organization: "Other".to_owned(),
        ..application(&msp("Org1MSP", &ca("ca.other")))
    };
    assert_eq!(codes(&judged(&rules(&[], "any"), &again)), ["already-in"]);
    let unreadable = AdmissionApplication { msp: "AQID".to_owned(), ..again };
    assert_eq!(codes(&judged(&rules(&[], "any"), &unreadable)), ["msp"]);
    // What nodes would refuse is told, and what else is amiss with it.
    let mut config = org3();
    config.root_certs.push(b"no certificate".to_vec());
    let told = judged(&rules(&["tls_roots: true"], "any"), &application(&config));
    assert_eq!(codes(&told), ["msp", "certificate", "tls-roots"], "{told:#?}");
}

#[test]
fn each_demand_on_certificates_names_the_certificate() {
    let mut config = org3();
    config.fabric_node_ous = None;
    config.admins = config.root_certs.clone();
    for (rule, code) in STRICT.iter().zip([
        "algorithm",
        "lifetime",
        "remaining",
        "remaining",
        "node-ous",
        "intermediates",
        "tls-roots",
        "revocation-list",
        "listed-admin",
    ]) {
        let lacks = judged(&rules(&[rule], "any"), &application(&config));
        let own: Vec<&Shortcoming> = lacks.iter().filter(|lack| lack.code == code).collect();
        assert!(!own.is_empty(), "{rule}: {lacks:#?}");
        let is_of_all = ["node-ous", "intermediates", "tls-roots"].contains(&code);
        assert!(is_of_all || own.iter().all(|lack| lack.text.contains("ca.org3")), "{own:#?}");
    }
    // An MSP that has it all lacks nothing.
    let mut config = org3();
    config.tls_root_certs = config.root_certs.clone();
    let kept = [
        "algorithms: [p256]",
        "issuer_lifetime_days: 365250",
        "root_remaining_days: 365",
        "node_ous: true",
        "tls_roots: true",
        "no_listed_admins: true",
    ];
    assert_eq!(judged(&rules(&kept, "any"), &application(&config)), []);
}

#[test]
fn custody_is_stated_with_evidence_or_proven() {
    let mut told = application(&org3());
    assert_eq!(codes(&judged(&rules(&[], "declared"), &told)), ["custody"]);
    let statement = |evidence: &str| {
        Some(CustodyStatement { statement: "in an HSM".to_owned(), evidence: evidence.to_owned() })
    };
    told.custody = statement("nothing");
    assert_eq!(codes(&judged(&rules(&[], "declared"), &told)), ["custody"]);
    told.custody = statement("audit");
    assert_eq!(judged(&rules(&[], "declared"), &told), []);
    assert_eq!(codes(&judged(&rules(&[], "token"), &told)), ["custody"]);
    let current = current();
    let met = Circumstances { channel: current.channel(), custody_is_proven: true };
    assert_eq!(rules(&[], "token").judge(&told, met, now()), []);
}

/// The update that admits the applicant, signed by these, each with this nonce.
fn signed(application: &AdmissionApplication, by: &[(&str, Vec<u8>)]) -> Update {
    let current = current();
    let root = edit(current.root(), &application.edits()).unwrap();
    let target = Config { sequence: 0, channel_group: Some(root) };
    let mut update = Update::unsigned(compute_update("supply", current.config(), &target).unwrap());
    for (who, nonce) in by {
        let header = SignatureHeader { creator: who.as_bytes().to_vec(), nonce: nonce.clone() };
        update.sign(ConfigSignature {
            signature_header: header.encode_to_vec(),
            signature: b"good".to_vec(),
        });
    }
    update
}

#[test]
fn an_approval_is_a_signature_that_names_the_application() {
    let application = application(&org3());
    let octets = serde_json::to_vec(&application).unwrap();
    assert_eq!(AdmissionApplication::read(&octets), Ok(application.clone()));
    let digest = AdmissionApplication::digest(&octets);
    let fresh = [digest.as_slice(), b"and some randomness"].concat();
    let other = AdmissionApplication::digest(b"another").to_vec();
    let current = current();
    let approval = rules(&[], "any").compile("supply", current.channel(), now()).unwrap();
    let holds = |by: &[(&str, Vec<u8>)]| {
        let update = signed(&application, by);
        let counts = current.apply(&update, &Spelled, now()).is_ok();
        (counts, approval.explain(&update, &digest, &Spelled).is_satisfied)
    };
    let (one, two) = ("Org1MSP.admin", "Org2MSP.admin");
    assert_eq!(holds(&[(one, digest.to_vec()), (two, fresh.clone())]), (true, true));
    // Enough for the mod policies, and no approval.
    assert_eq!(holds(&[(one, digest.to_vec()), (two, b"nonce".to_vec())]), (true, false));
    assert_eq!(holds(&[(one, digest.to_vec()), (two, other)]), (true, false));
    assert_eq!(holds(&[(one, digest.to_vec()), (two, digest[..31].to_vec())]), (true, false));
    assert_eq!(holds(&[(one, digest.to_vec()), (one, fresh)]), (false, false));
    assert!(!is_approval(b"no header", &digest));
}

#[test]
fn policies_that_are_asked_for_take_the_place_of_the_usual_ones() {
    let mut asked = application(&org3());
    asked.policies.insert("Readers".to_owned(), "OR('Org3MSP.member')".to_owned());
    asked.policies.insert("Auditors".to_owned(), "OR('Org3MSP.peer')".to_owned());
    assert_eq!(judged(&rules(&[], "any"), &asked), []);
    let root = edit(current().root(), &asked.edits()).unwrap();
    let policies = &root.groups["Application"].groups["Org3"].policies;
    let names: Vec<&str> = policies.keys().map(String::as_str).collect();
    assert_eq!(names, ["Admins", "Auditors", "Endorsement", "Readers", "Writers"]);
    asked.policies.insert("no_name".to_owned(), "OR(".to_owned());
    assert_eq!(codes(&judged(&rules(&[], "any"), &asked)), ["policy", "policy"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Who asks for less finds nothing more.
    #[test]
    fn fewer_demands_find_no_more(picked in proptest::collection::vec(any::<bool>(), STRICT.len())) {
        let application = application(&org3());
        let some: Vec<&str> = STRICT.iter().zip(&picked).filter(|(_, is)| **is).map(|(rule, _)| *rule).collect();
        let all = judged(&rules(&STRICT, "any"), &application);
        let found = judged(&rules(&some, "any"), &application);
        for lack in &found {
            prop_assert!(all.contains(lack), "{}", lack);
        }
        if picked.iter().all(|is| *is) {
            prop_assert_eq!(found, all);
        }
    }

    #[test]
    fn no_octets_make_reading_panic(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = AdmissionRules::read(&octets);
        let _ = AdmissionApplication::read(&octets);
        let _ = is_approval(&octets, &[0; 32]);
    }
}
