//! What module, slot and token say of themselves.

use serde::{Deserialize, Serialize};

/// What module, slot and token say of themselves: claims, all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the standard, told as it is")]
pub struct TokenFacts {
    /// The module's file and its hash.
    pub module: String,
    /// `CK_INFO.manufacturerID`.
    pub library_manufacturer: String,
    /// `CK_INFO.libraryDescription`.
    pub library_description: String,
    /// `CK_INFO.libraryVersion`.
    pub library_version: String,
    /// `CK_INFO.cryptokiVersion`.
    pub cryptoki_version: String,
    /// `CK_TOKEN_INFO.label`.
    pub label: String,
    /// `CK_TOKEN_INFO.serialNumber`.
    pub serial: String,
    /// `CK_TOKEN_INFO.manufacturerID`.
    pub manufacturer: String,
    /// `CK_TOKEN_INFO.model`.
    pub model: String,
    /// `CK_TOKEN_INFO.hardwareVersion`.
    pub hardware_version: String,
    /// `CK_TOKEN_INFO.firmwareVersion`.
    pub firmware_version: String,
    /// `CK_TOKEN_INFO.ulMaxSessionCount`; `None` where it does not say, or says that there is none.
    pub max_sessions: Option<u64>,
    /// `CKF_HW_SLOT`: the slot claims to be a device.
    pub hardware_slot: bool,
    /// `CKF_HW` of `CKM_ECDSA`: the mechanism claims to be done by a device.
    pub hardware_ecdsa: bool,
    /// `CKF_HW` of `CKM_EC_KEY_PAIR_GEN`.
    pub hardware_key_generation: bool,
    /// `CKF_PROTECTED_AUTHENTICATION_PATH`: the PIN is typed at the token.
    pub protected_authentication_path: bool,
    /// Sockets that the process holds since the module was initialised: the token is somewhere else.
    pub sockets: u64,
    /// Objects that are seen after login.
    pub objects: u64,
}

/// Software that keeps its keys in files, by what its maker writes into `CK_INFO` or `CK_TOKEN_INFO`.
/// None of it becomes a device by claiming so.
const SOFTWARE: [&str; 7] =
    ["softhsm", "nss", "kryoptic", "mozilla", "opencryptoki soft", "simpletoken", "p11-kit trust"];

impl TokenFacts {
    /// The name under which this token is known to be software; `None` for one that is not known.
    pub fn known_software(&self) -> Option<&'static str> {
        let texts = [
            &self.library_manufacturer,
            &self.library_description,
            &self.manufacturer,
            &self.model,
        ];
        let texts = texts.map(|text| text.to_lowercase());
        // Words, not parts of words: an `NSS` is not in `licensscope`.
        SOFTWARE.into_iter().find(|name| {
            texts.iter().any(|text| {
                text.match_indices(name).any(|(at, _)| {
                    let before = text.get(..at).and_then(|head| head.chars().next_back());
                    before.is_none_or(|letter| !letter.is_alphanumeric())
                })
            })
        })
    }

    /// Whether slot and mechanisms claim to be a device.
    pub fn claims_hardware(&self) -> bool {
        self.hardware_slot && self.hardware_ecdsa && self.hardware_key_generation
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::hsm::doctor) fn facts() -> TokenFacts {
        TokenFacts {
            module: "/usr/lib/vendor.so (sha256 00)".into(),
            library_manufacturer: "Vendor".into(),
            library_description: "Vendor HSM".into(),
            library_version: "1.0".into(),
            cryptoki_version: "2.40".into(),
            label: "t".into(),
            serial: "1".into(),
            manufacturer: "Vendor".into(),
            model: "V1".into(),
            hardware_version: "1.0".into(),
            firmware_version: "1.0".into(),
            max_sessions: None,
            hardware_slot: true,
            hardware_ecdsa: true,
            hardware_key_generation: true,
            protected_authentication_path: false,
            sockets: 0,
            objects: 0,
        }
    }

    #[test]
    fn software_is_known_by_its_makers_words() {
        assert_eq!(facts().known_software(), None);
        let soft = TokenFacts { manufacturer: "SoftHSM project".into(), ..facts() };
        assert_eq!(soft.known_software(), Some("softhsm"));
        let nss = TokenFacts { model: "NSS 3".into(), ..facts() };
        assert_eq!(nss.known_software(), Some("nss"));
        let other = TokenFacts { model: "Licensscope".into(), ..facts() };
        assert_eq!(other.known_software(), None);
    }
}
