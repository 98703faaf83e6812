use std::collections::BTreeMap;

use proptest::prelude::*;

use super::compile::compile;
use super::write::write;
use crate::channel::testing::{CAS, at, changed, msp, network, now, value};
use crate::wire::{BatchSize, Config, FabricMspConfig, RaftMetadata, canonical, decode};

type Files = BTreeMap<String, Vec<u8>>;

/// A document of two organizations and their orderer.
const SUPPLY: &str = "\
kind: channel
id: supply
capabilities: {channel: [V2_0], orderer: [V2_0], application: [V2_5]}
organizations:
  - name: Org1
    msp_id: Org1MSP
    msp: msp/Org1
    anchor_peers: [peer0.org1:7051]
  - name: Org2
    msp_id: Org2MSP
    msp: msp/Org2
    policies:
      Admins: AND('Org2MSP.admin', 'Org1MSP.admin')
  - name: Orderers
    msp_id: OrdererMSP
    sections: [orderer]
    endpoints: [orderer:7050]
    msp: msp/Orderers
acls:
  peer/Propose: /Channel/Application/Writers
orderer:
  type: etcdraft
  batch_timeout: 500ms
  batch_size: {preferred_max_bytes: 512 KB}
  consenters:
    - {host: orderer, port: 7050, client_tls: tls/o.pem, server_tls: tls/o.pem}
";

fn files() -> Files {
    let mut files = Files::new();
    for (at, name) in ["Org1", "Org2", "Org3", "Orderers"].into_iter().enumerate() {
        files.insert(format!("msp/{name}/cacerts/ca.pem"), CAS[at].pem.clone());
        let units = ["Client", "Peer", "Admin", "Orderer"].map(|role| {
            format!(
                "  {role}OUIdentifier: {{OrganizationalUnitIdentifier: {}}}\n",
                role.to_lowercase()
            )
        });
        let yaml = format!("NodeOUs:\n  Enable: true\n{}", units.concat());
        files.insert(format!("msp/{name}/config.yaml"), yaml.into_bytes());
        let config = msp(&format!("{name}MSP"), &CAS[at]).to_msp_config();
        files.insert(format!("{name}.mspconfig"), config);
    }
    files.insert("tls/o.pem".to_owned(), CAS[3].pem.clone());
    files
}

fn config(text: &str) -> Config {
    let compiled = compile(text, &files(), now()).unwrap_or_else(|why| panic!("{why}\n{text}"));
    compiled.current.config().clone()
}

/// Why it is refused.
fn why(text: &str) -> String {
    match compile(text, &files(), now()) {
        Ok(_) => panic!("not refused:\n{text}"),
        Err(why) => why.to_string(),
    }
}

/// With one part of the document put in another's place.
fn with(from: &str, to: &str) -> String {
    assert_eq!(SUPPLY.matches(from).count(), 1, "{from}");
    SUPPLY.replace(from, to)
}

#[test]
fn a_document_says_what_it_says() {
    let compiled = compile(SUPPLY, &files(), now()).unwrap();
    compiled.check_new().unwrap();
    assert_eq!((compiled.warnings.len(), compiled.concerns.len()), (0, 0));
    let mut config = compiled.current.config().clone();
    assert_eq!(config.sequence, 0);
    let root = config.channel_group.as_mut().unwrap();
    let orderer = at(root, &["Orderer"]);
    let size: BatchSize = decode(&orderer.values["BatchSize"].value).unwrap();
    assert_eq!((size.max_message_count, size.preferred_max_bytes), (500, 512 << 10));
    assert_eq!(orderer.values["BatchTimeout"].value, b"\n\x05500ms");
    let kind: crate::wire::ConsensusType = decode(&orderer.values["ConsensusType"].value).unwrap();
    let raft: RaftMetadata = decode(&kind.metadata).unwrap();
    assert_eq!(raft.consenters[0].client_tls_cert, CAS[3].pem);
    assert_eq!(raft.options.unwrap().election_tick, 10);
    assert!(orderer.groups["Orderers"].values.contains_key("Endpoints"));
    assert!(!orderer.groups["Orderers"].policies.contains_key("Endorsement"));
    let text = |policy| crate::channel::policy_text::policy_text(policy);
    let application = at(root, &["Application"]);
    assert_eq!(text(&application.policies["LifecycleEndorsement"]), "MAJORITY Endorsement");
    assert_eq!(
        text(&application.groups["Org2"].policies["Admins"]),
        "AND('Org2MSP.admin', 'Org1MSP.admin')"
    );
    assert_eq!(text(&application.groups["Org2"].policies["Endorsement"]), "OR('Org2MSP.peer')");
    assert_eq!(
        application.values["ACLs"].value,
        b"\n.\n\x0cpeer/Propose\x12\x1e\n\x1c/Channel/Application/Writers"
    );
}

#[test]
fn an_msp_may_be_named_in_four_ways() {
    let folder = config(SUPPLY);
    let file = config(&with("msp/Org1\n", "{file: Org1.mspconfig}\n"));
    let base64 = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(&files()["Org1.mspconfig"])
    };
    assert_eq!(config(&with("msp/Org1\n", &format!("{{base64: {base64}}}\n"))), file);
    let mut of_file: FabricMspConfig = crate::msp::read_folder(
        &crate::msp::Subfolder::new(&files(), "msp/Org1"),
        "Org1MSP",
        false,
    )
    .unwrap()
    .config;
    let mut inner = folder.clone();
    let group = at(inner.channel_group.as_mut().unwrap(), &["Application", "Org1"]);
    assert_eq!(group.values["MSP"].value, of_file.to_msp_config());
    // Parts, with a unit of a CA that is named by its number.
    let pem = String::from_utf8(CAS[0].pem.clone()).unwrap().replace('\n', "\n        ");
    let parts = format!(
        "\n      roots:\n      - |\n        {}\n      roles:\n        client: {{unit: client}}\n        peer: {{unit: peer, \
         ca: root 1}}\n        admin: {{unit: admin}}\n        orderer: {{unit: orderer}}\n",
        pem.trim_end()
    );
    let mut parts = config(&with(" msp/Org1\n", &parts));
    let group = at(parts.channel_group.as_mut().unwrap(), &["Application", "Org1"]);
    let roles = of_file.fabric_node_ous.as_mut().unwrap();
    roles.peer_ou_identifier.as_mut().unwrap().certificate = CAS[0].pem.clone();
    assert_eq!(group.values["MSP"].value, of_file.to_msp_config());
}

/// What is told of the line in which the marker stands.
fn at_line(text: &str, marker: &str, told: &str) -> String {
    let before = text.split(marker).next().unwrap();
    format!("line {}: {told}", before.matches('\n').count() + 1)
}

#[test]
fn errors_name_line_path_and_reason() {
    for (from, to, told) in [
        ("  batch_timeout: 500ms", "  batch_time: 500ms", "`orderer.batch_time`: unknown field"),
        (
            "  batch_timeout: 500ms",
            "  batch_timeout: 500 ms",
            "`orderer.batch_timeout`: `500 ms` is no duration",
        ),
        ("  batch_timeout: 500ms", "  batch_timeout: [1]", "`orderer.batch_timeout`: "),
        ("512 KB", "9 XB", "`orderer.batch_size.preferred_max_bytes`: "),
        ("port: 7050", "port: 99999999999", "`orderer.consenters[0].port`: "),
        ("kind: channel", "kind: profile", "`kind`: "),
        ("id: supply", "id: Supply", "`id`: the channel ID `Supply` is not legal"),
        ("name: Org1", "name: Org_1", "`organizations[0].name`: `Org_1` is no name of a group"),
        (
            "AND('Org2MSP.admin'",
            "AND('Org2MSP.chief'",
            "`organizations[1].policies.Admins`: `AND('Org2MSP.chief', 'Org1MSP.admin')` is no policy: ",
        ),
        ("sections: [orderer]", "sections: [orderers]", "`organizations[2].sections[0]`: "),
        ("endpoints: [orderer:7050]", "x: 1", "`organizations[2].x`: unknown field"),
        (
            "msp: msp/Orderers",
            "msp: msp/Nowhere",
            "`organizations[2].msp`: the folder `msp/Nowhere` does not load: the folder has no directory `cacerts`",
        ),
        (
            "msp: msp/Orderers",
            "msp: {file: Org1.mspconfig}",
            "`organizations[2].msp`: it is the MSP `Org1MSP`, and `msp_id` says otherwise",
        ),
        (
            "peer0.org1:7051",
            "peer0.org1",
            "`organizations[0].anchor_peers[0]`: `peer0.org1` is not host:port",
        ),
        ("type: etcdraft", "type: kafka", "`orderer.type`: `kafka` is neither"),
        ("type: etcdraft", "type: BFT", "`orderer.type`: BFT needs the channel capability V3_0"),
        (
            "client_tls: tls/o.pem",
            "client_tls: tls/p.pem",
            "`orderer.consenters[0].client_tls`: `tls/p.pem` cannot be read",
        ),
        (
            "application: [V2_5]}",
            "application: [V2_5]}\nwithout: [policy /Channel/Other]",
            "`without[0]`: the channel has no policy /Channel/Other",
        ),
        (
            "application: [V2_5]}",
            "application: [V2_5]}\nraw: {value /Channel/Consortium: '?'}",
            "`raw.value /Channel/Consortium`: it is no base64",
        ),
        (
            "application: [V2_5]}",
            "application: [V2_5]}\npolicies: {channel: {Audit: SOME Admins}}",
            "`policies.channel.Audit`: `SOME Admins` is no policy",
        ),
    ] {
        let text = with(from, to);
        let said = why(&text);
        assert!(
            said.starts_with(&at_line(&text, to.rsplit('\n').next().unwrap(), told)),
            "{told}\n{said}"
        );
    }
}

#[test]
fn errors_of_the_whole_name_the_line_that_they_come_from() {
    for (from, to, marker, told) in [
        (
            "512 KB",
            "11 MB",
            "type: etcdraft",
            "`orderer.batch_size`: the BatchSize of orderers prefers",
        ),
        (
            "name: Org2",
            "name: Org1",
            "name: Org1\n    msp_id: Org2MSP",
            "`organizations[1].name`: `Org1` is there twice",
        ),
        (
            "msp_id: Org2MSP",
            "msp_id: Org1MSP",
            "msp: msp/Org2",
            "`organizations[1].msp`: the MSP `Org1MSP` of /Channel/Application/Org2 is defined",
        ),
        (
            "sections: [orderer]",
            "sections: [application]",
            "endpoints:",
            "`organizations[2].endpoints`: the organization has no orderers",
        ),
        (
            "application: [V2_5]",
            "application: [V1_1]",
            "peer/Propose",
            "`acls`: /Channel/Application has ACLs",
        ),
    ] {
        let text = with(from, to);
        let said = why(&text);
        assert!(said.starts_with(&at_line(&text, marker, told)), "{told}\n{said}");
    }
    let missing =
        with("    endpoints: [orderer:7050]\n", "").replace("channel: [V2_0]", "channel: [V3_0]");
    let said = why(&missing);
    assert!(said.contains("`organizations[2]`: `endpoints` are missing"), "{said}");
    for text in ["", "a", "[]", "kind: channel", "{", "kind: channel\n\tid: a", "- - -"] {
        assert!(compile(text, &files(), now()).is_err(), "{text:?}");
    }
}

#[test]
fn what_nodes_take_and_nobody_means_is_told() {
    for (from, to, told) in [
        (
            "application: [V2_5]",
            "application: [V2_5, V9]",
            "`capabilities.application[1]`: `V9` is unknown",
        ),
        (
            "/Channel/Application/Writers",
            "Riters",
            "`acls.peer/Propose`: there is no policy `/Channel/Application/Riters`",
        ),
        (
            "'Org1MSP.admin'",
            "'Org7MSP.admin'",
            "`organizations[1].policies.Admins`: the policy /Channel/Application/Org2/Admins names the MSP `Org7MSP`",
        ),
    ] {
        let text = with(from, to);
        let compiled = compile(&text, &files(), now()).unwrap();
        let said = compiled.check_new().unwrap_err().to_string();
        assert!(
            said.starts_with(&at_line(&text, to.rsplit('\n').next().unwrap(), told)),
            "{told}\n{said}"
        );
    }
}

/// Writes it and reads it again.
fn there_and_back(config: &Config) -> String {
    let text = write("mychannel", config).unwrap();
    let again = compile(&text, &Files::new(), now()).unwrap_or_else(|why| panic!("{why}\n{text}"));
    assert_eq!(canonical(again.current.config()), canonical(config), "{text}");
    assert_eq!(again.current.channel_id(), "mychannel");
    assert_eq!(write("mychannel", again.current.config()).unwrap(), text);
    text
}

#[test]
fn what_is_written_compiles_to_the_same() {
    let text = there_and_back(&config(SUPPLY));
    assert!(!text.contains("raw:") && !text.contains("without:"), "{text}");
    assert!(text.contains("  batch_timeout: 500ms\n") && text.contains("KB"), "{text}");
    assert!(text.contains("AND('Org2MSP.admin', 'Org1MSP.admin')"), "{text}");
    let text = there_and_back(&network());
    assert!(text.contains("sequence: 7") && text.contains("ChannelRestrictions"), "{text}");
    // An organization that is the same in both sections stands once.
    let both = with("sections: [orderer]", "sections: [application, orderer]")
        .replace("      Admins: AND(", "      Admins: OR(");
    let text = there_and_back(&config(&both));
    assert_eq!(text.matches("name: Orderers").count(), 1, "{text}");
}

#[test]
fn strange_elements_are_kept() {
    let strange = changed(&network(), |root| {
        root.version = 3;
        root.mod_policy = "/Channel/Orderer/Admins".into();
        let orderer = at(root, &["Orderer"]);
        orderer.values.insert(
            "KafkaBrokers".into(),
            value(&crate::wire::KafkaBrokers { brokers: vec!["a: b\n".into()] }),
        );
        orderer.values.get_mut("BatchTimeout").unwrap().value = b"\n\x062000ms".to_vec();
        orderer.values.get_mut("BatchSize").unwrap().version = 9;
        orderer.values.get_mut("ConsensusType").unwrap().value =
            vec![10, 3, b'a', b'\'', b'\n', 18, 1, 0, 24, 7];
        orderer.policies.get_mut("Admins").unwrap().mod_policy = String::new();
        orderer
            .policies
            .get_mut("Writers")
            .unwrap()
            .policy
            .as_mut()
            .unwrap()
            .value
            .extend([0xf8, 1, 1]);
        let org = at(root, &["Application", "Org1"]);
        org.policies.remove("Endorsement");
        org.values.get_mut("MSP").unwrap().value.extend([0xf8, 1, 1]);
        org.values.insert(
            "AnchorPeers".into(),
            value(&crate::wire::AnchorPeers {
                anchor_peers: vec![crate::wire::AnchorPeer { host: "a:b".into(), port: -1 }],
            }),
        );
        let text = crate::channel::testing::policy(
            "OutOf(2, 'Org1MSP.admin', 'Org2MSP.peer', 'X.member')",
        );
        org.policies.insert("yes".into(), text);
    });
    let text = there_and_back(&strange);
    for part in [
        "group /Channel: 3",
        "value /Channel/Orderer/BatchSize: 9",
        "policy /Channel/Orderer/Admins: ''",
        "yes: OutOf(2, 'Org1MSP.admin', 'Org2MSP.peer', 'X.member')",
    ] {
        assert!(
            text.contains(part)
                || text.contains(&part.replace("''", "\"\""))
                || text.contains(&part.replace("yes", "'yes'"))
                || text.contains(&part.replace("yes", "\"yes\"")),
            "{part}\n{text}"
        );
    }
    let bare = changed(&network(), |root| {
        root.groups.remove("Orderer");
        root.values.remove("Capabilities");
        root.values.insert(
            "OrdererAddresses".into(),
            value(&crate::wire::OrdererAddresses { addresses: vec!["a:1".into()] }),
        );
        root.groups.get_mut("Application").unwrap().values.clear();
    });
    there_and_back(&bare);
}

fn mod_policies() -> impl Strategy<Value = String> {
    proptest::sample::select(&["Admins", "", "/Channel/Admins", "a: b", "# c", "'", "~", "- x"][..])
        .prop_map(str::to_owned)
}

/// Changes at random, of which none keeps a configuration from loading.
fn changes() -> impl Strategy<Value = Vec<(usize, u64, String, Vec<u8>)>> {
    proptest::collection::vec(
        (0..9_usize, 0..4_u64, mod_policies(), proptest::collection::vec(any::<u8>(), 0..3)),
        0..8,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn nothing_is_lost(changes in changes(), sequence in any::<u64>()) {
        let mut config = network();
        config.sequence = sequence;
        let root = config.channel_group.as_mut().unwrap();
        for (which, version, mod_policy, octets) in changes {
            let names = [&["Application"][..], &["Application", "Org1"], &["Application", "Org2"], &["Orderer"], &["Orderer", "Orderers"]];
            let group = at(root, names[which % names.len()]);
            match which {
                0..3 => (group.version, group.mod_policy) = (version, mod_policy),
                3..6 => {
                    let policy = group.policies.get_mut("Readers").unwrap();
                    (policy.version, policy.mod_policy) = (version, mod_policy);
                    // A field that nobody knows is dropped when it is read, and so is this one.
                    if octets.len() == 2 {
                        policy.policy = Some(crate::channel::testing::implicit_policy("ALL Nobody"));
                    }
                }
                6 => { group.policies.remove("Writers"); }
                7 => { group.policies.insert(format!("P{}", octets.len()), crate::channel::testing::policy("OutOf(0, 'A.member')")); }
                _ => {
                    for value in group.values.values_mut() {
                        (value.version, value.mod_policy) = (version, mod_policy.clone());
                    }
                }
            }
        }
        there_and_back(&config);
    }
}
