//! Whether the keys of an applicant's CAs are in tokens of this server.

use crate::hsm::CustodyLevel;
use crate::pki::Certificate;
use crate::service::error::Error;
use crate::service::issuer::Issuer;
use crate::service::office::Office;
use crate::wire::{FabricMspConfig, MspConfig, decode};

impl Office {
    /// Whether an `MSPConfig` is that of an organization of this server, by its CAs, and the keys that certify its
    /// members were made in a token and have never left it.
    ///
    /// # Errors
    /// When the token does not answer.
    pub(super) async fn is_custody_proven(&self, msp: &[u8]) -> Result<bool, Error> {
        let config: Option<FabricMspConfig> =
            decode(msp).ok().and_then(|outer: MspConfig| decode(&outer.config).ok());
        let Some(config) = config else { return Ok(false) };
        let own = self.organizations().iter().find(|own| own.msp_id().as_str() == config.name);
        let Some(own) = own else { return Ok(false) };
        let all: Vec<Certificate> = own.ca().all_issuers().flat_map(Issuer::chain).collect();
        let read = |entry: &Vec<u8>| {
            let read = Certificate::from_pem(&String::from_utf8_lossy(entry)).ok();
            read.filter(|certificate| all.iter().any(|known| known.der() == certificate.der()))
        };
        let roots: Option<Vec<Certificate>> = config.root_certs.iter().map(read).collect();
        let below: Option<Vec<Certificate>> = config.intermediate_certs.iter().map(read).collect();
        let (Some(roots), Some(below)) = (roots, below) else { return Ok(false) };
        let issuers = if below.is_empty() { roots } else { below };
        let keys = self.hsm().keys().await?;
        Ok(!issuers.is_empty()
            && issuers.iter().all(|issuer| {
                let reference = issuer.public_key().spki_hash();
                let key = keys.iter().find(|key| key.reference == reference);
                key.is_some_and(|key| key.custody.meets(CustodyLevel::Generated))
            }))
    }
}
