//! Nouns then verbs.
