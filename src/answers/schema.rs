//! The JSON Schema of the answers file, generated from the table of fields.

use serde_json::{Map, Value, json};

use super::field::{FIELDS, FieldRow, Shape};
use crate::provider::Provider;

/// The schema of the answers file (JSON Schema 2020-12). It knows every key, and no other is allowed.
pub fn answers_schema() -> Value {
    let mut root = Map::new();
    root.insert("version".to_owned(), json!({ "description": "the version of this form", "const": 1 }));
    for row in FIELDS {
        match row.key.split_once('.') {
            None => root.insert(row.key.to_owned(), property(row)),
            Some((table, key)) => {
                let table = root.entry(table).or_insert_with(|| closed(&Map::new()));
                table["properties"][key] = property(row);
                None
            }
        };
    }
    let handover = json!({
        "description": "what the platform's own form asks",
        "type": "object",
        "additionalProperties": { "type": "string" },
    });
    root.insert("handover".to_owned(), handover);
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An answers file of git-access",
    });
    schema["type"] = "object".into();
    schema["properties"] = root.into();
    schema["required"] = json!(["version"]);
    schema["additionalProperties"] = false.into();
    schema
}

fn closed(properties: &Map<String, Value>) -> Value {
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

fn property(row: &FieldRow) -> Value {
    let mut property = match row.shape {
        Shape::Text if row.key == "provider" => {
            json!({ "enum": Provider::ALL.iter().map(|provider| provider.id()).collect::<Vec<_>>() })
        }
        Shape::Text | Shape::Path => json!({ "type": "string", "minLength": 1 }),
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Words => json!({ "type": "array", "items": { "type": "string" }, "minItems": 1 }),
        Shape::Expiry => json!({ "type": "string", "examples": ["2027-02-01", "2027-02-01T09:00:00Z", "never"] }),
        Shape::Choice(words) => json!({ "enum": words }),
    };
    property["description"] = row.doc.into();
    property
}
