pub mod fact;
pub mod forge;
pub mod provider;
pub mod secret;
