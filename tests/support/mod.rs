//! What the capabilities share: a server of our own binary, and the tools beside the tests.

pub(crate) mod channel;
pub(crate) mod club;
pub(crate) mod council;
pub(crate) mod example;
pub(crate) mod material;
pub(crate) mod network;
pub(crate) mod orderer;
pub(crate) mod server;
pub(crate) mod tools;
