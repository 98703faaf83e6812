//! An organization applies.

use tracing::{info, warn};

use super::shapes::{ApplicationView, Apply};
use crate::channel::{AdmissionApplication, AdmissionRules, Circumstances, Shortcoming, applicant};
use crate::clock::Timestamp;
use crate::msp::Msp;
use crate::service::admission::rules::ADMISSION;
use crate::service::cores::on_cores;
use crate::service::error::{Error, Kind, printable};
use crate::service::membership::Membership;
use crate::service::office::Office;
use crate::service::proposals::{Wanted, check_length};
use crate::store::{ApplicationRow, ApplicationState, Change, ProposalRow, Write};

/// How many applications to a channel may be open.
const MAX_OPEN: u32 = 100;
/// A day, in seconds.
const DAY: i64 = 86_400;

/// What judging an application came to.
enum Judged {
    /// It can stand.
    Stands(Box<(ApplicationRow, ProposalRow)>),
    /// It lacks these.
    Lacks {
        lacks: Vec<Shortcoming>,
        /// What it is called in the audit trail.
        subject: String,
        /// Who proved to have sent it.
        applicant: Option<String>,
    },
}

impl Office {
    /// Takes an application for admission. Whoever sends it, what counts is who signed it: a valid administrator of the very
    /// MSP that it submits.
    ///
    /// # Errors
    /// [`Kind::UnknownChannel`]; [`Kind::UnknownDocument`] when the channel has no rules of admission; [`Kind::Malformed`];
    /// [`Kind::Lacking`] with everything that it lacks; [`Kind::Conflict`] when one is open for the name or the MSP, or too
    /// many are open.
    pub async fn apply_for_admission(&self, asked: Apply) -> Result<ApplicationView, Error> {
        check_length(&asked.header, &asked.signature)?;
        let application = AdmissionApplication::read(&asked.content)
            .map_err(|why| Error::malformed(format!("`content`: {why}")))?;
        let rules = self.channel_document(&asked.channel, ADMISSION).await?;
        let custody = match application.msp_config() {
            Some(msp) => self.is_custody_proven(&msp).await?,
            None => false,
        };
        let membership = self.membership().await?;
        let at = self.clock().now();
        let judged =
            on_cores(move || judge(&membership, &rules.content, asked, application, custody, at));
        let (row, proposal) = match judged.await?? {
            Judged::Stands(rows) => *rows,
            Judged::Lacks { lacks, subject, applicant } => {
                if let Some(applicant) = applicant {
                    self.note_refusal(&applicant, &subject, &lacks).await;
                }
                let all: Vec<String> = lacks.iter().map(ToString::to_string).collect();
                let why = match lacks.len() {
                    1 => "the application lacks something".to_owned(),
                    count => format!("the application lacks {count} things"),
                };
                return Err(Error::new(Kind::Lacking, why).with_details(&all));
            }
        };
        let authority = self.any_authority()?;
        let subject = format!("{} ({}) for {}", row.organization, row.msp_id, row.channel);
        let entry =
            authority.entry(&row.applicant, "apply-for-admission", subject, row.id.as_str());
        let (id, made) = (row.id.clone(), proposal.id.clone());
        let add = Change::AddApplication { row, most: MAX_OPEN };
        let write = Write::new(add, entry).then(Change::AddProposal(proposal));
        authority.store.write(write).await.map_err(|error| {
            let why = "this application was sent before, one is open for the organization's name or MSP, or too many are open";
            Error::from_lost(error, "application", why)
        })?;
        info!(application.id = id, proposal.id = made, "took application {id}");
        self.application(&id).await
    }

    /// Only of those who proved who they are: whoever fills the trail does it under a name.
    async fn note_refusal(&self, applicant: &str, subject: &str, lacks: &[Shortcoming]) {
        let codes: Vec<&str> = lacks.iter().map(|lack| lack.code).collect();
        let reason = printable(&codes.join(", "), 256);
        if !self.refusals.count(self.clock().now()) {
            warn!(
                applicant,
                "an application was refused; too many were for all to be in the audit trail"
            );
            return;
        }
        let Ok(authority) = self.any_authority() else { return };
        let entry =
            authority.entry(applicant, "refused-application", printable(subject, 256), reason);
        // The refusal stands whether or not it can be written down.
        if let Err(fault) = authority.store.write(Write::note(entry)).await {
            warn!(error = %fault, "a refusal is not on record");
        }
    }
}

fn judge(
    membership: &Membership,
    rules: &[u8],
    asked: Apply,
    application: AdmissionApplication,
    custody_is_proven: bool,
    at: Timestamp,
) -> Result<Judged, Error> {
    let known = membership.known(&asked.channel)?;
    let unfit = |why: crate::channel::AdmissionError| {
        let why = format!("the channel's rules of admission do not fit it any more: {why}");
        Error::new(Kind::Conflict, why)
    };
    let rules = AdmissionRules::read(rules).map_err(unfit)?;
    rules.compile(known.id.as_str(), known.channel(), at).map_err(unfit)?;

    // 1. Everything that it lacks, who signed it among that.
    let met = Circumstances { channel: known.channel(), custody_is_proven };
    let mut lacks = rules.judge(&application, met, at);
    let (mut who, mut msp_id) = (None, String::new());
    let msp = application.msp_config();
    // An MSP that cannot be set up is told already.
    if let Some(Ok(msp)) = msp.map(|msp| Msp::new(&msp, known.channel().version(), at)) {
        msp.id().clone_into(&mut msp_id);
        match applicant(&msp, &asked.header, &asked.content, &asked.signature, at) {
            Ok(identity) => {
                who = Some(format!("{} {}", identity.msp_id(), hex::encode(identity.identifier())));
            }
            Err(why) => lacks.push(Shortcoming::new("signature", why)),
        }
    }

    // 2. The update that admits it, which everybody will sign who approves.
    let update = if lacks.is_empty() {
        let update = known.update(Wanted::Edits(application.edits()));
        let update = update.and_then(|update| known.check(&update, at).map(|()| update));
        update.map_err(|why| lacks.push(Shortcoming::new("update", why.detail))).ok()
    } else {
        None
    };
    let subject = format!("{} ({msp_id}) for {}", application.organization, known.id);
    let (Some(update), Some(applicant)) = (update, who.clone()) else {
        return Ok(Judged::Lacks { lacks, subject, applicant: who });
    };
    let digest = AdmissionApplication::digest(&asked.content);
    let title = format!("{} ({msp_id}) applies for admission", application.organization);
    let proposal = known.proposal_row(printable(&title, 200), &update, applicant.clone(), at)?;
    let row = ApplicationRow {
        id: hex::encode(digest.iter().take(8).copied().collect::<Vec<u8>>()),
        channel: known.id.clone(),
        organization: application.organization,
        msp_id,
        state: ApplicationState::Open,
        digest,
        content: asked.content,
        header: asked.header,
        signature: asked.signature,
        applicant,
        proposal: proposal.id.clone(),
        at,
        expires_at: at.plus(i64::from(rules.open_days()) * DAY),
        closed_at: None,
        outcome: String::new(),
    };
    Ok(Judged::Stands(Box::new((row, proposal))))
}
