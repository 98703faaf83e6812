-- One text for SQLite and PostgreSQL: TEXT, BIGINT and BYTEA only. Instants are Unix seconds, key
-- identifiers and serial numbers their octets.

CREATE TABLE properties (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- Numbers that are given inside the transaction that uses them, so that their order is the order of
-- the commits and no number is missing.
CREATE TABLE counters (
    name  TEXT   NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('audit', 0), ('certificates', 0);

CREATE TABLE issuers (
    ca          TEXT   NOT NULL,
    key_id      BYTEA  NOT NULL,
    label       TEXT   NOT NULL,
    spki_hash   BYTEA  NOT NULL,
    certificate BYTEA  NOT NULL,
    chain_pem   TEXT   NOT NULL,
    role        TEXT   NOT NULL,
    active      BIGINT NOT NULL,
    PRIMARY KEY (ca, key_id)
);

CREATE TABLE identities (
    ca              TEXT   NOT NULL,
    id              TEXT   NOT NULL,
    kind            TEXT   NOT NULL,
    affiliation     TEXT   NOT NULL,
    attributes      TEXT   NOT NULL,
    secret          TEXT   NOT NULL,
    max_enrollments BIGINT NOT NULL,
    enrollments     BIGINT NOT NULL,
    revoked_at      BIGINT,
    version         BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    PRIMARY KEY (ca, id)
);

CREATE TABLE affiliations (
    ca   TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (ca, name)
);

CREATE TABLE certificates (
    issuer        BYTEA  NOT NULL,
    serial        BYTEA  NOT NULL,
    ca            TEXT   NOT NULL,
    enrollment_id TEXT   NOT NULL,
    not_before    BIGINT NOT NULL,
    not_after     BIGINT NOT NULL,
    revoked_at    BIGINT,
    reason        BIGINT,
    position      BIGINT NOT NULL,
    der           BYTEA  NOT NULL,
    PRIMARY KEY (issuer, serial)
);
CREATE INDEX certificates_in_order ON certificates (ca, position);
CREATE INDEX certificates_by_owner ON certificates (ca, enrollment_id, position);
CREATE INDEX certificates_by_expiry ON certificates (ca, not_after);
CREATE INDEX certificates_revoked ON certificates (ca, revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX certificates_to_list ON certificates (issuer, revoked_at) WHERE revoked_at IS NOT NULL;

CREATE TABLE journal (
    issuer        BYTEA  NOT NULL,
    name          TEXT   NOT NULL,
    ca            TEXT   NOT NULL,
    kind          TEXT   NOT NULL,
    signing_key   BYTEA  NOT NULL,
    digest        BYTEA  NOT NULL,
    to_be_signed  BYTEA  NOT NULL,
    enrollment_id TEXT   NOT NULL,
    caller        TEXT   NOT NULL,
    reason        TEXT   NOT NULL,
    at            BIGINT NOT NULL,
    instance      TEXT   NOT NULL,
    state         TEXT   NOT NULL,
    consumed      BIGINT NOT NULL,
    PRIMARY KEY (issuer, name)
);
CREATE INDEX journal_open ON journal (ca, enrollment_id) WHERE state = 'open';
CREATE INDEX journal_abandoned ON journal (ca) WHERE state = 'abandoned';
CREATE INDEX journal_by_digest ON journal (digest);

-- Serial numbers that may have been signed but were never kept as certificates; lists of revoked
-- certificates carry them.
CREATE TABLE revocations (
    issuer     BYTEA  NOT NULL,
    serial     BYTEA  NOT NULL,
    revoked_at BIGINT NOT NULL,
    reason     BIGINT NOT NULL,
    PRIMARY KEY (issuer, serial)
);

CREATE TABLE crls (
    issuer BYTEA  NOT NULL,
    number BIGINT NOT NULL,
    name   TEXT   NOT NULL,
    at     BIGINT NOT NULL,
    der    BYTEA  NOT NULL,
    PRIMARY KEY (issuer, number)
);

CREATE TABLE audit (
    number  BIGINT NOT NULL PRIMARY KEY,
    at      BIGINT NOT NULL,
    ca      TEXT   NOT NULL,
    actor   TEXT   NOT NULL,
    deed    TEXT   NOT NULL,
    subject TEXT   NOT NULL,
    reason  TEXT   NOT NULL
);
