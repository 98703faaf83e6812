//! The certificate of the server itself: its key is in the token, and it goes the one path like all.

use std::sync::Arc;

use tracing::info;

use crate::pki::{AlternativeName, Asking, Certificate, Order, Subject, draft_request};
use crate::service::authority::Authority;
use crate::service::enroll::serial;
use crate::service::error::{Error, Kind};
use crate::service::issue::Issue;
use crate::store::Claim;

/// The label of the server's TLS key in the token.
pub const TLS_LABEL: &str = "server-tls";
/// Whom the journal names for it: nobody ([`OWN`]).
///
/// [`OWN`]: crate::service::authority::OWN
const OWNER: &str = "\u{1}server-tls";
/// The profile, with both extended key usages.
const PROFILE: &str = "tls";
/// With less left a new one is issued at start, in seconds: 30 days.
const RENEW_BEFORE_SECONDS: i64 = 30 * 24 * 3600;

impl Authority {
    /// The server's certificate for `hosts` and those above it: the one at hand while it is good for
    /// another month, else a new one.
    ///
    /// # Errors
    /// [`Kind::Unavailable`] when the token has no key for it; of the token or the store.
    pub async fn server_certificate(
        self: &Arc<Self>,
        hosts: &[String],
    ) -> Result<Vec<Certificate>, Error> {
        let keys = self.hsm.keys().await?;
        let key = keys.iter().find(|key| key.label.as_str() == TLS_LABEL);
        let key = key.and_then(crate::hsm::KeyInfo::public_key).ok_or_else(|| {
            let why = format!(
                "the token has no key `{TLS_LABEL}`: run `chancery init` with [server.tls]"
            );
            Error::new(Kind::Unavailable, why)
        })?;
        let names = hosts.iter().map(|host| AlternativeName::from_host(host));
        let names = names
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| Error::new(Kind::Malformed, format!("server.tls.hosts: {e}")))?;
        let end = self.clock.now().plus(RENEW_BEFORE_SECONDS);
        for row in self.store.read().certificates_of(&self.name, OWNER).await? {
            let certificate = Certificate::from_der(&row.der)?;
            let same = certificate.public_key().spki_der() == key.spki_der()
                && certificate.alternative_names().is_ok_and(|have| have == names);
            let Some(issuer) = self.issuers.find(&row.issuer) else { continue };
            if same && row.revoked_at.is_none() && certificate.not_after() > end {
                return Ok(std::iter::once(certificate).chain(issuer.chain()).collect());
            }
        }
        let issuer = self.issuers.active();
        let common_name = hosts.first().map_or("localhost", String::as_str);
        let subject = Subject::named(common_name);
        // The key asks for its certificate as any member's would.
        let request = draft_request(&key, &subject, Asking::Member(&names))
            .map_err(|e| Error::new(Kind::Malformed, format!("server.tls.hosts: {e}")))?;
        let signature = self.hsm.sign_tls(&key.spki_hash(), request.to_be_signed()).await?;
        let csr = request.seal(&signature).map_err(Error::internal)?;
        let order = Order { subject: &subject, ..Order::of(&csr) };
        let profile = self.profile(PROFILE)?;
        let at = self.clock.now();
        let draft = profile.draft(issuer.certificate(), &serial(&self.clock)?, &order, at)?;
        let certificate = self
            .issue(Issue {
                draft,
                issuer: issuer.key_id().clone(),
                enrollment_id: OWNER.to_owned(),
                actor: "chancery".to_owned(),
                reason: "server certificate",
                claim: Claim::None,
            })
            .await?;
        info!(ca.name = %self.name, certificate.serial = %certificate.serial(),
            "issued the server's own certificate");
        Ok(std::iter::once(certificate).chain(issuer.chain()).collect())
    }
}
