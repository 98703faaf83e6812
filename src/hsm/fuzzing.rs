//! What fuzz targets and the replay of their corpora see of this room's readers. No part of the
//! library's interface: nothing here is promised.

use std::time::Duration;

use tokio::net::UnixStream;

use super::protocol::{Answer, Ask, Refusal};
use super::remote::{Connection, Failure};

/// What became of the service's requests when the signer said what it said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The signer answered.
    Answered(Box<Answer>),
    /// The signer refused.
    Refused(Refusal),
    /// The connection ended.
    Lost,
    /// Neither came in time.
    Late,
}

/// Opens the service's end on `stream` and asks at once everything of `asks`; the first has the
/// number 1. Nothing when the signer's greeting is not understood.
pub async fn ask_all(
    stream: UnixStream,
    asks: Vec<Ask>,
    patience: Duration,
) -> Option<Vec<Outcome>> {
    let connection = Connection::open(stream).await.ok()?;
    let asked = asks.into_iter().map(|ask| connection.ask(ask, patience));
    let outcomes = futures_util::future::join_all(asked).await;
    let told = outcomes.into_iter().map(|outcome| match outcome {
        Ok(answer) => Outcome::Answered(Box::new(answer)),
        Err(Failure::Refused(refusal)) => Outcome::Refused(refusal),
        Err(Failure::Lost) => Outcome::Lost,
        Err(Failure::Late) => Outcome::Late,
    });
    Some(told.collect())
}
