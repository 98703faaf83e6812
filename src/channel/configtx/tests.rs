use std::collections::BTreeMap;

use super::error::ConfigtxError;
use super::profile::Profile;
use super::read::read_profile;

fn read(text: &str) -> Result<Profile, ConfigtxError> {
    read_with(text, &[])
}

fn read_with(text: &str, environment: &[(&str, &str)]) -> Result<Profile, ConfigtxError> {
    let environment: BTreeMap<String, String> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    read_profile(text.as_bytes(), &environment, "P")
}

/// A profile whose orderers have these lines.
fn orderers(lines: &str) -> Result<super::Orderer, ConfigtxError> {
    let text = format!("Profiles: {{P: {{Orderer: {{{lines}}}}}}}");
    read(&text).map(|profile| profile.orderer.unwrap())
}

fn why<T: std::fmt::Debug>(read: Result<T, ConfigtxError>) -> String {
    read.unwrap_err().to_string()
}

#[test]
fn anchors_and_merges_are_followed() {
    let text = "Organizations:\n  - &Org1\n    Name: Org1\n    ID: Org1MSP\n    Policies: &Policies\n      Admins: {Type: A, Rule: a}\n      \
                Readers: {Type: B, Rule: b}\nProfiles:\n  P:\n    Application:\n      Organizations:\n        - <<: *Org1\n          ID: Other\n          \
                Policies:\n            Admins: {Type: C, Rule: c}\n            <<: *Policies\n        - *Org1\n";
    let application = read(text).unwrap().application.unwrap();
    let [merged, plain] = application.organizations.try_into().unwrap();
    assert_eq!((merged.name.as_str(), merged.msp_id.as_str()), ("Org1", "Other"));
    // What is said beside a merge wins wherever it stands.
    assert_eq!(merged.policies["Admins"].kind, "C");
    assert_eq!(merged.policies["Readers"].kind, "B");
    assert_eq!(plain.policies["Admins"].kind, "A");
}

#[test]
fn keys_are_known_in_any_case_and_names_in_theirs() {
    let text = "profiles:\n  P:\n    CAPABILITIES: {V2_0: true}\n    orderer: {ordererTYPE: solo, bAtChSiZe: {maxmessagecount: 3}}\n";
    let profile = read(text).unwrap();
    assert!(profile.capabilities["V2_0"]);
    let orderer = profile.orderer.unwrap();
    assert_eq!((orderer.kind.as_str(), orderer.batch_size.max_message_count), ("solo", 3));
    assert_eq!(
        why(read("Profiles: {p: {}, q: {}}")),
        "there is no profile `P` (upper and lower case differ); there is `p`, `q`"
    );
    // Twice is once too often.
    let twice = orderers("OrdererType: solo, ordererType: solo").unwrap_err();
    assert_eq!(twice.word(), "unknown-key");
}

#[test]
fn unknown_keys_are_told_with_their_line() {
    assert_eq!(
        why(read("Profiles:\n  P:\n    Orderer:\n      BatchSize:\n        Colour: blue\n")),
        "line 5: `Profiles.P.Orderer.BatchSize` has no key `Colour`; it may have MaxMessageCount, AbsoluteMaxBytes, \
         PreferredMaxBytes"
    );
    for section in [
        "Colour: 1",
        "Organizations: [{Colour: 1}]",
        "Application: {Colour: 1}",
        "Orderer: {Colour: 1}",
        "Channel: {Colour: 1}",
        "Orderer: {EtcdRaft: {Options: {Colour: 1}}}",
        "Organizations: [{Colour: ~}]",
        "Resources: {DefaultModPolicy: a}",
    ] {
        let told = read(&format!("Profiles: {{P: {{}}}}\n{section}\n")).unwrap_err();
        assert_eq!(told.word(), "unknown-key", "{section}");
        assert!(told.to_string().contains("line 2: "), "{told}");
    }
    // What says nothing is not there, but for lists.
    assert!(read("Profiles: {P: {Colour: ~}}\nColour:\n").is_ok());
}

#[test]
fn sizes_fit_into_32_bits() {
    let most = |value: &str| {
        orderers(&format!("BatchSize: {{AbsoluteMaxBytes: {value}}}"))
            .map(|it| it.batch_size.absolute_max_bytes)
    };
    for (value, octets) in [
        ("7", 7),
        ("99 MB", 99 << 20),
        ("'512k'", 512 << 10),
        ("0x10", 16),
        ("010", 8),
        ("'010'", 8),
        ("1.9", 1),
        ("true", 1),
        ("''", 0),
        ("~", 0),
        ("4294967295", u32::MAX),
    ] {
        assert_eq!(most(value).unwrap(), octets, "{value}");
    }
    for value in
        ["5 GB", "5 XB", "4294967296", "-1", "[1]", "{a: 1}", "big", "99999999999999999999999"]
    {
        assert_eq!(most(value).unwrap_err().word(), "value", "{value}");
    }
    assert_eq!(
        why(most("5 GB")),
        "line 1: `Profiles.P.Orderer.BatchSize.AbsoluteMaxBytes` is 5368709120, and may be 0 to 4294967295"
    );
}

#[test]
fn durations_are_gos_and_bare_numbers_nanoseconds() {
    let timeout =
        |value: &str| orderers(&format!("BatchTimeout: {value}")).map(|it| it.batch_timeout);
    for (value, nanoseconds) in
        [("2s", 2_000_000_000), ("5", 5), ("-1s", -1_000_000_000), ("1m30s", 90_000_000_000)]
    {
        assert_eq!(timeout(value).unwrap(), nanoseconds, "{value}");
    }
    for value in ["2 s", "''", "'5'", "soon", "[2s]"] {
        assert_eq!(timeout(value).unwrap_err().word(), "value", "{value}");
    }
}

#[test]
fn truths_and_texts_are_taken_loosely() {
    let wanted = |value: &str| {
        read(&format!("Profiles: {{P: {{Capabilities: {{V2_0: {value}}}}}}}"))
            .map(|profile| profile.capabilities["V2_0"])
    };
    for (value, expected) in
        [("true", true), ("'true'", true), ("1", true), ("0", false), ("F", false)]
    {
        assert_eq!(wanted(value).unwrap(), expected, "{value}");
    }
    for value in ["yes", "on", "tRUE", "[]"] {
        assert_eq!(wanted(value).unwrap_err().word(), "value", "{value}");
    }
    let consortium = |value: &str| {
        read(&format!("Profiles: {{P: {{Consortium: {value}}}}}")).map(|it| it.consortium)
    };
    for (value, text) in
        [("007", "7"), ("1.50", "1.5"), ("true", "1"), ("yes", "yes"), ("'~'", "~")]
    {
        assert_eq!(consortium(value).unwrap(), text, "{value}");
    }
    assert_eq!(consortium("'[a]'").unwrap_err().word(), "value");
    assert_eq!(consortium("{a: 1}").unwrap_err().word(), "value");
}

#[test]
fn one_may_stand_for_a_list() {
    for value in ["['a:1', 'b:2']", "'[a:1, b:2]'"] {
        assert_eq!(orderers(&format!("Addresses: {value}")).unwrap().addresses, ["a:1", "b:2"]);
    }
    assert_eq!(orderers("Addresses: 'a:1'").unwrap().addresses, ["a:1"]);
    assert_eq!(orderers("Organizations: {Name: A}").unwrap().organizations.len(), 1);
    assert_eq!(orderers("Organizations: {}").unwrap().organizations.len(), 0);
    assert_eq!(orderers("Organizations: [~]").unwrap_err().word(), "value");
    assert_eq!(orderers("Organizations: A").unwrap_err().word(), "value");
}

#[test]
fn the_environment_stands_in_for_what_the_file_mentions() {
    let text = "Profiles:\n  P.q:\n    Consortium: a\n  P:\n    Consortium: b\n    Orderer:\n      BatchTimeout:\n      Addresses: ['a:1']\n      \
                Organizations: [{Name: A}]\n";
    let profile = read_with(
        text,
        &[
            ("CONFIGTX_PROFILES_P_CONSORTIUM", ""),
            ("CONFIGTX_PROFILES_P_ORDERER_BATCHTIMEOUT", "9s"),
            ("CONFIGTX_PROFILES_P_ORDERER_ADDRESSES", "[b:2, c:3]"),
            ("CONFIGTX_PROFILES_P_ORDERER_MAXCHANNELS", "7"),
            ("CONFIGTX_PROFILES_P_ORDERER_ORGANIZATIONS_0_NAME", "X"),
        ],
    );
    let profile = profile.unwrap();
    assert_eq!(profile.consortium, "b");
    let unused = [
        "CONFIGTX_PROFILES_P_ORDERER_MAXCHANNELS",
        "CONFIGTX_PROFILES_P_ORDERER_ORGANIZATIONS_0_NAME",
    ];
    assert_eq!(profile.unused_variables, unused);
    let orderer = profile.orderer.unwrap();
    assert_eq!((orderer.batch_timeout, orderer.max_channels), (9_000_000_000, 0));
    assert_eq!(orderer.addresses, ["b:2", "c:3"]);
    assert_eq!(orderer.organizations[0].name, "A");
    let wrong = read_with(text, &[("CONFIGTX_PROFILES_P_ORDERER_BATCHTIMEOUT", "9")]);
    assert_eq!(
        why(wrong),
        "variable CONFIGTX_PROFILES_P_ORDERER_BATCHTIMEOUT: `Profiles.P.Orderer.BatchTimeout` is `9`, no duration such as \
         `2s` or `1m30s`"
    );
}

#[test]
fn what_is_no_yaml_is_refused() {
    for text in [
        "",
        "# nothing\n",
        "Profiles: [",
        "Profiles:\n\tP: {}\n",
        "Profiles: {P: {}, P: {}}",
        "Profiles: {P: *a}",
        "Profiles: {1: {}}",
        "Profiles: {true: {}}",
    ] {
        assert_eq!(read(text).unwrap_err().word(), "yaml", "{text:?}");
    }
    assert_eq!(read("- a").unwrap_err().word(), "value");
    assert_eq!(read("~").unwrap_err().word(), "yaml");
    assert_eq!(read("{}").unwrap_err().word(), "no-profile");
    assert!(read(&format!("Profiles: {}", "[".repeat(100_000))).is_err());
    // The first document counts.
    assert!(read("Profiles: {P: {}}\n---\nColour: 1\n").is_ok());
}

#[test]
fn a_file_that_unfolds_without_end_is_refused() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let below = format!("*a{}, ", level - 1).repeat(10);
        text.extend([format!("a{level}: &a{level} ["), below, "]\n".to_owned()]);
    }
    assert_eq!(read(&text).unwrap_err().word(), "yaml");
}
