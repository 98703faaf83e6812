//! The certificates of an MSP before the rules.

use super::document::{CertificateRules, KeyKind};
use super::shortcoming::Shortcoming;
use crate::clock::Timestamp;
use crate::msp::{Msp, advise};
use crate::pki::{Certificate, Crl, KeyAlgorithm};
use crate::wire::FabricMspConfig;

const DAY: i64 = 86_400;

impl KeyKind {
    fn has(self, key: KeyAlgorithm) -> bool {
        match (self, key) {
            (Self::P256, KeyAlgorithm::P256)
            | (Self::P384, KeyAlgorithm::P384)
            | (Self::Ed25519, KeyAlgorithm::Ed25519) => true,
            (Self::Rsa2048, KeyAlgorithm::Rsa { bits }) => bits >= 2048,
            (Self::Rsa3072, KeyAlgorithm::Rsa { bits }) => bits >= 3072,
            (Self::Rsa4096, KeyAlgorithm::Rsa { bits }) => bits >= 4096,
            (
                Self::P256
                | Self::P384
                | Self::Ed25519
                | Self::Rsa2048
                | Self::Rsa3072
                | Self::Rsa4096,
                KeyAlgorithm::P256
                | KeyAlgorithm::P384
                | KeyAlgorithm::Ed25519
                | KeyAlgorithm::Rsa { .. },
            ) => false,
        }
    }
}

/// A certificate and what it is there for.
struct Listed {
    what: &'static str,
    certificate: Certificate,
}

impl Listed {
    fn name(&self) -> String {
        format!("the {} `{}`", self.what, self.certificate.subject_text())
    }
}

/// Tells what the certificates of an MSP lack.
pub(super) fn certificates(
    rules: &CertificateRules,
    config: &FabricMspConfig,
    msp: Option<&Msp>,
    now: Timestamp,
    lacks: &mut Vec<Shortcoming>,
) {
    let roots = read("root CA", &config.root_certs, lacks);
    let intermediates = read("intermediate CA", &config.intermediate_certs, lacks);
    let tls_roots = read("root CA of TLS", &config.tls_root_certs, lacks);
    let tls = read("intermediate CA of TLS", &config.tls_intermediate_certs, lacks);
    let admins = read("administrator", &config.admins, lacks);
    // What nodes take without a word, and members are refused for, or revoked ones are not.
    let serious = advise(config, msp, now).into_iter().filter(|advice| advice.is_serious);
    lacks.extend(serious.map(|advice| Shortcoming::new(advice.code, advice.text)));

    let mut lack = |code, text: String| lacks.push(Shortcoming::new(code, text));
    let issuers = if intermediates.is_empty() { &roots } else { &intermediates };
    if !rules.algorithms.is_empty() {
        let all = [&roots, &intermediates, &tls_roots, &tls, &admins];
        for one in all.into_iter().flatten() {
            let key = one.certificate.public_key().algorithm();
            if !rules.algorithms.iter().any(|kind| kind.has(key)) {
                lack(
                    "algorithm",
                    format!(
                        "{} has a key of the kind {key}, which the rules do not allow",
                        one.name()
                    ),
                );
            }
        }
    }
    if let Some(most) = rules.issuer_lifetime_days {
        for one in issuers {
            let (start, end) =
                (one.certificate.not_before().unix(), one.certificate.not_after().unix());
            let life = end.saturating_sub(start);
            if life > i64::from(most) * DAY {
                lack(
                    "lifetime",
                    format!(
                        "{} is valid for {} days, and may be for {most}",
                        one.name(),
                        life.div_euclid(DAY)
                    ),
                );
            }
        }
    }
    for (cas, days) in [(&roots, rules.root_remaining_days), (issuers, rules.issuer_remaining_days)]
    {
        let Some(days) = days else { continue };
        for one in cas {
            let end = one.certificate.not_after();
            if end < now.plus(i64::from(days) * DAY) {
                lack(
                    "remaining",
                    format!("{} ends on {end}, sooner than in {days} days", one.name()),
                );
            }
        }
    }
    if rules.node_ous && !enables_roles(config) {
        lack("node-ous", "roles are not told by units: NodeOUs are not enabled".to_owned());
    }
    if rules.intermediates && config.intermediate_certs.is_empty() {
        lack(
            "intermediates",
            "there is no intermediate CA: the root certifies members itself".to_owned(),
        );
    }
    if rules.tls_roots && config.tls_root_certs.is_empty() {
        lack("tls-roots", "there is no root CA of TLS".to_owned());
    }
    if rules.no_listed_admins {
        for one in &admins {
            lack("listed-admin", format!("{} is listed by certificate", one.name()));
        }
    }
    if rules.revocation_lists {
        let lists: Vec<Crl> =
            config.revocation_list.iter().filter_map(|entry| list(entry)).collect();
        for one in issuers {
            let of_it = |list: &&Crl| list.verify_signed_by(one.certificate.public_key()).is_ok();
            let fresh = |list: &Crl| list.head().next_update.is_none_or(|end| end > now);
            let mut own = lists.iter().filter(of_it).peekable();
            if own.peek().is_none() {
                lack(
                    "revocation-list",
                    format!("{} comes without a list of revoked certificates", one.name()),
                );
            } else if !own.any(fresh) {
                lack(
                    "revocation-list",
                    format!("the list of revoked certificates of {} is overdue", one.name()),
                );
            }
        }
    }
}

/// Whether each role that members have is told by a unit.
fn enables_roles(config: &FabricMspConfig) -> bool {
    config.fabric_node_ous.as_ref().is_some_and(|ous| {
        ous.enable
            && ous.client_ou_identifier.is_some()
            && ous.peer_ou_identifier.is_some()
            && ous.admin_ou_identifier.is_some()
    })
}

fn read(what: &'static str, entries: &[Vec<u8>], lacks: &mut Vec<Shortcoming>) -> Vec<Listed> {
    let mut all = Vec::new();
    for (place, entry) in entries.iter().enumerate() {
        match Certificate::from_pem(&String::from_utf8_lossy(entry)) {
            Ok(certificate) => all.push(Listed { what, certificate }),
            Err(why) => {
                let text = format!("the {what} number {} does not read: {why}", place + 1);
                lacks.push(Shortcoming::new("certificate", text));
            }
        }
    }
    all
}

fn list(entry: &[u8]) -> Option<Crl> {
    match std::str::from_utf8(entry) {
        Ok(text) if text.starts_with("-----BEGIN") => Crl::from_pem(text).ok(),
        Ok(_) | Err(_) => Crl::from_der(entry).ok(),
    }
}
