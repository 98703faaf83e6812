//! What a ceremony needs around it: a signer that makes keys, the roots' tokens, a parent.

use std::collections::BTreeMap;

use super::compose::{self, Parts};
use super::exit::Failure;
use super::parent;
use crate::config::{Config, SignerOptions};
use crate::hsm::Hsm;
use crate::id::CaName;
use crate::service::{self, CaOptions, Ceremony};

/// Starts a signer that makes keys, does a ceremony's work, and stops everything again.
pub(super) async fn with_ceremony<T>(
    config: &Config,
    work: impl AsyncFnOnce(&Ceremony<'_>) -> Result<T, service::Error>,
) -> Result<T, Failure> {
    let parts = Parts::start(config, true).await?;
    let root_tokens = match root_tokens(config) {
        Ok(tokens) => tokens,
        Err(failure) => {
            parts.stop().await;
            return Err(failure);
        }
    };
    let ceremony = Ceremony {
        commons: &parts.commons,
        root_token: &|ca| root_tokens.of(ca),
        ask_parent: &|ca, request| parent::certify(ca, request).map_err(Into::into),
    };
    let mut ready = Ok(());
    for hsm in root_tokens.0.values().chain([&parts.commons.hsm]) {
        if let Err(error) = hsm.wait_ready(compose::TOKEN_PATIENCE).await {
            ready = Err(compose::no_token(error));
        }
    }
    let done = match ready {
        Ok(()) => work(&ceremony).await.map_err(compose::refused),
        Err(failure) => Err(failure),
    };
    root_tokens.stop().await;
    parts.stop().await;
    done
}

/// The tokens of roots that are not in the one of `[signer]`, each with a signer of its own.
#[derive(Debug)]
struct RootTokens(BTreeMap<CaName, Hsm>);

/// Starts the signers of the roots that have a token of their own.
fn root_tokens(config: &Config) -> Result<RootTokens, Failure> {
    let mut tokens = BTreeMap::new();
    for ca in &config.cas {
        let Some(signer) = ca.root.as_ref().and_then(|root| root.signer.as_ref()) else {
            continue;
        };
        let options = SignerOptions {
            module: signer.module.clone(),
            token: signer.token.clone(),
            serial: signer.serial.clone(),
            pin_file: Some(signer.pin_file.clone()),
            pin_env: None,
            pin_credential: None,
            custody: config.signer.custody,
            workers: 1,
            hang_seconds: config.signer.hang_seconds,
            dir: config.signer.dir.join(format!("root-{}", ca.name)),
            socket: None,
            softhsm2_conf: config.signer.softhsm2_conf.clone(),
        };
        tokens.insert(ca.name.clone(), compose::start_hsm(&options, true)?);
    }
    Ok(RootTokens(tokens))
}

impl RootTokens {
    /// The token of a CA's root, when it is one of its own.
    fn of(&self, ca: &CaOptions) -> Option<Hsm> {
        self.0.get(&ca.name).cloned()
    }

    /// Stops their signers.
    async fn stop(self) {
        for hsm in self.0.into_values() {
            hsm.shutdown().await;
        }
    }
}
