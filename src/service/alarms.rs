//! Orderers that contradict what is known of a channel: told of, but not each time.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::clock::Timestamp;
use crate::id::ChannelId;

/// The same alarm is raised again after so many seconds.
const SAME_ALARM_AFTER_SECONDS: i64 = 3600;

/// An orderer that contradicts what is known of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    /// Its address.
    pub orderer: String,
    /// What contradicts it.
    pub why: String,
}

impl fmt::Display for Fork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the orderer `{}` is on another way: {}", self.orderer, self.why)
    }
}

/// Alarms that were raised: when, and of what, by channel and orderer. An orderer that goes on contradicting is asked again
/// and again; who watches is told once in a while.
#[derive(Debug, Default)]
pub(super) struct Alarms(Mutex<HashMap<(ChannelId, String), (Timestamp, String)>>);

impl Alarms {
    /// Whether this is to be told now.
    pub(super) fn is_due(&self, channel: &ChannelId, fork: &Fork, now: Timestamp) -> bool {
        let mut raised = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (channel.clone(), fork.orderer.clone());
        let is_told = raised.get(&key).is_some_and(|(at, why)| {
            *why == fork.why && now.unix() - at.unix() < SAME_ALARM_AFTER_SECONDS
        });
        if !is_told {
            raised.insert(key, (now, fork.why.clone()));
        }
        !is_told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_is_told_once_an_hour_and_whenever_it_is_another() {
        let (alarms, at) = (Alarms::default(), Timestamp::from_unix(1_000_000));
        let channel: ChannelId = "supply".parse().unwrap();
        let fork = |orderer: &str, why: &str| Fork { orderer: orderer.into(), why: why.into() };
        assert!(alarms.is_due(&channel, &fork("a:1", "x"), at));
        assert!(!alarms.is_due(&channel, &fork("a:1", "x"), at.plus(3599)));
        assert!(alarms.is_due(&channel, &fork("b:1", "x"), at));
        assert!(alarms.is_due(&channel, &fork("a:1", "y"), at.plus(1)));
        assert!(alarms.is_due(&channel, &fork("a:1", "y"), at.plus(3601)));
        assert!(alarms.is_due(&"other".parse().unwrap(), &fork("a:1", "y"), at.plus(3601)));
    }
}
