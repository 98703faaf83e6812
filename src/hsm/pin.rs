//! Where a PIN comes from. Never from an argument or from the text of a configuration.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::str::FromStr;

use tracing::warn;
use zeroize::Zeroizing;

use crate::secret::Pin;

/// Where to read a PIN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PinSource {
    /// `file:PATH`: a file that holds the PIN and perhaps one line feed.
    File(PathBuf),
    /// `fd:N`: an open file descriptor, read to its end.
    Fd(u32),
    /// `credential:NAME`: a systemd credential, `$CREDENTIALS_DIRECTORY/NAME`.
    Credential(String),
    /// `env:NAME`: an environment variable.
    Env(String),
    /// `prompt`: asked on the terminal.
    Prompt,
}

/// Why a text names no source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a PIN comes from `file:PATH`, `fd:N`, `credential:NAME`, `env:NAME` or `prompt`")]
pub struct BadPinSource;

/// Why there is no PIN.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    /// The source could not be read.
    #[error("could not read the PIN from {place}")]
    Unreadable {
        /// Which source.
        place: PinSource,
        /// Why.
        source: io::Error,
    },
    /// `$CREDENTIALS_DIRECTORY` or the variable is not set.
    #[error("there is no PIN in {0}: it is not set")]
    Unset(PinSource),
    /// It is empty, too long or not UTF-8.
    #[error("what {0} holds is no PIN: 1 to 255 octets of UTF-8 on one line")]
    Malformed(PinSource),
}

impl PinSource {
    /// Reads the PIN; one line ending after it is dropped.
    ///
    /// # Errors
    /// When the source cannot be read or holds no PIN.
    pub fn read(&self) -> Result<Pin, PinError> {
        let unreadable = |source| PinError::Unreadable { place: self.clone(), source };
        match self {
            Self::File(path) => self.read_path(path.clone()),
            // Linux opens what the descriptor points at; reading leaves the descriptor itself open.
            Self::Fd(number) => self.read_path(PathBuf::from(format!("/dev/fd/{number}"))),
            Self::Credential(name) => {
                let folder = std::env::var_os("CREDENTIALS_DIRECTORY")
                    .ok_or_else(|| PinError::Unset(self.clone()))?;
                self.read_path(PathBuf::from(folder).join(name))
            }
            Self::Env(name) => match std::env::var(name) {
                Ok(text) => self.accept(&Zeroizing::new(text)),
                Err(std::env::VarError::NotPresent) => Err(PinError::Unset(self.clone())),
                Err(std::env::VarError::NotUnicode(_)) => Err(PinError::Malformed(self.clone())),
            },
            Self::Prompt => {
                let text = rpassword::prompt_password("PIN of the token: ").map_err(unreadable)?;
                self.accept(&Zeroizing::new(text))
            }
        }
    }

    fn read_path(&self, path: PathBuf) -> Result<Pin, PinError> {
        let unreadable = |source| PinError::Unreadable { place: self.clone(), source };
        let mut file = File::open(path).map_err(unreadable)?;
        let meta = file.metadata().map_err(unreadable)?;
        if meta.is_file() && meta.permissions().mode() & 0o007 != 0 {
            warn!("everybody on this machine may open {self}, which holds a PIN");
        }
        // Room for the longest PIN from the start, so that growing leaves no copy behind.
        let mut octets = Zeroizing::new(Vec::with_capacity(512));
        file.by_ref().take(258).read_to_end(&mut octets).map_err(unreadable)?;
        let text = std::str::from_utf8(&octets).map_err(|_| PinError::Malformed(self.clone()))?;
        self.accept(text)
    }

    fn accept(&self, text: &str) -> Result<Pin, PinError> {
        let line = text.strip_suffix('\n').unwrap_or(text);
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.is_empty() || line.len() > 255 || line.contains(['\n', '\r', '\0']) {
            return Err(PinError::Malformed(self.clone()));
        }
        Ok(Pin::new(line.to_owned()))
    }
}

impl FromStr for PinSource {
    type Err = BadPinSource;

    fn from_str(text: &str) -> Result<Self, BadPinSource> {
        if text == "prompt" {
            return Ok(Self::Prompt);
        }
        let (kind, rest) = text.split_once(':').ok_or(BadPinSource)?;
        if rest.is_empty() {
            return Err(BadPinSource);
        }
        match kind {
            "file" => Ok(Self::File(PathBuf::from(rest))),
            "fd" => rest.parse().map(Self::Fd).map_err(|_| BadPinSource),
            "credential" if !rest.contains('/') => Ok(Self::Credential(rest.to_owned())),
            "env" => Ok(Self::Env(rest.to_owned())),
            _ => Err(BadPinSource),
        }
    }
}

impl fmt::Display for PinSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Fd(number) => write!(f, "fd:{number}"),
            Self::Credential(name) => write!(f, "credential:{name}"),
            Self::Env(name) => write!(f, "env:{name}"),
            Self::Prompt => f.write_str("prompt"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn sources_are_written_as_they_are_read() {
        for text in ["file:/run/pin", "fd:3", "credential:hsm-pin", "env:PIN", "prompt"] {
            assert_eq!(text.parse::<PinSource>().unwrap().to_string(), text);
        }
        for bad in ["1234", "file:", "fd:x", "credential:../pin", "pin:1234", ""] {
            assert!(bad.parse::<PinSource>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_pin_is_one_line() {
        let read = |octets: &[u8]| {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(octets).unwrap();
            PinSource::File(file.path().to_owned()).read()
        };
        assert_eq!(read(b"1234").unwrap().expose(), "1234");
        assert_eq!(read(b"1234\r\n").unwrap().expose(), "1234");
        assert_eq!(read(b" 12 34 \n").unwrap().expose(), " 12 34 ");
        for bad in [&b""[..], b"\n", b"12\n34", b"\xff", &[b'1'; 300]] {
            assert!(matches!(read(bad), Err(PinError::Malformed(_))), "{bad:?}");
        }
        let missing = PinSource::File("/nonexistent/pin".into()).read();
        assert!(matches!(missing, Err(PinError::Unreadable { .. })));
        let unset = PinSource::Env("CHANCERY_NO_SUCH_VARIABLE".into()).read();
        assert!(matches!(unset, Err(PinError::Unset(_))));
    }
}
