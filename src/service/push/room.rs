//! Whether a configuration fits what orderers take.

use crate::service::error::{Error, Kind};

/// How much room orderers have beside a configuration.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Room {
    Enough,
    /// More than half is taken.
    Little,
}

/// Whether orderers that take `most` octets at once take `size` of them.
///
/// # Errors
/// [`Kind::Conflict`] when they do not.
pub(super) fn room(size: usize, most: usize) -> Result<Room, Error> {
    if size > most {
        let why = format!(
            "the configuration would have {size} octets, and the channel's orderers take {most} (BatchSize.absolute_max_bytes): raise it, or let revoked certificates end"
        );
        return Err(Error::new(Kind::Conflict, why));
    }
    Ok(if size > most / 2 { Room::Little } else { Room::Enough })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_orderers_would_not_take_does_not_leave_and_what_nears_it_is_told() {
        assert_eq!(room(50, 100).unwrap(), Room::Enough);
        assert_eq!(room(51, 100).unwrap(), Room::Little);
        assert_eq!(room(100, 100).unwrap(), Room::Little);
        let why = room(101, 100).unwrap_err();
        assert_eq!(why.kind, Kind::Conflict);
        let why = why.to_string();
        assert!(why.contains("101 octets") && why.contains("take 100"), "{why}");
        assert!(why.contains("BatchSize.absolute_max_bytes"), "{why}");
    }
}
