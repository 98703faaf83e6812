//! Where requests arrive: checked against the register, then put into the token's queue.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::{error, info, warn};

use super::register::{Register, RegisterError};
use crate::hsm::ledger::Ledger;
use crate::hsm::protocol::{Answer, Ask, MAX_WHOLE, Message, Refusal, Request};
use crate::hsm::token::{Clerk, Made, Seen};
use crate::hsm::{
    Asker, CustodyLevel, Engine, Errand, Inventory, InventoryKey, Job, KeyInfo, NewKey, Purpose,
    TokenName, Trouble, Work,
};

/// The longest deadline that is taken at its word.
const LONGEST: Duration = Duration::from_mins(10);

/// What every connection is served with.
pub(super) struct Desk {
    pub(super) engine: Engine,
    pub(super) register: Arc<Register>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) generates: bool,
    pub(super) custody: CustodyLevel,
    pub(super) depth: usize,
}

impl Desk {
    pub(super) fn ledger(&self) -> Arc<Ledger> {
        self.ledger.clone()
    }

    pub(super) fn generates(&self) -> bool {
        self.generates
    }

    pub(super) fn depth(&self) -> u32 {
        u32::try_from(self.depth).unwrap_or(u32::MAX)
    }

    /// Takes one request; its answer follows, now or later.
    pub(super) fn take(&self, from: &Arc<dyn Asker>, request: Request) {
        let Request { id, deadline_ms, ask } = request;
        let patience = Duration::from_millis(deadline_ms.into()).min(LONGEST);
        let deadline = Instant::now() + patience;
        let asker = from.clone();
        let answered = match ask {
            Ask::Sign { key, purpose, message } => self
                .sign(&key, purpose, message)
                .and_then(|work| self.engine.submit(Job::new(asker, id, deadline, work)))
                .map(|()| None),
            Ask::Mac { key, message } if message.0.len() <= MAX_WHOLE => self
                .register
                .find(&key, Purpose::Mac)
                .map(|key| Work::Mac { key, message: message.0 })
                .and_then(|work| self.engine.submit(Job::new(asker, id, deadline, work)))
                .map(|()| None),
            Ask::Mac { .. } => {
                Err(Refusal::Malformed("a message of more than 64 KiB has no MAC here".to_owned()))
            }
            Ask::Generate(key) => self
                .generate(key)
                .and_then(|errand| self.engine.send(Job::new(asker, id, deadline, errand)))
                .map(|()| None),
            Ask::Inventory => {
                let errand = self.inventory();
                self.engine.send(Job::new(asker, id, deadline, errand)).map(|()| None)
            }
            Ask::Keys => Ok(Some(Answer::Keys(self.register.all()))),
            Ask::Health => Ok(Some(Answer::Health(Box::new(self.engine.health())))),
            Ask::Cancel { request } => {
                self.engine.cancel(from, request);
                Ok(None)
            }
        };
        match answered {
            Ok(None) => {}
            Ok(Some(answer)) => from.answer(id, Ok(answer), None, false),
            Err(refusal) => from.answer(id, Err(refusal), None, false),
        }
    }

    fn sign(&self, key: &[u8; 32], purpose: Purpose, message: Message) -> Result<Work, Refusal> {
        if let Message::Whole(octets) = &message
            && octets.0.len() > MAX_WHOLE
        {
            let detail = "a message of more than 64 KiB travels as its digests".to_owned();
            return Err(Refusal::Malformed(detail));
        }
        match self.register.find(key, purpose) {
            Ok(key) => Ok(Work::Sign { key, purpose, message }),
            Err(refusal) => {
                warn!(reason = %refusal, "refused to sign for `{purpose}`");
                Err(refusal)
            }
        }
    }

    fn generate(&self, key: NewKey) -> Result<Errand, Refusal> {
        if !self.generates {
            let detail = "this signer was not started with --allow-generate";
            return Err(Refusal::NotServed(detail.to_owned()));
        }
        Purpose::check(&key.purposes, key.algorithm.is_secret())
            .map_err(|why| Refusal::Malformed(why.to_string()))?;
        let (register, required) = (self.register.clone(), self.custody);
        Ok(Box::new(move |clerk, token| make(clerk, token, &register, required, key)))
    }

    fn inventory(&self) -> Errand {
        let (register, required) = (self.register.clone(), self.custody);
        Box::new(move |clerk, token| {
            let inventory = survey(&clerk.list()?, token, &register.all(), required);
            Ok(Answer::Inventory(Box::new(inventory)))
        })
    }
}

/// Makes a key and registers it. A crash at any point leaves either nothing, or what the same
/// request, asked again, finishes.
fn make(
    clerk: &mut dyn Clerk,
    token: &TokenName,
    register: &Register,
    required: CustodyLevel,
    key: NewKey,
) -> Result<Answer, Trouble> {
    // 1. Reserve the label and the CKA_ID, durably.
    let taken = || Trouble::Refused(Refusal::LabelTaken { label: key.label.clone() });
    let begun = register.begin(&key).map_err(|error| unusable(&error))?.ok_or_else(taken)?;

    // 2. Make the key, or find the one that was made before a crash.
    let found = if begun.resumed { clerk.recover(&key, &begun.id)? } else { None };
    let made = match found {
        Some(made) => made,
        None if clerk.has_label(&key.label)? => {
            register.abandon(&key.label).map_err(|error| unusable(&error))?;
            return Err(taken());
        }
        None => match clerk.generate(&key, &begun.id) {
            Ok(made) => made,
            Err(fault) => {
                // Only a plain refusal is sure to have made no key.
                if fault.class == crate::hsm::Class::Request {
                    register.abandon(&key.label).map_err(|error| unusable(&error))?;
                }
                return Err(fault.into());
            }
        },
    };

    // 3. Check what is proven, and enter it.
    let Made { spki, reference, custody, refused } = made;
    if !refused.is_empty() {
        warn!(key.label = %key.label, "the token refused to set {}", refused.join(", "));
    }
    let shortfalls = custody.shortfalls(required);
    if !shortfalls.is_empty() {
        let detail = format!("it is {}", shortfalls.join(", "));
        return Err(Refusal::Alarm { label: key.label, detail }.into());
    }
    let info = KeyInfo {
        label: key.label,
        reference,
        algorithm: key.algorithm,
        spki,
        token: token.clone(),
        id: begun.id,
        purposes: key.purposes,
        custody,
    };
    register.finish(info.clone()).map_err(|error| unusable(&error))?;
    info!(key.label = %info.label, key.reference = hex::encode(info.reference), "made a key");
    Ok(Answer::Key(Box::new(info)))
}

fn unusable(error: &RegisterError) -> Trouble {
    error!(reason = %error, "the register could not be changed");
    Refusal::NotServed(error.to_string()).into()
}

/// What there is to say about the keys of a token.
fn survey(
    seen: &[Seen],
    token: &TokenName,
    register: &[KeyInfo],
    required: CustodyLevel,
) -> Inventory {
    let is_here = |info: &&KeyInfo| info.token == *token;
    let missing = register
        .iter()
        .filter(is_here)
        .filter(|info| {
            !seen.iter().any(|key| key.id == info.id && key.label == info.label.as_str())
        })
        .map(|info| info.label.clone())
        .collect();
    let keys = seen
        .iter()
        .map(|key| {
            let registered = register
                .iter()
                .filter(is_here)
                .find(|info| key.id == info.id && key.label == info.label.as_str());
            let mut warnings = Vec::new();
            if registered.is_none() {
                warnings.push("it is not in the register".to_owned());
            }
            if key.id.is_empty() {
                warnings.push("it has no CKA_ID".to_owned());
            } else if seen.iter().filter(|other| other.id == key.id).count() > 1 {
                warnings.push("another key has the same CKA_ID".to_owned());
            }
            if seen.iter().filter(|other| other.label == key.label).count() > 1 {
                warnings.push("another key has the same label".to_owned());
            }
            if let (Some(info), Some(spki)) = (registered, &key.spki)
                && *spki != info.spki
            {
                warnings.push("its public key is not the registered one".to_owned());
            }
            for shortfall in key.custody.shortfalls(CustodyLevel::Generated) {
                warnings.push(format!("it is {shortfall}"));
            }
            if !key.custody.meets(required) {
                warnings.push(format!("its custody is less than `{required}`: it is not used"));
            }
            InventoryKey {
                label: key.label.clone(),
                id: hex::encode(&key.id),
                algorithm: key.algorithm,
                purposes: registered.map(|info| info.purposes.clone()).unwrap_or_default(),
                spki_hash: key.spki.as_deref().map(crate::hsm::spki_hash),
                custody: key.custody.clone(),
                level: key.custody.level(),
                warnings,
            }
        })
        .collect();
    Inventory { token: token.clone(), keys, missing }
}
