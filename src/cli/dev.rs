//! `chancery dev`: a throw-away server in one command, on a private SoftHSM2 token and SQLite.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::compose::{self, Parts};
use super::exit::Failure;
use super::input;
use super::output::Output;
use crate::config::Config;
use crate::id::CaName;
use crate::secret;
use crate::service::{CaOptions, Ceremony};

/// Where Debian and others put SoftHSM2.
const MODULES: &[&str] = &[
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
];

/// Runs a throw-away server: a private SoftHSM2 token and a SQLite file under DIR, made on the first
/// start and used again afterwards. For testing only.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  chancery dev --data /tmp/ca --listen 127.0.0.1:7054 \
                        --bootstrap admin:adminpw")]
pub(super) struct Dev {
    /// Everything is kept here.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The address to serve on.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7054")]
    listen: SocketAddr,
    /// The administrator of each CA, with every right. Its secret is for testing: it stands on the
    /// command line.
    #[arg(long, value_name = "ID:SECRET", default_value = "admin:adminpw")]
    bootstrap: String,
    /// Serve HTTPS with a key in the token.
    #[arg(long)]
    tls: bool,
    /// A CA; may repeat. The first one answers requests that name none. Each is an organization, whose
    /// MSP ID is the CA's name with a capital and `MSP`: `org1` is of `Org1MSP`.
    #[arg(long = "ca", value_name = "NAME", default_value = "ca")]
    cas: Vec<CaName>,
    /// Give each organization an administrator whose key is in the token: who is revoked is then revoked in its channels
    /// by itself.
    #[arg(long)]
    administrators: bool,
    /// Talk to the orderers of channels over TLS, with the roots that each channel's configuration has for them: what was
    /// revoked is brought there by itself.
    #[arg(long)]
    orderers: bool,
    /// Connect elsewhere than to an orderer's address; the name in its certificate stays. May repeat.
    #[arg(long = "orderer-override", value_name = "FROM=TO", requires = "orderers", value_parser = instead)]
    orderer_overrides: Vec<(String, String)>,
    /// Seconds in which orderers must have answered.
    #[arg(long, value_name = "SECONDS", requires = "orderers")]
    orderer_answer_seconds: Option<u64>,
    /// A folder of further certificate profiles, for each CA.
    #[arg(long, value_name = "DIR")]
    profiles: Option<PathBuf>,
    /// Levels of issuers: `one`, or `two` with a root above.
    #[arg(long, value_parser = ["one", "two"], default_value = "one")]
    hierarchy: String,
    /// Another address for health, metrics and version.
    #[arg(long, value_name = "ADDR")]
    operations_listen: Option<SocketAddr>,
    /// The PKCS#11 module of SoftHSM2. Default: where distributions put it.
    #[arg(long, value_name = "FILE", env = "CHANCERY_SOFTHSM2_MODULE")]
    module: Option<PathBuf>,
}

impl Dev {
    /// Runs until SIGTERM or SIGINT.
    ///
    /// # Errors
    /// When SoftHSM2 is missing, or anything that `serve` and `init` need.
    pub(super) fn run(self, out: &Output) -> Result<(), Failure> {
        let data = std::path::absolute(&self.data)
            .map_err(|e| Failure::usage(format!("`{}`", self.data.display())).because(e))?;
        let path = self.prepare(&data)?;
        let config = compose::read_config(&path)?;
        compose::start_log(&config)?;
        make_token(&config, &data)?;
        compose::block_on(async move {
            let parts = Parts::start(&config, true).await?;
            make_missing(&config, &parts, &path).await?;
            super::serve::serve(&config, parts, out).await
        })
    }

    /// Writes what the server is configured with; secrets go into files of their own.
    fn prepare(&self, data: &Path) -> Result<PathBuf, Failure> {
        let (id, secret) = self
            .bootstrap
            .split_once(':')
            .filter(|(id, secret)| !id.is_empty() && !secret.is_empty())
            .ok_or_else(|| Failure::usage("`--bootstrap` is not ID:SECRET"))?;
        let module = softhsm2(data, self.module.as_deref())?;
        write(&data.join("bootstrap.secret"), secret)?;
        let path = data.join("chancery.toml");
        let profiles = self.profiles.as_deref().map(|path| {
            std::path::absolute(path)
                .map_err(|e| Failure::usage(format!("`{}`", path.display())).because(e))
        });
        write(&path, &self.configuration(&module, id, profiles.transpose()?.as_deref()))?;
        Ok(path)
    }

    fn configuration(&self, module: &Path, id: &str, profiles: Option<&Path>) -> String {
        let quote = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let mut text = format!(
            "# Written by `chancery dev`, anew at each start.\n\
             [server]\nlisten = \"{}\"\n",
            self.listen
        );
        // Writing into a String cannot fail.
        if let Some(operations) = self.operations_listen {
            let _ = writeln!(text, "operations_listen = \"{operations}\"");
        }
        if self.tls {
            text.push_str("[server.tls]\nclient_certificates = true\n");
        }
        let _ = writeln!(
            text,
            "[store]\nurl = \"sqlite://chancery.db\"\n[signer]\nmodule = {}\ntoken = \"chancery-dev\"\n\
             pin_file = \"pin\"\nsofthsm2_conf = \"softhsm2.conf\"",
            quote(&module.display().to_string())
        );
        if self.orderers {
            text.push_str("[orderers]\n");
            if let Some(seconds) = self.orderer_answer_seconds {
                let _ = writeln!(text, "answer_seconds = {seconds}");
            }
            text.push_str("[orderers.overrides]\n");
            for (from, to) in &self.orderer_overrides {
                let _ = writeln!(text, "{} = {}", quote(from), quote(to));
            }
        }
        let profiles = match profiles {
            Some(path) => format!("profiles_dir = {}\n", quote(&path.display().to_string())),
            None => String::new(),
        };
        for ca in &self.cas {
            let _ = writeln!(
                text,
                "[[ca]]\nname = \"{ca}\"\nhierarchy = \"{}\"\n{profiles}\
                 affiliations = [\"org1.department1\", \"org1.department2\", \"org2.department1\"]\n\
                 [ca.limits]\nallow_identity_removal = true\nallow_affiliation_removal = true\n\
                 [[ca.identities]]\nid = {}\nsecret_file = \"bootstrap.secret\"\n\
                 attributes = {{ \"hf.Registrar.Roles\" = \"*\", \"hf.Registrar.DelegateRoles\" = \"*\", \
                 \"hf.Registrar.Attributes\" = \"*\", \"hf.Revoker\" = \"1\", \"hf.IntermediateCA\" = \"1\", \
                 \"hf.GenCRL\" = \"1\", \"hf.AffiliationMgr\" = \"1\" }}",
                self.hierarchy,
                quote(id)
            );
            let _ = writeln!(
                text,
                "[[organization]]\nmsp_id = \"{}\"\nca = \"{ca}\"",
                msp_id(ca.as_str())
            );
            if self.administrators {
                text.push_str("[organization.administrator]\n");
            }
        }
        text
    }
}

/// `FROM=TO`.
fn instead(text: &str) -> Result<(String, String), String> {
    let (from, to) = text.split_once('=').ok_or("it is not FROM=TO")?;
    Ok((from.to_owned(), to.to_owned()))
}

/// The MSP ID of a CA's organization: `org1` is of `Org1MSP`.
fn msp_id(ca: &str) -> String {
    let mut letters = ca.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect::<String>() + "MSP"
}

/// Lays out a private SoftHSM2 under `data`: folders, its configuration, a PIN. Gives the module: the
/// one that is named, or where distributions put it.
///
/// # Errors
/// When SoftHSM2 is not installed, or a file cannot be written.
pub(super) fn softhsm2(data: &Path, module: Option<&Path>) -> Result<PathBuf, Failure> {
    let module = module
        .map(Path::to_owned)
        .or_else(|| MODULES.iter().map(PathBuf::from).find(|module| module.exists()));
    let module = module.ok_or_else(|| {
        Failure::refused("SoftHSM2 is not installed").hint("apt-get install softhsm2")
    })?;
    for folder in [data.to_owned(), data.join("tokens")] {
        fs::create_dir_all(&folder)
            .and_then(|()| fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)))
            .map_err(|e| {
                Failure::refused(format!("could not make `{}`", folder.display())).because(e)
            })?;
    }
    let conf = format!(
        "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
        data.join("tokens").display()
    );
    write(&data.join("softhsm2.conf"), &conf)?;
    let pin = data.join("pin");
    if !pin.exists() {
        let octets =
            secret::random::<16>().map_err(|e| Failure::refused("no randomness").because(e))?;
        write(&pin, &hex::encode(octets))?;
    }
    Ok(module)
}

/// Makes the private token on the first start. The module is loaded in a process of its own.
pub(super) fn make_token(config: &Config, data: &Path) -> Result<(), Failure> {
    let made = data.join("token-made");
    if made.exists() {
        return Ok(());
    }
    let exe = std::env::current_exe()
        .map_err(|e| Failure::refused("could not find this program").because(e))?;
    let status = Command::new(exe)
        .args(["hsm", "init-token", "--label", &config.signer.token, "--module"])
        .arg(&config.signer.module)
        .arg("--pin-file")
        .arg(data.join("pin"))
        .env("SOFTHSM2_CONF", data.join("softhsm2.conf"))
        .stdout(Stdio::null())
        .status()
        .map_err(|e| Failure::refused("could not run this program again").because(e))?;
    if !status.success() {
        return Err(Failure::refused("could not make the token"));
    }
    write(&made, "")
}

/// Holds the ceremony for the CAs that have no issuer yet.
async fn make_missing(config: &Config, parts: &Parts, path: &Path) -> Result<(), Failure> {
    let mut missing: Vec<CaOptions> = Vec::new();
    for ca in &config.cas {
        let issuers = parts.commons.store.read().issuers(&ca.name).await;
        if issuers.map_err(|e| compose::refused(e.into()))?.is_empty() {
            missing.push(ca.clone());
        }
    }
    let keys = parts.commons.hsm.wait_ready(compose::TOKEN_PATIENCE).await;
    keys.map_err(compose::no_token)?;
    let ceremony = Ceremony {
        commons: &parts.commons,
        root_token: &|_| None,
        ask_parent: &|_, _| Err("there is no parent".into()),
    };
    if config.server.tls.is_some() {
        ceremony.make_tls_key().await.map_err(compose::refused)?;
    }
    ceremony.make_administrator_keys(&config.organizations).await.map_err(compose::refused)?;
    if missing.is_empty() {
        return Ok(());
    }
    ceremony
        .hold(&missing, false, &input::read_file(path, input::LARGEST)?)
        .await
        .map_err(compose::refused)?;
    Ok(())
}

/// Writes a file that only we may read.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let written = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()));
    written
        .map_err(|e| Failure::refused(format!("could not write `{}`", path.display())).because(e))
}
