//! Who must approve an application: a policy over a channel, and signatures that say what they approve.

use crate::channel::load::Channel;
use crate::channel::update::Update;
use crate::clock::Timestamp;
use crate::policy::{
    BadPolicy, Explanation, Lookup, Members, PolicyTree, Signatures, SignedData, SignerSet,
    Tenures, Until, explain, minimal_sets,
};
use crate::wire::{SignatureHeader, decode};

use super::asked::Asked;
use super::document::{AdmissionError, AdmissionRules};

/// Who must approve in a channel.
#[derive(Debug, Clone)]
pub struct Approval {
    tree: PolicyTree,
    found: Lookup,
    sets: Vec<SignerSet>,
}

impl AdmissionRules {
    /// Puts the rules before a channel: who must approve there.
    ///
    /// # Errors
    /// When they are for another channel, or ask for what nobody there could approve, or nobody has to.
    pub fn compile(
        &self,
        id: &str,
        channel: &Channel,
        now: Timestamp,
    ) -> Result<Approval, AdmissionError> {
        if self.channel() != id {
            let what = format!("is `{}`, and this channel is `{id}`", self.channel());
            return Err(self.wrong_channel(what));
        }
        let policies = channel.policies();
        let root = policies.root().unwrap_or_default();
        let bad = |why: BadPolicy| self.wrong_approval(format!("is no policy: {why}"));
        let (tree, found) = match self.asked()? {
            Asked::Path(path) => (policies.clone(), policies.lookup(root, &path)),
            Asked::Signatures(policy) => policies.with(root, &policy).map_err(bad)?,
            Asked::Implicit(policy) => {
                let group = policies.group(["Application"]).ok_or_else(|| {
                    self.wrong_approval("is an implicit rule, and the channel has no application")
                })?;
                policies.with(group, &policy).map_err(bad)?
            }
        };
        if !matches!(found, Lookup::Found(_)) {
            return Err(self.wrong_approval("is no policy of the channel"));
        }
        let sets = minimal_sets(&tree, found);
        if sets.sets.iter().any(SignerSet::is_empty) {
            return Err(self.wrong_approval("holds without anybody's approval"));
        }
        let nobody = sets.choices.is_empty() && sets.choices_are_all;
        let until = Tenures::new(&sets, channel.msps(), now).of_all(&sets).until;
        if nobody || until == Until::NotNow {
            return Err(self.wrong_approval("asks for what nobody in the channel can approve"));
        }
        Ok(Approval { tree, found, sets: sets.sets })
    }
}

impl Approval {
    /// How an update's signatures fare, of those that approve the application with this digest.
    pub fn explain<M: Members>(
        &self,
        update: &Update,
        digest: &[u8; 32],
        members: &M,
    ) -> Explanation<M::Rejection> {
        let approving = update
            .signatures()
            .iter()
            .filter(|signature| is_approval(&signature.signature_header, digest));
        let signed: Vec<SignedData<'_>> = approving
            .filter_map(|signature| {
                let header: SignatureHeader = decode(&signature.signature_header).ok()?;
                Some(SignedData {
                    identity: header.creator.into(),
                    data: update.to_be_signed(&signature.signature_header).into(),
                    signature: signature.signature.clone().into(),
                })
            })
            .collect();
        explain(&self.tree, self.found, &Signatures::new(members, &signed))
    }

    /// The smallest sets of those who can approve.
    pub fn sets(&self) -> &[SignerSet] {
        &self.sets
    }
}

/// Whether a `SignatureHeader` approves the application with this digest: its nonce begins with it.
pub fn is_approval(header: &[u8], digest: &[u8; 32]) -> bool {
    decode(header).is_ok_and(|header: SignatureHeader| header.nonce.starts_with(digest))
}
