//! What the capabilities share.
