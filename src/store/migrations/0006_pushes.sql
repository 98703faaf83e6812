-- How far what a CA says (who is revoked, which issuers it has) has come into each channel that carries its MSP.
CREATE TABLE pushes (
    channel  TEXT   NOT NULL,
    msp_id   TEXT   NOT NULL,
    matter   TEXT   NOT NULL,
    state    TEXT   NOT NULL,
    detail   TEXT   NOT NULL,
    proposal TEXT   NOT NULL,
    since    BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at  BIGINT NOT NULL,
    version  BIGINT NOT NULL,
    PRIMARY KEY (channel, msp_id, matter)
);
