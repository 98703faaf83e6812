//! Changes of a channel as bodies tell them.

use super::octets::octets;
use crate::api::v2::{ChangeBody, ConsenterBody, SectionBody};
use crate::channel::{self, ConsenterIdentity, Edit, NewConsenter, OrdererEdit, Place, Section};
use crate::service::Wanted;

/// What is wanted: exactly one of the three.
pub(super) fn wanted(
    changes: &[ChangeBody],
    config: Option<&str>,
    update: Option<&str>,
) -> Result<Wanted, String> {
    match (changes, config, update) {
        ([_, ..], None, None) => {
            let edits = changes.iter().enumerate().map(|(place, change)| {
                edit(change).map_err(|why| format!("changes[{place}].{why}"))
            });
            Ok(Wanted::Edits(edits.collect::<Result<_, _>>()?))
        }
        ([], Some(config), None) => {
            let read = channel::read(&octets("config", config)?)
                .map_err(|why| format!("config: {why}"))?;
            Ok(Wanted::Config(read.config))
        }
        ([], None, Some(update)) => Ok(Wanted::Update(octets("update", update)?)),
        _ => Err("exactly one of `changes`, `config` and `update` is asked for".to_owned()),
    }
}

fn edit(change: &ChangeBody) -> Result<Edit, String> {
    Ok(match change.clone() {
        ChangeBody::Admit { name, msp } => Edit::Admit { name, msp: octets("msp", &msp)? },
        ChangeBody::Remove { name } => Edit::Remove { name },
        ChangeBody::ReplaceMsp { msp } => Edit::ReplaceMsp { msp: octets("msp", &msp)? },
        ChangeBody::SetPolicy { path, rule } => Edit::SetPolicy { path, rule },
        ChangeBody::SetAcl { resource, policy } => Edit::SetAcl { resource, policy },
        ChangeBody::SetAnchorPeers { name, peers } => {
            let peers = peers.iter().map(|peer| {
                let Place { host, port } = place("peers", peer)?;
                Ok((host, port))
            });
            Edit::SetAnchorPeers { name, peers: peers.collect::<Result<_, String>>()? }
        }
        ChangeBody::SetCapabilities { section, names } => {
            let section = match section {
                SectionBody::Channel => Section::Channel,
                SectionBody::Orderer => Section::Orderer,
                SectionBody::Application => Section::Application,
            };
            Edit::SetCapabilities { section, names }
        }
        ChangeBody::ForgetConsortium {} => Edit::ForgetConsortium,
        ChangeBody::SetBatchSize { max_message_count, absolute_max_bytes, preferred_max_bytes } => {
            Edit::Orderer(OrdererEdit::BatchSize {
                max_message_count,
                absolute_max_bytes,
                preferred_max_bytes,
            })
        }
        ChangeBody::SetBatchTimeout { timeout } => {
            Edit::Orderer(OrdererEdit::BatchTimeout(timeout))
        }
        ChangeBody::SetMaintenance { on } => Edit::Orderer(OrdererEdit::Maintenance(on)),
        ChangeBody::AddConsenter { consenter } => {
            Edit::Orderer(OrdererEdit::AddConsenter(new_consenter(consenter)?))
        }
        ChangeBody::RemoveConsenter { at } => {
            Edit::Orderer(OrdererEdit::RemoveConsenter(place("at", &at)?))
        }
        ChangeBody::ExchangeConsenter { at, consenter } => {
            let old = place("at", &at)?;
            Edit::Orderer(OrdererEdit::ExchangeConsenter(old, new_consenter(consenter)?))
        }
        ChangeBody::SetEndpoints { name, endpoints } => {
            for endpoint in &endpoints {
                place("endpoints", endpoint)?;
            }
            Edit::Orderer(OrdererEdit::Endpoints { name, endpoints })
        }
    })
}

fn place(field: &str, text: &str) -> Result<Place, String> {
    let parts = text.rsplit_once(':').filter(|(host, _)| !host.is_empty());
    let parts = parts
        .and_then(|(host, port)| Some(Place { host: host.to_owned(), port: port.parse().ok()? }));
    parts.ok_or_else(|| format!("{field}: `{}` is not host:port", text.escape_debug()))
}

fn new_consenter(body: ConsenterBody) -> Result<NewConsenter, String> {
    let identity = match (body.msp_id, body.identity) {
        (Some(msp_id), Some(certificate)) => {
            Some(ConsenterIdentity { id: body.id, msp_id, certificate: certificate.into_bytes() })
        }
        (None, None) => None,
        _ => return Err("consenter: `msp_id` and `identity` go together".to_owned()),
    };
    Ok(NewConsenter {
        place: place("consenter.at", &body.at)?,
        client_tls: body.client_tls.into_bytes(),
        server_tls: body.server_tls.into_bytes(),
        identity,
    })
}
