//! Identities, configurations of MSPs, and their folders.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use chancery::msp::{Category, Msp, MspVersion, check_form, read_folder};
use chancery::wire::{
    FabricMspConfig, Message as _, MspConfig, MspPrincipal, MspRole, SerializedIdentity, decode,
};

use super::material::now;

/// Of an MSP with an intermediate CA, role units and a revocation list, some of whose identities are seeds.
const CONFIG: &[u8] = include_bytes!("../material/msp_config");

const MEMBER: i32 = 0;
const ADMIN: i32 = 1;

fn msps() -> &'static [Msp] {
    static MSPS: OnceLock<Vec<Msp>> = OnceLock::new();
    MSPS.get_or_init(|| {
        let set_up = |version| Msp::new(CONFIG, version, now()).expect("the material is sound");
        MspVersion::ALL.into_iter().map(set_up).collect()
    })
}

fn role(msp: &Msp, role: i32) -> MspPrincipal {
    let role = MspRole { msp_identifier: msp.id().to_owned(), role };
    MspPrincipal { principal_classification: 0, principal: role.encode_to_vec() }
}

pub fn serialized_identity(octets: &[u8]) {
    let outer: Option<SerializedIdentity> = decode(octets).ok();
    let form = outer.as_ref().map(check_form);
    for msp in msps() {
        let Ok(identity) = msp.identity(octets) else { continue };
        assert!(outer.is_some(), "what is an identity parses");
        let again = msp.identity(&identity.serialize()).expect("what was written is read");
        assert!(again.is_same(&identity));
        assert_eq!(again.certificate(), identity.certificate());
        assert_eq!(again.units(), identity.units());
        let valid = identity.validate();
        assert_eq!(again.validate(), valid);
        assert_eq!(identity.satisfies(&role(msp, MEMBER)), valid);
        assert_eq!(again.satisfies(&role(msp, ADMIN)), identity.satisfies(&role(msp, ADMIN)));
        if valid.is_ok() {
            assert_eq!(identity.units().1.len(), 32, "what is valid has a chain");
        }
        for kind in 0..6 {
            let principal =
                MspPrincipal { principal_classification: kind, principal: octets.to_vec() };
            let _ = identity.satisfies(&principal);
        }
        assert!(identity.verify(octets, octets).is_err());
        let form = form.as_ref().expect("what is an identity parses");
        let category = form.as_ref().err().map(chancery::msp::Rejection::category);
        assert!(!matches!(category, Some(Category::Pem | Category::CertParse)), "it was read");
    }
}

pub fn msp_config(octets: &[u8]) {
    let Ok(outer) = decode::<MspConfig>(octets) else { return };
    let Ok(config) = decode::<FabricMspConfig>(&outer.config) else { return };
    for version in MspVersion::ALL {
        let made = Msp::new(octets, version, now());
        assert_eq!(made.as_ref().err(), Msp::new(octets, version, now()).err().as_ref());
        let Ok(msp) = made else { continue };
        assert_eq!(msp.id(), config.name);
        assert_eq!(msp.admins().count(), config.admins.len());
        for admin in &config.admins {
            let admin = msp.identity_of_pem(admin).expect("an administrator is an identity");
            assert_eq!(admin.satisfies(&role(&msp, ADMIN)), Ok(()));
        }
        for ca in config.root_certs.iter().chain(&config.intermediate_certs) {
            let ca = msp.identity_of_pem(ca).expect("a CA is read");
            assert!(ca.validate().is_err(), "a CA is no identity");
        }
    }
}

/// Files stand one after another, each behind a line `=== path`.
pub fn msp_folder(octets: &[u8]) {
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut path = None;
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        if let Some(named) = line.strip_prefix(b"=== ") {
            let named = String::from_utf8_lossy(named.trim_ascii_end()).into_owned();
            files.entry(named.clone()).or_default();
            path = Some(named);
        } else if let Some(file) = path.as_ref().and_then(|path| files.get_mut(path)) {
            file.extend_from_slice(line);
        }
    }
    for local in [false, true] {
        let Ok(found) = read_folder(&files, "Org1MSP", local) else { continue };
        assert!(!found.config.root_certs.is_empty());
        assert_eq!(found.config.signing_identity.is_some(), local);
        let written = found.to_msp_config();
        let outer: MspConfig = decode(&written).expect("what was written is read");
        assert_eq!(decode::<FabricMspConfig>(&outer.config).as_ref(), Ok(&found.config));
        let _ = Msp::new(&written, MspVersion::V3_0, now());
    }
}
