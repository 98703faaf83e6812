//! What a node would take without a word, and its people would stumble over.

use std::fmt::Write as _;

use super::crl;
use super::pem;
use super::provider::Msp;
use crate::clock::Timestamp;
use crate::pki::{Certificate, Crl};
use crate::wire::{FabricMspConfig, FabricOuIdentifier};

/// Something about an MSP's configuration that works otherwise than somebody may expect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// A stable word for it.
    pub code: &'static str,
    /// What is so, what follows, and what mends it.
    pub text: String,
    /// Whether identities that look good are refused for it, or revoked ones not.
    pub is_serious: bool,
}

/// So many days before its end a CA's certificate is spoken of.
const SOON: i64 = 90;
const DAY: i64 = 86_400;

/// Looks at a configuration for what Fabric takes and people stumble over. `msp` is what it comes to,
/// if it can be set up.
pub fn advise(config: &FabricMspConfig, msp: Option<&Msp>, now: Timestamp) -> Vec<Advice> {
    let cas: Vec<Certificate> = config
        .root_certs
        .iter()
        .chain(&config.intermediate_certs)
        .filter_map(|o| read(o))
        .collect();
    let mut advice = Vec::new();
    advise_of_cas(&cas, now, &mut advice);
    for octets in &config.revocation_list {
        advise_of_list(octets, &cas, now, &mut advice);
    }
    if let Some(msp) = msp {
        // By what is signed: an MSP brings signatures to their low form.
        let internal: Vec<Certificate> =
            msp.internal_nodes().filter_map(|der| Certificate::from_der(der).ok()).collect();
        let is_internal =
            |ca: &Certificate| internal.iter().any(|other| other.tbs().der() == ca.tbs().der());
        for (role, unit) in roles(config) {
            advise_of_role(role, unit, is_internal, &mut advice);
        }
        for ca in cas.iter().filter(|ca| is_internal(ca)) {
            advice.push(Advice {
                code: "ca-with-intermediate",
                text: format!(
                    "`{}` has an intermediate CA below itself: what it issues to members directly is invalid",
                    ca.subject_text()
                ),
                is_serious: false,
            });
        }
        if !msp.enforces_roles() {
            advice.push(Advice {
                code: "no-roles",
                text:
                    "no node OUs are enabled: policies for peers, clients and orderers are never \
                       satisfied, and only the listed certificates are administrators"
                        .to_owned(),
                is_serious: false,
            });
        }
    }
    advice
}

fn read(octets: &[u8]) -> Option<Certificate> {
    Certificate::from_der(&pem::first(octets)?.der).ok()
}

fn roles(config: &FabricMspConfig) -> Vec<(&'static str, &FabricOuIdentifier)> {
    let Some(ous) = config.fabric_node_ous.as_ref().filter(|ous| ous.enable) else {
        return Vec::new();
    };
    let all = [
        ("client", &ous.client_ou_identifier),
        ("peer", &ous.peer_ou_identifier),
        ("admin", &ous.admin_ou_identifier),
        ("orderer", &ous.orderer_ou_identifier),
    ];
    all.into_iter().filter_map(|(role, unit)| Some((role, unit.as_ref()?))).collect()
}

fn advise_of_role(
    role: &str,
    unit: &FabricOuIdentifier,
    is_internal: impl Fn(&Certificate) -> bool,
    advice: &mut Vec<Advice>,
) {
    let Some(certificate) = read(&unit.certificate) else { return };
    if is_internal(&certificate) {
        advice.push(Advice {
            code: "role-bound-to-internal-ca",
            text: format!(
                "the role {role} is bound to `{}`, which has an intermediate CA below itself: nobody can hold it; \
                 bind it to the CA that issues, or to none",
                certificate.subject_text()
            ),
            is_serious: true,
        });
    }
}

fn advise_of_cas(cas: &[Certificate], now: Timestamp, advice: &mut Vec<Advice>) {
    for (index, ca) in cas.iter().enumerate() {
        let twin = cas.iter().take(index).find(|other| {
            other.der() != ca.der()
                && other.public_key() == ca.public_key()
                && other.subject_der() == ca.subject_der()
        });
        if twin.is_some() {
            advice.push(Advice {
                code: "two-certificates-of-one-ca",
                text: format!(
                    "`{}` is listed with two certificates of one key: what was issued while both are valid has two \
                     chains and is invalid; list one, with the earlier start",
                    ca.subject_text()
                ),
                is_serious: true,
            });
        }
        let days = (ca.not_after().unix() - now.unix()).div_euclid(DAY);
        if days < SOON {
            let mut text = format!("the certificate of `{}` ", ca.subject_text());
            // Writing to a `String` does not fail.
            let _ = if days < 0 {
                write!(text, "ended on {}", ca.not_after())
            } else {
                write!(text, "ends on {}, in {days} days", ca.not_after())
            };
            text.push_str(": membership does not look at that, TLS and the CA's clients do");
            advice.push(Advice { code: "ca-expiry", text, is_serious: false });
        }
    }
}

fn advise_of_list(octets: &[u8], cas: &[Certificate], now: Timestamp, advice: &mut Vec<Advice>) {
    let Ok(crl) = Crl::from_der(crl::der_of(octets)) else { return };
    let head = crl.head();
    let Some(key_id) = &head.authority_key_id else {
        advice.push(Advice {
            code: "crl-without-authority-key-id",
            text: "a revocation list has no authority key identifier: every identity of the MSP is refused for it; \
                   take it away, or issue it with one"
                .to_owned(),
            is_serious: true,
        });
        return;
    };
    let issuer = cas.iter().find(|ca| ca.subject_key_id().as_ref() == Some(key_id));
    match issuer {
        None => advice.push(Advice {
            code: "crl-of-no-ca",
            text: "a revocation list is of none of the listed CAs and has no effect".to_owned(),
            is_serious: true,
        }),
        Some(ca) if crl.verify_signed_by(ca.public_key()).is_err() => advice.push(Advice {
            code: "crl-badly-signed",
            text: format!(
                "a revocation list that says to be of `{}` is not signed by it and has no effect",
                ca.subject_text()
            ),
            is_serious: true,
        }),
        Some(ca) if head.next_update.is_some_and(|end| end <= now) => advice.push(Advice {
            code: "crl-overdue",
            text: format!(
                "the revocation list of `{}` should have been replaced by {}: it still counts, and what was revoked \
                 since is not on it",
                ca.subject_text(),
                head.next_update.map(|end| end.to_string()).unwrap_or_default()
            ),
            is_serious: false,
        }),
        Some(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Ca, NOW, set_up, unit};
    use super::super::version::MspVersion;
    use super::*;
    use crate::wire::FabricNodeOus;

    fn codes(config: &FabricMspConfig, msp: Option<&Msp>) -> Vec<&'static str> {
        advise(config, msp, Timestamp::from_unix(NOW)).into_iter().map(|a| a.code).collect()
    }

    fn with_list(ours: &Ca, list: Vec<u8>) -> FabricMspConfig {
        FabricMspConfig { revocation_list: vec![list], ..ours.config() }
    }

    #[test]
    fn lists_that_have_no_effect_or_are_overdue_are_told() {
        let (ours, other) = (Ca::root("ca.org1"), Ca::root("ca.org2"));
        let told = |list: Vec<u8>| codes(&with_list(&ours, list), None);
        assert_eq!(told(ours.list((2039, 1))), [""; 0]);
        assert_eq!(told(ours.list((2021, 1))), ["crl-overdue"]);
        assert_eq!(told(other.list((2039, 1))), ["crl-of-no-ca"]);

        let list = ours.list((2039, 1));
        let mut der = Crl::from_pem(std::str::from_utf8(&list).unwrap()).unwrap().der().to_vec();
        // The list's number, within what is signed.
        let at = der.windows(3).rposition(|octets| octets == [2, 1, 1]).unwrap() + 2;
        der[at] = 2;
        assert_eq!(told(der), ["crl-badly-signed"]);
    }

    #[test]
    fn a_list_without_its_issuer_s_key_is_told() {
        let ours = Ca::root("ca.org1");
        let list = ours.list((2039, 1));
        let mut der = Crl::from_pem(std::str::from_utf8(&list).unwrap()).unwrap().der().to_vec();
        // 2.5.29.35, the authority key identifier, becomes an extension that nobody knows.
        let at = der.windows(3).position(|octets| octets == [0x55, 0x1d, 0x23]).unwrap() + 2;
        der[at] = 0x7f;
        let config = with_list(&ours, der);
        assert_eq!(codes(&config, None), ["crl-without-authority-key-id"]);
        // As it is told: whoever the CA issued is refused for it.
        let mut config = FabricMspConfig { fabric_node_ous: None, ..config };
        config.fabric_node_ous = Some(FabricNodeOus {
            enable: true,
            admin_ou_identifier: Some(unit("admin", None)),
            ..FabricNodeOus::default()
        });
        let msp = set_up(&config, MspVersion::V3_0);
        let admin = msp.identity_of_pem(ours.certificate(&["admin"]).as_bytes()).unwrap();
        assert_eq!(admin.validate().unwrap_err().category().to_string(), "crl-no-aki");
    }

    #[test]
    fn a_ca_with_two_certificates_is_told() {
        let ours = Ca::root("ca.org1");
        let mut config = ours.config();
        config.root_certs.push(config.root_certs[0].clone());
        assert_eq!(codes(&config, None), [""; 0], "the same one twice does no harm");
        config.root_certs.push(ours.renewed_until(2041).pem());
        assert_eq!(codes(&config, None), ["two-certificates-of-one-ca"]);
    }

    #[test]
    fn the_end_of_a_ca_is_told_beforehand() {
        let ours = Ca::root("ca.org1");
        let told = |year, month| {
            let mut params = ours.params.clone();
            params.not_after = rcgen::date_time_ymd(year, month, 1);
            let pem = params.self_signed(&ours.key).unwrap().pem().into_bytes();
            let config = FabricMspConfig { root_certs: vec![pem], ..ours.config() };
            codes(&config, None)
        };
        // It is 15 January 2027.
        assert_eq!(told(2026, 12), ["ca-expiry"]);
        assert_eq!(told(2027, 3), ["ca-expiry"]);
        assert_eq!(told(2027, 5), [""; 0]);
    }

    #[test]
    fn a_role_that_nobody_can_hold_is_told() {
        let ours = Ca::root("ca.org1");
        let mut config = FabricMspConfig {
            fabric_node_ous: Some(FabricNodeOus {
                enable: true,
                admin_ou_identifier: Some(unit("admin", Some(&ours))),
                ..FabricNodeOus::default()
            }),
            ..ours.config()
        };
        let msp = |config: &FabricMspConfig| set_up(config, MspVersion::V3_0);
        assert_eq!(codes(&config, Some(&msp(&config))), [""; 0]);
        config.intermediate_certs = vec![ours.intermediate("issuing.org1").pem()];
        let told = codes(&config, Some(&msp(&config)));
        assert_eq!(told, ["role-bound-to-internal-ca", "ca-with-intermediate"]);
    }

    #[test]
    fn an_msp_without_roles_is_told() {
        let ours = Ca::root("ca.org1");
        let mut config = ours.config();
        config.admins = vec![ours.certificate(&[]).into_bytes()];
        let msp = |config: &FabricMspConfig| set_up(config, MspVersion::V3_0);
        assert_eq!(codes(&config, Some(&msp(&config))), ["no-roles"]);
        // Units that are listed and not enabled are no roles.
        let roles = |enable| FabricNodeOus {
            enable,
            peer_ou_identifier: Some(unit("peer", None)),
            admin_ou_identifier: Some(unit("admin", None)),
            ..FabricNodeOus::default()
        };
        config.fabric_node_ous = Some(roles(false));
        assert_eq!(codes(&config, Some(&msp(&config))), ["no-roles"]);
        config.admins = vec![ours.certificate(&["admin"]).into_bytes()];
        config.fabric_node_ous = Some(roles(true));
        assert_eq!(codes(&config, Some(&msp(&config))), [""; 0]);
    }
}
