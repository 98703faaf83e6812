//! What ends, in numbers, for whoever watches.

use std::sync::Arc;

use crate::channel::{Standing, certificates, outlooks};
use crate::clock::Timestamp;
use crate::id::{CaName, ChannelId};
use crate::service::cores::on_cores;
use crate::service::error::Error;
use crate::service::office::Office;

/// So many days ahead certificates are counted.
const DAYS_AHEAD: [u16; 3] = [7, 30, 90];

/// What ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Radar {
    /// Certificates of a CA that end within so many days, neither revoked nor ended.
    pub issued: Vec<(CaName, u16, i64)>,
    /// The first end of a certificate in a channel.
    pub certificates: Vec<(ChannelId, Timestamp)>,
    /// When a policy of a channel can first be satisfied by nobody any more.
    pub policies: Vec<(ChannelId, Timestamp)>,
}

impl Office {
    /// What ends.
    ///
    /// # Errors
    /// Of the store; [`Kind::Busy`](crate::service::Kind::Busy).
    pub async fn radar(self: &Arc<Self>) -> Result<Radar, Error> {
        let now = self.clock().now();
        let mut radar = Radar::default();
        for authority in self.authorities() {
            for days in DAYS_AHEAD {
                let until = now.plus(i64::from(days) * 86_400);
                let count = self.store().read().ending_count(authority.name(), now, until).await?;
                radar.issued.push((authority.name().clone(), days, count));
            }
        }
        let membership = self.membership().await?;
        on_cores(move || {
            for known in membership.channels() {
                let root = known.current.root();
                let ends = certificates(root).into_iter().filter_map(|one| one.not_after);
                radar.certificates.extend(ends.min().map(|end| (known.id.clone(), end)));
                let policies = outlooks(known.channel(), root, now).policies;
                let ends = policies.into_iter().filter_map(|one| match one.standing {
                    Standing::Until(end, _) => Some(end),
                    Standing::Locked(_) | Standing::Unknown | Standing::Always => None,
                });
                radar.policies.extend(ends.min().map(|end| (known.id.clone(), end)));
            }
            radar
        })
        .await
    }
}
