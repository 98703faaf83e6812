//! Whether some assignment of identities to principals satisfies a rule, which Fabric does not ask.

use super::ast::Rule;
use super::evaluate::Used;

/// The most steps of a search, and the deepest.
const MAX_STEPS: usize = 50_000;
const MAX_DEPTH: usize = 1_000;

/// What a search came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Search {
    Exists,
    None,
    /// It was given up.
    TooLong,
}

/// Whether each of so many identities can be used at most once so that the rule holds. `is` tells
/// whether an identity is a principal.
pub(super) fn assignment(rule: &Rule, count: usize, is: &dyn Fn(usize, i32) -> bool) -> Search {
    let mut search = Searcher { count, is, steps: 0, too_long: false };
    let goal = Goal::Rule(rule, &Goal::Done);
    if search.solve(&goal, &mut Used::none(count), 0) {
        Search::Exists
    } else if search.too_long {
        Search::TooLong
    } else {
        Search::None
    }
}

/// What is still to be satisfied, the next first.
enum Goal<'g> {
    Done,
    Rule(&'g Rule, &'g Goal<'g>),
    /// So many of these rules.
    Some(usize, &'g [Rule], &'g Goal<'g>),
}

struct Searcher<'s> {
    count: usize,
    is: &'s dyn Fn(usize, i32) -> bool,
    steps: usize,
    too_long: bool,
}

impl Searcher<'_> {
    fn solve(&mut self, goal: &Goal<'_>, used: &mut Used, depth: usize) -> bool {
        self.steps += 1;
        if self.steps > MAX_STEPS || depth > MAX_DEPTH {
            self.too_long = true;
            return false;
        }
        match goal {
            Goal::Done => true,
            Goal::Rule(Rule::SignedBy(principal), then) => {
                for identity in 0..self.count {
                    if used.contains(identity) || !(self.is)(identity, *principal) {
                        continue;
                    }
                    let mut with = used.clone();
                    with.insert(identity);
                    if self.solve(then, &mut with, depth + 1) {
                        *used = with;
                        return true;
                    }
                    if self.too_long {
                        return false;
                    }
                }
                false
            }
            Goal::Rule(Rule::OutOf { n, rules }, then) => {
                let needed = usize::try_from(*n).unwrap_or(0);
                self.solve(&Goal::Some(needed, rules, then), used, depth + 1)
            }
            Goal::Some(0, _, then) => self.solve(then, used, depth + 1),
            Goal::Some(needed, rules, then) => {
                if rules.len() < *needed {
                    return false;
                }
                let Some((first, rest)) = rules.split_first() else { return false };
                let others = Goal::Some(needed - 1, rest, then);
                self.solve(&Goal::Rule(first, &others), used, depth + 1)
                    || (!self.too_long
                        && self.solve(&Goal::Some(*needed, rest, then), used, depth + 1))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(n: i32, rules: Vec<Rule>) -> Rule {
        Rule::OutOf { n, rules }
    }

    #[test]
    fn an_assignment_is_found_where_greed_fails() {
        // Identity 0 is both principals, identity 1 the first alone.
        let is = |identity: usize, principal: i32| identity == 0 || principal == 0;
        let both = gate(2, vec![Rule::SignedBy(0), Rule::SignedBy(1)]);
        assert_eq!(assignment(&both, 2, &is), Search::Exists);
        assert_eq!(assignment(&both, 1, &is), Search::None);
        assert_eq!(assignment(&gate(3, vec![Rule::SignedBy(0)]), 2, &is), Search::None);
        assert_eq!(assignment(&gate(-1, vec![]), 0, &is), Search::Exists);
    }

    #[test]
    fn a_search_is_given_up_in_time() {
        let rules = vec![Rule::SignedBy(0); 40];
        let hopeless = gate(2, vec![gate(20, rules), Rule::SignedBy(1)]);
        assert_eq!(assignment(&hopeless, 40, &|_, principal| principal == 0), Search::TooLong);
    }
}
