//! A profile out of the file.

use std::collections::BTreeMap;

use super::error::ConfigtxError;
use super::fields::At;
use super::node::{Node, Value, Variables};
use super::orderer::Orderer;
use super::organization::Organization;
use super::profile::{Application, Profile};

/// What variables of the environment begin with.
const PREFIX: &str = "CONFIGTX";

/// Reads a profile. Variables of the environment named `CONFIGTX_PROFILES_...` stand in for scalars that the file
/// mentions outside of lists; an empty one says nothing. `environment` holds no others.
///
/// # Errors
/// When the file is no YAML, when there is something in it that Fabric's tools refuse, in whatever section, and when
/// there is no such profile.
pub fn read_profile(
    text: &[u8],
    environment: &BTreeMap<String, String>,
    name: &str,
) -> Result<Profile, ConfigtxError> {
    let mut root = Node::read(text)?;
    let mut variables = Variables::new(environment);
    root.value = match root.value {
        Value::Map(entries) => Value::Map(variables.settle(entries, PREFIX)),
        other @ (Value::Null
        | Value::Truth(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::List(_)) => other,
    };
    let mut fields = At::root(&root).fields()?;
    // What the other sections say counts where profiles refer to them; mistakes in them count by themselves.
    fields.each("Organizations", Organization::read)?;
    fields.named("Capabilities", |at| {
        at.map()?.values().map(At::truth).collect::<Result<Vec<bool>, _>>()
    })?;
    fields.take("Application").map(|at| Application::read(&at)).transpose()?;
    fields.take("Orderer").map(|at| Orderer::read(&at)).transpose()?;
    fields.take("Channel").map(|at| Profile::read(&at)).transpose()?;
    let mut profiles = fields.named("Profiles", Profile::read)?;
    fields.finish()?;
    let Some(mut profile) = profiles.remove(name) else {
        let name = name.chars().take(100).collect();
        return Err(ConfigtxError::NoProfile { name, known: profiles.into_keys().collect() });
    };
    profile.unused_variables = variables.unused();
    Ok(profile)
}
