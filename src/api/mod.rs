//! JSON shapes, shared by server and client.
