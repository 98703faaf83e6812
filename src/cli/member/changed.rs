//! What an update changes, worked out here from the octets that are to be signed: whoever signs relies on no words of the
//! server.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::client::{Client, escaped};
use super::server::Caller;
use crate::api::v2::ConfigBody;
use crate::channel::{Current, Update, diff, effects};
use crate::cli::exit::Failure;
use crate::cli::output::Output;
use crate::clock::Clock;
use crate::wire::decode;

/// Tells what the update changes in the channel as it is.
///
/// # Errors
/// When the server does not give the configuration, or the update does not fit it.
pub(super) fn tell_changes(
    client: &Client,
    caller: &Caller,
    channel: &str,
    update: &[u8],
    out: &Output,
) -> Result<(), Failure> {
    let path = format!("channels/{}/config", escaped(channel));
    let told: ConfigBody = client.call("GET", &path, None, Some(caller))?;
    let bad = |why: String| {
        Failure::refused(format!("the server's configuration of the channel cannot be used: {why}"))
    };
    let octets = STANDARD.decode(&told.config).map_err(|why| bad(why.to_string()))?;
    let config = decode(&octets).map_err(|why| bad(why.to_string()))?;
    let now = Clock::system().now();
    let current = Current::load(channel, config, now).map_err(|why| bad(why.to_string()))?;
    let update = Update::new(update.to_vec(), Vec::new())
        .map_err(|why| Failure::refused("the update does not read").because(why))?;
    if let Err(why) = current.demands(&update) {
        return Err(Failure::refused("the update does not fit the channel as it is")
            .because(why)
            .hint("`chancery channel rebase` puts it where it fits"));
    }
    let result = current.result_of(&update);
    let root = result.channel_group.clone().unwrap_or_default();
    for change in diff(current.root(), &root) {
        out.note(&change.to_string());
    }
    if let Ok(next) = current.follow(result, now) {
        let after = next.as_current().channel().policies();
        for effect in effects(current.channel().policies(), after) {
            out.note(&effect.to_string());
        }
    }
    Ok(())
}
