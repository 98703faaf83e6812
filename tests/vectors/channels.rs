//! Configurations of channels, and updates of them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use chancery::channel::{ChannelError, Current, Refusal, Update, UpdateError, compute_update};
use chancery::clock::{Clock, Timestamp};
use chancery::msp::{Epoch, Msp};
use chancery::wire::{Config, ConfigEnvelope, Envelope, Shaped, canonical, decode};
use serde_json::{Value, json};

use super::frame::{Case, Judge, Tables, Told, octets};

/// Identities that are remembered: all of a family.
const REMEMBERED: usize = 1000;

fn now() -> Timestamp {
    Clock::system().now()
}

fn message<M: Shaped>(octets: &[u8]) -> M {
    decode(octets).unwrap_or_else(|e| panic!("{e}"))
}

fn configs(tables: &Tables) -> BTreeMap<String, Config> {
    let read = |(id, octets): (String, Vec<u8>)| (id, message(&octets));
    tables.octets("configs").into_iter().map(read).collect()
}

/// Configurations in force, by the name of their channel and their entry, with what they remember.
#[derive(Default)]
struct InForce(RefCell<BTreeMap<(String, String), Known>>);

type Known = Rc<(Current, Epoch)>;

impl InForce {
    fn of(&self, case: &Case, configs: &BTreeMap<String, Config>) -> Known {
        let (channel, id) = (case.text("channel"), case.text("config"));
        let load = || {
            let current = Current::load(channel, configs[id].clone(), now());
            let current = current.unwrap_or_else(|e| panic!("{channel} {id}: {e}"));
            let epoch = Epoch::new(current.channel().msps().clone(), REMEMBERED);
            Rc::new((current, epoch))
        };
        let mut known = self.0.borrow_mut();
        Rc::clone(known.entry((channel.to_owned(), id.to_owned())).or_insert_with(load))
    }
}

/// The stage of a refusal is told with its category.
fn told_stage(told: &mut Told, ours: Option<&'static str>, expected: &Value) {
    let fabrics = expected["stage"].as_str();
    told.same("stage", &ours, &fabrics);
}

pub(super) fn channel_config(tables: &Tables) -> Judge {
    let configs = configs(tables);
    Box::new(move |case, told| {
        let expected = case.expect();
        let config = &configs[case.text("config")];
        let loaded = Current::load(case.text("channel"), config.clone(), now());
        let (ours, stage) = match loaded {
            Err(why) => (Err(why), Some("bundle")),
            Ok(current) => match current.channel().check_capabilities() {
                Err(why) => (Err(why), Some("capabilities")),
                Ok(()) => (Ok(current), None),
            },
        };
        told_stage(told, stage, expected);
        if let (Ok(current), true) = (&ours, expected["ok"] == true) {
            let channel = current.channel();
            told.same(
                "version",
                &channel.version().as_str(),
                &expected["msp_version"].as_str().unwrap(),
            );
            let ids: Vec<&str> = channel.msps().iter().map(Msp::id).collect();
            let ids = if ids.is_empty() { Value::Null } else { json!(ids) };
            told.same("msps", &ids, &expected["msps"]);
            // What is known of the MSPs makes no difference.
            let again = channel.load_next(config, now());
            told.same(
                "again",
                &again.map(|it| it.msps().iter().len()),
                &Ok(channel.msps().iter().len()),
            );
        }
        told.verdict("configuration", ours.map(drop), ChannelError::word, expected);
    })
}

pub(super) fn config_update(tables: &Tables) -> Judge {
    let (configs, in_force) = (configs(tables), InForce::default());
    Box::new(move |case, told| {
        let expected = case.expect();
        let known = in_force.of(case, &configs);
        let (current, epoch) = &*known;
        let envelope: Envelope = message(&octets(case.get("envelope")));
        let update = Update::from_envelope(&envelope);
        let proposed = update.as_ref().map_err(Clone::clone);
        let proposed = proposed.and_then(|update| current.propose(update, epoch));
        if let Ok(config) = &proposed {
            told.same("config", &json!(base64(&canonical(config))), &expected["config"]);
        } else {
            told.same("config", &Value::Null, &expected["config"]);
        }
        if let Ok(update) = &update {
            explained(told, current, epoch, update, proposed.as_ref().map(drop));
        }
        let ours = match proposed {
            Err(why) => Err(Refusal::Propose(why)),
            Ok(config) => current.follow(config, now()),
        };
        told_stage(told, ours.as_ref().err().map(Refusal::stage), expected);
        told.verdict("update", ours.map(drop), Refusal::word, expected);
    })
}

/// What is explained agrees with what is decided.
fn explained(
    told: &mut Told,
    current: &Current,
    epoch: &Epoch,
    update: &Update,
    proposed: Result<(), &UpdateError>,
) {
    let explained = current.explain(update, epoch);
    match proposed {
        Ok(()) => {
            let all = explained.map(|all| all.iter().all(|(_, why)| why.is_satisfied));
            told.same("explained", &all, &Ok(true));
        }
        Err(UpdateError::Unauthorised { element, .. }) => {
            let all = explained.unwrap();
            let refused = all.iter().find(|(demand, _)| demand.element == *element).unwrap();
            told.same("explained", &refused.1.is_satisfied, &false);
            told.same("need", &refused.1.found.need().is_some(), &true);
        }
        Err(other) => told.same("explained", &explained.map(|_| ()).as_ref(), &Err(other)),
    }
}

fn base64(octets: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(octets)
}

pub(super) fn compute(tables: &Tables) -> Judge {
    let configs = configs(tables);
    Box::new(move |case, told| {
        let expected = case.expect();
        let (original, updated) = (&configs[case.text("original")], &configs[case.text("updated")]);
        let ours = compute_update(case.text("channel"), original, updated);
        if let (Ok(update), true) = (&ours, expected["ok"] == true) {
            told.same("update", &json!(base64(&canonical(update))), &expected["update"]);
        }
        told.verdict("update", ours.map(drop), |why| why.word(), expected);
    })
}

pub(super) fn config_validate(tables: &Tables) -> Judge {
    let (configs, in_force) = (configs(tables), InForce::default());
    Box::new(move |case, told| {
        let known = in_force.of(case, &configs);
        let (current, epoch) = &*known;
        let envelope: ConfigEnvelope = message(&octets(case.get("config_envelope")));
        let ours = current.validate(&envelope, epoch);
        told.verdict("envelope", ours, UpdateError::word, case.expect());
    })
}
