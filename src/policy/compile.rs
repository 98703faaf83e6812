//! Signature policies from the wire to what is judged, and back.

use super::ast::{Named, Role, Rule};
use super::language::Written;
use super::principal::Described;
use crate::wire::SignaturePolicy as WireRule;
use crate::wire::{
    BadMessage, Message as _, MspPrincipal, MspRole, NOutOf, PrincipalClassification,
    SignaturePolicyEnvelope, SignaturePolicyType, decode,
};

/// Why a policy cannot be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum BadPolicy {
    /// It does not parse, or nests too deep.
    #[error("the policy does not parse")]
    Malformed,
    /// It is of a version other than 0.
    #[error("the policy is of version {0}, only 0 is known")]
    Version(i32),
    /// It has no rule.
    #[error("the policy has no rule")]
    EmptyRule,
    /// A rule is neither a principal nor a gate.
    #[error("a rule of the policy has no kind")]
    UnknownRuleType,
    /// A rule numbers a principal that is not there.
    #[error("a rule names the principal with the number {0}, which is not there")]
    IdentityIndex(i32),
    /// It is of a kind that is unknown.
    #[error("policies of the kind {0} are unknown")]
    UnknownType(i32),
    /// There is a name but no policy.
    #[error("the policy is empty")]
    Nil,
    /// A name of a policy below which Fabric's nodes crash over.
    #[error("the name of the policies below is the path of their own group")]
    Crash,
}

impl BadPolicy {
    /// The stable word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Malformed => "policy-malformed",
            Self::Version(_) => "policy-version",
            Self::EmptyRule => "empty-rule",
            Self::UnknownRuleType => "unknown-rule-type",
            Self::IdentityIndex(_) => "identity-index",
            Self::UnknownType(_) => "unknown-policy-type",
            Self::Nil => "nil-policy",
            Self::Crash => "panic",
        }
    }
}

impl From<BadMessage> for BadPolicy {
    fn from(_: BadMessage) -> Self {
        Self::Malformed
    }
}

/// A signature policy that can be judged: every number that it names is that of a principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignaturePolicy {
    rule: Rule,
    principals: Vec<MspPrincipal>,
}

impl SignaturePolicy {
    /// Reads a policy of a channel's configuration, or of a key.
    ///
    /// # Errors
    /// When it does not parse, is of another version, or a rule is wrong.
    pub fn from_octets(octets: &[u8]) -> Result<Self, BadPolicy> {
        let mut principals = Vec::new();
        let rule = Self::rule_with(octets, |principal| {
            principals.push(principal);
            number(principals.len() - 1)
        })?;
        Ok(Self { rule, principals })
    }

    /// Takes a policy of a chaincode or a collection, whose version nobody looks at.
    ///
    /// # Errors
    /// When a rule is wrong.
    pub fn from_envelope(envelope: &SignaturePolicyEnvelope) -> Result<Self, BadPolicy> {
        let rule = envelope.rule.as_ref().ok_or(BadPolicy::EmptyRule)?;
        let numbers: Vec<i32> = (0..envelope.identities.len()).map(number).collect();
        let rule = compile(rule, &numbers)?;
        Ok(Self { rule, principals: envelope.identities.clone() })
    }

    /// Takes what the policy language wrote.
    pub fn from_written(written: &Written) -> Self {
        let principals = written.principals.iter().map(role_principal).collect();
        Self { rule: written.rule.clone(), principals }
    }

    /// As the policy language would write it, where all principals are roles of organizations.
    pub fn written(&self) -> Option<Written> {
        let principals = self.principals.iter().map(|principal| match Described::of(principal) {
            Described::Role(named) => Some(named),
            Described::Unit(..)
            | Described::Identity(..)
            | Described::Anyone
            | Described::All(_)
            | Described::Nobody => None,
        });
        Some(Written { rule: self.rule.clone(), principals: principals.collect::<Option<_>>()? })
    }

    /// The rule.
    pub fn rule(&self) -> &Rule {
        &self.rule
    }

    /// The principals that the rule numbers.
    pub fn principals(&self) -> &[MspPrincipal] {
        &self.principals
    }

    /// A rule that stands alone, of a list of principals that several policies share.
    pub(super) fn of_rule(rule: &Rule, shared: &[MspPrincipal]) -> Self {
        let (mut numbers, mut principals) = (vec![-1; shared.len()], Vec::new());
        number_used(rule, shared, &mut numbers, &mut principals);
        Self { rule: renumber(rule, &numbers), principals }
    }

    /// The rule of a policy of a channel's configuration, with principals numbered by `number`, e.g. as in a list that
    /// several policies share.
    ///
    /// # Errors
    /// As [`SignaturePolicy::from_octets`].
    pub(super) fn rule_with(
        octets: &[u8],
        number: impl FnMut(MspPrincipal) -> i32,
    ) -> Result<Rule, BadPolicy> {
        let envelope: SignaturePolicyEnvelope = decode(octets)?;
        if envelope.version != 0 {
            return Err(BadPolicy::Version(envelope.version));
        }
        let rule = envelope.rule.as_ref().ok_or(BadPolicy::EmptyRule)?;
        let numbers: Vec<i32> = envelope.identities.into_iter().map(number).collect();
        compile(rule, &numbers)
    }
}

/// More principals than numbers would take gigabytes of configuration; such a one is nobody.
pub(super) fn number(place: usize) -> i32 {
    i32::try_from(place).unwrap_or(-1)
}

fn number_used(
    rule: &Rule,
    shared: &[MspPrincipal],
    numbers: &mut [i32],
    principals: &mut Vec<MspPrincipal>,
) {
    match rule {
        Rule::SignedBy(index) => {
            let Ok(place) = usize::try_from(*index) else { return };
            let (Some(number), Some(principal)) = (numbers.get_mut(place), shared.get(place))
            else {
                return;
            };
            if *number < 0 {
                *number = self::number(principals.len());
                principals.push(principal.clone());
            }
        }
        Rule::OutOf { rules, .. } => {
            for rule in rules {
                number_used(rule, shared, numbers, principals);
            }
        }
    }
}

fn renumber(rule: &Rule, numbers: &[i32]) -> Rule {
    match rule {
        Rule::SignedBy(index) => {
            let number = usize::try_from(*index).ok().and_then(|index| numbers.get(index));
            // Every index was looked at when the policy was compiled.
            Rule::SignedBy(number.copied().unwrap_or(-1))
        }
        Rule::OutOf { n, rules } => {
            let rules = rules.iter().map(|rule| renumber(rule, numbers)).collect();
            Rule::OutOf { n: *n, rules }
        }
    }
}

/// The message of a role.
pub fn role_principal(named: &Named) -> MspPrincipal {
    let role = MspRole { msp_identifier: named.msp_id.clone(), role: named.role.number() };
    MspPrincipal {
        principal_classification: PrincipalClassification::Role.into(),
        principal: role.encode_to_vec(),
    }
}

/// The message of what the policy language wrote.
pub fn to_envelope(written: &Written) -> SignaturePolicyEnvelope {
    SignaturePolicyEnvelope {
        version: 0,
        rule: Some(to_wire(&written.rule)),
        identities: written.principals.iter().map(role_principal).collect(),
    }
}

/// One signature of anyone who holds `role` in one of these organizations.
pub fn any_of_role<'a>(msp_ids: impl IntoIterator<Item = &'a str>, role: Role) -> Written {
    let mut msp_ids: Vec<&str> = msp_ids.into_iter().collect();
    msp_ids.sort_unstable();
    let principals: Vec<Named> =
        msp_ids.into_iter().map(|msp_id| Named { msp_id: msp_id.to_owned(), role }).collect();
    let rules = (0..).take(principals.len()).map(Rule::SignedBy).collect();
    Written { rule: Rule::OutOf { n: 1, rules }, principals }
}

pub(super) fn to_wire(rule: &Rule) -> WireRule {
    let kind = match rule {
        Rule::SignedBy(index) => SignaturePolicyType::SignedBy(*index),
        Rule::OutOf { n, rules } => {
            let rules = rules.iter().map(to_wire).collect();
            SignaturePolicyType::NOutOf(NOutOf { n: *n, rules })
        }
    };
    WireRule { kind: Some(kind) }
}

/// With the numbers that principals have here, by the numbers that they have there. Recursion is as deep as messages may
/// nest, which `wire` bounds.
fn compile(rule: &WireRule, numbers: &[i32]) -> Result<Rule, BadPolicy> {
    match rule.kind.as_ref().ok_or(BadPolicy::UnknownRuleType)? {
        SignaturePolicyType::SignedBy(index) => {
            let number = usize::try_from(*index).ok().and_then(|index| numbers.get(index));
            number.map(|number| Rule::SignedBy(*number)).ok_or(BadPolicy::IdentityIndex(*index))
        }
        SignaturePolicyType::NOutOf(gate) => {
            let rules = gate.rules.iter().map(|rule| compile(rule, numbers));
            Ok(Rule::OutOf { n: gate.n, rules: rules.collect::<Result<_, _>>()? })
        }
    }
}
