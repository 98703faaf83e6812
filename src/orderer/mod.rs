//! Orderers over gRPC: an envelope is handed over, a block is read.
//!
//! Two calls, behind the trait [`Orderer`]: [`Remote`] is one orderer, [`Several`] asks one after another. Each call has a
//! connection of its own, and deadlines.
//!
//! Invariants: nothing travels in the clear unless [`Security::InsecurePlaintext`] was asked for; whatever comes back is read
//! by [`wire::decode`](crate::wire::decode), within bounds; an error says whether what was asked may have been done. What a
//! block says is not looked at here: whoever asked for it does not trust who sent it.

mod address;
mod codec;
mod dial;
mod error;
mod options;
mod remote;
mod seek;
mod several;

pub use address::{Address, BadAddress};
pub use codec::WireCodec;
pub use error::{Error, Kind};
pub use options::{BadOptions, ClientCertificate, Options, Security};
pub use remote::{BROADCAST, DELIVER, Orderer, Remote};
pub use seek::{Seek, seek_payload};
pub use several::Several;
