//! The journal: what our keys were asked to sign, before they sign it.

use std::fmt;
use std::str::FromStr;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _, query};

use super::error::{Error, Failure};
use super::reader::Reader;
use super::sql::{Columns, Insert, Select, within};
use crate::audit::Intent;
use crate::clock::Timestamp;
use crate::id::{CaName, KeyId};

/// One intent to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalRow {
    /// The CA whose key signs.
    pub ca: CaName,
    /// The key identifier of the issuer that signs.
    pub issuer: KeyId,
    /// Names it for its issuer: the serial number of a certificate, `crl:<number>:<random>`,
    /// `request:<random>`, `config:<random>`.
    pub name: String,
    /// What is signed.
    pub kind: JournalKind,
    /// Key, digest and octets. The octets are empty once it is sealed: what was made holds them; and
    /// those of a list are never kept.
    pub intent: Intent,
    /// Whom it is for; empty when it is the CA's own.
    pub enrollment_id: String,
    /// Who asked.
    pub caller: String,
    /// Why.
    pub reason: String,
    /// When it was written.
    pub at: Timestamp,
    /// The process that wrote it, and that will finish it while it lives.
    pub instance: String,
    /// Where it stands; a new one is always written as open.
    pub state: JournalState,
    /// Whether it took one enrollment of `enrollment_id`; written from the [`Claim`].
    pub consumed: bool,
}

impl JournalRow {
    /// Where a list goes on after this one.
    pub fn cursor(&self) -> JournalCursor {
        JournalCursor { issuer: self.issuer.clone(), name: self.name.clone() }
    }
}

/// The last intent of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalCursor {
    /// Its issuer.
    pub issuer: KeyId,
    /// Its name.
    pub name: String,
}

/// What an intent asks of the identity that it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Nothing: it is the CA's own.
    None,
    /// That it is registered and not revoked, e.g. to reenroll.
    Member,
    /// That as well, and one of its enrollments. `cap` bounds it like the identity's own limit; -1
    /// is none.
    Enrollment {
        /// The CA's limit.
        cap: i64,
    },
}

/// Declares an enum that is kept as a word.
macro_rules! word {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_doc])* $variant),* }

        impl $name {
            /// The word that the database holds.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = &'static str;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)*
                    _ => Err("no word that we know"),
                }
            }
        }
    };
}

word! {
    /// What is signed.
    JournalKind {
        /// A certificate.
        Certificate = "certificate",
        /// A list of revoked certificates.
        Crl = "crl",
        /// A certification request of an issuer.
        Request = "request",
        /// What an administrator of channels signs: config updates, and what is asked of orderers.
        ConfigSignature = "config-signature",
    }
}

word! {
    /// Where an intent stands.
    JournalState {
        /// Written; a signature may exist.
        Open = "open",
        /// Signed, and what was made is kept.
        Sealed = "sealed",
        /// Given up; what was made, if anything, must not be shown.
        Abandoned = "abandoned",
    }
}

/// Which intents are asked for; the default is all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JournalFilter {
    /// Only those of this CA.
    pub ca: Option<CaName>,
    /// Only those of this kind.
    pub kind: Option<JournalKind>,
    /// Only those in this state.
    pub state: Option<JournalState>,
    /// Only those that this process wrote.
    pub instance: Option<String>,
    /// Only those written before this instant.
    pub before: Option<Timestamp>,
}

const COLUMNS: &str = "SELECT ca, issuer, name, kind, signing_key, digest, to_be_signed, \
     enrollment_id, caller, reason, at, instance, state, consumed FROM journal";

impl Reader {
    /// At most `limit` intents after `after`, by issuer and name.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn journal(
        &self,
        filter: &JournalFilter,
        after: Option<&JournalCursor>,
        limit: u32,
    ) -> Result<Vec<JournalRow>, Error> {
        let make = || {
            let mut select = Select::new(COLUMNS);
            filter.narrow(&mut select);
            if let Some(after) = after {
                select
                    .with(" AND (issuer, name) > (?", after.issuer.as_octets())
                    .with(", ?)", after.name.as_str());
            }
            select.with(" ORDER BY issuer, name LIMIT ?", i64::from(limit));
            select.into_statement()
        };
        self.rows("read the journal", make, intent).await
    }

    /// The intent of this name.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn journal_row(
        &self,
        issuer: &KeyId,
        name: &str,
    ) -> Result<Option<JournalRow>, Error> {
        let make = || {
            let mut select = Select::new(COLUMNS);
            select.with(" WHERE issuer = ?", issuer.as_octets()).with(" AND name = ?", name);
            select.into_statement()
        };
        self.row("read the journal", make, intent).await
    }

    /// How many intents there are.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn journal_count(&self, filter: &JournalFilter) -> Result<i64, Error> {
        let make = || {
            let mut select = Select::new("SELECT COUNT(*) FROM journal");
            filter.narrow(&mut select);
            select.into_statement()
        };
        let read = |row: &_| Columns::of(row).integer("count");
        Ok(self.row("count the journal", make, read).await?.unwrap_or(0))
    }
}

impl JournalFilter {
    fn narrow(&self, select: &mut Select) {
        select.push(" WHERE 1 = 1");
        // The words themselves and not bound, so that the indices of one state serve.
        match self.state {
            Some(JournalState::Open) => select.push(" AND state = 'open'"),
            Some(JournalState::Sealed) => select.push(" AND state = 'sealed'"),
            Some(JournalState::Abandoned) => select.push(" AND state = 'abandoned'"),
            None => select,
        };
        if let Some(ca) = &self.ca {
            select.with(" AND ca = ?", ca.as_str());
        }
        if let Some(kind) = self.kind {
            select.with(" AND kind = ?", kind.as_str());
        }
        if let Some(instance) = &self.instance {
            select.with(" AND instance = ?", instance.as_str());
        }
        if let Some(before) = self.before {
            select.with(" AND at < ?", before);
        }
    }
}

fn intent(row: &AnyRow) -> Result<JournalRow, Error> {
    let mut row = Columns::of(row);
    Ok(JournalRow {
        ca: row.parsed("CA name")?,
        issuer: row.made_of("key identifier", KeyId::from_octets)?,
        name: row.text("name of an intent")?.to_owned(),
        kind: row.parsed("kind of an intent")?,
        intent: Intent {
            key: row.made_of("hash of a key", <[u8; 32]>::try_from)?,
            digest: row.made_of("digest", <[u8; 32]>::try_from)?,
            to_be_signed: row.octets("octets to be signed")?.into(),
        },
        enrollment_id: row.text("enrollment ID")?.to_owned(),
        caller: row.text("caller")?.to_owned(),
        reason: row.text("reason")?.to_owned(),
        at: row.time("time of an intent")?,
        instance: row.text("instance")?.to_owned(),
        state: row.parsed("state of an intent")?,
        consumed: row.flag("claim of an intent")?,
    })
}

const INSERT: Insert = Insert {
    head: "INSERT INTO journal (issuer, name, ca, kind, signing_key, digest, to_be_signed, \
           enrollment_id, caller, reason, at, instance, consumed, state) VALUES",
    columns: 14,
    tail: "ON CONFLICT DO NOTHING",
};

/// What is kept of the octets to be signed: none of a list or a config update, which may have very many and are made
/// of what is on record anyway.
fn kept_octets(row: &JournalRow) -> &[u8] {
    match row.kind {
        JournalKind::Crl | JournalKind::ConfigSignature => &[],
        JournalKind::Certificate | JournalKind::Request => &row.intent.to_be_signed,
    }
}

/// Inserts open intents, each with whether it took an enrollment; tells how many of their names were
/// free.
pub(super) async fn insert(
    connection: &mut AnyConnection,
    rows: &[(&JournalRow, bool)],
) -> Result<usize, sqlx::Error> {
    INSERT
        .run(connection, rows, |statement, (row, consumed)| {
            statement
                .bind(row.issuer.as_octets())
                .bind(&*row.name)
                .bind(row.ca.as_str())
                .bind(row.kind.as_str())
                .bind(row.intent.key.as_slice())
                .bind(row.intent.digest.as_slice())
                .bind(kept_octets(row))
                .bind(&*row.enrollment_id)
                .bind(&*row.caller)
                .bind(&*row.reason)
                .bind(row.at.unix())
                .bind(&*row.instance)
                .bind(i64::from(*consumed))
                .bind(JournalState::Open.as_str())
        })
        .await
}

/// Seals intents; tells the names of those that were open.
pub(super) async fn seal(
    connection: &mut AnyConnection,
    issuer: &KeyId,
    names: &[&str],
    kind: JournalKind,
) -> Result<Vec<String>, sqlx::Error> {
    const HEAD: &str = "UPDATE journal SET state = 'sealed', to_be_signed = $1 \
         WHERE issuer = $2 AND kind = $3 AND state = 'open' AND name IN (";
    let fixed = [[].as_slice().into(), issuer.as_octets().into(), kind.as_str().into()];
    let rows = within(connection, HEAD, &fixed, names, ") RETURNING name").await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// An intent that was given up.
pub(super) struct GivenUp {
    pub(super) ca: String,
    pub(super) kind: JournalKind,
    pub(super) enrollment_id: String,
    pub(super) at: i64,
    pub(super) consumed: bool,
}

/// Gives up an intent; `None` when it is not open.
pub(super) async fn abandon(
    connection: &mut AnyConnection,
    issuer: &KeyId,
    name: &str,
) -> Result<Option<GivenUp>, Failure> {
    let row = query(
        "UPDATE journal SET state = 'abandoned' WHERE issuer = $1 AND name = $2 AND state = 'open' \
         RETURNING ca, kind, enrollment_id, at, consumed",
    )
    .bind(issuer.as_octets())
    .bind(name)
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let mut row = Columns::of(&row);
    Ok(Some(GivenUp {
        ca: row.text("CA name")?.to_owned(),
        kind: row.parsed("kind of an intent")?,
        enrollment_id: row.text("enrollment ID")?.to_owned(),
        at: row.integer("time of an intent")?,
        consumed: row.flag("claim of an intent")?,
    }))
}

/// Gives up all open intents to certify an identity; tells their issuers and names.
pub(super) async fn abandon_all_of(
    connection: &mut AnyConnection,
    ca: &CaName,
    enrollment_id: &str,
) -> Result<Vec<(KeyId, String)>, Failure> {
    let rows = query(
        "UPDATE journal SET state = 'abandoned' WHERE ca = $1 AND enrollment_id = $2 \
         AND state = 'open' AND kind = 'certificate' RETURNING issuer, name",
    )
    .bind(ca.as_str())
    .bind(enrollment_id)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let mut row = Columns::of(row);
            let issuer = row.made_of("key identifier", KeyId::from_octets)?;
            Ok((issuer, row.text("name of an intent")?.to_owned()))
        })
        .collect()
}
