//! DER, CSR, certificate, CRL, chain, signature check, lints, drafts.
