-- What people write for a channel beside its configuration: its rules of admission, by kind.
CREATE TABLE channel_documents (
    channel TEXT   NOT NULL,
    kind    TEXT   NOT NULL,
    content BYTEA  NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (channel, kind)
);

-- Organizations that ask to join. `content` is what the applicant signed, `digest` its SHA-256; `proposal` is the update that
-- admits it, the latest one where it was rebased.
CREATE TABLE applications (
    id           TEXT   NOT NULL PRIMARY KEY,
    channel      TEXT   NOT NULL,
    organization TEXT   NOT NULL,
    msp_id       TEXT   NOT NULL,
    state        TEXT   NOT NULL,
    digest       BYTEA  NOT NULL,
    content      BYTEA  NOT NULL,
    header       BYTEA  NOT NULL,
    signature    BYTEA  NOT NULL,
    applicant    TEXT   NOT NULL,
    proposal     TEXT   NOT NULL,
    at           BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    closed_at    BIGINT,
    outcome      TEXT   NOT NULL
);
CREATE INDEX applications_by_channel ON applications (channel, at);
CREATE INDEX applications_by_proposal ON applications (proposal);
-- One that is open for a name and for an MSP.
CREATE UNIQUE INDEX applications_open_names ON applications (channel, organization) WHERE state = 'open';
CREATE UNIQUE INDEX applications_open_msps ON applications (channel, msp_id) WHERE state = 'open';
