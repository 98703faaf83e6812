//! Settings of raft and BFT as they are written, and sizes.

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::channel::configtx::parse_size;
use crate::wire::{BftOptions, LeaderRotation, RaftOptions};

/// A number of octets, or one with a unit in powers of 1024.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size(pub(super) u32);

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            octets if octets > 0 && octets % (1 << 20) == 0 => {
                serializer.collect_str(&format_args!("{} MB", octets >> 20))
            }
            octets if octets > 0 && octets % (1 << 10) == 0 => {
                serializer.collect_str(&format_args!("{} KB", octets >> 10))
            }
            octets => serializer.serialize_u32(octets),
        }
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl Visitor<'_> for Reader {
            type Value = Size;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a size below 4 GB, such as `10 MB`, `512 KB` or a number of octets")
            }

            fn visit_u64<E: de::Error>(self, octets: u64) -> Result<Size, E> {
                let wrong = || E::invalid_value(de::Unexpected::Unsigned(octets), &self);
                u32::try_from(octets).map(Size).map_err(|_| wrong())
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Size, E> {
                let size = parse_size(text).and_then(|octets| u32::try_from(octets).ok());
                size.map(Size).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

#[cfg(feature = "service")]
impl schemars::JsonSchema for Size {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A number of octets, or one with a unit in powers of 1024: `10 MB`, `512 KB`.",
            "anyOf": [
                { "type": "integer", "minimum": 0, "maximum": u32::MAX },
                { "type": "string", "pattern": "^[0-9]+ *[kKmMgG][bB]?$" },
            ],
        })
    }
}

/// Settings of raft; what is not said is as usual.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Raft {
    /// The length of a tick, e.g. `500ms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tick_interval: Option<String>,
    /// Ticks without a leader before an election; 10 as usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    election_tick: Option<u32>,
    /// Ticks between heartbeats; 1 as usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    heartbeat_tick: Option<u32>,
    /// Blocks under way at most; 5 as usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_inflight_blocks: Option<u32>,
    /// Octets between snapshots; `16 MB` as usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    snapshot_interval_size: Option<Size>,
}

impl Raft {
    pub(super) fn of(options: &RaftOptions) -> Self {
        Self {
            tick_interval: Some(options.tick_interval.clone()),
            election_tick: Some(options.election_tick),
            heartbeat_tick: Some(options.heartbeat_tick),
            max_inflight_blocks: Some(options.max_inflight_blocks),
            snapshot_interval_size: Some(Size(options.snapshot_interval_size)),
        }
    }

    /// With nothing for what is not said.
    pub(super) fn options(&self) -> RaftOptions {
        RaftOptions {
            tick_interval: self.tick_interval.clone().unwrap_or_default(),
            election_tick: self.election_tick.unwrap_or_default(),
            heartbeat_tick: self.heartbeat_tick.unwrap_or_default(),
            max_inflight_blocks: self.max_inflight_blocks.unwrap_or_default(),
            snapshot_interval_size: self.snapshot_interval_size.map_or(0, |size| size.0),
        }
    }
}

/// Writes the settings of BFT once: as they stand in a document, and as what they come to.
macro_rules! bft {
    ($($(#[$doc:meta])* $name:ident: $kind:ty,)*) => {
        /// Settings of BFT; what is not said is as usual.
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        #[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
        #[serde(deny_unknown_fields)]
        pub(super) struct Bft {
            $($(#[$doc])* #[serde(default, skip_serializing_if = "Option::is_none")] $name: Option<$kind>,)*
            /// Whether leaders take turns, which Fabric's nodes refuse.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            leader_rotation: Option<Rotation>,
        }

        impl Bft {
            /// Nothing where leaders rotate in a way that has no name.
            pub(super) fn of(options: &BftOptions) -> Option<Self> {
                let leader_rotation = Some(Rotation::of(options.leader_rotation)?);
                Some(Self { $($name: Some(options.$name.clone()),)* leader_rotation })
            }

            /// Over what is usual.
            pub(super) fn options(&self, usual: BftOptions) -> BftOptions {
                let rotation = self.leader_rotation.map(|it| LeaderRotation::from(it).into());
                BftOptions {
                    $($name: self.$name.clone().unwrap_or(usual.$name),)*
                    leader_rotation: rotation.unwrap_or(usual.leader_rotation),
                }
            }
        }
    };
}

bft! {
    /// Transactions of a batch at most.
    request_batch_max_count: u64,
    /// Octets of a batch at most.
    request_batch_max_bytes: u64,
    /// How long a batch is waited for, e.g. `50ms`.
    request_batch_max_interval: String,
    /// Messages that are kept at most.
    incoming_message_buffer_size: u64,
    /// Requests that are kept at most.
    request_pool_size: u64,
    /// After which time a request is sent on to the leader.
    request_forward_timeout: String,
    /// After which time a leader is complained of.
    request_complain_timeout: String,
    /// After which time a request is dropped.
    request_auto_remove_timeout: String,
    /// Octets of a request at most.
    request_max_bytes: u64,
    /// How often a change of leaders is asked for again.
    view_change_resend_interval: String,
    /// How long a change of leaders may take.
    view_change_timeout: String,
    /// How long a leader may be silent.
    leader_heartbeat_timeout: String,
    /// Heartbeats within that time.
    leader_heartbeat_count: u64,
    /// How long answers are collected.
    collect_timeout: String,
    /// Whether a node catches up at its start.
    sync_on_start: bool,
    /// Whether one complaint is enough.
    speed_up_view_change: bool,
    /// Decisions of a leader before the next takes its turn.
    decisions_per_leader: u64,
}

/// Whether leaders take turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum Rotation {
    /// It is not said.
    Unspecified,
    /// They do not.
    Off,
    /// They do.
    On,
}

impl Rotation {
    fn of(number: i32) -> Option<Self> {
        Some(match LeaderRotation::try_from(number).ok()? {
            LeaderRotation::Unspecified => Self::Unspecified,
            LeaderRotation::Off => Self::Off,
            LeaderRotation::On => Self::On,
        })
    }
}

impl From<Rotation> for LeaderRotation {
    fn from(rotation: Rotation) -> Self {
        match rotation {
            Rotation::Unspecified => Self::Unspecified,
            Rotation::Off => Self::Off,
            Rotation::On => Self::On,
        }
    }
}

/// What is left away when it is usual.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
pub(super) fn is_zero(number: &u64) -> bool {
    *number == 0
}
