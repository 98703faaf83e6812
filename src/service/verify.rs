//! Verdicts: who signed, whether they are members, and whether that is enough.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::msp::{Identity, Rejection};
use crate::policy::language::{self, LanguageError};
use crate::policy::{
    self, Explanation, LocalRight, Members as _, Named, PolicyTree, Right, Role, SignaturePolicy,
    Signatures, SignedData, Verdict, Why, role_principal,
};
use crate::service::cores::map_on_cores;
use crate::service::membership::{KnownChannel, MembersOfToday, Membership};

/// What is asked of a set of signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask<'a> {
    /// Whether each of them is good, and by a valid member.
    Members,
    /// Whether they satisfy the policy at this path of the channel, e.g.
    /// `/Channel/Application/Writers`.
    Policy(&'a str),
    /// Whether they satisfy this policy, in Fabric's language.
    Rule(&'a str),
    /// Whether they open this resource of a peer, e.g. `peer/Propose`, by the channel's access control
    /// list.
    Resource(&'a str),
}

/// A question.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// The channel that is meant; none for the server's own organizations.
    pub channel: Option<&'a str>,
    /// What is asked.
    pub ask: Ask<'a>,
    /// The signatures, in their order.
    pub signed: Vec<SignedData<'a>>,
    /// Whether it shall be said why.
    pub explain: bool,
}

/// The rules of a batch, each read once.
type Rules<'a> = BTreeMap<&'a str, Result<SignaturePolicy, LanguageError>>;

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The verdict: as a node's of this channel, but nobody is a member whom our CAs have revoked.
    pub satisfied: bool,
    /// Why not, in a stable word.
    pub why: Option<&'static str>,
    /// Why not, in words, where the word does not say it all.
    pub detail: Option<String>,
    /// The sequence of the channel's configuration that was judged by.
    pub sequence: Option<u64>,
    /// Places of signatures by certificates that are over. Channel policies do not look at that.
    pub expired: Vec<usize>,
    /// Each signature and who made it: when all had to be looked at, or it was to be said why.
    pub signatures: Vec<Looked>,
    /// How the policy fared, when it was to be said why.
    pub explanation: Option<Explanation<Rejection>>,
}

/// A signature that was looked at.
#[derive(Debug, Clone)]
pub struct Looked {
    /// Why it does not count; nothing when it does.
    pub refused: Option<Rejection>,
    /// Whose it is, when that can be read.
    pub signer: Option<Signer>,
}

/// Who signed.
#[derive(Debug, Clone)]
pub struct Signer {
    /// The ID of the MSP.
    pub msp_id: String,
    /// The hash of the certificate.
    pub identifier: Vec<u8>,
    /// The certificate's last instant.
    pub not_after: Timestamp,
    /// The roles that they hold; none unless it was to be said why.
    pub roles: Vec<Role>,
}

impl Membership {
    /// Answers questions as of an instant, for which only the expiry of certificates is told, in their
    /// order and spread over the cores. Takes as long as it takes: called from
    /// [`on_cores`](crate::service::on_cores), not from a task.
    pub fn judge_all(&self, questions: &[Question<'_>], at: Timestamp) -> Vec<Answer> {
        let mut rules = Rules::new();
        for question in questions {
            if let Ask::Rule(text) = question.ask {
                rules.entry(text).or_insert_with(|| {
                    language::read(text).map(|written| SignaturePolicy::from_written(&written))
                });
            }
        }
        map_on_cores(questions, |question| self.judge(question, &rules, at))
    }

    fn judge(&self, question: &Question<'_>, rules: &Rules<'_>, at: Timestamp) -> Answer {
        let channel = match question.channel {
            None => None,
            Some(id) => match self.channel(id) {
                Some(channel) => Some(channel),
                None => return Answer::refused("unknown-channel", "this server does not know it"),
            },
        };
        let members = self.members(channel);
        let signatures = Signatures::new(&members, &question.signed);
        let mut answer = match question.ask {
            Ask::Members => all_are_members(&members, question),
            Ask::Policy(path) => match channel {
                Some(channel) => of_path(channel, path, &signatures, question.explain),
                None => Answer::refused("no-channel", "a path needs a `channel`"),
            },
            Ask::Rule(text) => match rules.get(text) {
                Some(Ok(policy)) => {
                    let explanation = question.explain.then(|| policy.explain(&signatures));
                    Answer::of(policy.evaluate(&signatures), explanation)
                }
                Some(Err(error)) => {
                    let detail = format!("the rule is none: {error}");
                    Answer::refused(error.fault().word(), &detail)
                }
                None => Answer::refused("no-rule", "the rule was not read"),
            },
            Ask::Resource(name) => match channel {
                Some(channel) => of_resource(channel, name, &signatures, question.explain),
                None => Answer::refused("no-channel", "a resource needs a `channel`"),
            },
        };
        answer.sequence = channel.map(|channel| channel.sequence);
        answer.expired = expired(&members, question, at);
        if question.explain && answer.signatures.is_empty() {
            answer.signatures =
                question.signed.iter().map(|signed| look(&members, signed, true).0).collect();
        }
        answer
    }
}

impl Answer {
    fn refused(why: &'static str, detail: &str) -> Self {
        let mut answer = Self::of(Verdict::Unsatisfied(Why::NotSatisfied), None);
        (answer.why, answer.detail) = (Some(why), Some(detail.to_owned()));
        answer
    }

    fn of(verdict: Verdict, explanation: Option<Explanation<Rejection>>) -> Self {
        let why = match verdict {
            Verdict::Satisfied => None,
            Verdict::Unsatisfied(why) => Some(why.word()),
        };
        Self {
            satisfied: verdict.is_satisfied(),
            why,
            detail: None,
            sequence: None,
            expired: Vec::new(),
            signatures: Vec::new(),
            explanation,
        }
    }
}

fn of_path(
    channel: &KnownChannel,
    path: &str,
    signatures: &Signatures<'_, MembersOfToday<'_>>,
    explain: bool,
) -> Answer {
    let tree: &PolicyTree = channel.channel().policies();
    let explanation = explain.then(|| {
        let root = tree.root().unwrap_or_default();
        policy::explain(tree, tree.lookup(root, path), signatures)
    });
    Answer::of(tree.evaluate(path, signatures), explanation)
}

fn of_resource(
    channel: &KnownChannel,
    name: &str,
    signatures: &Signatures<'_, MembersOfToday<'_>>,
    explain: bool,
) -> Answer {
    match channel.channel().access().right(name) {
        Right::Policy(path) => of_path(channel, &path, signatures, explain),
        Right::Local(right) => {
            let who = match right {
                LocalRight::Admin => "administrators",
                LocalRight::Member => "members",
            };
            let detail =
                format!("each node asks for {who} of its own MSP, whatever the channel says");
            Answer::refused("local-right", &detail)
        }
        Right::Proposal => {
            let detail = "there is no policy for it: what the proposal had to satisfy is enough";
            Answer::refused("no-policy", detail)
        }
        Right::Denied => Answer::refused("no-such-resource", "nobody may: no node knows it"),
    }
}

fn all_are_members(members: &MembersOfToday<'_>, question: &Question<'_>) -> Answer {
    let looked: Vec<(Looked, bool)> =
        question.signed.iter().map(|signed| look(members, signed, question.explain)).collect();
    let satisfied = !looked.is_empty() && looked.iter().all(|(_, good)| *good);
    let verdict =
        if satisfied { Verdict::Satisfied } else { Verdict::Unsatisfied(Why::NotSatisfied) };
    let mut answer = Answer::of(verdict, None);
    answer.signatures = looked.into_iter().map(|(looked, _)| looked).collect();
    answer
}

/// Looks at one signature: whether it is good and by a valid member.
fn look(members: &MembersOfToday<'_>, signed: &SignedData<'_>, roles: bool) -> (Looked, bool) {
    let identity = match members.identity(&signed.identity) {
        Ok(identity) => identity,
        Err(why) => return (Looked { refused: Some(why), signer: None }, false),
    };
    let good =
        members.validate(&identity).and_then(|()| identity.verify(&signed.data, &signed.signature));
    let refused = good.err();
    let is_good = refused.is_none();
    let signer = Signer {
        msp_id: identity.msp_id().to_owned(),
        identifier: identity.identifier().to_vec(),
        not_after: Timestamp::from_unix(identity.not_after()),
        roles: if roles { roles_of(members, &identity) } else { Vec::new() },
    };
    (Looked { refused, signer: Some(signer) }, is_good)
}

fn roles_of(members: &MembersOfToday<'_>, identity: &Arc<Identity>) -> Vec<Role> {
    let holds = |role: &Role| {
        let named = Named { msp_id: identity.msp_id().to_owned(), role: *role };
        members.satisfies(identity, &role_principal(&named)).is_ok()
    };
    Role::ALL.into_iter().filter(holds).collect()
}

fn expired(members: &MembersOfToday<'_>, question: &Question<'_>, at: Timestamp) -> Vec<usize> {
    let is_over = |signed: &SignedData<'_>| {
        members.identity(&signed.identity).is_ok_and(|who| who.not_after() < at.unix())
    };
    let signed = question.signed.iter().enumerate();
    signed.filter(|(_, signed)| is_over(signed)).map(|(place, _)| place).collect()
}
