//! A channel's configuration: its organizations, its policies, what a node makes of it, and how it is changed.
//!
//! Invariant: pure. A channel is loaded whole from its configuration and never changes; an update gives another
//! configuration, and a refused one gives nothing. What Fabric's nodes refuse is refused here, for the same reason.

mod admission;
mod bad;
mod blocks;
mod capabilities;
mod change;
mod compute;
mod configtx;
mod consenters;
mod crew;
mod current;
mod delta;
mod diff;
mod diff_msp;
mod diff_values;
pub mod document;
mod duration;
mod edit;
mod edit_error;
mod edit_orderer;
mod edit_parts;
mod effects;
mod endpoints;
mod flat;
mod genesis;
mod load;
mod names;
mod orderer;
mod organizations;
mod outlook;
mod policy_text;
mod radar;
mod read;
mod rebase;
mod refused;
#[cfg(test)]
mod testing;
mod trail;
mod transition;
mod update;
mod values;
mod words;

pub use admission::{
    AdmissionApplication, AdmissionError, AdmissionRules, ApplicationError, Approval, Attached,
    CertificateRules, Circumstances, CustodyDemand, CustodyStatement, KeyKind, MAX_ADMISSION,
    MAX_APPLICATION, RequiredDocument, Shortcoming, applicant, is_approval, withdrawal_of,
};
pub use bad::{ChannelError, Setting};
pub use blocks::{BlockError, BlockRefusal, ConfigBlock, SoundBlock};
pub use capabilities::Section;
pub use change::{Change, Serials, What};
pub use compute::{ComputeError, compute_update};
pub use configtx::{ConfigtxError, Origin, Profile, read_profile};
pub use consenters::{RaftError, check_raft, check_raft_step};
pub use current::{Current, Explained, Next};
pub use delta::Demand;
pub use diff::diff;
pub use duration::parse_duration;
pub use edit::{Edit, edit, msp_in_place};
pub use edit_error::EditError;
pub use edit_orderer::{ConsenterIdentity, NewConsenter, OrdererEdit, Place};
pub use effects::{Effect, Power, alone, effects, vetoes};
pub use endpoints::{OrdererEndpoint, orderer_endpoints};
pub use genesis::{Generated, GenesisError, JoinError, check_join, generate, genesis_block};
pub use load::{Application, Channel, Orderer, Orgs};
pub use names::{Element, Kind, ROOT, is_legal_channel_id, is_legal_name};
pub use orderer::OrdererError;
pub use outlook::{Frozen, Outlook, Outlooks, Standing, outlooks};
pub use radar::{Dated, Held, certificates};
pub use read::{ReadConfig, ReadError, read};
pub use rebase::{RebaseError, Rebased, rebase};
pub use refused::{Refusal, UpdateError};
pub use trail::{Learned, Step, Trail, TrailError, Wanted};
pub use transition::TransitionError;
pub use update::Update;
pub use values::OrdererValues;
