//! Sets of signers in words.

use super::satisfy::{Choice, SignerSet};

/// A set of signers in words, e.g. `Org1MSP.admin + 2 x Org2MSP.peer`.
pub fn set_in_words(set: &SignerSet) -> String {
    joined(&parts(set))
}

/// A choice between sets of signers in words: whom all have in common, then what is to be chosen.
pub fn choice_in_words(choice: &Choice) -> String {
    let mut all = parts(&choice.fixed);
    for any in &choice.any {
        let of: Vec<String> = any.of.iter().map(|set| parts(set).join(" with ")).collect();
        all.push(format!("any {} of these {}: {}", any.count, of.len(), of.join(", ")));
    }
    joined(&all)
}

fn parts(set: &SignerSet) -> Vec<String> {
    let one = set.iter().map(|(who, count)| match count {
        1 => who.to_string(),
        count => format!("{count} x {who}"),
    });
    one.collect()
}

fn joined(parts: &[String]) -> String {
    if parts.is_empty() { "nobody has to sign".to_owned() } else { parts.join(" + ") }
}
