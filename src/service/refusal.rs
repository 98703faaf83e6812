//! Refused attempts stand in the audit trail as well.

use crate::service::authority::Authority;
use crate::service::caller::Caller;
use crate::service::error::{Error, printable};
use crate::store::Write;

impl Authority {
    /// Hands `done` on, having written down that `caller` was refused if it says so. Only for
    /// callers who proved who they are: whoever fills the trail does it under their own name.
    pub(super) async fn audited<T>(
        &self,
        caller: &Caller,
        deed: &'static str,
        subject: &str,
        done: Result<T, Error>,
    ) -> Result<T, Error> {
        if let Err(error) = &done
            && error.is_refusal()
        {
            let (subject, why) = (printable(subject, 256), printable(&error.detail, 256));
            let entry = self.entry(caller.identity.id.as_str(), deed, subject, why);
            // The refusal stands whether or not it can be written down.
            if let Err(fault) = self.store.write(Write::note(entry)).await {
                tracing::warn!(ca.name = %self.name, error = %fault, "a refusal is not on record");
            }
        }
        done
    }
}
