//! What stands between the proposal of an application and its coming into force: the approvals.

use crate::channel::{AdmissionRules, Update, is_approval};
use crate::clock::Timestamp;
use crate::policy::set_in_words;
use crate::service::error::{Error, Kind};
use crate::service::membership::{KnownChannel, MembersOfToday};
use crate::service::office::Office;
use crate::service::proposals::shapes::Demanded;
use crate::store::{ApplicationRow, ApplicationState};

use super::rules::ADMISSION;

/// Sets of those who can approve that are told.
const MAX_SETS: usize = 20;

/// An application and the rules of today, before the proposal that admits it.
#[derive(Debug)]
pub(in crate::service) struct Gate {
    pub(in crate::service) application: ApplicationRow,
    /// None: they were taken away.
    rules: Option<Vec<u8>>,
}

impl Office {
    /// The gate of a proposal; none for one that is of no application.
    pub(in crate::service) async fn gate_of(&self, proposal: &str) -> Result<Option<Gate>, Error> {
        let Some(application) = self.store().read().application_of(proposal).await? else {
            return Ok(None);
        };
        let rules = self.store().read().channel_document(&application.channel, ADMISSION).await?;
        Ok(Some(Gate { application, rules: rules.map(|row| row.content) }))
    }
}

impl Gate {
    /// Whether the application waits for approvals.
    ///
    /// # Errors
    /// [`Kind::Conflict`] when it does not.
    pub(in crate::service) fn check_open(&self, at: Timestamp) -> Result<(), Error> {
        let ApplicationRow { id, state, expires_at, .. } = &self.application;
        let word = match state {
            ApplicationState::Open if at < *expires_at => return Ok(()),
            ApplicationState::Open => "expired",
            ApplicationState::Admitted
            | ApplicationState::Declined
            | ApplicationState::Withdrawn
            | ApplicationState::Expired
            | ApplicationState::Superseded => state.as_str(),
        };
        Err(Error::new(Kind::Conflict, format!("the application {id} is {word}")))
    }

    /// Whether the signature with this header approves the application.
    pub(in crate::service) fn is_approved_by(&self, header: &[u8]) -> bool {
        is_approval(header, &self.application.digest)
    }

    /// Whether the application waits, and those have approved who must.
    pub(in crate::service) fn is_passed(
        &self,
        known: &KnownChannel,
        update: &Update,
        members: &MembersOfToday<'_>,
        at: Timestamp,
    ) -> bool {
        self.check_open(at).is_ok() && self.demand(known, update, members, at).satisfied
    }

    /// Who must approve, and how that fares.
    pub(in crate::service) fn demand(
        &self,
        known: &KnownChannel,
        update: &Update,
        members: &MembersOfToday<'_>,
        at: Timestamp,
    ) -> Demanded {
        let mut demanded = Demanded {
            policy: "the rules of admission".to_owned(),
            elements: vec![format!("application {}", self.application.id)],
            satisfied: false,
            needs: None,
            sets: Vec::new(),
        };
        let Some(text) = &self.rules else {
            demanded.needs = Some("rules: the channel has none any more".to_owned());
            return demanded;
        };
        let read = AdmissionRules::read(text).and_then(|rules| {
            let approval = rules.compile(known.id.as_str(), known.channel(), at)?;
            Ok((rules, approval))
        });
        match read {
            Err(why) => demanded.needs = Some(format!("other rules: {why}")),
            Ok((rules, approval)) => {
                let explanation = approval.explain(update, &self.application.digest, members);
                demanded.policy = format!("the rules of admission: {}", rules.approval());
                demanded.satisfied = explanation.is_satisfied;
                demanded.needs = explanation.found.need().map(|need| need.to_string());
                demanded.sets = approval.sets().iter().take(MAX_SETS).map(set_in_words).collect();
            }
        }
        demanded
    }
}
