//! A profile: what a channel is to be.

use std::collections::BTreeMap;

use super::error::{ConfigtxError, Origin};
use super::fields::At;
use super::orderer::Orderer;
use super::organization::{Organization, PolicyText, PolicyTexts};

/// A profile: what a channel is to be. Paths in it are relative to the file that it stands in.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    pub(in crate::channel) consortium: String,
    pub(in crate::channel) application: Option<Application>,
    pub(in crate::channel) orderer: Option<Orderer>,
    pub(in crate::channel) consortiums: Option<BTreeMap<String, Vec<Organization>>>,
    pub(in crate::channel) capabilities: BTreeMap<String, bool>,
    pub(in crate::channel) policies: PolicyTexts,
    pub(in crate::channel) origin: Origin,
    /// Variables of the environment that stand for nothing in the file.
    pub(in crate::channel) unused_variables: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::channel) struct Application {
    pub(in crate::channel) organizations: Vec<Organization>,
    pub(in crate::channel) capabilities: BTreeMap<String, bool>,
    pub(in crate::channel) policies: PolicyTexts,
    pub(in crate::channel) acls: BTreeMap<String, String>,
    pub(in crate::channel) origin: Origin,
}

impl Profile {
    pub(super) fn read(at: &At<'_>) -> Result<Self, ConfigtxError> {
        let mut fields = at.fields()?;
        let profile = Self {
            consortium: fields.read("Consortium", At::text)?,
            application: fields.take("Application").map(|at| Application::read(&at)).transpose()?,
            orderer: fields.take("Orderer").map(|at| Orderer::read(&at)).transpose()?,
            consortiums: fields.take("Consortiums").map(|at| consortiums(&at)).transpose()?,
            capabilities: fields.named("Capabilities", At::truth)?,
            policies: fields.named("Policies", PolicyText::read)?,
            origin: fields.origin(),
            unused_variables: Vec::new(),
        };
        fields.finish()?;
        Ok(profile)
    }
}

fn consortiums(at: &At<'_>) -> Result<BTreeMap<String, Vec<Organization>>, ConfigtxError> {
    let read = |(name, at): (String, At<'_>)| {
        let mut fields = at.fields()?;
        let organizations = fields.each("Organizations", Organization::read)?;
        fields.finish()?;
        Ok((name, organizations))
    };
    at.map()?.into_iter().map(read).collect()
}

impl Application {
    pub(super) fn read(at: &At<'_>) -> Result<Self, ConfigtxError> {
        let mut fields = at.fields()?;
        let application = Self {
            organizations: fields.each("Organizations", Organization::read)?,
            capabilities: fields.named("Capabilities", At::truth)?,
            policies: fields.named("Policies", PolicyText::read)?,
            acls: fields.named("ACLs", At::text)?,
            origin: fields.origin(),
        };
        fields.finish()?;
        Ok(application)
    }
}
