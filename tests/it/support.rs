//! What several tests need: servers that answer as told, byte by byte, and the table of scenarios.

pub mod raw;
pub mod scenario;
pub mod sshd;
pub mod tls;
