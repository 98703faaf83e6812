//! `chancery channel submit`: a proposal that is signed enough goes to the channel's orderers.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::api;
use super::client::{Client, escaped};
use super::fetch::block;
use super::orderers::{Asker, Orderers, follow, signature_header};
use super::server::Session;
use crate::api::v2::{ChannelBody, EnvelopeBody, ImportChannelRequest, ProposalBody};
use crate::channel::{ConfigBlock, Trail, Update};
use crate::cli::compose::block_on;
use crate::cli::exit::Failure;
use crate::cli::output::Output;
use crate::orderer::{Orderer as _, Remote, Several};
use crate::pki::pem;
use crate::service::Deputy as _;
use crate::wire::{Envelope, decode};

/// Between two looks at the channel.
const PAUSE: Duration = Duration::from_millis(500);

/// Hand a proposal that is signed enough to the channel's orderers, and wait until it is in force
///
/// The orderers are those of the configuration that the server knows, unless they are named. What they made of it is read
/// back with the member's key and told to the server, which needs `chancery.ChannelMgr`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  chancery channel submit 57ecb0bb5e0aa2a8 --msp-id Org1MSP --msp-dir org1-admin/msp
  chancery channel submit 57ecb0bb5e0aa2a8 --msp-id Org1MSP --orderer orderer0.example.com:7050 --orderer-tls-ca orderer-ca.pem")]
pub(super) struct Submit {
    /// The proposal
    #[arg(value_name = "PROPOSAL")]
    proposal: String,
    /// The MSP ID of the member, who is its sender
    #[arg(long, value_name = "MSPID")]
    msp_id: String,
    /// So many seconds it is waited for
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(0..=3600))]
    wait: u64,
    #[command(flatten)]
    orderers: Orderers,
    #[command(flatten)]
    session: Session,
}

impl Submit {
    /// Hands it over.
    ///
    /// # Errors
    /// When the proposal is not ready, no orderer takes it, or it is not in force in time.
    pub(super) fn run(self, out: &Output) -> Result<(), Failure> {
        let (client, caller) = self.session.open()?;
        let asker = Asker::new(&self.msp_id, caller);
        let path = format!("proposals/{}", escaped(&self.proposal));
        let shown: ProposalBody = client.call("GET", &path, None, Some(asker.caller()))?;
        let standing = shown.standing.clone().unwrap_or_default();
        if shown.state != "open" || !standing.ready {
            let state = if shown.state == "open" { "not signed enough yet" } else { &shown.state };
            return Err(Failure::refused(format!("the proposal is {state}"))
                .hint("`chancery channel proposal` tells what it needs"));
        }
        let octets = |text: &str, what: &str| {
            STANDARD.decode(text).map_err(|error| {
                Failure::refused(format!("the server's {what} cannot be used")).because(error)
            })
        };
        let update = octets(&standing.update, "update")?;
        let channel: ChannelBody = client.call(
            "GET",
            &format!("channels/{}", escaped(&shown.channel)),
            None,
            Some(asker.caller()),
        )?;
        let known = channel.orderers.iter().map(|one| {
            let roots = one.tls_roots.iter().flat_map(|text| pem::blocks(text));
            (one.address.clone(), roots.map(|block| block.der).collect())
        });
        let known: Vec<(String, Vec<Vec<u8>>)> = known.collect();
        let orderers = self.orderers.open(&known)?;
        let envelope = self.envelope(&client, &asker, &path)?;
        let found =
            block_on(hand_over(&shown, &update, envelope, &asker, &orderers, self.wait, out))?;
        let block_octets = block(&found);
        let body = api::body(&ImportChannelRequest {
            config: STANDARD.encode(&block_octets),
            govern_here: None,
        })?;
        let channel = format!("channels/{}", escaped(&shown.channel));
        let told: Result<ChannelBody, Failure> =
            client.call("PUT", &channel, Some(&body), Some(asker.caller()));
        if let Err(failure) = told {
            // It may have been told by somebody else meanwhile.
            let now: ProposalBody = client.call("GET", &path, None, Some(asker.caller()))?;
            if now.state != "applied" {
                let note = format!("the server did not take the new configuration: {failure}");
                out.note(&note);
            }
        }
        let (sequence, number) = (found.config().sequence, found.block().number());
        let result = json!({
            "proposal": shown.id,
            "channel": shown.channel,
            "sequence": sequence,
            "block": number,
        });
        out.result(&result, &format!("in force: sequence {sequence}, in block {number}"))
    }

    fn envelope(&self, client: &Client, asker: &Asker, path: &str) -> Result<Envelope, Failure> {
        let header = signature_header(&self.msp_id, &asker.caller().certificate.to_pem(), &[])?;
        let path = format!("{path}/envelope?header={}", escaped(&STANDARD.encode(&header)));
        let made: EnvelopeBody = client.call("GET", &path, None, Some(asker.caller()))?;
        let bad = || Failure::refused("the server's envelope cannot be used");
        let octets = STANDARD.decode(&made.envelope).map_err(|error| bad().because(error))?;
        decode(&octets).map_err(|error| bad().because(error))
    }
}

async fn hand_over(
    proposal: &ProposalBody,
    update: &[u8],
    mut envelope: Envelope,
    asker: &Asker,
    orderers: &Several<Remote>,
    wait: u64,
    out: &Output,
) -> Result<ConfigBlock, Failure> {
    envelope.signature = asker
        .sign(&envelope.payload)
        .await
        .map_err(|error| Failure::refused("the update was not signed").because(error))?;
    if let Err(error) = orderers.broadcast(envelope).await {
        let told = error.to_string();
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        if !error.may_be_done() {
            let failure = Failure::refused(told);
            return Err(cause.into_iter().fold(failure, Failure::because));
        }
        out.note(&told);
    }
    let until = Instant::now() + Duration::from_secs(wait);
    loop {
        let looked = find(proposal, update, asker, orderers).await;
        match looked {
            Ok(Some(block)) => return Ok(block),
            Ok(None) => orderers.move_on(),
            Err(failure) if Instant::now() >= until => return Err(failure),
            Err(failure) => out.note(&failure.to_string()),
        }
        if Instant::now() >= until {
            let why = format!("the update is not in force after {wait} seconds");
            return Err(Failure::refused(why)
                .hint("it may come into force yet: look at the channel before it is sent again"));
        }
        sleep(PAUSE).await;
    }
}

/// The block that the update led to, when it is there.
async fn find(
    proposal: &ProposalBody,
    update: &[u8],
    asker: &Asker,
    orderers: &Several<Remote>,
) -> Result<Option<ConfigBlock>, Failure> {
    let mut trail = Trail::since(&proposal.channel, proposal.sequence);
    follow(&mut trail, &proposal.channel, asker, orderers).await?;
    let is_ours = |block: &&ConfigBlock| {
        let led = block.last_update().and_then(|it| Update::from_envelope(it).ok());
        led.is_some_and(|led| led.octets() == update)
    };
    Ok(trail.found().iter().find(is_ours).cloned())
}
