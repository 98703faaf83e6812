//! Who takes part in raft, and how that may change.

use super::duration::parse_duration;
use crate::clock::Timestamp;
use crate::pki::{Budget, Certificate, chain};
use crate::wire::{
    ConfigGroup, FabricMspConfig, MspConfig, RaftConsenter, RaftMetadata, RaftOptions, decode,
};

/// Why orderers refuse the metadata of raft.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RaftError {
    /// There are no options.
    #[error("raft has no options")]
    NoOptions,
    /// An option is zero, or no duration.
    #[error("the raft option {0} must be above zero")]
    Option(&'static str),
    /// Elections are not rarer than heartbeats.
    #[error(
        "the raft option election_tick ({election}) must be above heartbeat_tick ({heartbeat})"
    )]
    Ticks {
        /// Ticks without a leader before an election.
        election: u32,
        /// Ticks between heartbeats.
        heartbeat: u32,
    },
    /// Nobody takes part.
    #[error("raft has no consenters")]
    NoConsenters,
    /// One takes part twice.
    #[error("the consenter {0} is there twice")]
    Twice(String),
    /// A certificate of a consenter does not read.
    #[error("the {what} TLS certificate of the consenter {name} does not read")]
    Certificate {
        /// `client` or `server`.
        what: &'static str,
        /// Whose.
        name: String,
    },
    /// A certificate of a consenter is not of the orderer organizations.
    #[error(
        "the {what} TLS certificate of the consenter {name} is of no TLS CA of the orderer organizations: {why}"
    )]
    Untrusted {
        /// `client` or `server`.
        what: &'static str,
        /// Whose.
        name: String,
        /// Why not.
        why: crate::pki::ChainError,
    },
    /// More than one comes or goes.
    #[error(
        "{added} consenters are added and {removed} removed: one at a time may be added, removed, or exchanged"
    )]
    TooMany {
        /// How many come.
        added: usize,
        /// How many go.
        removed: usize,
    },
}

impl RaftError {
    /// The stable word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::NoOptions | Self::Option(_) | Self::Ticks { .. } => "raft-options",
            Self::NoConsenters | Self::Twice(_) => "raft-consenters",
            Self::Certificate { .. } | Self::Untrusted { .. } => "raft-certificate",
            Self::TooMany { .. } => "raft-too-many",
        }
    }
}

fn name(consenter: &RaftConsenter) -> String {
    format!("{}:{}", consenter.host.escape_debug(), consenter.port)
}

/// Looks at options and consenters by themselves.
///
/// # Errors
/// With what is wrong.
pub fn check_raft(metadata: &RaftMetadata) -> Result<(), RaftError> {
    check_options(metadata.options.as_ref().ok_or(RaftError::NoOptions)?)?;
    if metadata.consenters.is_empty() {
        return Err(RaftError::NoConsenters);
    }
    for (at, consenter) in metadata.consenters.iter().enumerate() {
        for (what, pem) in certificates(consenter) {
            read(pem).ok_or_else(|| RaftError::Certificate { what, name: name(consenter) })?;
        }
        let earlier = metadata.consenters.get(..at).unwrap_or_default();
        let is_same = |other: &&RaftConsenter| certificates(other) == certificates(consenter);
        if earlier.iter().any(|other| is_same(&other)) {
            return Err(RaftError::Twice(name(consenter)));
        }
    }
    Ok(())
}

fn check_options(options: &RaftOptions) -> Result<(), RaftError> {
    for (name, number) in [
        ("heartbeat_tick", options.heartbeat_tick),
        ("election_tick", options.election_tick),
        ("max_inflight_blocks", options.max_inflight_blocks),
        ("snapshot_interval_size", options.snapshot_interval_size),
    ] {
        if number == 0 {
            return Err(RaftError::Option(name));
        }
    }
    if options.election_tick <= options.heartbeat_tick {
        let (election, heartbeat) = (options.election_tick, options.heartbeat_tick);
        return Err(RaftError::Ticks { election, heartbeat });
    }
    if parse_duration(&options.tick_interval).is_none_or(|interval| interval.is_zero()) {
        return Err(RaftError::Option("tick_interval"));
    }
    Ok(())
}

/// Looks at who comes and who goes, and whether the certificates of all are of the orderer organizations. Those who took
/// part before may have expired.
///
/// # Errors
/// With what is wrong.
pub fn check_raft_step(
    before: &RaftMetadata,
    after: &RaftMetadata,
    root: &ConfigGroup,
    now: Timestamp,
) -> Result<(), RaftError> {
    let is_in = |metadata: &RaftMetadata, one: &RaftConsenter| {
        metadata.consenters.iter().any(|other| certificates(other) == certificates(one))
    };
    let added = after.consenters.iter().filter(|one| !is_in(before, one)).count();
    let removed = before.consenters.iter().filter(|one| !is_in(after, one)).count();
    // The first configuration names all at once.
    if !before.consenters.is_empty() && (added > 1 || removed > 1) {
        return Err(RaftError::TooMany { added, removed });
    }
    let (anchors, intermediates) = tls_cas(root);
    for consenter in &after.consenters {
        let is_new = !is_in(before, consenter);
        for (what, pem) in certificates(consenter) {
            let certificate =
                read(pem).ok_or_else(|| RaftError::Certificate { what, name: name(consenter) })?;
            let ended = certificate.tbs().not_after() < now;
            let at = if ended && !is_new { certificate.tbs().not_after() } else { now };
            let found = chain(&certificate, &intermediates, &anchors, at, &mut Budget::default());
            let untrusted = |why| RaftError::Untrusted { what, name: name(consenter), why };
            found.map_err(untrusted)?;
        }
    }
    Ok(())
}

fn certificates(consenter: &RaftConsenter) -> [(&'static str, &[u8]); 2] {
    [("client", &consenter.client_tls_cert), ("server", &consenter.server_tls_cert)]
}

fn read(pem: &[u8]) -> Option<Certificate> {
    Certificate::from_pem(std::str::from_utf8(pem).ok()?).ok()
}

/// The TLS roots and intermediates of the orderer organizations.
fn tls_cas(root: &ConfigGroup) -> (Vec<Certificate>, Vec<Certificate>) {
    let (mut roots, mut intermediates) = (Vec::new(), Vec::new());
    for org in root.groups.get("Orderer").into_iter().flat_map(|group| group.groups.values()) {
        let msp = org.values.get("MSP").and_then(|value| decode::<MspConfig>(&value.value).ok());
        let config = msp.and_then(|msp| decode::<FabricMspConfig>(&msp.config).ok());
        if let Some(config) = config {
            roots.extend(config.tls_root_certs.iter().filter_map(|pem| read(pem)));
            intermediates.extend(config.tls_intermediate_certs.iter().filter_map(|pem| read(pem)));
        }
    }
    (roots, intermediates)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, IsCa, Issuer, KeyPair};

    struct Ca(Issuer<'static, KeyPair>, Vec<u8>);

    fn ca() -> Ca {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem().into_bytes();
        Ca(Issuer::new(params, key), pem)
    }

    fn consenter(ca: &Ca, port: u32, until: i32) -> RaftConsenter {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["orderer.example.com".to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        let pem = params.signed_by(&key, &ca.0).unwrap().pem().into_bytes();
        let (client_tls_cert, server_tls_cert) = (pem.clone(), pem);
        RaftConsenter { host: "orderer".into(), port, client_tls_cert, server_tls_cert }
    }

    fn metadata(consenters: &[&RaftConsenter]) -> RaftMetadata {
        let options = RaftOptions {
            tick_interval: "500ms".into(),
            election_tick: 10,
            heartbeat_tick: 1,
            max_inflight_blocks: 5,
            snapshot_interval_size: 1 << 24,
        };
        let consenters = consenters.iter().copied().cloned().collect();
        RaftMetadata { consenters, options: Some(options) }
    }

    fn root(ca: &Ca) -> ConfigGroup {
        use crate::wire::{ConfigValue, Message as _};
        let config = FabricMspConfig { tls_root_certs: vec![ca.1.clone()], ..Default::default() };
        let msp = MspConfig { r#type: 0, config: config.encode_to_vec() };
        let value = ConfigValue { value: msp.encode_to_vec(), ..ConfigValue::default() };
        let org = ConfigGroup { values: [("MSP".into(), value)].into(), ..ConfigGroup::default() };
        let orderer = ConfigGroup { groups: [("O".into(), org)].into(), ..ConfigGroup::default() };
        ConfigGroup { groups: [("Orderer".into(), orderer)].into(), ..ConfigGroup::default() }
    }

    #[test]
    fn options_that_stop_raft_are_refused() {
        let ca = ca();
        let one = consenter(&ca, 1, 2070);
        let with = |change: fn(&mut RaftOptions)| {
            let mut metadata = metadata(&[&one]);
            metadata.options.iter_mut().for_each(change);
            check_raft(&metadata)
        };
        assert_eq!(with(|_| {}), Ok(()));
        assert_eq!(with(|it| it.election_tick = 1).unwrap_err().word(), "raft-options");
        assert_eq!(with(|it| it.heartbeat_tick = 0), Err(RaftError::Option("heartbeat_tick")));
        assert_eq!(
            with(|it| it.tick_interval = "5".into()),
            Err(RaftError::Option("tick_interval"))
        );
        let none = RaftMetadata { options: None, ..metadata(&[&one]) };
        assert_eq!(check_raft(&none), Err(RaftError::NoOptions));
        assert_eq!(check_raft(&metadata(&[])), Err(RaftError::NoConsenters));
        let twice = metadata(&[&one, &one]);
        assert_eq!(check_raft(&twice), Err(RaftError::Twice("orderer:1".into())));
    }

    #[test]
    fn one_at_a_time_comes_goes_or_is_exchanged() {
        let ca = ca();
        let [a, b, c, d] = [1, 2, 3, 4].map(|port| consenter(&ca, port, 2070));
        let now = Timestamp::from_unix(1_800_000_000);
        let root = root(&ca);
        let step = |from: &[&RaftConsenter], to: &[&RaftConsenter]| {
            check_raft_step(&metadata(from), &metadata(to), &root, now)
        };
        assert_eq!(step(&[], &[&a, &b, &c]), Ok(()));
        assert_eq!(step(&[&a, &b, &c], &[&a, &b, &d]), Ok(()));
        assert_eq!(step(&[&a, &b], &[&a, &b, &c]), Ok(()));
        let many = RaftError::TooMany { added: 2, removed: 0 };
        assert_eq!(step(&[&a, &b], &[&a, &b, &c, &d]), Err(many));
        assert_eq!(step(&[&a, &b, &c], &[&c]).unwrap_err().word(), "raft-too-many");
    }

    #[test]
    fn a_new_consenter_is_valid_and_of_the_organizations() {
        let (ca, stranger) = (ca(), self::ca());
        let (old, good) = (consenter(&ca, 1, 2020), consenter(&ca, 2, 2070));
        let now = Timestamp::from_unix(1_800_000_000);
        let root = root(&ca);
        let step = |from: &[&RaftConsenter], to: &[&RaftConsenter]| {
            check_raft_step(&metadata(from), &metadata(to), &root, now)
        };
        assert_eq!(step(&[&old], &[&old, &good]), Ok(()));
        assert_eq!(step(&[&good], &[&good, &old]).unwrap_err().word(), "raft-certificate");
        let other = consenter(&stranger, 3, 2070);
        let why = step(&[&good], &[&good, &other]).unwrap_err();
        assert!(matches!(why, RaftError::Untrusted { what: "client", .. }), "{why}");
    }
}
