//! A channel's document to its configuration.

use super::build::build;
use super::concern::concerns;
use super::error::{Concern, DocumentError, read};
use super::exact::impose;
use super::places::Places;
use super::shape::ChannelDocument;
use crate::channel::bad::ChannelError;
use crate::channel::current::Current;
use crate::clock::Timestamp;
use crate::msp::Folder;
use crate::wire::Config;

/// What a document comes to.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// The configuration, as nodes load it.
    pub current: Current,
    /// What has no effect in folders that it names though somebody may have meant it to, in words.
    pub warnings: Vec<String>,
    /// What nodes take and is hardly meant.
    pub concerns: Vec<Concern>,
}

impl Compiled {
    /// Why no channel begins so, if none does: what orderers ask of the configuration that they join by.
    ///
    /// # Errors
    /// With the first reason.
    pub fn check_new(&self) -> Result<(), DocumentError> {
        let channel = self.current.channel();
        let wrong = |why: String| Err(DocumentError { line: None, path: String::new(), why });
        if channel.consortiums().is_some() {
            return wrong("it has Consortiums: orderers know system channels no longer".to_owned());
        }
        let missing = match (channel.orderer(), channel.application()) {
            (None, _) => Some(ChannelError::NoOrderer),
            (Some(_), None) => Some(ChannelError::NoApplication),
            (Some(_), Some(_)) => None,
        };
        if let Some(why) = missing {
            return wrong(why.to_string());
        }
        match self.concerns.iter().find(|concern| concern.is_serious) {
            Some(concern) => Err(concern.at.clone()),
            None => Ok(()),
        }
    }
}

/// Reads a document of the kind `channel` and makes the configuration of it, which nodes load. Paths in it are relative to
/// `files`; `now` is used as in [`Channel::load`](crate::channel::Channel::load).
///
/// # Errors
/// When it is no such document, something in it is wrong, or nodes would not load what it comes to: with line and path where they
/// are known.
pub fn compile(text: &str, files: &impl Folder, now: Timestamp) -> Result<Compiled, DocumentError> {
    let document: ChannelDocument = read(text)?;
    let mut places = Places::default();
    let (config, warnings) = config_of(&document, files, &mut places)?;
    let current = Current::load(&document.id.value, config, now)
        .map_err(|why| of_channel(&why, &document, &places))?;
    let concerns = concerns(&document, &current, &places);
    Ok(Compiled { current, warnings, concerns })
}

/// The configuration that a document speaks of, whether nodes load it or not.
pub(super) fn config_of(
    document: &ChannelDocument,
    files: &impl Folder,
    places: &mut Places,
) -> Result<(Config, Vec<String>), DocumentError> {
    let mut generated = build(document, files, places)?;
    impose(document, &mut generated.channel_group)?;
    let config =
        Config { sequence: document.sequence, channel_group: Some(generated.channel_group) };
    Ok((config, generated.warnings))
}

fn of_channel(why: &ChannelError, document: &ChannelDocument, places: &Places) -> DocumentError {
    let element = why.path().map(|path| {
        let is_msp = matches!(
            why,
            ChannelError::MspType(..)
                | ChannelError::Idemix(_)
                | ChannelError::EmptyMspId(_)
                | ChannelError::MspConflict { .. }
                | ChannelError::MspSetup(..)
        );
        if is_msp { format!("{path}/MSP") } else { path.to_owned() }
    });
    let (line, path) = if let ChannelError::ChannelId(_) = why {
        (document.id.line, "id")
    } else {
        element.as_deref().and_then(|element| places.find(element)).unwrap_or((0, ""))
    };
    DocumentError::new(line, path, why.to_string())
}
