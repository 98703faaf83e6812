//! The networks of `policies/`, each from its creation to an admitted member and a revocation.

use std::collections::BTreeMap;

use chancery::clock::Clock;
use chancery::pki::Certificate;
use serde_json::Value;

use crate::support::club::{done, refused};
use crate::support::council::json;
use crate::support::example::{Example, sets_of};

const READERS: [&str; 2] = ["--policy", "/Channel/Application/Readers"];
const WRITERS: [&str; 2] = ["--policy", "/Channel/Application/Writers"];
const PROPOSE: [&str; 2] = ["--resource", "peer/Propose"];

/// Whether each smallest set of a policy has somebody of an organization.
fn always(sets: &[BTreeMap<String, usize>], org: &str) -> bool {
    sets.iter().all(|set| set.contains_key(org))
}

#[test]
fn three_organizations_decide_by_majority_and_four_by_three() {
    let network = Example::new("three-organizations", "Org4");
    let made = network.apply();
    let by = network.fewest(&made);
    assert_eq!(by.len(), 2, "{by:?}");
    network.admit_by(&made, &by);

    // The fourth makes the majority three.
    let mut simulate = network.command("admin", "simulate");
    let told = json(&done(simulate.args(["--acl", "event/Block=/Channel/Application/Admins"])));
    let sets = sets_of(&told["demands"][0]);
    assert!(!sets.is_empty() && sets.iter().all(|set| set.len() == 3), "{told:#}");
    assert!(sets.iter().any(|set| set.contains_key("Org4")), "{told:#}");

    // A document that does not fit the channel is refused with its line, and what was kept stays.
    let listed = |member: &str| json(&done(&mut network.command(member, "collections")));
    let before = listed("admin");
    assert_eq!(before["collections"].as_array().unwrap().len(), 2, "{before:#}");
    let file = network.club.path("network/collections.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let set = |member: &str, text: &str| {
        std::fs::write(&file, text).unwrap();
        let mut set = network.command(member, "collections");
        set.arg("--set").arg(&file);
        set
    };
    let said =
        refused(&mut set("admin", &text.replace("[Org1MSP, Org2MSP]", "[Org1MSP, Org9MSP]")));
    assert!(said.contains("line 8: `chaincodes.trade[0].members`"), "{said}");
    network.member("Org4", "visitor", "client");
    let said = refused(&mut set("visitor-Org4", &text));
    assert!(said.contains("lacks `chancery.ChannelMgr`"), "{said}");
    assert_eq!(listed("visitor-Org4"), before);
    // Who joined may be given a part.
    let offers = text.replace("[Org1MSP, Org2MSP, Org3MSP]", "[Org1MSP, Org3MSP, Org4MSP]");
    done(&mut set("admin", &offers));
    let told = network.access("Org4", "visitor", &["trade/offers", "prices-1-2"]);
    let part = |place: usize, part: &str| told["collections"][place][part].as_bool().unwrap();
    assert!(part(0, "read") && part(0, "write") && part(0, "stored"), "{told:#}");
    assert!(!part(1, "read") && !part(1, "write") && !part(1, "stored"), "{told:#}");

    assert!(network.verdict("Org4", "visitor", &WRITERS));
    network.revoke("Org4", "visitor");
    assert!(!network.verdict("Org4", "visitor", &WRITERS));
}

#[test]
fn suppliers_join_under_the_retailers_rules_and_the_inspector_only_reads() {
    let network = Example::new("food-supply-chain", "Orchard");
    let made = network.apply();
    let sets = network.sets(&made);
    // The channel's own policy would do without a retailer; the rules of admission do not.
    assert!(!always(&sets[0], "Fresh") && !always(&sets[0], "Market"), "{sets:?}");
    assert!(always(&sets[1], "Fresh") && always(&sets[1], "Market"), "{sets:?}");
    assert!(sets.concat().iter().all(|set| !set.contains_key("Inspector")), "{sets:?}");
    // Three of four, and one of the retailers is not among them.
    for org in ["Growers", "Processor", "Fresh", "Inspector"] {
        assert_eq!(network.approve(&made, org, "boss"), "open", "{org}");
    }
    assert_eq!(network.approve(&made, "Market", "boss"), "admitted");

    for org in ["Inspector", "Growers", "Orchard"] {
        network.member(org, "clerk", "client");
        assert!(network.verdict(org, "clerk", &READERS), "{org}");
    }
    for asks in [WRITERS, PROPOSE] {
        assert!(network.verdict("Growers", "clerk", &asks));
        assert!(!network.verdict("Inspector", "clerk", &asks), "the inspector only reads");
        // Who writes is named by the channel: a supplier is in it, and is not yet one of them.
        assert!(!network.verdict("Orchard", "clerk", &asks));
    }
    let told = network.access("Inspector", "clerk", &["prices-fresh", "harvest/findings"]);
    let [prices, findings] = &told["collections"].as_array().unwrap()[..] else { panic!("{told}") };
    assert_eq!((&prices["read"], &prices["stored"]), (&false.into(), &false.into()), "{told:#}");
    // The inspector's peers keep and write the findings; its clients are none of them.
    assert_eq!((&findings["member"], &findings["stored"]), (&false.into(), &true.into()));
    network.revoke("Growers", "clerk");
}

#[test]
fn nothing_is_shipped_past_customs() {
    let mut network = Example::new("container-shipping", "GreenWave");
    let made = network.apply();
    let sets = network.sets(&made);
    assert!(sets.iter().all(|sets| always(sets, "Customs")), "{sets:?}");
    // All others, and not customs.
    for org in ["BlueLine", "NordSea", "HarbourEast", "HarbourWest"] {
        assert_eq!(network.approve(&made, org, "boss"), "open", "{org}");
    }
    let shown = network.show(&made);
    assert!(shown["proposal"]["standing"].to_string().contains("CustomsMSP.admin"), "{shown:#}");
    assert_eq!(network.approve(&made, "Customs", "boss"), "admitted");

    // Its competitor has no part in what a carrier carries.
    network.member("BlueLine", "clerk", "client");
    let told = network.access("BlueLine", "clerk", &["cargo-blueline", "cargo-nordsea"]);
    let read = |place: usize| told["collections"][place]["read"].as_bool().unwrap();
    assert_eq!((read(0), read(1)), (true, false), "{told:#}");

    // On the other channel nobody asks customs.
    network.create("berths.yaml", &["--rules", "berths-admission.yaml"]);
    "berths".clone_into(&mut network.channel);
    let made = network.apply();
    let sets = network.sets(&made).concat();
    assert!(sets.iter().all(|set| !set.contains_key("Customs")), "{sets:?}");
    let by = network.fewest(&made);
    assert_eq!(by.len(), 3, "{by:?}");
    network.admit_by(&made, &by);
    // It is carried into both channels.
    network.revoke("BlueLine", "clerk");
    "manifests".clone_into(&mut network.channel);
    network.carried("BlueLine");
    assert!(!network.verdict("BlueLine", "clerk", &READERS));
}

#[test]
fn four_eyes_of_two_houses_admit_an_investor() {
    let network = Example::new("private-equity", "Investor");
    let made = network.apply();
    // Two of one house are four eyes, and not those.
    assert_eq!(network.approve(&made, "Fund", "boss"), "open");
    assert_eq!(network.approve(&made, "Fund", "boss2"), "open");
    // Nor is any other.
    assert_eq!(network.approve(&made, "Auditor", "boss"), "open");
    assert_eq!(network.approve(&made, "Regulator", "boss"), "open");
    let by = network.fewest(&made);
    assert_eq!(by, ["Administrator", "Fund"]);
    assert_eq!(network.approve(&made, "Administrator", "boss"), "admitted");
    let content = network.show(&made)["content"].to_string();
    assert!(content.contains("regulator-statement"), "{content}");
    assert!(content.contains("in a token of its own"), "{content}");

    // Who looks at the register does not write it.
    for (org, writes) in [("Fund", true), ("Administrator", true), ("Regulator", false)] {
        network.member(org, "clerk", "client");
        assert_eq!(network.verdict(org, "clerk", &WRITERS), writes, "{org}");
        assert!(network.verdict(org, "clerk", &READERS), "{org}");
    }
    network.revoke("Administrator", "clerk");
    assert!(!network.verdict("Administrator", "clerk", &WRITERS));
}

#[test]
fn what_two_banks_tell_each_other_the_third_does_not_learn() {
    let network = Example::new("bank-data-privacy", "BankD");
    let made = network.apply();
    // All of them, and the keys of the new bank's CA are proven to be in the token.
    let by = network.fewest(&made);
    assert_eq!(by, ["BankA", "BankB", "BankC"]);
    network.admit_by(&made, &by);

    for org in ["BankA", "BankB", "BankC", "BankD"] {
        clerk(&network, org);
    }
    let pairs = ["disclosure/pair-a-b", "disclosure/pair-a-c", "disclosure/pair-b-c"];
    let may = |org: &str| {
        let told = network.access(org, "clerk", &pairs);
        assert_eq!(told["valid"], true, "{told:#}");
        let one = |one: &Value| {
            let member = one["member"].as_bool().unwrap();
            for part in ["read", "write", "stored"] {
                assert_eq!(one[part], member, "{told:#}");
            }
            member
        };
        told["collections"].as_array().unwrap().iter().map(one).collect::<Vec<_>>()
    };
    assert_eq!(may("BankA"), [true, true, false]);
    assert_eq!(may("BankB"), [true, false, true]);
    assert_eq!(may("BankC"), [false, true, true]);
    assert_eq!(may("BankD"), [false, false, false]);

    // Who leaves the bank may nothing any more.
    network.revoke("BankA", "clerk");
    let told = network.access("BankA", "clerk", &pairs);
    assert_eq!((&told["valid"], &told["why"]), (&false.into(), &"revoked".into()), "{told:#}");
    let all = told["collections"].as_array().unwrap();
    assert!(all.iter().all(|one| one["read"] == false && one["write"] == false), "{told:#}");

    // What is listed is the document.
    let listed = json(&done(&mut network.command("clerk-BankB", "collections")));
    let first = &listed["collections"][0];
    assert_eq!(first["stored_by"], serde_json::json!(["BankAMSP", "BankBMSP"]), "{listed:#}");
    assert_eq!(first["endorsement"], "AND('BankAMSP.peer', 'BankBMSP.peer')");
    assert_eq!(first["members"], "OR('BankAMSP.member', 'BankBMSP.member')");
    let own = network.access("BankB", "clerk", &["_implicit_org_BankBMSP"]);
    assert_eq!(own["collections"][0]["member"], true, "{own:#}");
    let mut access = network.command("admin", "access");
    access.arg("--by").arg(format!("BankBMSP,{}", network.club.path("clerk-BankB").display()));
    let said = refused(access.args(["--collection", "pair-a-d"]));
    assert!(said.contains("`collections[0]`: the channel has no collection `pair-a-d`"), "{said}");
}

/// A clerk by the bank's own profile, and with an attribute that stays at the CA.
fn clerk(network: &Example, org: &str) {
    let secret = network.club.path(&format!("clerk-{org}.secret"));
    let (registrar, id) = (format!("admin-{org}"), format!("clerk-{org}"));
    let mut register = network.club.as_member(&registrar, "register");
    register.args(["--ca", org, "--id", &id, "--type", "client", "--attrs", "desk=fraud:ecert"]);
    std::fs::write(&secret, done(&mut register)).unwrap();
    let mut enroll = network.club.as_member(&id, "enroll");
    enroll.args(["--ca", org, "--id", &id, "--profile", "clerk", "--secret-file"]).arg(&secret);
    done(&mut enroll);
    let pem = std::fs::read(network.club.path(&id).join("signcerts/cert.pem")).unwrap();
    let certificate = Certificate::from_pem(std::str::from_utf8(&pem).unwrap()).unwrap();
    let der = certificate.der();
    assert!(!der.windows(5).any(|octets| octets == b"fraud"), "the attribute is told");
}

#[test]
fn carriers_come_for_weeks_and_couriers_for_days() {
    let network = Example::new("last-mile-delivery", "NewCarrier");
    let made = network.apply();
    // Carriers have no say about each other.
    assert_eq!(network.approve(&made, "SwiftBikes", "boss"), "open");
    assert_eq!(network.approve(&made, "VanHaul", "boss"), "open");
    let by = network.fewest(&made);
    assert_eq!(by.len(), 2, "{by:?}");
    assert!(by.contains(&"Depot".to_owned()), "{by:?}");
    network.admit_by(&made, &by);

    let secret = network.club.path("courier.secret");
    let mut register = network.club.as_member("admin-NewCarrier", "register");
    register.args(["--ca", "NewCarrier", "--id", "courier-NewCarrier", "--type", "client"]);
    std::fs::write(&secret, done(&mut register)).unwrap();
    let mut enroll = network.club.as_member("courier-NewCarrier", "enroll");
    enroll.args(["--ca", "NewCarrier", "--id", "courier-NewCarrier", "--profile", "courier"]);
    done(enroll.arg("--secret-file").arg(&secret));
    let pem = network.club.path("courier-NewCarrier").join("signcerts/cert.pem");
    let pem = std::fs::read_to_string(pem).unwrap();
    let end = Certificate::from_pem(&pem).unwrap().tbs().not_after().unix();
    let left = end - Clock::system().now().unix();
    // Ends are whole minutes.
    assert!((2 * 86_400..=3 * 86_400 + 60).contains(&left), "{left} seconds");

    assert!(network.verdict("NewCarrier", "courier", &WRITERS));
    // Addresses are for carriers of the document; the newcomer's come with a new one.
    let told = network.access("NewCarrier", "courier", &["addresses"]);
    let addresses = &told["collections"][0];
    assert_eq!(
        (&addresses["read"], &addresses["write"]),
        (&false.into(), &true.into()),
        "{told:#}"
    );
    network.member("SwiftBikes", "courier", "client");
    let told = network.access("SwiftBikes", "courier", &["addresses"]);
    assert_eq!(told["collections"][0]["read"], true, "{told:#}");
    // Dismissed before the certificate ends.
    network.revoke("NewCarrier", "courier");
}

#[test]
fn more_than_half_of_the_regions_admit_a_bank() {
    let network = Example::new("cross-border-settlement", "BankPorto");
    let made = network.apply();
    // Whoever speaks for a region, it counts once.
    assert_eq!(network.approve(&made, "AnchorLisbon", "boss"), "open");
    assert_eq!(network.approve(&made, "BankTallinn", "boss"), "open");
    let shown = network.show(&made);
    let demands = shown["proposal"]["standing"]["demands"].as_array().unwrap();
    assert!(demands.iter().all(|demand| demand["satisfied"] == false), "{shown:#}");
    let by = network.fewest(&made);
    assert_eq!(by.len(), 2, "{by:?}");
    assert_eq!(network.approve(&made, "BankHanoi", "boss"), "admitted");

    network.member("AnchorLima", "clerk", "client");
    let told = network.access("AnchorLima", "clerk", &[]);
    let mine = |one: &&Value| one["read"] == true;
    let mine = told["collections"].as_array().unwrap().iter().filter(mine);
    let mine: Vec<&str> = mine.map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(mine, ["europe-americas", "asia-americas"], "{told:#}");
    // The anchor is an orderer too: its list goes into both sections in one update.
    network.revoke("AnchorLima", "clerk");
}
