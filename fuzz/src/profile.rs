//! Certificate profiles in YAML.

use chancery::pki::Profile;

pub fn law(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else { return };
    match Profile::from_yaml(text) {
        // JSON is YAML: what was read, written as JSON, is the same profile.
        Ok(profile) => {
            let written = serde_json::to_string(profile.options()).unwrap();
            let again = Profile::from_yaml(&written).expect("our own writing is read");
            assert_eq!(again, profile);
            assert_eq!(profile.is_for_authorities(), profile.options().authority.is_some());
        }
        Err(why) => assert!(!why.to_string().is_empty()),
    }
}
