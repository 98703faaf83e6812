//! Policy to text.

use super::read::Written;
use crate::policy::ast::{Named, Rule};

/// The text of a policy, which [`read`](super::read()) and [`read_legacy`](super::read_legacy()) read again; `None` when the
/// language has none for it: a gate without arguments, one whose number is negative or above the
/// number of its arguments by more than one, a principal alone, an index without principal, an MSP
/// ID with other characters than the language has. Reading gives the same rule over the principals,
/// each once for each place that names it.
pub fn print(policy: &Written) -> Option<String> {
    match &policy.rule {
        Rule::SignedBy(_) => None,
        Rule::OutOf { .. } => {
            let mut text = String::new();
            push(&policy.rule, &policy.principals, &mut text)?;
            Some(text)
        }
    }
}

fn push(rule: &Rule, principals: &[Named], text: &mut String) -> Option<()> {
    match rule {
        Rule::SignedBy(index) => {
            let named = principals.get(usize::try_from(*index).ok()?)?;
            if !named.is_plain() {
                return None;
            }
            text.push('\'');
            text.push_str(&named.to_string());
            text.push('\'');
        }
        Rule::OutOf { n, rules } => {
            let count = i32::try_from(rules.len()).ok().filter(|count| *count > 0)?;
            if *n < 0 || *n > count.saturating_add(1) {
                return None;
            }
            // A gate over one argument is AND and OR at once; people write OR.
            if *n == 1 {
                text.push_str("OR(");
            } else if *n == count {
                text.push_str("AND(");
            } else {
                text.push_str("OutOf(");
                text.push_str(&n.to_string());
                text.push_str(", ");
            }
            for (index, rule) in rules.iter().enumerate() {
                if index > 0 {
                    text.push_str(", ");
                }
                push(rule, principals, text)?;
            }
            text.push(')');
        }
    }
    Some(())
}
