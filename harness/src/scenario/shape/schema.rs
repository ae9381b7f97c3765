//! JSON Schemas of pidproof's files, made of the shapes by which the parser reads them.

use serde_json::{Map, Value, json};

use super::{Key, Kind, SCENARIO, Shape, VERBS};

/// The draft that editors of TOML know.
const DRAFT: &str = "http://json-schema.org/draft-07/schema#";
/// What `${matrix...}` and `${param...}` put into a string.
const PLACE: &str = r"\$\{(matrix|param)\.[^}]*\}";

/// The schema of a scenario file; `programs` are those of the suite, which are roles.
pub fn scenario(programs: &[&str]) -> Value {
    let mut roles = vec!["server", "cli", "tool"];
    roles.extend(programs);
    let maker = Maker {
        roles,
        filled: true,
    };
    let mut schema = maker.table(&SCENARIO);
    // One that explores needs no step.
    schema["anyOf"] = json!([{ "required": ["step"] }, { "required": ["explore"] }]);
    let mut definitions = Map::new();
    let mut verbs = Vec::new();
    for shape in VERBS {
        let verb = shape.keys[0].name;
        definitions.insert(verb.to_owned(), maker.table(shape));
        verbs.push(json!({ "$ref": format!("#/definitions/{verb}") }));
    }
    definitions.insert("step".to_owned(), json!({ "anyOf": verbs }));
    schema["definitions"] = Value::Object(definitions);
    titled("pidproof scenario", schema)
}

/// The schema of a file without steps.
pub fn plain(title: &str, shape: &Shape) -> Value {
    let maker = Maker {
        roles: Vec::new(),
        filled: false,
    };
    titled(title, maker.table(shape))
}

fn titled(title: &str, mut schema: Value) -> Value {
    schema["$schema"] = DRAFT.into();
    schema["title"] = title.into();
    schema
}

struct Maker<'a> {
    roles: Vec<&'a str>,
    /// Values of a matrix and parameters may stand in strings, and a string that is nothing else takes the kind
    /// of its value.
    filled: bool,
}

impl Maker<'_> {
    fn table(&self, shape: &Shape) -> Value {
        let properties: Map<String, Value> = shape
            .all()
            .map(|key| (key.name.to_owned(), self.key(key)))
            .collect();
        let needed: Vec<&str> = shape.all().filter(|k| k.needed).map(|k| k.name).collect();
        let others = shape
            .free
            .map_or(Value::Bool(false), |kind| self.kind(kind));
        let mut schema = json!({ "type": "object", "additionalProperties": others });
        if !properties.is_empty() {
            schema["properties"] = Value::Object(properties);
        }
        if !needed.is_empty() {
            schema["required"] = needed.into();
        }
        schema
    }

    fn key(&self, key: &Key) -> Value {
        let mut schema = self.kind(&key.kind);
        if schema.is_boolean() {
            // Anything at all, which has no room for a description.
            schema = json!({});
        }
        schema["description"] = key.says.into();
        schema
    }

    fn kind(&self, kind: &Kind) -> Value {
        match kind {
            Kind::Any => json!(true),
            Kind::Text => json!({ "type": "string" }),
            Kind::Template => json!({ "type": ["string", "integer"] }),
            Kind::OneOf(kinds) => {
                let kinds: Vec<Value> = kinds.iter().map(|kind| self.kind(kind)).collect();
                json!({ "anyOf": kinds })
            }
            Kind::Mode => self.or_place(
                json!({ "type": "string", "pattern": "^[0-7]{3,5}$" }),
                PLACE,
            ),
            Kind::Word(words) => self.or_place(json!({ "enum": words() }), PLACE),
            Kind::Role => self.or_place(json!({ "enum": self.roles }), PLACE),
            Kind::Number(least) if *least == i64::MIN => {
                self.or_value(json!({ "type": "integer" }))
            }
            Kind::Number(least) => self.or_value(json!({ "type": "integer", "minimum": least })),
            Kind::Flag => self.or_value(json!({ "type": "boolean" })),
            Kind::Off => self.or_value(json!({ "const": false })),
            Kind::List(of) => self.or_value(json!({ "type": "array", "items": self.kind(of) })),
            Kind::Some(of) => {
                self.or_value(json!({ "type": "array", "items": self.kind(of), "minItems": 1 }))
            }
            Kind::Table(shape) => self.or_value(self.table(shape)),
            Kind::Steps => json!({ "type": "array", "items": { "$ref": "#/definitions/step" } }),
        }
    }

    /// A value, or a string that is a place and nothing else.
    fn or_value(&self, schema: Value) -> Value {
        self.or_place(schema, &format!("^{PLACE}$"))
    }

    fn or_place(&self, schema: Value, pattern: &str) -> Value {
        if !self.filled {
            return schema;
        }
        json!({ "anyOf": [schema, { "type": "string", "pattern": pattern }] })
    }
}
