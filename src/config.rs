//! One TOML file; unknown keys are refused; every key can be set by the environment.
//!
//! Each room owns its options; here they are read, put together and checked. No room imports this.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Table, Value};

use crate::hsm::CustodyLevel;
use crate::id::CaName;
use crate::service::{CaOptions, Hierarchy, OrganizationOptions};

/// What can be wrong with a configuration.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be read.
    #[error("could not read `{path}`")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The text is no TOML, or a key is unknown, missing or of the wrong type.
    #[error("`{path}`: {detail}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where and why, in toml's words.
        detail: String,
    },
    /// The values do not go together.
    #[error("{key}: {why}")]
    Contradiction {
        /// The key at fault.
        key: String,
        /// What is wrong.
        why: String,
    },
}

/// The whole configuration, with paths made absolute.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `[server]`.
    pub server: ServerOptions,
    /// `[store]`.
    pub store: StoreOptions,
    /// `[signer]`.
    pub signer: SignerOptions,
    /// `[fabric]`.
    #[serde(default)]
    pub fabric: FabricOptions,
    /// `[log]`.
    #[serde(default)]
    pub log: LogOptions,
    /// `[[ca]]`, at least one.
    #[serde(rename = "ca")]
    pub cas: Vec<CaOptions>,
    /// `[orderers]`: how the orderers of channels are reached; without it they are not.
    pub orderers: Option<OrderersOptions>,
    /// `[[organization]]`: whose members the CAs certify.
    #[serde(default, rename = "organization")]
    pub organizations: Vec<OrganizationOptions>,
}

/// `[server]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerOptions {
    /// Where the facade and `/crl` are served.
    pub listen: SocketAddr,
    /// Where health, metrics and version are served; without it they are on `listen`.
    pub operations_listen: Option<SocketAddr>,
    /// Who answers requests that name no CA. Default: the first `[[ca]]`.
    pub default_ca: Option<CaName>,
    /// Serve HTTPS. Without this table: plain HTTP.
    pub tls: Option<TlsOptions>,
    /// Connections served at once. Default 4,096.
    #[serde(default = "default_connections")]
    pub max_connections: usize,
    /// Seconds in which a request's head, and then its body, must have come. Default 10.
    #[serde(default = "default_read_seconds")]
    pub read_timeout_seconds: u64,
    /// Seconds in which a request is answered. Default 30.
    #[serde(default = "default_answer_seconds")]
    pub answer_timeout_seconds: u64,
    /// Seconds that open requests are given when the server stops. Default 10.
    #[serde(default = "default_drain_seconds")]
    pub drain_seconds: u64,
}

/// `[server.tls]`: the key lives in the token, the certificate is issued by one of our CAs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsOptions {
    /// The CA that certifies the server. Default: the default CA.
    pub ca: Option<CaName>,
    /// Names and addresses that the certificate is good for. Default `localhost` and `127.0.0.1`.
    #[serde(default = "default_hosts")]
    pub hosts: Vec<String>,
    /// Ask clients for a certificate of one of our CAs, as which they may then call `/api/v2`. They need
    /// not have one. Default false.
    #[serde(default)]
    pub client_certificates: bool,
}

/// `[store]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreOptions {
    /// `sqlite://PATH` or `postgres://user@host/database`.
    pub url: String,
    /// The file with the database's password.
    pub password_file: Option<PathBuf>,
}

/// `[signer]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignerOptions {
    /// The PKCS#11 module.
    pub module: PathBuf,
    /// The token's label.
    pub token: String,
    /// The token's serial number, when two tokens bear one label.
    pub serial: Option<String>,
    /// The file with the PIN.
    pub pin_file: Option<PathBuf>,
    /// The environment variable with the PIN.
    pub pin_env: Option<String>,
    /// The systemd credential with the PIN.
    pub pin_credential: Option<String>,
    /// Keys kept worse are not used, nor made: `generated` (default), `guarded` or `any`.
    #[serde(default)]
    pub custody: CustodyLevel,
    /// Sessions that sign. Default 2.
    #[serde(default = "default_workers")]
    pub workers: usize,
    /// Seconds after which a call into the module hangs, and the signer is started again; making a key may
    /// take thirty times as long. Default 2.
    #[serde(default = "default_hang_seconds")]
    pub hang_seconds: u16,
    /// Where the register of keys and the ledger of signatures are kept. Default `signer`.
    #[serde(default = "default_signer_dir")]
    pub dir: PathBuf,
    /// The socket of a signer that runs apart; without it the service starts one of its own.
    pub socket: Option<PathBuf>,
    /// `SOFTHSM2_CONF` for the signer: the configuration of a private SoftHSM2 token.
    pub softhsm2_conf: Option<PathBuf>,
}

/// `[orderers]`: this server asks the orderers of its channels for news and hands updates to them, at the addresses that
/// the channels' configurations tell.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderersOptions {
    /// Seconds in which a connection must stand. Default 5.
    #[serde(default = "default_connect_seconds")]
    pub connect_seconds: u64,
    /// Seconds in which an answer must have come. Default 30.
    #[serde(default = "default_orderer_seconds")]
    pub answer_seconds: u64,
    /// PEM certificates that orderers' must chain to. Default: those that each channel's configuration has.
    pub tls_roots_file: Option<PathBuf>,
    /// Our own certificate with its chain, PEM, for orderers that ask for one.
    pub client_certificate_file: Option<PathBuf>,
    /// Its key, PEM.
    pub client_key_file: Option<PathBuf>,
    /// Where to connect instead: `"orderer0.example.com:7050" = "127.0.0.1:17050"`. The name that is expected stays.
    #[serde(default)]
    pub overrides: BTreeMap<String, String>,
    /// Without TLS: whoever is in between reads and changes everything. Default false.
    #[serde(default)]
    pub insecure_plaintext: bool,
}

/// `[fabric]`: the Fabric CA facade.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FabricOptions {
    /// Accept the replayable tokens of clients before 1.4. Default false.
    pub compatibility_tokens_v1: bool,
    /// Origins that may read answers in a browser. Default none.
    pub cors_origins: Vec<String>,
}

/// `[log]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogOptions {
    /// `error`, `warn`, `info` (default), `debug`, or a filter in tracing's syntax.
    pub level: Option<String>,
    /// Lines as JSON. Default false.
    pub json: bool,
}

impl Config {
    /// Reads the file, lays the environment over it and checks the whole.
    ///
    /// # Errors
    /// Names the file, the key and the reason.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| Error::Unreadable { path: path.to_owned(), source })?;
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        // A bare file name has an empty parent: the working directory.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or_else(|| Path::new("."));
        let folder = std::path::absolute(folder)
            .map_err(|source| Error::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&text, variables, &folder, path)
    }

    /// Parses a text whose relative paths are relative to `folder`; `origin` is told in errors.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn parse(
        text: &str,
        variables: impl Iterator<Item = (String, String)>,
        folder: &Path,
        origin: &Path,
    ) -> Result<Self, Error> {
        let malformed = |detail: String| Error::Malformed { path: origin.to_owned(), detail };
        // The text alone first: its errors tell the line.
        let mut value: Value = toml::from_str(text).map_err(|e| malformed(e.to_string()))?;
        let mut overlaid = false;
        for (name, text) in variables {
            // One underscore joins words, two go down a level; names with none are not ours.
            let Some(path) = name.strip_prefix("CHANCERY_").filter(|rest| rest.contains("__"))
            else {
                continue;
            };
            let path = path.to_lowercase();
            overlay(&mut value, &mut path.split("__"), &text)
                .map_err(|why| Error::Contradiction { key: name.clone(), why })?;
            overlaid = true;
        }
        let mut config: Self = if overlaid {
            value.try_into().map_err(|e| malformed(e.to_string()))?
        } else {
            toml::from_str(text).map_err(|e| malformed(e.to_string()))?
        };
        config.make_absolute(folder);
        config.check()?;
        Ok(config)
    }

    /// The CA that answers requests that name none.
    pub fn default_ca(&self) -> Option<&CaName> {
        self.server.default_ca.as_ref().or_else(|| self.cas.first().map(|ca| &ca.name))
    }

    fn make_absolute(&mut self, folder: &Path) {
        let fix = |path: &mut PathBuf| *path = folder.join(&*path);
        let signer = &mut self.signer;
        fix(&mut signer.dir);
        for path in [&mut signer.pin_file, &mut signer.socket, &mut signer.softhsm2_conf] {
            path.iter_mut().for_each(fix);
        }
        self.store.password_file.iter_mut().for_each(fix);
        if let Some(path) = self.store.url.strip_prefix("sqlite://") {
            self.store.url = format!("sqlite://{}", folder.join(path).display());
        }
        if let Some(orderers) = &mut self.orderers {
            let files = [
                &mut orderers.tls_roots_file,
                &mut orderers.client_certificate_file,
                &mut orderers.client_key_file,
            ];
            files.into_iter().flatten().for_each(fix);
        }
        for ca in &mut self.cas {
            ca.profiles_dir.iter_mut().for_each(fix);
            ca.identities.iter_mut().for_each(|identity| fix(&mut identity.secret_file));
            if let Some(parent) = &mut ca.parent {
                fix(&mut parent.secret_file);
                parent.trust_file.iter_mut().for_each(fix);
            }
            if let Some(signer) = ca.root.as_mut().and_then(|root| root.signer.as_mut()) {
                fix(&mut signer.pin_file);
            }
        }
    }

    fn check(&self) -> Result<(), Error> {
        let fault = |key: &str, why: &str| Error::Contradiction {
            key: key.to_owned(),
            why: why.to_owned(),
        };
        if self.cas.is_empty() {
            return Err(fault("ca", "there must be at least one [[ca]]"));
        }
        let mut names = BTreeSet::new();
        for ca in &self.cas {
            let key = format!("ca `{}`", ca.name);
            if !names.insert(&ca.name) {
                return Err(fault(&key, "this name is given twice"));
            }
            if ca.parent.is_some() && (ca.root.is_some() || ca.hierarchy == Hierarchy::Two) {
                return Err(fault(&key, "`parent` excludes `root` and `hierarchy = \"two\"`"));
            }
            if ca.root.is_some() && ca.hierarchy == Hierarchy::One {
                return Err(fault(&key, "`root` needs `hierarchy = \"two\"`"));
            }
            if ca.parent.is_some() && ca.issuer.subject.common_name.is_some() {
                let why =
                    "`issuer.subject.common_name` is the enrollment ID at the parent; leave it out";
                return Err(fault(&key, why));
            }
            if ca.limits.max_enrollments < -1 {
                return Err(fault(&key, "`limits.max_enrollments` is below -1"));
            }
        }
        if let Some(orderers) = &self.orderers {
            if orderers.client_certificate_file.is_some() != orderers.client_key_file.is_some() {
                let why = "`client_certificate_file` and `client_key_file` go together";
                return Err(fault("orderers", why));
            }
            if orderers.connect_seconds == 0 || orderers.answer_seconds == 0 {
                return Err(fault("orderers", "deadlines must be at least 1 second"));
            }
        }
        let mut msp_ids = BTreeSet::new();
        for organization in &self.organizations {
            let key = format!("organization `{}`", organization.msp_id);
            if !msp_ids.insert(&organization.msp_id) {
                return Err(fault(&key, "this MSP ID is given twice"));
            }
            if organization.channels.list_days == 0 {
                return Err(fault(&format!("{key}.channels.list_days"), "must be at least 1"));
            }
            for (which, name) in
                [("ca", Some(&organization.ca)), ("tls_ca", organization.tls_ca.as_ref())]
            {
                if name.is_some_and(|name| !names.contains(name)) {
                    return Err(fault(
                        &format!("{key}.{which}"),
                        "there is no [[ca]] of this name",
                    ));
                }
            }
        }
        let tls_ca = self.server.tls.as_ref().and_then(|tls| tls.ca.as_ref());
        for (key, name) in
            [("server.default_ca", &self.server.default_ca.as_ref()), ("server.tls.ca", &tls_ca)]
        {
            if name.is_some_and(|name| !names.contains(name)) {
                return Err(fault(key, "there is no [[ca]] of this name"));
            }
        }
        let pins = [
            self.signer.pin_file.is_some(),
            self.signer.pin_env.is_some(),
            self.signer.pin_credential.is_some(),
        ];
        if pins.iter().filter(|given| **given).count() > 1 {
            return Err(fault("signer", "give one of `pin_file`, `pin_env`, `pin_credential`"));
        }
        if self.signer.hang_seconds == 0 {
            return Err(fault("signer.hang_seconds", "must be at least 1"));
        }
        if self.signer.workers == 0 {
            return Err(fault("signer.workers", "must be at least 1"));
        }
        Ok(())
    }
}

/// Sets one value; numbers in the path count the elements of a list, which must exist.
fn overlay<'a>(
    at: &mut Value,
    path: &mut impl Iterator<Item = &'a str>,
    text: &str,
) -> Result<(), String> {
    let Some(step) = path.next() else {
        // What reads as a TOML value is one, all else is a text.
        let parsed = toml::from_str::<Table>(&format!("v = {text}")).ok();
        let parsed = parsed.and_then(|mut table| table.remove("v"));
        *at = parsed.unwrap_or_else(|| Value::String(text.to_owned()));
        return Ok(());
    };
    match at {
        Value::Table(table) => {
            let below = table.entry(step.to_owned()).or_insert_with(|| Value::Table(Table::new()));
            overlay(below, path, text)
        }
        Value::Array(list) => {
            let element = step.parse::<usize>().ok().and_then(|n| list.get_mut(n));
            overlay(element.ok_or_else(|| format!("there is no element `{step}`"))?, path, text)
        }
        Value::String(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_) => Err(format!("there is nothing below a plain value: `{step}`")),
    }
}

fn default_connections() -> usize {
    4096
}

fn default_read_seconds() -> u64 {
    10
}

fn default_answer_seconds() -> u64 {
    30
}

fn default_drain_seconds() -> u64 {
    10
}

fn default_connect_seconds() -> u64 {
    5
}

fn default_orderer_seconds() -> u64 {
    30
}

fn default_hang_seconds() -> u16 {
    2
}

fn default_workers() -> usize {
    2
}

fn default_signer_dir() -> PathBuf {
    PathBuf::from("signer")
}

fn default_hosts() -> Vec<String> {
    vec!["localhost".to_owned(), "127.0.0.1".to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"
        [server]
        listen = "127.0.0.1:0"
        [store]
        url = "sqlite://ca.db"
        [signer]
        module = "/m.so"
        token = "t"
        pin_file = "pin"
        [[ca]]
        name = "ca-a"
    "#;

    fn parse(text: &str, variables: &[(&str, &str)]) -> Result<Config, Error> {
        let variables = variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Config::parse(text, variables, Path::new("/etc/c"), Path::new("c.toml"))
    }

    #[test]
    fn paths_are_relative_to_the_file() {
        let config = parse(SMALL, &[]).unwrap();
        assert_eq!(config.store.url, "sqlite:///etc/c/ca.db");
        assert_eq!(config.signer.pin_file.unwrap(), Path::new("/etc/c/pin"));
    }

    #[test]
    fn unknown_keys_are_refused_with_their_line() {
        let error = parse(&SMALL.replace("token =", "tokn ="), &[]).unwrap_err().to_string();
        assert!(error.contains("tokn") && error.contains("line"), "{error}");
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let config = parse(
            SMALL,
            &[
                ("CHANCERY_SERVER__LISTEN", "127.0.0.1:99"),
                ("CHANCERY_CA__0__LIMITS__MAX_ENROLLMENTS", "3"),
                ("CHANCERY_ENROLL_SECRET", "not ours"),
            ],
        )
        .unwrap();
        assert_eq!(config.server.listen.port(), 99);
        assert_eq!(config.cas[0].limits.max_enrollments, 3);
        assert!(parse(SMALL, &[("CHANCERY_SERVER__LISTN", "x")]).is_err());
        assert!(parse(SMALL, &[("CHANCERY_CA__7__NAME", "x")]).is_err());
    }

    #[test]
    fn contradictions_name_the_key() {
        let twice = format!("{SMALL}\n[[ca]]\nname = \"ca-a\"\n");
        assert!(parse(&twice, &[]).unwrap_err().to_string().contains("twice"));
        let nobody = format!("{SMALL}\n[[organization]]\nmsp_id = \"A\"\nca = \"ca-b\"\n");
        let error = parse(&nobody, &[]).unwrap_err().to_string();
        assert!(error.contains("organization `A`.ca"), "{error}");
        let root = format!("{SMALL}\n[ca.root]\n");
        assert!(parse(&root, &[]).unwrap_err().to_string().contains("hierarchy"));
    }
}
