//! Signature policies, implicit ones, and what stands upon them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use chancery::channel::Channel;
use chancery::clock::{Clock, Timestamp};
use chancery::msp::{Epoch, Msp, MspVersion, Msps, Rejection};
use chancery::policy::{
    BadBlock, BadCollection, BadPolicy, Collection, EndorsementError, Explanation, Lookup, Members,
    PolicyTree, SignaturePolicy, Signatures, SignedData, Verdict, Why, block_signatures,
    check_package, check_upgrade, explain, header_octets, member_orgs,
};
use chancery::wire::{
    BlockHeader, BlockMetadata, CollectionConfig, CollectionConfigPackage, CollectionPayload,
    Config, ConfigGroup, Shaped, StaticCollectionConfig, decode,
};
use serde_json::Value;

use super::frame::{Case, Judge, Tables, Told, octets};

/// Identities that are remembered: all of a family.
const REMEMBERED: usize = 1000;

fn now() -> Timestamp {
    Clock::system().now()
}

fn version(case: &Case) -> MspVersion {
    let named = case.text("version");
    MspVersion::ALL.into_iter().find(|version| version.as_str() == named).unwrap()
}

fn message<M: Shaped>(octets: &[u8]) -> M {
    decode(octets).unwrap_or_else(|e| panic!("{e}"))
}

/// The MSPs of a family as of each version, with the identities that they have read.
struct Stage {
    configs: BTreeMap<String, Vec<u8>>,
    identities: BTreeMap<String, Vec<u8>>,
    epochs: RefCell<HashMap<MspVersion, Rc<Epoch>>>,
}

impl Stage {
    fn new(tables: &Tables) -> Self {
        let (configs, identities) = (tables.octets("msps"), tables.octets("identities"));
        Self { configs, identities, epochs: RefCell::default() }
    }

    fn epoch(&self, case: &Case) -> Rc<Epoch> {
        let version = version(case);
        let mut epochs = self.epochs.borrow_mut();
        let set_up = |config: &Vec<u8>| Msp::new(config, version, now()).unwrap();
        let made = epochs.entry(version).or_insert_with(|| {
            let msps: Msps = self.configs.values().map(set_up).collect();
            Rc::new(Epoch::new(msps, REMEMBERED))
        });
        Rc::clone(made)
    }

    fn signed<'s>(&'s self, signatures: &'s Value) -> Vec<SignedData<'s>> {
        let signatures = signatures.as_array().map_or(&[][..], Vec::as_slice);
        signatures.iter().map(|one| self.one(one)).collect()
    }

    fn one(&self, signature: &Value) -> SignedData<'_> {
        let id = signature["i"].as_str().unwrap();
        SignedData {
            identity: self.identities[id].as_slice().into(),
            data: octets(&signature["d"]).into(),
            signature: octets(&signature["s"]).into(),
        }
    }
}

fn answer(verdict: Verdict) -> Result<(), &'static str> {
    match verdict {
        Verdict::Satisfied => Ok(()),
        Verdict::Unsatisfied(why) => Err(why.word()),
    }
}

fn same_word(word: &&'static str) -> &'static str {
    word
}

/// The explanation says what the verdict says, whatever was asked before.
fn agrees(told: &mut Told, verdict: Verdict, explanation: &Explanation<Rejection>) {
    told.same("explanation", &explanation.is_satisfied, &verdict.is_satisfied());
    told.same("need", &explanation.found.need().is_none(), &verdict.is_satisfied());
}

pub(super) fn signature_policy(tables: &Tables) -> Judge {
    let stage = Stage::new(tables);
    let policies = tables.octets("policies");
    Box::new(move |case, told| {
        let expected = case.expect();
        let policy = SignaturePolicy::from_octets(&policies[case.text("policy")]);
        told.same("compiles", &policy.is_ok(), &(expected["compiles"] == true));
        let policy = match policy {
            Ok(policy) => policy,
            Err(bad) => return told.verdict("policy", Err(bad.word()), same_word, expected),
        };
        let (epoch, signed) = (stage.epoch(case), stage.signed(case.get("signatures")));
        let signatures = Signatures::new(&*epoch, &signed);
        let verdict = policy.evaluate(&signatures);
        told.verdict("policy", answer(verdict), same_word, expected);
        let counting: Vec<Value> = signatures.counting().into_iter().map(Value::from).collect();
        told.same("valid", &Value::Array(counting), &expected["valid"]);
        agrees(told, verdict, &policy.explain(&signatures));
        told.same("again", &policy.evaluate(&signatures), &verdict);
        // Without any memory it takes longer, so not each.
        if case.text("id").ends_with(['0', '4', '8']) {
            let alone = policy.evaluate(&Signatures::new(epoch.msps(), &signed));
            told.same("without memory", &alone, &verdict);
        }
    })
}

pub(super) fn implicit_meta(tables: &Tables) -> Judge {
    let stage = Stage::new(tables);
    let trees: BTreeMap<String, Result<PolicyTree, BadPolicy>> = tables
        .octets("trees")
        .into_iter()
        .map(|(id, octets)| {
            let root: ConfigGroup = message(&octets);
            (id, PolicyTree::load(&root).map_err(|(_, bad)| bad))
        })
        .collect();
    Box::new(move |case, told| {
        let expected = case.expect();
        let tree = &trees[case.text("tree")];
        told.same("constructs", &tree.is_ok(), &(expected["constructs"] == true));
        let tree = match tree {
            Ok(tree) => tree,
            Err(bad) => return told.verdict("tree", Err(bad.word()), same_word, expected),
        };
        let way = case.get("manager").as_array().unwrap();
        let group = tree.group(way.iter().map(|name| name.as_str().unwrap()));
        told.same("manager", &group.is_some(), &(expected["manager"] == true));
        let Some(group) = group else {
            return told.verdict("manager", Err("no-such-manager"), same_word, expected);
        };
        let found = tree.lookup(group, case.text("policy"));
        if let Some(known) = expected["found"].as_bool() {
            told.same("found", &matches!(found, Lookup::Found(_)), &known);
        }
        let (epoch, signed) = (stage.epoch(case), stage.signed(case.get("signatures")));
        let signatures = Signatures::new(&*epoch, &signed);
        let verdict = tree.evaluate_found(found, &signatures);
        told.verdict("policy", answer(verdict), same_word, expected);
        agrees(told, verdict, &explain(tree, found, &signatures));
    })
}

pub(super) fn collection(tables: &Tables) -> Judge {
    let stage = Stage::new(tables);
    Box::new(move |case, told| {
        let expected = case.expect();
        let epoch = stage.epoch(case);
        let has_org = |msp_id: &str| epoch.msps().get(msp_id).is_some();
        let word = |bad: &BadCollection| bad.word();
        if case.get("collection").is_null() {
            let proposed: CollectionConfigPackage = message(&octets(case.get("proposed")));
            let definition = check_package(&proposed, &*epoch, has_org);
            let committed = case.get("committed").as_str().map(|_| octets(case.get("committed")));
            let committed: CollectionConfigPackage = message(&committed.unwrap_or_default());
            let upgrade = definition.and_then(|()| check_upgrade(&proposed, &committed));
            told.verdict("definition", definition, word, &expected["definition"]);
            if expected["upgrade"].is_object() {
                told.verdict("upgrade", upgrade, word, &expected["upgrade"]);
            }
            told.same("ok", &upgrade.is_ok(), &(expected["ok"] == true));
            return;
        }
        let config: StaticCollectionConfig = message(&octets(case.get("collection")));
        let payload = Some(CollectionPayload::StaticCollectionConfig(config.clone()));
        let package = CollectionConfigPackage { config: vec![CollectionConfig { payload }] };
        let definition = check_package(&package, &*epoch, has_org);
        told.verdict("definition", definition, word, &expected["definition"]);

        let orgs = member_orgs(&config, &*epoch);
        for (msp_id, eligible) in expected["eligible_orgs"].as_object().unwrap() {
            told.same(msp_id, &orgs.contains(msp_id), &(*eligible == true));
        }
        if let Some(known) = expected["member_orgs"].as_array() {
            let known: BTreeSet<String> =
                known.iter().map(|org| org.as_str().unwrap().to_owned()).collect();
            told.same("member_orgs", &orgs, &known);
        }
        let collection = Collection::load(config);
        told.verdict(
            "set-up",
            collection.as_ref().map(|_| ()).map_err(|e| *e),
            word,
            &expected["setup"],
        );
        told.same("ok", &collection.is_ok(), &(expected["ok"] == true));
        let Ok(collection) = collection else { return };
        for access in case.get("access").as_array().into_iter().flatten() {
            let signed = [stage.one(access)];
            let proposal = Signatures::new(&*epoch, &signed);
            let member = collection.admits(&proposal).is_satisfied();
            let rights = collection.rights(&proposal);
            let ours = [member, rights.read, rights.write];
            let fabrics = ["member", "read", "write"].map(|name| access[name] == true);
            told.same(access["i"].as_str().unwrap(), &ours, &fabrics);
        }
    })
}

/// Channels with a memory for the identities that they have read.
fn channels(tables: &Tables) -> BTreeMap<String, (Channel, Epoch)> {
    let load = |octets: &Vec<u8>| {
        let config: Config = message(octets);
        let channel = Channel::load(&config, now()).unwrap_or_else(|e| panic!("{e}"));
        let epoch = Epoch::new(channel.msps().clone(), REMEMBERED);
        (channel, epoch)
    };
    tables.octets("channels").iter().map(|(id, octets)| (id.clone(), load(octets))).collect()
}

pub(super) fn application_policy(tables: &Tables) -> Judge {
    let (stage, channels) = (Stage::new(tables), channels(tables));
    Box::new(move |case, told| {
        let (channel, epoch) = &channels[case.text("channel")];
        let signed = stage.signed(case.get("signatures"));
        let signatures = Signatures::new(epoch, &signed);
        let policy = octets(case.get("policy"));
        let verdict = channel.policies().evaluate_application(&policy, &signatures);
        let ours = match verdict.map_err(EndorsementError::word) {
            Ok(verdict) => answer(verdict),
            Err(word) => Err(word),
        };
        told.verdict("policy", ours, same_word, case.expect());
    })
}

pub(super) fn block_signature(tables: &Tables) -> Judge {
    let channels = channels(tables);
    Box::new(move |case, told| {
        let (channel, epoch) = &channels[case.text("channel")];
        let header: BlockHeader = message(&octets(case.get("header")));
        let header_hex = hex::encode(header_octets(&header));
        told.same("header", &header_hex.as_str(), &case.text("header_bytes"));
        let metadata: BlockMetadata = message(&octets(case.get("metadata")));
        let signed = block_signatures(&header, &metadata, channel.consenters());
        let ours = signed
            .map_err(BadBlock::word)
            .and_then(|signed| answer(judge(channel, epoch, &signed)));
        told.verdict("block", ours, same_word, case.expect());
    })
}

fn judge<M: Members>(channel: &Channel, members: &M, signed: &[SignedData<'_>]) -> Verdict {
    let path = "/Channel/Orderer/BlockValidation";
    let verdict = channel.policies().evaluate(path, &Signatures::new(members, signed));
    assert_ne!(verdict, Verdict::Unsatisfied(Why::NoSuchPolicy), "no {path}");
    verdict
}
