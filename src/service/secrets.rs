//! How enrollment secrets are kept. Stands in for the lead's.

use crate::id::EnrollmentId;
use crate::secret::EnrollmentSecret;
use crate::service::error::Error;

#[derive(Debug, Clone, Copy)]
pub(super) enum Origin {
    Given,
    Generated,
}

#[derive(Debug)]
pub(super) struct Secrets;

impl Secrets {
    pub(super) fn generate(&self) -> Result<EnrollmentSecret, Error> {
        EnrollmentSecret::generate(12).map_err(Error::internal)
    }

    pub(super) async fn keep(
        &self,
        id: &EnrollmentId,
        secret: &EnrollmentSecret,
        origin: Origin,
    ) -> Result<String, Error> {
        Ok(format!("{origin:?} {id} {}", secret.expose().len()))
    }
}
