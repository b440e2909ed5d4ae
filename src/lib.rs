pub mod sandbox;
pub mod secret;
