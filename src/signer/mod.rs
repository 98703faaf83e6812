//! The process that owns the PKCS#11 module, on a local socket.
