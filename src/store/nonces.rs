//! Nonces of signed requests, so that none is taken twice, whichever process it comes to.

use sqlx::{AnyConnection, query};

use crate::clock::Timestamp;

/// Notes a nonce; false when it was noted before. Those that are over are swept away.
pub(super) async fn spend(
    connection: &mut AnyConnection,
    digest: &[u8; 32],
    now: Timestamp,
    expires: Timestamp,
) -> Result<bool, sqlx::Error> {
    query("DELETE FROM nonces WHERE expires < $1")
        .bind(now.unix())
        .execute(&mut *connection)
        .await?;
    let done = query(
        "INSERT INTO nonces (digest, expires) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING",
    )
    .bind(digest.as_slice())
    .bind(expires.unix())
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}
