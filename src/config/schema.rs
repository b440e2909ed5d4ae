//! The JSON Schema of the config, generated from the table of its keys.

use serde_json::{Map, Value, json};

use super::keys::{KEYS, Kind, Section};

/// The schema of the config file (JSON Schema 2020-12). Keys of the user's own are allowed everywhere.
pub fn config_schema() -> Value {
    let mut connection = table(Section::Connection);
    for section in Section::ALL {
        if let (Some(name), Some(properties)) = (section.table(), connection["properties"].as_object_mut()) {
            properties.insert(name.to_owned(), table(section));
        }
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The config of git-access",
        "type": "object",
        "properties": {
            "version": { "description": "the version of this form", "const": 1 },
            "active": { "description": "the name of the connection in use", "type": "string" },
            "connections": {
                "type": "object",
                "propertyNames": { "pattern": "^[a-z0-9][a-z0-9._-]{0,62}$" },
                "additionalProperties": connection,
            },
        },
        "required": ["version"],
    })
}

fn table(section: Section) -> Value {
    let rows = || KEYS.iter().filter(|row| row.section == section);
    let mut properties = Map::new();
    for row in rows() {
        let mut property = kind(row.kind);
        if let Some(property) = property.as_object_mut() {
            property.insert("description".to_owned(), row.doc.into());
        }
        properties.insert(row.key.to_owned(), property);
    }
    let required: Vec<_> = rows().filter(|row| row.required).map(|row| row.key).collect();
    let mut table = json!({ "description": section.doc(), "type": "object", "properties": properties });
    if section == Section::Handover {
        table["additionalProperties"] = json!({ "type": "string" });
    }
    if !required.is_empty() {
        table["required"] = json!(required);
    }
    table
}

fn kind(kind: Kind) -> Value {
    match kind {
        Kind::Text => json!({ "type": "string" }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Number => json!({ "type": "integer", "minimum": 0 }),
        // TOML has dates of its own; what turns them into JSON makes texts of them.
        Kind::Moment => json!({ "type": "string", "format": "date-time" }),
        Kind::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::Choice(words) => json!({ "enum": words }),
    }
}
