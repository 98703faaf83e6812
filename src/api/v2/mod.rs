//! The shapes of our own API, `/api/v2`.
//!
//! Instants are RFC 3339 in UTC, octets standard base64, hashes lower-case hexadecimal. What a shape does
//! not know is refused, so that a misspelt member is not taken for one that was left out.

mod applications;
mod channels;
mod collections;
mod expiry;
mod msps;
mod problem;
mod proposals;
mod pushes;
mod text;
mod verify;

pub use applications::{
    ApplicationBody, ApplicationList, ApplicationStateBody, ApplyRequest, ChannelDocumentBody,
    DeclineRequest, SetChannelDocumentRequest, WithdrawApplicationRequest,
};
pub use channels::{
    ChannelBody, ChannelList, ConfigBody, DatedBody, ExpiryBody, ImportChannelRequest, OrdererBody,
    PolicyExpiryBody,
};
pub use collections::{
    CollectionAccessBody, CollectionAccessList, CollectionAccessRequest, CollectionBody,
    CollectionList,
};
pub use expiry::{ChannelExpiryBody, EndingBody, ExpiringBody};
pub use msps::{CrlBody, MspBody, MspList};
pub use problem::ProblemBody;
pub use proposals::{
    ChangeBody, ConsenterBody, DemandBody, EnvelopeBody, ProposalBody, ProposalList,
    ProposalSignatureBody, ProposeRequest, SectionBody, SignProposalRequest, SimulateRequest,
    StandingBody,
};
pub use pushes::{PushBody, PushList};
pub use text::Text;
pub use verify::{
    ExplanationBody, FoundBody, IdentityRef, IdentityText, SignatureBody, VerdictBody, VerifyItem,
    VerifyRequest, VerifyResponse, VerifySignature,
};
