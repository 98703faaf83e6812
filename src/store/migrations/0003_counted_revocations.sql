-- Counts the commits that revoked something, so that what is revoked need not be counted before each list.
INSERT INTO counters (name, value) VALUES ('revocations', 0);
