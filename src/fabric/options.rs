//! What an operator may choose about this face.

use std::collections::BTreeSet;

/// Options of the Fabric CA facade.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether tokens of version 1 are taken beside those of version 2. They cover neither method
    /// nor path, so whoever reads one can use it elsewhere. Default false.
    pub compatibility_tokens_v1: bool,
    /// The longest body that is read, in octets. Default 1 MiB; a certificate request is a few KiB.
    pub max_body_bytes: usize,
    /// Pages of other origins that may call. Default none.
    pub cors: Option<Cors>,
}

impl Default for Options {
    fn default() -> Self {
        Self { compatibility_tokens_v1: false, max_body_bytes: 1024 * 1024, cors: None }
    }
}

/// Cross-origin requests by browsers.
#[derive(Debug, Clone, Default)]
pub struct Cors {
    /// Origins such as `https://console.example.com`; `*` alone is all of them. Empty: all, too,
    /// as with the real server.
    pub origins: BTreeSet<String>,
    /// Request headers beyond the harmless ones, e.g. `Authorization`, which every token endpoint
    /// needs. Default none, as with the real server.
    pub headers: BTreeSet<String>,
    /// Methods beyond GET, HEAD and POST, e.g. `PUT`. Default none, as with the real server.
    pub methods: BTreeSet<String>,
}
