pub mod disk;
pub mod secret;
pub mod store;
