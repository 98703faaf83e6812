//! A tree to its value.

use super::super::error::{LanguageError, type_error, unknown};
use super::super::gates::Pass;
use super::super::value::Value;
use super::builtins;
use super::check::check;
use super::members::{member, slice};
use super::node::{Binary, Node, Scope};
use super::operators::{binary, unary};
use super::parser::parse;
use super::predicates;

/// The most steps of an evaluation, and the most octets and items that it makes.
const BUDGET: usize = 1_000_000;

/// The value of an expression.
pub(in crate::policy::language) fn evaluate(
    text: &str,
    pass: &mut Pass,
) -> Result<Value, LanguageError> {
    let node = parse(text)?;
    check(&node, pass)?;
    Evaluator { pass, scope: Scope::new(), budget: BUDGET }.value(&node)
}

struct Evaluator<'a> {
    pass: &'a mut Pass,
    scope: Scope<Value>,
    budget: usize,
}

type Evaluated = Result<Value, LanguageError>;

impl Evaluator<'_> {
    fn spend(&mut self, cost: usize) -> Result<(), LanguageError> {
        self.budget = self
            .budget
            .checked_sub(cost)
            .ok_or_else(|| type_error("the expression asks for too much work"))?;
        Ok(())
    }

    fn value(&mut self, node: &Node) -> Evaluated {
        self.spend(1)?;
        let value = self.value_of(node)?;
        self.spend(builtins::size(&value))?;
        Ok(value)
    }

    fn values(&mut self, nodes: &[Node]) -> Result<Vec<Value>, LanguageError> {
        nodes.iter().map(|node| self.value(node)).collect()
    }

    fn value_of(&mut self, node: &Node) -> Evaluated {
        match node {
            Node::Value(value) => Ok(value.clone()),
            Node::Name(name) => self.name(name),
            Node::Pointer(name) => {
                self.scope.pointer(name).cloned().ok_or_else(|| unknown(&format!("#{name}")))
            }
            Node::Unary(operator, operand) => unary(*operator, self.value(operand)?),
            Node::Binary(operator, left, right) => self.binary(*operator, left, right),
            Node::Conditional(condition, then, otherwise) => match self.value(condition)? {
                Value::Bool(true) => self.value(then),
                Value::Bool(false) => self.value(otherwise),
                _ => Err(type_error("a condition is a boolean")),
            },
            Node::Let(name, value, body) => {
                let value = self.value(value)?;
                self.scope.names.push((name.clone(), value));
                let body = self.value(body);
                self.scope.names.pop();
                body
            }
            Node::Sequence(nodes) => Ok(self.values(nodes)?.pop().unwrap_or(Value::Nil)),
            Node::List(nodes) => self.values(nodes).map(Value::List),
            Node::Map(pairs) => {
                let mut map = std::collections::BTreeMap::new();
                for (key, value) in pairs {
                    let Value::Text(key) = self.value(key)? else {
                        return Err(type_error("a key of a map is a text"));
                    };
                    map.insert(key, self.value(value)?);
                }
                Ok(Value::Map(map))
            }
            Node::Member(of, which, lenient) => {
                let of = self.value(of)?;
                if of == Value::Nil && *lenient {
                    return Ok(Value::Nil);
                }
                let which = self.value(which)?;
                member(&of, &which)
            }
            Node::Slice(of, from, to) => {
                let of = self.value(of)?;
                let from = from.as_ref().map(|from| self.value(from)).transpose()?;
                let to = to.as_ref().map(|to| self.value(to)).transpose()?;
                slice(&of, from.as_ref(), to.as_ref())
            }
            Node::Call(callee, arguments) => {
                let callee = self.value(callee)?;
                let arguments = self.values(arguments)?;
                match callee {
                    Value::Function(function) => self.pass.call(function, &arguments),
                    _ => Err(type_error("only functions can be called")),
                }
            }
            Node::Builtin(name, arguments) if predicates::is_predicate(name) => {
                self.predicate(name, arguments)
            }
            Node::Builtin(name, arguments) => {
                let arguments = self.values(arguments)?;
                builtins::call(name, &arguments)
            }
        }
    }

    fn name(&self, name: &str) -> Evaluated {
        if let Some(value) = self.scope.name(name) {
            return Ok(value.clone());
        }
        if name == "$env" {
            return Ok(Value::Map(self.pass.all()));
        }
        let function = self.pass.function(name).map(Value::Function);
        function.or_else(|| self.pass.variable(name)).ok_or_else(|| unknown(name))
    }

    fn binary(&mut self, operator: Binary, left: &Node, right: &Node) -> Evaluated {
        let left = self.value(left)?;
        match (operator, &left) {
            (Binary::And, Value::Bool(false)) | (Binary::Or, Value::Bool(true)) => Ok(left),
            (Binary::And | Binary::Or, Value::Bool(_)) => match self.value(right)? {
                right @ Value::Bool(_) => Ok(right),
                _ => Err(type_error("`and` and `or` take booleans")),
            },
            (Binary::Coalesce, Value::Nil) => self.value(right),
            (Binary::Coalesce, _) => Ok(left),
            _ => {
                let right = self.value(right)?;
                binary(operator, &left, &right)
            }
        }
    }

    fn predicate(&mut self, name: &str, arguments: &[Node]) -> Evaluated {
        let (over, predicate, last) = match arguments {
            [over] => (over, None, None),
            [over, predicate] => (over, Some(predicate), None),
            [over, predicate, last, ..] => (over, Some(predicate), Some(last)),
            [] => return Err(type_error(format!("`{name}` takes a list"))),
        };
        let Value::List(items) = self.value(over)? else {
            return Err(type_error(format!("`{name}` takes a list")));
        };
        let last = last.map(|last| self.value(last)).transpose()?;
        predicates::run(name, items, last, |item, index, gathered| {
            let Some(predicate) = predicate else { return Ok(item.clone()) };
            let mut pointers = std::collections::BTreeMap::from([
                ("", item.clone()),
                ("index", Value::Int(i64::try_from(index).unwrap_or(i64::MAX))),
            ]);
            if let Some(gathered) = gathered {
                pointers.insert("acc", gathered.clone());
            }
            self.scope.pointers.push(pointers);
            let value = self.value(predicate);
            self.scope.pointers.pop();
            value
        })
    }
}
