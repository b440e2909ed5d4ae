//! What the keys of the file stand for, and which fields hang together.

use super::field::{FIELDS, Field};
use super::suggestion::TABLES;

/// What a path of the file stands for.
pub(super) enum Meaning {
    Version,
    Field(Field),
    Table,
    /// Something below a field, which is no table: with the number of its parts.
    Below(Field, usize),
    /// The first part that is not known.
    Unknown(usize),
}

pub(super) fn meaning(path: &[String]) -> Meaning {
    let parts: Vec<_> = path.iter().map(String::as_str).collect();
    match parts.as_slice() {
        [] | ["handover"] => return Meaning::Table,
        ["version"] => return Meaning::Version,
        ["handover", key] => return Meaning::Field(Field::Handover((*key).to_owned())),
        ["handover", key, ..] => return Meaning::Below(Field::Handover((*key).to_owned()), 2),
        _ => {}
    }
    for row in FIELDS {
        let known: Vec<_> = row.key.split('.').collect();
        if known == parts {
            return Meaning::Field(row.field.clone());
        }
        if parts.starts_with(&known) {
            return Meaning::Below(row.field.clone(), known.len());
        }
    }
    match parts.as_slice() {
        [table] if TABLES.contains(table) => Meaning::Table,
        [table, ..] if TABLES.contains(table) => Meaning::Unknown(1),
        _ => Meaning::Unknown(0),
    }
}

/// Whether problems with `field` are about what it says, and not about that it is there.
pub(super) fn is_about_value(field: &Field) -> bool {
    use Field::{
        ApiUrl, Contents, Host, Owner, Platform, Project, Provider, Repository, StoreKind, TokenKind, Visibility,
    };
    matches!(
        field,
        Platform
            | Provider
            | Host
            | ApiUrl
            | Owner
            | Project
            | Repository
            | TokenKind
            | StoreKind
            | Visibility
            | Contents
    )
}
