//! Which attributes a registrar may give to another identity.
//!
//! Whatever is given lies within what the registrar holds: nobody can make another mightier than
//! they are themselves.

use crate::store::Attribute;

use super::attributes::held;
use super::boolean::{Switch, parse_boolean, switch};
use super::names::{REGISTRAR_ATTRIBUTES, REGISTRAR_ROLES, RESERVED, Rule, rule};
use super::patterns::Patterns;
use super::roles::Roles;

/// An attribute that is not given, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("attribute `{name}` is refused: {why}")]
pub struct NotGiven {
    /// The name that was requested.
    pub name: String,
    /// Why it is refused.
    pub why: Why,
}

/// Why an attribute is not given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// The registrar may not give any attribute.
    #[error("the caller holds no `hf.Registrar.Attributes`")]
    NoAuthority,
    /// The registrar may give others, but not this one.
    #[error("it is not among the caller's `hf.Registrar.Attributes`")]
    NotListed,
    /// Only those who hold it can give it.
    #[error("the caller does not hold it")]
    NotHeld,
    /// Only those who hold it with a true value can give it.
    #[error("the caller does not hold it with a true value")]
    NotHeldTrue,
    /// The requested value is no boolean.
    #[error("its value is no boolean")]
    NotBoolean,
    /// The requested types are not all the registrar's.
    #[error("its value is more than the caller's")]
    BeyondCaller,
    /// The requested delegate roles are not all among the roles.
    #[error("its value is more than the `hf.Registrar.Roles` of the identity")]
    BeyondRoles,
    /// An element that the registrar may not give itself.
    #[error("`{0}` is not among the caller's `hf.Registrar.Attributes`")]
    ElementNotListed(String),
    /// A reserved element that the identity will not hold.
    #[error("the identity does not hold `{0}`")]
    ElementNotHeld(String),
    /// The server sets it.
    #[error("the server sets it")]
    Fixed,
    /// The name is reserved and means nothing.
    #[error("names that start with `hf.` are reserved")]
    Reserved,
}

/// Whether the holder of `registrar` may give every attribute of `requested`, the empty ones that
/// delete included, to an identity that holds `already` (nothing when it is new).
///
/// # Errors
/// The first attribute that is refused.
pub fn may_give(
    registrar: &[Attribute],
    requested: &[Attribute],
    already: &[Attribute],
) -> Result<(), NotGiven> {
    let request = Request { registrar, requested, already };
    for attribute in requested {
        request.check(attribute).map_err(|why| NotGiven { name: attribute.name.clone(), why })?;
    }
    Ok(())
}

struct Request<'a> {
    registrar: &'a [Attribute],
    requested: &'a [Attribute],
    already: &'a [Attribute],
}

impl Request<'_> {
    fn check(&self, attribute: &Attribute) -> Result<(), Why> {
        // 1. The registrar may give something at all.
        let patterns = held(self.registrar, REGISTRAR_ATTRIBUTES)
            .filter(|value| !value.is_empty())
            .map(Patterns::new)
            .ok_or(Why::NoAuthority)?;

        // 2. This name is among it.
        if !patterns.allow(&attribute.name) {
            return Err(Why::NotListed);
        }

        // 3. By the kind of the name.
        match rule(&attribute.name) {
            Rule::Boolean => self.check_boolean(attribute),
            Rule::Roles => self.check_roles(attribute),
            Rule::DelegateRoles => self.check_roles(attribute).and(self.check_delegates(attribute)),
            Rule::Attributes => self.check_attributes(attribute, &patterns),
            Rule::Fixed => Err(Why::Fixed),
            Rule::Reserved => Err(Why::Reserved),
            Rule::Free => Ok(()),
        }
    }

    fn check_boolean(&self, attribute: &Attribute) -> Result<(), Why> {
        match switch(self.registrar, &attribute.name) {
            Switch::On => {}
            Switch::Absent => return Err(Why::NotHeld),
            Switch::Off | Switch::NotBoolean => return Err(Why::NotHeldTrue),
        }
        if attribute.value.is_empty() || parse_boolean(&attribute.value).is_some() {
            Ok(())
        } else {
            Err(Why::NotBoolean)
        }
    }

    fn check_roles(&self, attribute: &Attribute) -> Result<(), Why> {
        let own = held(self.registrar, &attribute.name).ok_or(Why::NotHeld)?;
        if Roles::new(&attribute.value).within(Roles::new(own)) {
            Ok(())
        } else {
            Err(Why::BeyondCaller)
        }
    }

    /// Delegate roles lie within the roles that are requested along or else held already.
    fn check_delegates(&self, attribute: &Attribute) -> Result<(), Why> {
        let roles = held(self.requested, REGISTRAR_ROLES)
            .filter(|value| !value.is_empty())
            .or_else(|| held(self.already, REGISTRAR_ROLES))
            .unwrap_or_default();
        if Roles::new(&attribute.value).within(Roles::new(roles)) {
            Ok(())
        } else {
            Err(Why::BeyondRoles)
        }
    }

    fn check_attributes(&self, attribute: &Attribute, own: &Patterns) -> Result<(), Why> {
        if attribute.value.is_empty() {
            return Ok(());
        }
        for element in Patterns::new(&attribute.value).elements() {
            if !own.allow(element) {
                return Err(Why::ElementNotListed(element.to_owned()));
            }
            let will_hold =
                || held(self.requested, element).or(held(self.already, element)).is_some();
            if element.starts_with(RESERVED) && !will_hold() {
                return Err(Why::ElementNotHeld(element.to_owned()));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "grant_tests.rs"]
mod tests;
