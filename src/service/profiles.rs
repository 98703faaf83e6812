//! The certificate profiles of one CA: those built in, a folder of its own, single values overridden.

use std::collections::BTreeMap;
use std::path::Path;

use crate::id::ProfileName;
use crate::pki::Profile;
use crate::service::error::{Error, Kind};
use crate::service::options::ProfileOverride;

/// The profile of a request that names none.
const DEFAULT: &str = "default";
/// No profile is longer as text, in octets.
const MAX_TEXT: u64 = 64 * 1024;

/// Profiles by name.
#[derive(Debug)]
pub(super) struct Profiles(BTreeMap<String, Profile>);

impl Profiles {
    /// Reads the built-in profiles, then `NAME.yaml` of a folder, then lays single values over them.
    pub(super) fn load(
        folder: Option<&Path>,
        overrides: &BTreeMap<ProfileName, ProfileOverride>,
    ) -> Result<Self, Error> {
        let mut written: BTreeMap<String, Profile> = BTreeMap::new();
        let own = folder.map(read_folder).transpose()?.unwrap_or_default();
        for profile in Profile::built_in().into_iter().chain(own) {
            written.insert(profile.name().to_string(), profile);
        }
        for (name, values) in overrides {
            let profile = written.get_mut(name.as_str()).ok_or_else(|| {
                malformed(format!("`profiles.{name}`: there is no profile of this name"))
            })?;
            let mut options = profile.options().clone();
            if let Some(seconds) = values.lifetime_seconds {
                options.life_seconds = seconds;
            }
            if let Some(urls) = &values.crl_urls {
                options.crl_urls.clone_from(urls);
            }
            *profile = Profile::try_from(options).map_err(|e| malformed(e.to_string()))?;
        }
        Ok(Self(written))
    }

    /// The profile that a request means: the empty name is the default one, and the word `default`
    /// is no name, as in Fabric CA.
    pub(super) fn find(&self, name: &str) -> Option<&Profile> {
        match name {
            "" => self.0.get(DEFAULT),
            DEFAULT => None,
            _ => self.0.get(name),
        }
    }
}

/// Reads every `*.yaml` of a folder.
fn read_folder(folder: &Path) -> Result<Vec<Profile>, Error> {
    let unreadable = |what: &Path, source: std::io::Error| {
        malformed(format!("could not read `{}`", what.display())).because(source)
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|e| unreadable(folder, e))? {
        let path = entry.map_err(|e| unreadable(folder, e))?.path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        if path.metadata().map_err(|e| unreadable(&path, e))?.len() > MAX_TEXT {
            return Err(malformed(format!("`{}` is longer than 64 KiB", path.display())));
        }
        let text = std::fs::read_to_string(&path).map_err(|e| unreadable(&path, e))?;
        let profile = Profile::from_yaml(&text)
            .map_err(|e| malformed(format!("`{}`: {e}", path.display())))?;
        found.push(profile);
    }
    Ok(found)
}

fn malformed(detail: String) -> Error {
    Error::new(Kind::Malformed, detail)
}
