pub mod fact;
pub mod forge;
pub mod git;
pub mod provider;
pub mod secret;
pub mod text;
