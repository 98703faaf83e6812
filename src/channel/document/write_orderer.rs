//! The section of orderers to words.

use super::at::At;
use super::options::{Bft, Raft, Size};
use super::orderer::{BatchSize, Consenter, Orderer, State};
use crate::channel::duration::{parse_nanoseconds, print_nanoseconds};
use crate::wire::{
    self, BatchTimeout, BftOptions, ChannelRestrictions, ConfigGroup, ConsensusState,
    ConsensusType, OrdererAddresses, Orderers, RaftMetadata, Shaped, canonical, decode,
};

/// A value, when its octets are those that its contents come to.
pub(super) fn message<M: Shaped>(group: &ConfigGroup, name: &str) -> Option<M> {
    let octets = &group.values.get(name)?.value;
    let message: M = decode(octets).ok()?;
    (canonical(&message) == *octets).then_some(message)
}

/// Addresses of a value.
pub(super) fn addresses_of(group: &ConfigGroup, name: &str) -> Vec<At<String>> {
    let value: Option<OrdererAddresses> = message(group, name);
    value.unwrap_or_default().addresses.into_iter().map(At::new).collect()
}

impl Orderer {
    /// Says nothing of how they agree.
    pub(super) fn forget_consensus(&mut self) {
        self.r#type = At::new("solo".to_owned());
        self.state = State::Normal;
        (self.raft, self.bft) = (None, None);
        self.consenters.clear();
    }
}

pub(super) fn orderer_of(
    group: &ConfigGroup,
    addresses: Vec<At<String>>,
    channel: &[At<String>],
) -> Orderer {
    let mut orderer = Orderer { addresses, ..Orderer::default() };
    orderer.forget_consensus();
    // An empty one is not written with V3_0, which forbids them.
    if channel.iter().any(|name| name.value == "V3_0") {
        orderer.addresses.clear();
    }
    let timeout: Option<BatchTimeout> = message(group, "BatchTimeout");
    let timeout = timeout.map(|it| it.timeout).filter(|text| {
        let nanoseconds = parse_nanoseconds(text).filter(|nanoseconds| *nanoseconds > 0);
        nanoseconds.is_some_and(|nanoseconds| print_nanoseconds(nanoseconds) == *text)
    });
    orderer.batch_timeout = timeout.map(At::new);
    if let Some(size) = message::<wire::BatchSize>(group, "BatchSize") {
        let octets = |number: u32| Some(Size(number)).filter(|_| number > 0);
        orderer.batch_size = BatchSize {
            max_message_count: Some(size.max_message_count).filter(|number| *number > 0),
            absolute_max_bytes: octets(size.absolute_max_bytes),
            preferred_max_bytes: octets(size.preferred_max_bytes),
        };
    }
    let restrictions: Option<ChannelRestrictions> = message(group, "ChannelRestrictions");
    orderer.max_channels = restrictions.map_or(0, |it| it.max_count);
    if let Some(kind) = message::<ConsensusType>(group, "ConsensusType") {
        consensus(&mut orderer, group, &kind);
    }
    orderer
}

fn consensus(orderer: &mut Orderer, group: &ConfigGroup, kind: &ConsensusType) {
    let state = match ConsensusState::try_from(kind.state) {
        Ok(ConsensusState::Normal) => State::Normal,
        Ok(ConsensusState::Maintenance) => State::Maintenance,
        Err(_) => return,
    };
    let agreed = match kind.r#type.as_str() {
        "etcdraft" => raft(orderer, kind),
        "BFT" => bft(orderer, group, kind),
        "solo" => Some(()),
        _ => None,
    };
    if agreed.is_some() {
        orderer.state = state;
        orderer.r#type = At::new(kind.r#type.clone());
    }
}

fn raft(orderer: &mut Orderer, kind: &ConsensusType) -> Option<()> {
    let metadata: RaftMetadata = decode(&kind.metadata).ok()?;
    let options = Raft::of(metadata.options.as_ref()?);
    let consenters = metadata.consenters.iter().map(|one| {
        Some(At::new(Consenter {
            id: None,
            host: one.host.clone(),
            port: one.port,
            msp_id: None,
            identity: None,
            client_tls: pem(&one.client_tls_cert)?,
            server_tls: pem(&one.server_tls_cert)?,
        }))
    });
    orderer.consenters = consenters.collect::<Option<_>>()?;
    orderer.raft = Some(At::new(options));
    Some(())
}

fn bft(orderer: &mut Orderer, group: &ConfigGroup, kind: &ConsensusType) -> Option<()> {
    let options: BftOptions = decode(&kind.metadata).ok()?;
    let named: Orderers = message(group, "Orderers")?;
    let options = Bft::of(&options)?;
    let consenters = named.consenter_mapping.iter().map(|one| {
        Some(At::new(Consenter {
            id: Some(one.id),
            host: one.host.clone(),
            port: one.port,
            msp_id: Some(one.msp_id.clone()),
            identity: Some(pem(&one.identity)?),
            client_tls: pem(&one.client_tls_cert)?,
            server_tls: pem(&one.server_tls_cert)?,
        }))
    });
    orderer.consenters = consenters.collect::<Option<_>>()?;
    orderer.bft = Some(At::new(options));
    Some(())
}

fn pem(octets: &[u8]) -> Option<String> {
    let text = String::from_utf8(octets.to_vec()).ok()?;
    text.contains("-----BEGIN").then_some(text)
}
