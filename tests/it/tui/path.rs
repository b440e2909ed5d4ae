//! The whole path, by keys alone.
