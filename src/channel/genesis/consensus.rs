//! How orderers agree: what a profile has to say of it, and what becomes of that.

use super::error::GenesisError;
use crate::channel::configtx::{
    BftConsenter, Material, Orderer, Origin, RaftConsenterFiles, RaftSection,
};
use crate::channel::duration::parse_nanoseconds;
use crate::msp::{Folder, clean_path};
use crate::wire::{
    BftOptions, ConsensusType, Consenter, LeaderRotation, Message as _, RaftConsenter,
    RaftMetadata, RaftOptions,
};

/// How orderers agree, with all that it takes; files are named and not read yet.
#[derive(Debug)]
pub(super) enum Consensus<'a> {
    /// One alone.
    Solo,
    /// A leader that the others follow.
    Raft(&'a RaftSection, RaftOptions),
    /// Two thirds and one.
    Bft(&'a [BftConsenter], Box<BftOptions>),
}

/// What stands in the group of orderers.
#[derive(Debug)]
pub(super) struct Agreed {
    pub(super) kind: ConsensusType,
    /// The consenters, where the group names them.
    pub(super) consenters: Option<Vec<Consenter>>,
}

impl<'a> Consensus<'a> {
    /// Checks what the section says, in the order of Fabric's tools.
    pub(super) fn check(orderer: &'a Orderer) -> Result<Self, GenesisError> {
        match orderer.kind.as_str() {
            "" | "solo" => Ok(Self::Solo),
            "etcdraft" => check_raft(orderer),
            "BFT" => check_bft(orderer),
            other => {
                let shown = other.chars().take(60).collect();
                Err(GenesisError::OrdererType(orderer.origin.clone(), shown))
            }
        }
    }

    /// Reads the files of the consenters.
    pub(super) fn load(self, state: i32, files: &impl Folder) -> Result<Agreed, GenesisError> {
        let (name, metadata, consenters) = match self {
            Self::Solo => ("solo", Vec::new(), None),
            Self::Raft(section, options) => {
                let load = |consenter| load_raft(consenter, files);
                let consenters = section.consenters.iter().map(load);
                let consenters = consenters.collect::<Result<_, _>>()?;
                let metadata = RaftMetadata { consenters, options: Some(options) };
                ("etcdraft", metadata.encode_to_vec(), None)
            }
            Self::Bft(consenters, options) => {
                let load = |consenter| load_bft(consenter, files);
                let consenters = consenters.iter().map(load).collect::<Result<_, _>>()?;
                ("BFT", options.encode_to_vec(), Some(consenters))
            }
        };
        let kind = ConsensusType { r#type: name.to_owned(), metadata, state };
        Ok(Agreed { kind, consenters })
    }
}

fn check_raft(orderer: &Orderer) -> Result<Consensus<'_>, GenesisError> {
    let section = orderer.raft.as_ref();
    let section = section.ok_or_else(|| GenesisError::RaftMissing(orderer.origin.clone()))?;
    let options = usual_raft(&section.options);
    if section.consenters.is_empty() {
        return Err(GenesisError::NoConsenters(section.origin.clone(), "etcdraft"));
    }
    let wrong = |what| Err(GenesisError::RaftOptions(section.origin.clone(), what));
    if parse_nanoseconds(&options.tick_interval).is_none() {
        let shown: String = options.tick_interval.chars().take(60).collect();
        return wrong(format!(
            "the TickInterval `{}`, no duration such as `500ms`",
            shown.escape_debug()
        ));
    }
    let (election, heartbeat) = (options.election_tick, options.heartbeat_tick);
    if election <= heartbeat {
        return wrong(format!(
            "the ElectionTick {election}, which must be above the HeartbeatTick, {heartbeat}"
        ));
    }
    for consenter in &section.consenters {
        let lacks = [
            (consenter.host.is_empty(), "Host"),
            (consenter.port == 0, "Port"),
            (consenter.client_tls.is_none(), "ClientTLSCert"),
            (consenter.server_tls.is_none(), "ServerTLSCert"),
        ];
        refuse_lacking(&consenter.origin, &lacks)?;
    }
    Ok(Consensus::Raft(section, options))
}

/// What the section leaves out is as usual, one by one.
fn usual_raft(said: &RaftOptions) -> RaftOptions {
    let or = |said: u32, usual: u32| if said == 0 { usual } else { said };
    let tick_interval = match said.tick_interval.as_str() {
        "" => "500ms".to_owned(),
        said => said.to_owned(),
    };
    RaftOptions {
        tick_interval,
        election_tick: or(said.election_tick, 10),
        heartbeat_tick: or(said.heartbeat_tick, 1),
        max_inflight_blocks: or(said.max_inflight_blocks, 5),
        snapshot_interval_size: or(said.snapshot_interval_size, 16 << 20),
    }
}

fn check_bft(orderer: &Orderer) -> Result<Consensus<'_>, GenesisError> {
    let consenters = &orderer.consenter_mapping;
    if consenters.is_empty() {
        return Err(GenesisError::NoConsenters(orderer.origin.clone(), "BFT"));
    }
    for consenter in consenters {
        let lacks = [
            (consenter.host.is_empty(), "Host"),
            (consenter.port == 0, "Port"),
            (consenter.client_tls.is_empty(), "ClientTLSCert"),
            (consenter.server_tls.is_empty(), "ServerTLSCert"),
            (consenter.msp_id.is_empty(), "MSPID"),
            (consenter.identity.is_empty(), "Identity"),
        ];
        refuse_lacking(&consenter.origin, &lacks)?;
    }
    let options = orderer.bft.as_ref().map_or_else(usual_bft, |section| section.0.clone());
    Ok(Consensus::Bft(consenters, Box::new(options)))
}

/// What the library of Fabric's orderers takes when nothing is said.
pub(in crate::channel) fn usual_bft() -> BftOptions {
    BftOptions {
        request_batch_max_count: 100,
        request_batch_max_bytes: 10 << 20,
        request_batch_max_interval: "50ms".to_owned(),
        incoming_message_buffer_size: 200,
        request_pool_size: 400,
        request_forward_timeout: "2s".to_owned(),
        request_complain_timeout: "20s".to_owned(),
        request_auto_remove_timeout: "3m0s".to_owned(),
        request_max_bytes: 0,
        view_change_resend_interval: "5s".to_owned(),
        view_change_timeout: "20s".to_owned(),
        leader_heartbeat_timeout: "1m0s".to_owned(),
        leader_heartbeat_count: 10,
        collect_timeout: "1s".to_owned(),
        sync_on_start: false,
        speed_up_view_change: false,
        leader_rotation: LeaderRotation::Off.into(),
        decisions_per_leader: 0,
    }
}

fn refuse_lacking(origin: &Origin, lacks: &[(bool, &'static str)]) -> Result<(), GenesisError> {
    match lacks.iter().find(|(lacks, _)| *lacks) {
        Some((_, key)) => Err(GenesisError::Consenter(origin.clone(), key)),
        None => Ok(()),
    }
}

fn load_raft(
    consenter: &RaftConsenterFiles,
    files: &impl Folder,
) -> Result<RaftConsenter, GenesisError> {
    let none = Material::File(String::new());
    let file = |key, material: &Option<Material>| {
        load_file(&consenter.origin, key, material.as_ref().unwrap_or(&none), files)
    };
    Ok(RaftConsenter {
        host: consenter.host.clone(),
        port: consenter.port,
        client_tls_cert: file("ClientTLSCert", &consenter.client_tls)?,
        server_tls_cert: file("ServerTLSCert", &consenter.server_tls)?,
    })
}

fn load_bft(consenter: &BftConsenter, files: &impl Folder) -> Result<Consenter, GenesisError> {
    let file = |key, material| load_file(&consenter.origin, key, material, files);
    Ok(Consenter {
        id: consenter.id,
        host: consenter.host.clone(),
        port: consenter.port,
        msp_id: consenter.msp_id.clone(),
        client_tls_cert: file("ClientTLSCert", &consenter.client_tls)?,
        server_tls_cert: file("ServerTLSCert", &consenter.server_tls)?,
        identity: file("Identity", &consenter.identity)?,
    })
}

/// A certificate, as it is given or as the file has it.
fn load_file(
    origin: &Origin,
    key: &'static str,
    material: &Material,
    files: &impl Folder,
) -> Result<Vec<u8>, GenesisError> {
    let path = match material {
        Material::Given(octets) => return Ok(octets.clone()),
        Material::File(path) => path,
    };
    let read = files.file(&clean_path(path));
    let read = read.and_then(|found| found.ok_or_else(|| "there is no such file".to_owned()));
    read.map_err(|why| GenesisError::File { origin: origin.clone(), key, path: path.clone(), why })
}
