-- Digests are random: their index cost a page of its own for each signature, and served nobody.
DROP INDEX journal_by_digest;

-- Counts the commits that changed an identity, so that a list of them can be kept until the next one.
INSERT INTO counters (name, value) VALUES ('identities', 0);
