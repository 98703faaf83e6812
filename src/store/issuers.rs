//! Issuers: the certificates and keys that a CA issues with.

use std::fmt;
use std::str::FromStr;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, query};

use super::error::Error;
use super::reader::Reader;
use super::sql::Columns;
use crate::id::{CaName, KeyId, KeyLabel};

/// An issuer of a CA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerRow {
    /// The CA.
    pub ca: CaName,
    /// The subject key identifier of its certificate.
    pub key_id: KeyId,
    /// The label of its key on the token.
    pub label: KeyLabel,
    /// SHA-256 of its `SubjectPublicKeyInfo`.
    pub spki_hash: [u8; 32],
    /// Its certificate, DER.
    pub certificate: Vec<u8>,
    /// The issuers above it, next first, PEM; empty for a root.
    pub chain_pem: String,
    /// What it signs.
    pub role: IssuerRole,
    /// Whether new certificates are signed by it.
    pub active: bool,
}

/// What an issuer signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssuerRole {
    /// Certificates of issuers.
    Root,
    /// Certificates of members; at the top of a single-level hierarchy as well.
    Issuing,
}

impl fmt::Display for IssuerRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Root => "root",
            Self::Issuing => "issuing",
        })
    }
}

impl FromStr for IssuerRole {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "root" => Ok(Self::Root),
            "issuing" => Ok(Self::Issuing),
            _ => Err("no role that we know"),
        }
    }
}

impl Reader {
    /// The issuers of a CA, the active ones first.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn issuers(&self, ca: &CaName) -> Result<Vec<IssuerRow>, Error> {
        let make = || {
            query(
                "SELECT ca, key_id, label, spki_hash, certificate, chain_pem, role, active \
                 FROM issuers WHERE ca = $1 ORDER BY active DESC, key_id",
            )
            .bind(ca.as_str())
        };
        self.rows("read issuers", make, issuer).await
    }
}

fn issuer(row: &AnyRow) -> Result<IssuerRow, Error> {
    let mut row = Columns::of(row);
    Ok(IssuerRow {
        ca: row.parsed("CA name")?,
        key_id: row.made_of("key identifier", KeyId::from_octets)?,
        label: row.parsed("key label")?,
        spki_hash: row.made_of("hash of a key", <[u8; 32]>::try_from)?,
        certificate: row.octets("certificate")?.to_vec(),
        chain_pem: row.text("chain")?.to_owned(),
        role: row.parsed("role of an issuer")?,
        active: row.flag("state of an issuer")?,
    })
}

/// Inserts an issuer; false when the CA has one with this key.
pub(super) async fn add(
    connection: &mut AnyConnection,
    issuer: &IssuerRow,
) -> Result<bool, sqlx::Error> {
    let done = query(
        "INSERT INTO issuers (ca, key_id, label, spki_hash, certificate, chain_pem, role, active) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (ca, key_id) DO NOTHING",
    )
    .bind(issuer.ca.as_str())
    .bind(issuer.key_id.as_octets())
    .bind(issuer.label.as_str())
    .bind(issuer.spki_hash.as_slice())
    .bind(&*issuer.certificate)
    .bind(&*issuer.chain_pem)
    .bind(issuer.role.to_string())
    .bind(i64::from(issuer.active))
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Makes one issuer the active one of its CA; false when there is no such issuer.
pub(super) async fn activate(
    connection: &mut AnyConnection,
    ca: &CaName,
    key_id: &KeyId,
) -> Result<bool, sqlx::Error> {
    let done = query(
        "UPDATE issuers SET active = CASE WHEN key_id = $2 THEN 1 ELSE 0 END WHERE ca = $1 \
         AND EXISTS (SELECT 1 FROM issuers AS chosen WHERE chosen.ca = $1 AND chosen.key_id = $2)",
    )
    .bind(ca.as_str())
    .bind(key_id.as_octets())
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}
