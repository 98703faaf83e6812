//! How the store is opened, and where tests put faults.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

/// How the store is opened.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// `sqlite:///path/file.db` or `postgres://user@host/database`.
    pub url: String,
    /// Writes that may wait; the next is refused as busy. Default 1024.
    #[serde(default = "Options::default_queue")]
    pub queue: usize,
    /// Writes that share one commit at most. Default 256.
    #[serde(default = "Options::default_batch")]
    pub batch: usize,
    /// Connections that read; one more writes. Default 4.
    #[serde(default = "Options::default_readers")]
    pub readers: u32,
    /// Told of every call and how long it took. Default none.
    #[serde(skip)]
    pub observer: Option<Observer>,
    /// Where tests make a commit fail. Default none.
    #[serde(skip)]
    pub faults: Option<Faults>,
}

/// Is told what was done (e.g. `read an identity`), whether it was a `read` or a `write`, and how long
/// it took.
pub type Observer = Arc<dyn Fn(&'static str, &'static str, Duration) + Send + Sync>;

/// Decides at each [`Moment`] whether something fails. May be called for several deeds at once.
pub type Faults = Arc<dyn Fn(Moment) -> Fault + Send + Sync>;

/// A moment at which a test may make a deed fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The deed as its audit entry calls it, e.g. `issue-certificate`.
    pub deed: &'static str,
    /// Where in the deed.
    pub step: Step,
}

/// A step of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Every statement ran; the commit did not. A fault here: the deed is undone.
    BeforeCommit,
    /// The deed is durable and not yet answered. A fault here: done, but reported failed.
    AfterCommit,
}

/// What happens at a [`Moment`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fault {
    /// Nothing unusual.
    #[default]
    None,
    /// The deed is answered with [`Error::Unavailable`](super::Error::Unavailable).
    Fail,
}

impl Options {
    /// The defaults for the database at `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            queue: Self::default_queue(),
            batch: Self::default_batch(),
            readers: Self::default_readers(),
            observer: None,
            faults: None,
        }
    }

    fn default_queue() -> usize {
        1024
    }

    fn default_batch() -> usize {
        256
    }

    fn default_readers() -> u32 {
        4
    }
}

impl fmt::Debug for Options {
    // The URL may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.url.split(':').next().unwrap_or_default();
        f.debug_struct("Options")
            .field("scheme", &scheme)
            .field("queue", &self.queue)
            .field("batch", &self.batch)
            .field("readers", &self.readers)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_have_defaults_and_refuse_unknown_keys() {
        let options: Options = toml::from_str("url = 'sqlite:///x.db'").unwrap();
        assert_eq!((options.queue, options.batch, options.readers), (1024, 256, 4));
        assert!(toml::from_str::<Options>("url = 'sqlite:///x.db'\nqeue = 1").is_err());
    }

    #[test]
    fn a_password_in_the_url_is_not_shown() {
        let options = Options::new("postgres://me:hunter2@host/db");
        assert!(!format!("{options:?}").contains("hunter2"));
    }
}
