//! What several tests need: servers that answer as told, byte by byte.

pub mod raw;
pub mod sshd;
pub mod tls;
