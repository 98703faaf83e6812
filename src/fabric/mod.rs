//! Fabric CA's API: its paths, its envelope, its codes, its quirks.
mod json;
