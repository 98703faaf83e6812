-- The channels that this server knows, each as of its latest configuration.
CREATE TABLE channels (
    id       TEXT   NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    config   BYTEA  NOT NULL
);

-- Counts the commits that changed a channel, so that channels are read again when they changed.
INSERT INTO counters (name, value) VALUES ('channels', 0);

-- Nonces of signed requests that wrote something, until they are too old to come again.
CREATE TABLE nonces (
    digest  BYTEA  NOT NULL PRIMARY KEY,
    expires BIGINT NOT NULL
);
CREATE INDEX nonces_by_expiry ON nonces (expires);
