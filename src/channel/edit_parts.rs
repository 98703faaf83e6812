//! What every change of a configuration needs: a value read, a value put.

use super::edit_error::EditError;
use crate::wire::{ConfigGroup, ConfigValue, Shaped, canonical, decode};

/// Who may change what is added, unless it is said.
pub(super) const ADMINS: &str = "Admins";

pub(super) fn read<M: Shaped>(group: &ConfigGroup, name: &str, path: &str) -> Result<M, EditError> {
    let octets = group.values.get(name).map_or(&[][..], |value| &value.value);
    decode(octets).map_err(|_| EditError::Malformed(path.to_owned()))
}

pub(super) fn put<M: Shaped>(group: &mut ConfigGroup, name: &str, message: &M) {
    let value = group
        .values
        .entry(name.to_owned())
        .or_insert_with(|| ConfigValue { mod_policy: ADMINS.to_owned(), ..ConfigValue::default() });
    value.value = canonical(message);
}

/// A name that was given, bounded before it is told back.
pub(super) fn shown(name: &str) -> String {
    name.chars().take(100).flat_map(char::escape_debug).collect()
}
