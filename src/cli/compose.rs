//! Puts the rooms together for the commands that need a store and a token.

use std::ffi::OsString;
use std::fs;
use std::future::Future;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tracing::warn;
use zeroize::Zeroizing;

use super::exit::Failure;
use super::input;
use crate::clock::Clock;
use crate::config::{Config, OrderersOptions, SignerOptions, TlsOptions};
use crate::hsm::{self, Hsm, HsmOptions, PinSource, SignerCommand, SignerSource};
use crate::id::CaName;
use crate::orderer::{self, ClientCertificate, Security};
use crate::pki::Certificate;
use crate::secret::{EnrollmentSecret, random};
use crate::service::{
    self, Authority, CaOptions, Commons, Office, OpenIntents, SECRETS_LABEL, SecretScheme, Sweep,
    recover,
};
use crate::signer;
use crate::store::{self, Store};
use crate::telemetry::{self, Metrics};

/// The most TLS roots in a file.
const MOST_ROOTS: usize = 1_000;
/// The longest file of a secret, in octets.
const LONGEST_SECRET: u64 = 1 << 16;
/// How long the token may take to be served at start.
pub(super) const TOKEN_PATIENCE: Duration = Duration::from_secs(30);
/// What deeds that are at work are given when the server stops: a signature takes no longer.
const FINISH: Duration = Duration::from_secs(6);
/// Between two sweeps of the journal.
const SWEEP: Duration = Duration::from_secs(10);

/// A store, a token, and what is told of both.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) commons: Commons,
    pub(super) metrics: Metrics,
}

impl Parts {
    /// Starts the signer and opens the store. With `generates` the signer makes keys.
    pub(super) async fn start(config: &Config, generates: bool) -> Result<Self, Failure> {
        let metrics = Metrics::new().map_err(|e| Failure::refused("metrics clash").because(e))?;
        // The signer logs in while the store opens.
        let hsm = start_hsm(&config.signer, generates)?;
        let opened = open_store(config, &metrics).await;
        let store = match opened {
            Ok(store) => store,
            Err(failure) => {
                hsm.shutdown().await;
                return Err(failure);
            }
        };
        let commons = Commons {
            store,
            hsm,
            clock: Clock::system(),
            secrets: SecretScheme::local(),
            instance: instance(config)?,
            open_intents: OpenIntents::default(),
        };
        Ok(Self { commons, metrics })
    }

    /// Settles what a crash left open, and opens all CAs.
    pub(super) async fn open_office(&mut self, config: &Config) -> Result<Arc<Office>, Failure> {
        self.commons.hsm.wait_ready(TOKEN_PATIENCE).await.map_err(no_token)?;
        let keys = self.commons.hsm.keys().await.map_err(no_token)?;
        if let Some(key) = keys.iter().find(|key| key.label.as_str() == SECRETS_LABEL) {
            self.commons.secrets = SecretScheme::by_token(self.commons.hsm.clone(), key.reference);
        } else {
            warn!("enrollment secrets are kept without help of the token");
        }
        recover(&self.commons, Sweep::AtStart).await.map_err(refused)?;
        let mut authorities = Vec::new();
        for options in &config.cas {
            let authority = Authority::open(&self.commons, options).await.map_err(refused)?;
            for issuer in authority.all_issuers() {
                let hash = issuer.certificate().public_key().spki_hash();
                if !keys.iter().any(|key| key.reference == hash) {
                    let why = format!(
                        "the key of issuer {} of CA `{}` is not registered with the signer",
                        issuer.key_id(),
                        options.name
                    );
                    return Err(Failure::refused(why)
                        .hint("see `chancery hsm inventory`; nothing was changed"));
                }
                let key_id = issuer.key_id().to_string();
                let end = issuer.certificate().not_after().unix();
                self.metrics.issuer_expiry(options.name.as_str(), &key_id, end);
            }
            bootstrap(&authority, options).await?;
            authorities.push(authority);
        }
        let default = config.default_ca();
        let default = default.ok_or_else(|| Failure::usage("there is no [[ca]]"))?;
        let organizations = &config.organizations;
        let orderers = config.orderers.as_ref().map(orderers).transpose()?;
        Office::new(authorities, default, organizations, &self.commons)
            .map(|office| Arc::new(office.with_orderers(orderers)))
            .map_err(refused)
    }

    /// Closes store and token.
    pub(super) async fn stop(self) {
        self.commons.open_intents.finish(FINISH).await;
        self.commons.hsm.shutdown().await;
        self.commons.store.close().await;
    }
}

/// How orderers are reached.
fn orderers(options: &OrderersOptions) -> Result<orderer::Options, Failure> {
    let bad = |why: String| Failure::usage(format!("orderers: {why}"));
    let read = |path: &PathBuf| input::read_file(path, input::LARGEST);
    let client = match (&options.client_certificate_file, &options.client_key_file) {
        (Some(certificate), Some(key)) => {
            let key = Zeroizing::new(read(key)?);
            let client = ClientCertificate::from_pem(&read(certificate)?, &key);
            Some(client.map_err(|why| bad(why.to_string()))?)
        }
        _ => None,
    };
    let roots = match &options.tls_roots_file {
        None => Vec::new(),
        Some(path) => {
            let text = String::from_utf8(read(path)?);
            let text = text.map_err(|_| bad(format!("`{}` is no PEM", path.display())))?;
            let roots = Certificate::chain_from_pem(&text, MOST_ROOTS);
            let roots = roots.map_err(|why| bad(format!("`{}`: {why}", path.display())))?;
            roots.iter().map(|root| root.der().to_vec()).collect()
        }
    };
    let address =
        |text: &str| text.parse().map_err(|why| bad(format!("overrides: `{text}`: {why}")));
    let overrides = options.overrides.iter();
    let overrides = overrides.map(|(from, to)| Ok((address(from)?, address(to)?)));
    Ok(orderer::Options {
        connect: Duration::from_secs(options.connect_seconds),
        answer: Duration::from_secs(options.answer_seconds),
        overrides: overrides.collect::<Result<_, Failure>>()?,
        security: if options.insecure_plaintext {
            warn!("orderers are talked to in the clear: `orderers.insecure_plaintext`");
            Security::InsecurePlaintext
        } else {
            Security::Tls { roots, client }
        },
        ..orderer::Options::default()
    })
}

/// What the configuration wants to exist in a CA.
async fn bootstrap(authority: &Arc<Authority>, options: &CaOptions) -> Result<(), Failure> {
    authority.ensure_affiliations(&options.affiliations).await.map_err(refused)?;
    for identity in &options.identities {
        let secret = read_secret(&identity.secret_file)?;
        authority.ensure_identity(identity, &secret).await.map_err(refused)?;
    }
    Ok(())
}

/// Settles intents that nobody closes.
pub(super) async fn sweep(commons: Commons) {
    loop {
        tokio::time::sleep(SWEEP).await;
        if let Err(error) = recover(&commons, Sweep::WhileServing).await {
            warn!(%error, "the sweep of the journal failed; it is tried again");
        }
    }
}

/// Applies proposals that were signed enough when a process ended, and tries again what failed.
pub(super) async fn settle(office: Arc<Office>) {
    loop {
        if let Err(error) = office.settle_proposals().await {
            warn!(%error, "could not look at open proposals; it is tried again");
        }
        tokio::time::sleep(SWEEP).await;
    }
}

/// Store and clock alone, for commands that look at what is stored.
pub(super) async fn stored(config: &Config) -> Result<Store, Failure> {
    let metrics = Metrics::new().map_err(|e| Failure::refused("metrics clash").because(e))?;
    open_store(config, &metrics).await
}

async fn open_store(config: &Config, metrics: &Metrics) -> Result<Store, Failure> {
    let mut url = Zeroizing::new(config.store.url.clone());
    if let Some(file) = &config.store.password_file {
        let password = read_secret(file)?;
        url = with_password(&url, &password)?;
    }
    let metrics = metrics.clone();
    let options = store::Options {
        observer: Some(Arc::new(move |function, call, took| metrics.stored(function, call, took))),
        ..store::Options::new(url.as_str())
    };
    Store::open(&options).await.map_err(|e| Failure::refused("could not open the store").because(e))
}

/// `postgres://user@host/database` with the password behind the user.
fn with_password(url: &str, password: &EnrollmentSecret) -> Result<Zeroizing<String>, Failure> {
    let wrong = || Failure::usage("store.password_file: `store.url` has no user to give it to");
    let (scheme, rest) = url.split_once("://").ok_or_else(wrong)?;
    let (user, place) = rest.split_once('@').ok_or_else(wrong)?;
    let password = utf8_percent_encode(password.expose(), NON_ALPHANUMERIC);
    Ok(Zeroizing::new(format!("{scheme}://{user}:{password}@{place}")))
}

/// Starts the signer, or finds the one that runs apart. With `generates` it makes keys.
pub(super) fn start_hsm(options: &SignerOptions, generates: bool) -> Result<Hsm, Failure> {
    let source = match &options.socket {
        Some(socket) => SignerSource::Socket(socket.clone()),
        None => SignerSource::Spawn(signer_command(options, generates)?),
    };
    Ok(Hsm::start(source, HsmOptions::default()))
}

/// How the signer is started: this program again, with the PIN's source and never the PIN.
fn signer_command(options: &SignerOptions, generates: bool) -> Result<SignerCommand, Failure> {
    let folder = &options.dir;
    fs::create_dir_all(folder)
        .and_then(|()| fs::set_permissions(folder, fs::Permissions::from_mode(0o700)))
        .map_err(|e| {
            Failure::refused(format!("could not make `{}`", folder.display())).because(e)
        })?;
    let pin = match (&options.pin_file, &options.pin_env, &options.pin_credential) {
        (Some(file), _, _) => PinSource::File(file.clone()),
        (_, Some(name), _) => PinSource::Env(name.clone()),
        (_, _, Some(name)) => PinSource::Credential(name.clone()),
        (None, None, None) => PinSource::Prompt,
    };
    let workers = u16::try_from(options.workers)
        .map_err(|_| Failure::usage("signer.workers: more than 65,535"))?;
    let signer = signer::SignerOptions {
        token_serial: options.serial.clone(),
        allow_generate: generates,
        custody: options.custody,
        workers,
        hang: options.hang_seconds,
        ..signer::SignerOptions::new(
            &options.token,
            &options.module,
            pin,
            folder.join("register"),
            folder.join("ledger"),
        )
    };
    let mut arguments = vec![OsString::from("signer")];
    arguments.extend(signer.arguments());
    let softhsm2 = options.softhsm2_conf.iter();
    Ok(SignerCommand {
        program: PathBuf::from("/proc/self/exe"),
        arguments,
        environment: softhsm2.map(|conf| ("SOFTHSM2_CONF".into(), conf.into())).collect(),
    })
}

/// Names this process in the journal. A SQLite file has one process at a time, so whatever is open at
/// its start is its own; replicas on PostgreSQL each have a name of their own.
fn instance(config: &Config) -> Result<String, Failure> {
    if config.store.url.starts_with("sqlite:") {
        return Ok("sqlite".to_owned());
    }
    let octets = random::<8>().map_err(|e| Failure::refused("no randomness").because(e))?;
    Ok(hex::encode(octets))
}

/// The certificate and key of the server: a key in the token, certified by one of our CAs.
pub(super) async fn tls(
    options: &TlsOptions,
    parts: &Parts,
    office: &Office,
) -> Result<Arc<rustls::ServerConfig>, Failure> {
    let name = options.ca.as_ref().map(CaName::as_str).unwrap_or_default();
    let authority = office.authority(name).map_err(refused)?;
    let chain = authority.server_certificate(&options.hosts).await.map_err(refused)?;
    let client_cas = if options.client_certificates { client_cas(office) } else { Vec::new() };
    crate::tls::server_config(parts.commons.hsm.clone(), &chain, &client_cas)
        .map_err(|e| Failure::refused("could not set up TLS").because(e))
}

/// Every CA that certifies members: clients may send their own certificate alone.
fn client_cas(office: &Office) -> Vec<Certificate> {
    let issuers = office.authorities().iter().flat_map(|authority| authority.all_issuers());
    issuers.map(|issuer| issuer.certificate().clone()).collect()
}

/// Reads and checks the configuration.
pub(super) fn read_config(path: &Path) -> Result<Config, Failure> {
    Config::read(path).map_err(|e| {
        Failure::usage("the configuration is not good")
            .because(e)
            .hint("docs/configuration.md has every key; `chancery config check` explains a file")
    })
}

/// Starts the log as the configuration says.
pub(super) fn start_log(config: &Config) -> Result<(), Failure> {
    let level = std::env::var("CHANCERY_LOG").ok();
    let level = level.as_deref().or(config.log.level.as_deref()).unwrap_or("info");
    telemetry::start_log(level, config.log.json).map_err(Failure::usage)
}

/// Reads a secret: the first line of a file.
pub(super) fn read_secret(path: &Path) -> Result<EnrollmentSecret, Failure> {
    let octets = Zeroizing::new(input::read_file(path, LONGEST_SECRET)?);
    let text = std::str::from_utf8(&octets).ok().and_then(|text| text.lines().next());
    match text {
        Some(line) if !line.is_empty() => Ok(EnrollmentSecret::new(line.to_owned())),
        _ => Err(Failure::usage(format!("`{}` holds no secret on its first line", path.display()))),
    }
}

/// Why nothing can be done without the token.
pub(super) fn no_token(error: hsm::Error) -> Failure {
    let hint = if matches!(error, hsm::Error::WrongPin) {
        "the PIN was tried once; mend it and start again"
    } else {
        "the signer's own lines above say more"
    };
    Failure::refused("the token cannot be used").because(error).hint(hint)
}

/// Runs a future on a runtime of its own.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::refused("could not start").because(e))?;
    runtime.block_on(work)
}

/// A deed's refusal, as a command tells it.
pub(super) fn refused(error: service::Error) -> Failure {
    Failure::refused(error.detail.clone()).because(error)
}
