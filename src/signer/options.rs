//! How the signer is started.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::hsm::{CustodyLevel, OPENED_MS, PinSource, TokenSelector, Uri};

/// Serve one token on a local socket. Started by `chancery serve`; run apart with --socket.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct SignerOptions {
    /// The token: its label, or a PKCS#11 URI (RFC 7512) that may also name serial, module-path and
    /// pin-source.
    #[arg(long, value_name = "LABEL|URI")]
    pub token: String,

    /// The token's serial number; needed when two tokens have one label.
    #[arg(long, value_name = "SERIAL")]
    pub token_serial: Option<String>,

    /// The PKCS#11 module, by its absolute path.
    #[arg(long, value_name = "PATH")]
    pub module: Option<PathBuf>,

    /// Where the PIN comes from: `file:PATH`, `fd:N`, `credential:NAME`, `env:NAME` or `prompt`.
    #[arg(long, value_name = "SOURCE")]
    pub pin: Option<PinSource>,

    /// The register of keys: a file of this signer's own.
    #[arg(long, value_name = "FILE")]
    pub register: PathBuf,

    /// The ledger of signatures: a file of this signer's own, appended to.
    #[arg(long, value_name = "FILE")]
    pub ledger: PathBuf,

    /// Keys kept worse are not used: any, guarded or generated.
    #[arg(long, value_name = "LEVEL", default_value_t)]
    pub custody: CustodyLevel,

    /// Make keys when asked to.
    #[arg(long)]
    pub allow_generate: bool,

    /// Sessions that sign; fewer when the token has no room.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub workers: u16,

    /// Requests that may wait.
    #[arg(long, value_name = "N", default_value_t = 1024, value_parser = clap::value_parser!(u16).range(1..))]
    pub queue: u16,

    /// Sessions that are left to others where the token has a limit.
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub reserve: u16,

    /// A call into the module that lasts longer hangs, and the process ends; making a key may take
    /// thirty times as long. Seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    pub hang: u16,

    /// How long opening this token took before, in milliseconds: set by who starts the signer again.
    #[arg(long, hide = true, env = OPENED_MS, value_parser = clap::value_parser!(u32).range(1..))]
    pub opened_ms: Option<u32>,

    /// Ask an idle session for a sign of life so often; 0 never. Seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub keep_alive: u16,

    /// Serve on this socket; without it, on the socket that is standard input.
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,

    /// Let the group of this process connect to the socket too.
    #[arg(long, requires = "socket")]
    pub socket_group: bool,
}

/// Why the signer was not started.
#[derive(Debug, thiserror::Error)]
pub(super) enum OptionsError {
    #[error("--token is no PKCS#11 URI of ours")]
    Uri(#[source] crate::hsm::BadUri),
    #[error("the PKCS#11 URI names no token")]
    NoToken,
    #[error("no PKCS#11 module is named; give --module, or module-path in the URI")]
    NoModule,
    #[error("no source of the PIN is named; give --pin, or pin-source in the URI")]
    NoPin,
}

/// The options with what the URI says put where it belongs.
#[derive(Debug)]
pub(super) struct Resolved {
    pub(super) token: TokenSelector,
    pub(super) module: PathBuf,
    pub(super) pin: PinSource,
}

impl SignerOptions {
    /// The options of a signer with every default.
    pub fn new(
        token: &str,
        module: impl Into<PathBuf>,
        pin: PinSource,
        register: impl Into<PathBuf>,
        ledger: impl Into<PathBuf>,
    ) -> Self {
        Self {
            token: token.to_owned(),
            token_serial: None,
            module: Some(module.into()),
            pin: Some(pin),
            register: register.into(),
            ledger: ledger.into(),
            custody: CustodyLevel::default(),
            allow_generate: false,
            workers: 4,
            queue: 1024,
            reserve: 2,
            hang: 2,
            opened_ms: None,
            keep_alive: 60,
            socket: None,
            socket_group: false,
        }
    }

    /// The arguments that say the same, for the process that starts a signer. The PIN is not among
    /// them: only where it comes from.
    pub fn arguments(&self) -> Vec<OsString> {
        let mut out: Vec<OsString> = Vec::new();
        let mut add = |name: &str, value: OsString| {
            // In one: a value that begins with `-` is no option.
            let mut argument = OsString::from(format!("--{name}="));
            argument.push(value);
            out.push(argument);
        };
        add("token", self.token.clone().into());
        add("register", self.register.clone().into());
        add("ledger", self.ledger.clone().into());
        add("custody", self.custody.as_str().into());
        for (name, number) in [
            ("workers", self.workers),
            ("queue", self.queue),
            ("reserve", self.reserve),
            ("hang", self.hang),
            ("keep-alive", self.keep_alive),
        ] {
            add(name, number.to_string().into());
        }
        if let Some(serial) = &self.token_serial {
            add("token-serial", serial.into());
        }
        if let Some(module) = &self.module {
            add("module", module.into());
        }
        if let Some(pin) = &self.pin {
            add("pin", pin.to_string().into());
        }
        if let Some(socket) = &self.socket {
            add("socket", socket.into());
        }
        if self.socket_group {
            out.push("--socket-group".into());
        }
        if self.allow_generate {
            out.push("--allow-generate".into());
        }
        out
    }

    pub(super) fn resolve(&self) -> Result<Resolved, OptionsError> {
        let (mut token, mut module, mut pin) = if self.token.starts_with("pkcs11:") {
            let uri: Uri = self.token.parse().map_err(OptionsError::Uri)?;
            let token = TokenSelector::from_uri(&uri).ok_or(OptionsError::NoToken)?;
            (token, uri.module, uri.pin)
        } else {
            (TokenSelector { label: self.token.clone(), serial: None }, None, None)
        };
        // What is given by itself goes before what the URI says.
        if self.token_serial.is_some() {
            token.serial.clone_from(&self.token_serial);
        }
        if self.module.is_some() {
            module.clone_from(&self.module);
        }
        if self.pin.is_some() {
            pin.clone_from(&self.pin);
        }
        Ok(Resolved {
            token,
            module: module.ok_or(OptionsError::NoModule)?,
            pin: pin.ok_or(OptionsError::NoPin)?,
        })
    }

    pub(super) fn keep_alive(&self) -> Option<Duration> {
        (self.keep_alive > 0).then(|| Duration::from_secs(self.keep_alive.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        options: SignerOptions,
    }

    fn parse(arguments: &[OsString]) -> SignerOptions {
        let program = [OsString::from("signer")];
        Command::try_parse_from(program.iter().chain(arguments)).unwrap().options
    }

    #[test]
    fn arguments_say_what_the_options_say() {
        let plain =
            SignerOptions::new("t", "/m.so", PinSource::Fd(3), "register.json", "ledger.txt");
        assert_eq!(parse(&plain.arguments()), plain);
        let all = SignerOptions {
            token_serial: Some("-1".into()),
            custody: CustodyLevel::Guarded,
            allow_generate: true,
            workers: 7,
            queue: 9,
            reserve: 0,
            hang: 3,
            keep_alive: 0,
            socket: Some("/run/s".into()),
            socket_group: true,
            ..plain
        };
        assert_eq!(parse(&all.arguments()), all);
    }

    #[test]
    fn what_is_given_by_itself_goes_before_the_uri() {
        let uri = "pkcs11:token=t;serial=1?module-path=/m.so&pin-source=file:/pin";
        let options = SignerOptions {
            module: None,
            pin: None,
            ..SignerOptions::new(uri, "/", PinSource::Prompt, "r", "l")
        };
        let resolved = options.resolve().unwrap();
        assert_eq!(resolved.token.serial.as_deref(), Some("1"));
        assert_eq!(resolved.module, PathBuf::from("/m.so"));
        let options = SignerOptions { token_serial: Some("2".into()), ..options };
        assert_eq!(options.resolve().unwrap().token.serial.as_deref(), Some("2"));
        let bare = SignerOptions { token: "t".into(), ..options };
        assert!(matches!(bare.resolve(), Err(OptionsError::NoModule)));
    }
}
