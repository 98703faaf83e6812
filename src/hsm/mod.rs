//! PKCS#11 sessions, the queue, the token's refusals.
