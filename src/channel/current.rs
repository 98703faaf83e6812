//! The configuration in force, and updates before it.

use super::bad::ChannelError;
use super::delta::{Demand, check_read_set, demands, overlay};
use super::load::Channel;
use super::names::is_legal_channel_id;
use super::refused::{Refusal, UpdateError};
use super::update::Update;
use crate::clock::Timestamp;
use crate::policy::{Explanation, Lookup, Members, Signatures, explain};
use crate::wire::{Config, ConfigEnvelope, ConfigGroup};

/// The configuration in force of a channel.
#[derive(Debug, Clone)]
pub struct Current {
    channel_id: String,
    config: Config,
    channel: Channel,
}

/// Policies that an update has to satisfy, and how its signatures fare before each.
pub type Explained<R> = Vec<(Demand, Explanation<R>)>;

/// A configuration that an update leads to and that nodes take: what comes next.
#[derive(Debug, Clone)]
pub struct Next(Current);

impl Next {
    /// From here on it is in force.
    pub fn into_current(self) -> Current {
        self.0
    }

    /// What is to come.
    pub fn as_current(&self) -> &Current {
        &self.0
    }
}

impl Current {
    /// Loads the configuration of a channel. `now` is used as in [`Channel::load`].
    ///
    /// # Errors
    /// When Fabric's nodes would not load it.
    pub fn load(channel_id: &str, config: Config, now: Timestamp) -> Result<Self, ChannelError> {
        let channel = Channel::load(&config, now)?;
        if !is_legal_channel_id(channel_id) {
            return Err(ChannelError::ChannelId(channel_id.chars().take(300).collect()));
        }
        Ok(Self { channel_id: channel_id.to_owned(), config, channel })
    }

    /// The channel.
    pub fn channel_id(&self) -> &str {
        &self.channel_id
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What nodes make of it.
    pub fn channel(&self) -> &Channel {
        &self.channel
    }

    /// The root group, which a loaded configuration has.
    pub fn root(&self) -> &ConfigGroup {
        static NONE: ConfigGroup = ConfigGroup {
            version: 0,
            groups: std::collections::BTreeMap::new(),
            values: std::collections::BTreeMap::new(),
            policies: std::collections::BTreeMap::new(),
            mod_policy: String::new(),
        };
        self.config.channel_group.as_ref().unwrap_or(&NONE)
    }

    /// The policies that an update has to satisfy: what it touches, and who guards that. Its signatures are not looked
    /// at.
    ///
    /// # Errors
    /// When the update would be refused whoever signs it.
    pub fn demands(&self, update: &Update) -> Result<Vec<Demand>, UpdateError> {
        let asked = &update.message().channel_id;
        if *asked != self.channel_id {
            let (asked, here) = (asked.chars().take(300).collect(), self.channel_id.clone());
            return Err(UpdateError::ChannelMismatch { asked, here });
        }
        let read = update.read_set()?;
        read.map_or(Ok(()), |read| check_read_set(read, self.root()))?;
        let write = update.write_set()?.ok_or(UpdateError::EmptyDelta)?;
        demands(write, read, self.root(), self.channel.policies())
    }

    /// Authorises an update and gives what it leads to, which may still be none that nodes can load.
    ///
    /// # Errors
    /// When the update does not fit this configuration, or its signatures do not satisfy every policy that guards what it
    /// changes.
    pub fn propose<M: Members>(&self, update: &Update, members: &M) -> Result<Config, UpdateError> {
        let demands = self.demands(update)?;
        let signed = update.signed()?;
        let signatures = Signatures::new(members, &signed);
        let mut satisfied: Vec<Lookup> = Vec::new();
        for demand in demands {
            if satisfied.contains(&demand.found) {
                continue;
            }
            let policies = self.channel.policies();
            if !policies.evaluate_found(demand.found, &signatures).is_satisfied() {
                let Demand { element, policy, .. } = demand;
                return Err(UpdateError::Unauthorised { element, policy });
            }
            satisfied.push(demand.found);
        }
        Ok(self.result(update))
    }

    /// What an update leads to, whoever signed it.
    pub(super) fn result(&self, update: &Update) -> Config {
        let message = update.message();
        let write = message.write_set.as_ref();
        let group = write.map(|write| overlay(self.root(), write, message.read_set.as_ref()));
        Config {
            sequence: self.config.sequence.wrapping_add(1),
            channel_group: Some(group.unwrap_or_else(|| self.root().clone())),
        }
    }

    /// How the signatures of an update fare before each policy that it has to satisfy, and what is still needed.
    ///
    /// # Errors
    /// When the update would be refused whoever signs it, or the header of a signature does not parse.
    pub fn explain<M: Members>(
        &self,
        update: &Update,
        members: &M,
    ) -> Result<Explained<M::Rejection>, UpdateError> {
        let demands = self.demands(update)?;
        let signed = update.signed()?;
        let signatures = Signatures::new(members, &signed);
        let explained = |demand: Demand| {
            let explanation = explain(self.channel.policies(), demand.found, &signatures);
            (demand, explanation)
        };
        Ok(demands.into_iter().map(explained).collect())
    }

    /// Loads a configuration that is to follow this one, with all that nodes ask of it.
    ///
    /// # Errors
    /// When nodes cannot load it, lack what it asks for, or do not let it follow. An orderer section is asked for, as
    /// orderers do; a peer asks for an application section when it has one.
    pub fn follow(&self, config: Config, now: Timestamp) -> Result<Next, Refusal> {
        let channel = self.channel.load_next(&config, now).map_err(Refusal::Bundle)?;
        if channel.orderer().is_none() {
            return Err(Refusal::Capabilities(ChannelError::NoOrderer));
        }
        channel.check_capabilities().map_err(Refusal::Capabilities)?;
        self.channel.check_successor(&channel)?;
        Ok(Next(Self { channel_id: self.channel_id.clone(), config, channel }))
    }

    /// Judges an update all the way: its form, its signatures, what it leads to.
    ///
    /// # Errors
    /// With the stage that refused it, and why; this configuration stays as it is.
    pub fn apply<M: Members>(
        &self,
        update: &Update,
        members: &M,
        now: Timestamp,
    ) -> Result<Next, Refusal> {
        let config = self.propose(update, members)?;
        self.follow(config, now)
    }

    /// Whether a configuration, as orderers send it, is the one that its last update leads to from here. Whether
    /// nodes can load it is another question: [`Current::follow`].
    ///
    /// # Errors
    /// When it is another, or its update is refused.
    pub fn validate<M: Members>(
        &self,
        envelope: &ConfigEnvelope,
        members: &M,
    ) -> Result<(), UpdateError> {
        let config =
            envelope.config.as_ref().ok_or(UpdateError::Envelope("there is no configuration"))?;
        let next = self.config.sequence.wrapping_add(1);
        if config.sequence != next {
            return Err(UpdateError::Sequence { asked: config.sequence, next });
        }
        // Fabric's nodes crash without one.
        let last = envelope.last_update.as_ref();
        let last = last.ok_or(UpdateError::Envelope("there is no last update"))?;
        let result = self.propose(&Update::from_envelope(last)?, members)?;
        if result.channel_group != config.channel_group {
            return Err(UpdateError::ResultDiffers);
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "current_tests.rs"]
mod tests;
