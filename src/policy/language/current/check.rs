//! What is wrong with an expression whatever its values are: names that are not there, operators over
//! kinds that they do not take. Fabric's evaluator refuses these before it evaluates, in branches that
//! are never taken too.

use super::super::error::{LanguageError, type_error, unknown};
use super::super::gates::Pass;
use super::builtins;
use super::kind::Kind;
use super::node::{Binary, Node, Scope, Unary};
use super::predicates;

type Checked = Result<Kind, LanguageError>;

pub(super) fn check(node: &Node, pass: &Pass) -> Checked {
    Checker { pass, scope: Scope::new() }.kind(node)
}

struct Checker<'a> {
    pass: &'a Pass,
    scope: Scope<Kind>,
}

fn ensure(holds: bool, what: &str) -> Result<(), LanguageError> {
    if holds { Ok(()) } else { Err(type_error(what)) }
}

impl Checker<'_> {
    fn kind(&mut self, node: &Node) -> Checked {
        match node {
            Node::Value(value) => Ok(Kind::of(value)),
            Node::Name(name) => self.name(name),
            Node::Pointer(name) => {
                self.scope.pointer(name).copied().ok_or_else(|| unknown(&format!("#{name}")))
            }
            Node::Unary(operator, operand) => {
                let kind = self.kind(operand)?;
                match operator {
                    Unary::Not => {
                        ensure(kind.is(&[Kind::Bool]), "`not` takes a boolean")?;
                        Ok(Kind::Bool)
                    }
                    Unary::Minus | Unary::Plus => {
                        ensure(kind.is_number(), "a sign takes a number")?;
                        Ok(kind)
                    }
                }
            }
            Node::Binary(operator, left, right) => {
                let (left, right) = (self.kind(left)?, self.kind(right)?);
                binary(*operator, left, right)
            }
            Node::Conditional(condition, then, otherwise) => {
                let condition = self.kind(condition)?;
                ensure(condition.is(&[Kind::Bool]), "a condition is a boolean")?;
                let (then, otherwise) = (self.kind(then)?, self.kind(otherwise)?);
                Ok(if then == otherwise { then } else { Kind::Any })
            }
            Node::Let(name, value, body) => {
                let is_own = builtins::is_builtin(name) || predicates::is_predicate(name);
                let is_given = self.pass.function(name).is_some();
                if is_own || is_given || self.scope.name(name).is_some() {
                    return Err(type_error(format!("the name `{name}` is taken")));
                }
                let kind = self.kind(value)?;
                self.scope.names.push((name.clone(), kind));
                let body = self.kind(body);
                self.scope.names.pop();
                body
            }
            Node::Sequence(nodes) => {
                let mut last = Kind::Nil;
                for node in nodes {
                    last = self.kind(node)?;
                }
                Ok(last)
            }
            Node::List(nodes) => {
                for node in nodes {
                    self.kind(node)?;
                }
                Ok(Kind::List)
            }
            Node::Map(pairs) => {
                for (key, value) in pairs {
                    ensure(self.kind(key)?.is(&[Kind::Text]), "a key of a map is a text")?;
                    self.kind(value)?;
                }
                Ok(Kind::Map)
            }
            Node::Member(of, which, _) => {
                let (of, which) = (self.kind(of)?, self.kind(which)?);
                ensure(of.is(&[Kind::List, Kind::Map]), "only lists and maps have members")?;
                let wanted = if of == Kind::List { Kind::Int } else { Kind::Text };
                ensure(of == Kind::Any || which.is(&[wanted]), "no such member")?;
                Ok(Kind::Any)
            }
            Node::Slice(of, from, to) => {
                let kind = self.kind(of)?;
                ensure(kind.is(&[Kind::List, Kind::Text]), "only lists and texts have slices")?;
                for end in [from, to].into_iter().flatten() {
                    ensure(self.kind(end)?.is(&[Kind::Int]), "a slice ends at a whole number")?;
                }
                Ok(kind)
            }
            Node::Call(callee, arguments) => {
                let callee = self.kind(callee)?;
                ensure(callee.is(&[Kind::Function]), "only functions can be called")?;
                for argument in arguments {
                    self.kind(argument)?;
                }
                Ok(Kind::Any)
            }
            Node::Builtin(name, arguments) => self.builtin(name, arguments),
        }
    }

    fn name(&self, name: &str) -> Checked {
        if let Some(kind) = self.scope.name(name) {
            return Ok(*kind);
        }
        if name == "$env" {
            return Ok(Kind::Map);
        }
        if self.pass.function(name).is_some() {
            return Ok(Kind::Function);
        }
        self.pass.variable(name).map(|value| Kind::of(&value)).ok_or_else(|| unknown(name))
    }

    fn builtin(&mut self, name: &str, arguments: &[Node]) -> Checked {
        if !predicates::is_predicate(name) {
            let kinds =
                arguments.iter().map(|argument| self.kind(argument)).collect::<Result<Vec<_>, _>>();
            return builtins::kind(name, &kinds?);
        }
        let mut arguments = arguments.iter();
        if let Some(over) = arguments.next() {
            ensure(self.kind(over)?.is(&[Kind::List]), "only lists can be gone through")?;
        }
        if let Some(predicate) = arguments.next() {
            let pointers = ["", "acc", "index"].map(|name| (name, Kind::Any));
            self.scope.pointers.push(pointers.into());
            let kind = self.kind(predicate);
            self.scope.pointers.pop();
            let judges = predicates::judges(name);
            ensure(!judges || kind?.is(&[Kind::Bool]), "a predicate is a boolean")?;
        }
        for argument in arguments {
            self.kind(argument)?;
        }
        Ok(predicates::gives(name))
    }
}

fn binary(operator: Binary, left: Kind, right: Kind) -> Checked {
    let any = left == Kind::Any || right == Kind::Any;
    let both = |wanted: &[Kind]| left.is(wanted) && right.is(wanted);
    let numbers = left.is_number() && right.is_number();
    let (holds, gives) = match operator {
        Binary::Or | Binary::And => (both(&[Kind::Bool]), Kind::Bool),
        Binary::Equal | Binary::NotEqual => {
            let nil = left == Kind::Nil || right == Kind::Nil;
            (any || nil || left == right || numbers, Kind::Bool)
        }
        Binary::Less | Binary::Greater | Binary::LessOrEqual | Binary::GreaterOrEqual => {
            (numbers || both(&[Kind::Text]), Kind::Bool)
        }
        Binary::In => {
            let text_key = right != Kind::Map || left.is(&[Kind::Text]);
            (right.is(&[Kind::List, Kind::Map, Kind::Nil]) && text_key, Kind::Bool)
        }
        Binary::Matches | Binary::Contains | Binary::StartsWith | Binary::EndsWith => {
            (both(&[Kind::Text]), Kind::Bool)
        }
        Binary::Range => (both(&[Kind::Int]), Kind::List),
        Binary::Add if both(&[Kind::Text]) && !any => (true, Kind::Text),
        Binary::Add => (numbers || both(&[Kind::Text]), number_of(left, right)),
        Binary::Subtract | Binary::Multiply => (numbers, number_of(left, right)),
        Binary::Divide | Binary::Power => (numbers, Kind::Float),
        Binary::Modulo => (both(&[Kind::Int]), Kind::Int),
        Binary::Coalesce => (true, Kind::Any),
    };
    ensure(holds, "an operator stands between kinds of values that it does not take")?;
    Ok(gives)
}

fn number_of(left: Kind, right: Kind) -> Kind {
    match (left, right) {
        (Kind::Any, _) | (_, Kind::Any) => Kind::Any,
        (Kind::Int, Kind::Int) => Kind::Int,
        _ => Kind::Float,
    }
}
