//! Our API.
