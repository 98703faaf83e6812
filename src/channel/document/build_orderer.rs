//! The section of orderers: how blocks are made, and by whom.

use std::collections::BTreeMap;

use super::at::At;
use super::error::{DocumentError, shown};
use super::orderer::{BatchSize, Consenter, Orderer, State};
use super::places::Places;
use super::shape::ChannelDocument;
use crate::channel::configtx::{
    BftConsenter, BftSection, Material, Orderer as OrdererSection, Organization as Member, Origin,
    PolicyTexts, RaftConsenterFiles, RaftSection,
};
use crate::channel::duration::parse_nanoseconds;
use crate::channel::genesis::usual_bft;
use crate::wire;

/// The capability with which orderers may agree by BFT, and only organizations say where they are.
pub(super) const V3_0: &str = "V3_0";

/// The section of orderers, which these organizations are part of.
pub(super) fn section(
    document: &ChannelDocument,
    places: &mut Places,
    organizations: Vec<Member>,
    policies: PolicyTexts,
) -> Result<OrdererSection, DocumentError> {
    let nobody = At::new(Orderer { r#type: At::new("solo".to_owned()), ..Orderer::default() });
    let is_left_out = document.without.iter().any(|it| it.value == "group /Channel/Orderer");
    let at = match &document.orderer {
        Some(at) => at,
        None if is_left_out => &nobody,
        None => {
            let why = "`orderer` is missing: a channel has orderers from its first block on";
            return Err(DocumentError::at(&document.id, "", why));
        }
    };
    let orderer = &at.value;
    places.put("/Channel/Orderer", at.line, "orderer");
    let timeout = orderer.batch_timeout.as_ref();
    places.put(
        "/Channel/Orderer/BatchTimeout",
        timeout.map_or(at.line, |timeout| timeout.line),
        "orderer.batch_timeout",
    );
    places.put("/Channel/Orderer/BatchSize", at.line, "orderer.batch_size");
    places.put("/Channel/OrdererAddresses", at.line, "orderer.addresses");
    check(document, orderer)?;
    let origin = Origin::at(at.line, "orderer");
    let raft = (orderer.r#type.value == "etcdraft").then(|| {
        let said = orderer.raft.as_ref();
        RaftSection {
            consenters: consenters(orderer, raft_consenter),
            options: said.map(|raft| raft.value.options()).unwrap_or_default(),
            origin: Origin::at(said.map_or(at.line, |raft| raft.line), "orderer.raft"),
        }
    });
    let bft = orderer.bft.as_ref().map(|bft| BftSection(bft.value.options(usual_bft())));
    Ok(OrdererSection {
        kind: orderer.r#type.value.clone(),
        addresses: orderer.addresses.iter().map(|one| one.value.clone()).collect(),
        batch_timeout: nanoseconds(timeout)?,
        batch_size: batch_size(&orderer.batch_size, at.line)?,
        consenter_mapping: consenters(orderer, bft_consenter),
        raft,
        bft,
        organizations,
        max_channels: orderer.max_channels,
        state: match orderer.state {
            State::Normal => wire::ConsensusState::Normal.into(),
            State::Maintenance => wire::ConsensusState::Maintenance.into(),
        },
        capabilities: all(&document.capabilities.orderer),
        policies,
        origin,
    })
}

/// What does not go together.
fn check(document: &ChannelDocument, orderer: &Orderer) -> Result<(), DocumentError> {
    let kind = &orderer.r#type;
    let has_v3 = document.capabilities.channel.iter().any(|name| name.value == V3_0);
    let wrong = |at: u64, path: &str, why: String| Err(DocumentError::new(at, path, why));
    match kind.value.as_str() {
        "etcdraft" | "BFT" if orderer.consenters.is_empty() => {
            let why = format!("{} asks for `consenters`", kind.value);
            return wrong(kind.line, "orderer.type", why);
        }
        "BFT" if !has_v3 => {
            let why = "BFT needs the channel capability V3_0".to_owned();
            return wrong(kind.line, "orderer.type", why);
        }
        "solo" | "etcdraft" | "BFT" => {}
        other => {
            let shown = shown(other);
            let why = format!("`{shown}` is neither etcdraft nor BFT");
            return wrong(kind.line, "orderer.type", why);
        }
    }
    if let (true, Some(first)) = (has_v3, orderer.addresses.first()) {
        let why = "with the channel capability V3_0 organizations say where their orderers are: `endpoints`";
        return wrong(first.line, "orderer.addresses", why.to_owned());
    }
    let is_bft = kind.value == "BFT";
    let is_raft = kind.value == "etcdraft";
    let idle = [
        (orderer.raft.as_ref().map(|it| it.line), is_raft, "raft"),
        (orderer.bft.as_ref().map(|it| it.line), is_bft, "bft"),
        (orderer.consenters.first().map(|it| it.line), is_raft || is_bft, "consenters"),
    ];
    if let Some((Some(line), _, key)) = idle.iter().find(|(at, used, _)| at.is_some() && !used) {
        let why = format!("it has no effect with the type `{}`", kind.value);
        return wrong(*line, &format!("orderer.{key}"), why);
    }
    for (number, at) in orderer.consenters.iter().enumerate() {
        let Consenter { id, host, port, msp_id, identity, client_tls, server_tls } = &at.value;
        let lacks = [
            (host.is_empty(), "host"),
            (*port == 0, "port"),
            (client_tls.is_empty(), "client_tls"),
            (server_tls.is_empty(), "server_tls"),
            (is_bft && id.is_none(), "id"),
            (is_bft && msp_id.as_ref().is_none_or(String::is_empty), "msp_id"),
            (is_bft && identity.as_ref().is_none_or(String::is_empty), "identity"),
        ];
        if let Some((_, key)) = lacks.iter().find(|(lacks, _)| *lacks) {
            let path = format!("orderer.consenters[{number}]");
            return wrong(at.line, &path, format!("`{key}` is missing"));
        }
        let extra =
            [(id.is_some(), "id"), (msp_id.is_some(), "msp_id"), (identity.is_some(), "identity")];
        if let (false, Some((_, key))) = (is_bft, extra.iter().find(|(has, _)| *has)) {
            let path = format!("orderer.consenters[{number}].{key}");
            return wrong(at.line, &path, "raft has none".to_owned());
        }
    }
    Ok(())
}

/// Capabilities by name, as files of Fabric's tools have them.
pub(super) fn all(names: &[At<String>]) -> BTreeMap<String, bool> {
    names.iter().map(|name| (name.value.clone(), true)).collect()
}

fn nanoseconds(timeout: Option<&At<String>>) -> Result<i64, DocumentError> {
    let Some(timeout) = timeout else { return Ok(0) };
    parse_nanoseconds(&timeout.value).filter(|nanoseconds| *nanoseconds > 0).ok_or_else(|| {
        let shown = shown(&timeout.value);
        let why = format!("`{shown}` is no duration above zero, such as `2s` or `500ms`");
        DocumentError::at(timeout, "orderer.batch_timeout", why)
    })
}

fn batch_size(said: &BatchSize, line: u64) -> Result<wire::BatchSize, DocumentError> {
    let numbers = [
        ("max_message_count", said.max_message_count),
        ("absolute_max_bytes", said.absolute_max_bytes.map(|size| size.0)),
        ("preferred_max_bytes", said.preferred_max_bytes.map(|size| size.0)),
    ];
    if let Some((key, _)) = numbers.iter().find(|(_, number)| *number == Some(0)) {
        let path = format!("orderer.batch_size.{key}");
        return Err(DocumentError::new(line, path, "it must be above zero"));
    }
    let [max_message_count, absolute_max_bytes, preferred_max_bytes] =
        numbers.map(|(_, number)| number.unwrap_or_default());
    Ok(wire::BatchSize { max_message_count, absolute_max_bytes, preferred_max_bytes })
}

fn consenters<T>(orderer: &Orderer, read: fn(usize, &At<Consenter>) -> T) -> Vec<T> {
    orderer.consenters.iter().enumerate().map(|(number, at)| read(number, at)).collect()
}

fn origin_of(number: usize, at: &At<Consenter>) -> Origin {
    Origin::at(at.line, format!("orderer.consenters[{number}]"))
}

/// PEM itself, or where it is.
fn material(text: &str) -> Material {
    if text.contains("-----BEGIN") {
        Material::Given(text.as_bytes().to_vec())
    } else {
        Material::File(text.to_owned())
    }
}

fn raft_consenter(number: usize, at: &At<Consenter>) -> RaftConsenterFiles {
    let Consenter { host, port, client_tls, server_tls, .. } = &at.value;
    RaftConsenterFiles {
        host: host.clone(),
        port: *port,
        client_tls: Some(material(client_tls)),
        server_tls: Some(material(server_tls)),
        origin: origin_of(number, at),
    }
}

fn bft_consenter(number: usize, at: &At<Consenter>) -> BftConsenter {
    let Consenter { id, host, port, msp_id, identity, client_tls, server_tls } = &at.value;
    BftConsenter {
        id: id.unwrap_or_default(),
        host: host.clone(),
        port: *port,
        msp_id: msp_id.clone().unwrap_or_default(),
        identity: material(identity.as_deref().unwrap_or_default()),
        client_tls: material(client_tls),
        server_tls: material(server_tls),
        origin: origin_of(number, at),
    }
}
