//! Where a run keeps its things: a folder, a token, a configuration.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cli::dev;
use crate::cli::exit::Failure;
use crate::config::Config;
use crate::secret::random;

/// The enrollment ID of the administrator, and its secret: the server is on loopback, for a minute.
pub(super) const ADMIN: (&str, &str) = ("admin", "adminpw");

/// Which token is measured.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Token")]
pub(super) struct TokenOptions {
    /// The PKCS#11 module, by its absolute path; without `--token` that of SoftHSM2
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,

    /// The token's label. Keys are made in it and stay there, so it is to be one for tests, and `--data`
    /// names the folder that knows them. Without it: a private token of SoftHSM2, which goes with the run
    #[arg(long, value_name = "LABEL", requires_all = ["module", "pin_file", "data"])]
    token: Option<String>,

    /// The token's serial number, when two tokens bear one label
    #[arg(long, value_name = "SERIAL", requires = "token")]
    token_serial: Option<String>,

    /// The file with the token's PIN
    #[arg(long, value_name = "FILE", requires = "token")]
    pin_file: Option<PathBuf>,

    /// Sessions that sign, as `signer.workers`
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=256))]
    workers: u16,
}

/// The folder of a run.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The folder.
    pub(super) folder: PathBuf,
    /// What the server is configured with.
    pub(super) config: Config,
}

/// A folder that goes when this goes, unless it is to stay.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    is_temporary: bool,
}

impl Folder {
    /// The folder that is named, or a new temporary one.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn make(data: Option<&Path>) -> Result<Self, Failure> {
        let unusable = |e| Failure::usage("the folder has no absolute path").because(e);
        let folder = if let Some(data) = data {
            let path = std::path::absolute(data).map_err(unusable)?;
            Self { path, is_temporary: false }
        } else {
            let octets = random::<8>().map_err(|e| Failure::refused("no randomness").because(e))?;
            let name = format!("chancery-bench-{}", hex::encode(octets));
            Self { path: std::env::temp_dir().join(name), is_temporary: true }
        };
        make_private(&folder.path)?;
        Ok(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.is_temporary {
            // What cannot be removed is in the system's folder for such things.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

impl Place {
    /// Writes the configuration, and makes the token when it is to be a private one.
    ///
    /// # Errors
    /// When something cannot be written, or there is no SoftHSM2.
    pub(super) fn lay_out(folder: &Folder, token: &TokenOptions) -> Result<Self, Failure> {
        let folder = folder.path.clone();
        let path = folder.join("chancery.toml");
        let text = configuration(&folder, token)?;
        dev::write(&path, &text)?;
        dev::write(&folder.join("bootstrap.secret"), ADMIN.1)?;
        // The environment may configure a server of its own; this one is ours.
        let config = Config::parse(&text, std::iter::empty(), &folder, &path)
            .map_err(|e| Failure::refused("the configuration of the run is not good").because(e))?;
        if token.token.is_none() {
            dev::make_token(&config, &folder)?;
        }
        Ok(Self { folder, config })
    }

    /// The configuration of the server that is measured.
    pub(super) fn config_file(&self) -> PathBuf {
        self.folder.join("chancery.toml")
    }

    /// Whether the ceremony has been held here before.
    pub(super) fn is_known(&self) -> bool {
        self.ceremony().exists()
    }

    /// Where the ceremony's transcript is.
    pub(super) fn ceremony(&self) -> PathBuf {
        self.folder.join("ceremony.json")
    }

    /// What is measured apart from the server has a folder of its own.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn apart(&self) -> Result<PathBuf, Failure> {
        let folder = self.folder.join("limits");
        make_private(&folder)?;
        Ok(folder)
    }

    /// What a process that loads the module needs in its environment.
    pub(super) fn environment(&self) -> Vec<(OsString, OsString)> {
        let conf = self.config.signer.softhsm2_conf.iter();
        conf.map(|conf| ("SOFTHSM2_CONF".into(), conf.into())).collect()
    }
}

/// The organization of the server that is measured.
pub(super) const MSP_ID: &str = "BenchMSP";

/// This program again, without what the environment would have a server of its own be like.
pub(super) fn ourselves() -> Command {
    // The very file that runs now, even when another has taken its name.
    let mut command = Command::new("/proc/self/exe");
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CHANCERY_") && text.contains("__") {
            command.env_remove(&name);
        }
    }
    command.env("CHANCERY_LOG", "warn");
    command
}

fn make_private(folder: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::create_dir_all(folder)
        .and_then(|()| fs::set_permissions(folder, fs::Permissions::from_mode(0o700)))
        .map_err(|e| Failure::refused(format!("could not make `{}`", folder.display())).because(e))
}

fn configuration(folder: &Path, token: &TokenOptions) -> Result<String, Failure> {
    let quote = |path: &Path| toml::Value::String(path.display().to_string()).to_string();
    let absolute = |path: &Path| {
        std::path::absolute(path)
            .map_err(|e| Failure::usage(format!("`{}`", path.display())).because(e))
    };
    let mut text = String::from(
        "# Written by `chancery bench`, anew at each run.\n[server]\nlisten = \"127.0.0.1:0\"\n\
         [store]\nurl = \"sqlite://chancery.db\"\n[log]\nlevel = \"warn\"\n[signer]\n",
    );
    // Writing into a String cannot fail.
    if let (Some(label), Some(module), Some(pin)) = (&token.token, &token.module, &token.pin_file) {
        let _ = writeln!(
            text,
            "module = {}\ntoken = {}\npin_file = {}",
            quote(&absolute(module)?),
            toml::Value::String(label.clone()),
            quote(&absolute(pin)?)
        );
        if let Some(serial) = &token.token_serial {
            let _ = writeln!(text, "serial = {}", toml::Value::String(serial.clone()));
        }
    } else {
        let module = dev::softhsm2(folder, token.module.as_deref())?;
        let _ = writeln!(
            text,
            "module = {}\ntoken = \"chancery-bench\"\npin_file = \"pin\"\n\
             softhsm2_conf = \"softhsm2.conf\"",
            quote(&absolute(&module)?)
        );
    }
    let _ = writeln!(
        text,
        "workers = {}\n[[ca]]\nname = \"bench\"\naffiliations = [\"org1\"]\n[[ca.identities]]\n\
         id = \"{}\"\nsecret_file = \"bootstrap.secret\"\nattributes = {{ \
         \"hf.Registrar.Roles\" = \"*\", \"hf.Registrar.DelegateRoles\" = \"*\", \
         \"hf.Registrar.Attributes\" = \"*\", \"hf.Revoker\" = \"1\", \"hf.GenCRL\" = \"1\" }}\n\
         [[organization]]\nmsp_id = \"{MSP_ID}\"\nca = \"bench\"",
        token.workers, ADMIN.0
    );
    Ok(text)
}
