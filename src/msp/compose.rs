//! The configuration of an MSP, made of what its certificate authorities say.

use crate::pki::{Certificate, Crl};
use crate::wire::{FabricCryptoConfig, FabricMspConfig, FabricNodeOus, FabricOuIdentifier};

/// The certificate authorities of an organization.
#[derive(Debug, Clone, Default)]
pub struct Authorities {
    /// Those that certify members, each with the CAs above it, next first and root last.
    pub issuing: Vec<Vec<Certificate>>,
    /// Those that certify TLS keys, likewise.
    pub tls: Vec<Vec<Certificate>>,
    /// Lists of revoked certificates.
    pub crls: Vec<Crl>,
}

/// The `FabricMSPConfig` of an organization whose roles are units (`client`, `peer`, `admin`,
/// `orderer`), so that no administrator needs to be listed by certificate.
///
/// The roles are bound to the CA that issues when there is one only. With several (an old one beside
/// its successor) they are bound to none, since a role can be bound to one: bound to the successor, all
/// that the old one issued would be invalid.
pub fn compose(id: &str, authorities: &Authorities) -> FabricMspConfig {
    let (root_certs, intermediate_certs) = split(&authorities.issuing);
    let (tls_root_certs, tls_intermediate_certs) = split(&authorities.tls);
    let bound_to = match authorities.issuing.as_slice() {
        [only] => only.first().map(pem).unwrap_or_default(),
        _ => Vec::new(),
    };
    let unit = |name: &str| {
        Some(FabricOuIdentifier {
            certificate: bound_to.clone(),
            organizational_unit_identifier: name.to_owned(),
        })
    };
    FabricMspConfig {
        name: id.to_owned(),
        root_certs,
        intermediate_certs,
        revocation_list: authorities.crls.iter().map(|crl| crl.to_pem().into_bytes()).collect(),
        crypto_config: Some(FabricCryptoConfig {
            signature_hash_family: "SHA2".to_owned(),
            identity_identifier_hash_function: "SHA256".to_owned(),
        }),
        tls_root_certs,
        tls_intermediate_certs,
        fabric_node_ous: Some(FabricNodeOus {
            enable: true,
            client_ou_identifier: unit("client"),
            peer_ou_identifier: unit("peer"),
            admin_ou_identifier: unit("admin"),
            orderer_ou_identifier: unit("orderer"),
        }),
        ..FabricMspConfig::default()
    }
}

/// The roots of chains and the CAs below them, each once, in order.
pub(super) fn split(chains: &[Vec<Certificate>]) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let (mut roots, mut intermediates) = (Vec::new(), Vec::new());
    for chain in chains {
        let Some((root, below)) = chain.split_last() else { continue };
        push_new(&mut roots, root);
        for ca in below {
            push_new(&mut intermediates, ca);
        }
    }
    (roots, intermediates)
}

fn push_new(list: &mut Vec<Vec<u8>>, ca: &Certificate) {
    let pem = pem(ca);
    if !list.contains(&pem) {
        list.push(pem);
    }
}

fn pem(certificate: &Certificate) -> Vec<u8> {
    certificate.to_pem().into_bytes()
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

    use super::*;
    use crate::clock::Timestamp;
    use crate::msp::{Msp, MspVersion};

    struct Ca(Issuer<'static, KeyPair>, Vec<Certificate>);

    fn ca(name: &str, above: Option<&Ca>) -> Ca {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.use_authority_key_identifier_extension = above.is_some();
        let key = KeyPair::generate().unwrap();
        let made = match above {
            Some(above) => params.signed_by(&key, &above.0).unwrap(),
            None => params.self_signed(&key).unwrap(),
        };
        let mut chain = vec![Certificate::from_der(made.der()).unwrap()];
        chain.extend(above.iter().flat_map(|above| above.1.clone()));
        Ca(Issuer::new(params, key), chain)
    }

    fn member(of: &Ca, unit: &str) -> Vec<u8> {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "member");
        params.distinguished_name.push(DnType::OrganizationalUnitName, unit);
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().unwrap();
        params.signed_by(&key, &of.0).unwrap().pem().into_bytes()
    }

    fn msp(authorities: &Authorities) -> Msp {
        let config = compose("Org1MSP", authorities).to_msp_config();
        Msp::new(&config, MspVersion::V1_4_3, Timestamp::from_unix(1_800_000_000)).unwrap()
    }

    #[test]
    fn members_of_the_issuing_ca_are_valid_and_roles_are_bound_to_it() {
        let root = ca("root", None);
        let issuing = ca("issuing", Some(&root));
        let issuing_chains = vec![issuing.1.clone()];
        let msp = msp(&Authorities { issuing: issuing_chains, ..Authorities::default() });
        assert_eq!((msp.roots().count(), msp.intermediates().count()), (1, 1));
        assert!(msp.role_units().peer.as_ref().unwrap().certifiers.is_some());
        for unit in ["client", "peer", "admin", "orderer"] {
            msp.identity_of_pem(&member(&issuing, unit)).unwrap().validate().unwrap();
        }
        let other = msp.identity_of_pem(&member(&issuing, "other")).unwrap();
        assert!(other.validate().is_err());
    }

    #[test]
    fn an_old_issuer_beside_its_successor_leaves_the_roles_unbound() {
        let root = ca("root", None);
        let (old, new) = (ca("old", Some(&root)), ca("new", Some(&root)));
        let issuing = vec![new.1.clone(), old.1.clone()];
        let msp = msp(&Authorities { issuing, ..Authorities::default() });
        assert_eq!((msp.roots().count(), msp.intermediates().count()), (1, 2));
        assert!(msp.role_units().peer.as_ref().unwrap().certifiers.is_none());
        for issuer in [&old, &new] {
            msp.identity_of_pem(&member(issuer, "peer")).unwrap().validate().unwrap();
        }
    }
}
