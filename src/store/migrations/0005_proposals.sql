-- Whether this server decides over a channel's configuration (1), or the channel's orderers do (0).
ALTER TABLE channels ADD COLUMN governed BIGINT NOT NULL DEFAULT 0;

-- Updates of channels that collect signatures. `base` is the configuration that the update was made from.
CREATE TABLE proposals (
    id         TEXT   NOT NULL PRIMARY KEY,
    channel    TEXT   NOT NULL,
    title      TEXT   NOT NULL,
    state      TEXT   NOT NULL,
    sequence   BIGINT NOT NULL,
    base       BYTEA  NOT NULL,
    content    BYTEA  NOT NULL,
    proposer   TEXT   NOT NULL,
    at         BIGINT NOT NULL,
    closed_at  BIGINT,
    outcome    TEXT   NOT NULL
);
CREATE INDEX proposals_by_channel ON proposals (channel, at);
CREATE INDEX proposals_open ON proposals (channel) WHERE state = 'open';

CREATE TABLE proposal_signatures (
    proposal  TEXT   NOT NULL,
    signer    BYTEA  NOT NULL,
    at        BIGINT NOT NULL,
    header    BYTEA  NOT NULL,
    signature BYTEA  NOT NULL,
    PRIMARY KEY (proposal, signer)
);
