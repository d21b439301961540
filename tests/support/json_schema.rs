//! A checker for JSON documents against our schemas.
//!
//! In: a schema, its root and a value. Out: every fault with its place. Knows the keywords that our schemas use and
//! panics at any other, so that nothing in a schema is mere decoration.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests

use serde_json::Value;

/// A checker for the part of JSON Schema that our schemas use; any other keyword is an error, so that
/// nothing in the schema is mere decoration.
pub fn check(schema: &Value, root: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    for (keyword, rule) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" | "properties" | "default" => {}
            "$ref" => {
                let name = rule.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
                check(&root["$defs"][name], root, value, at, faults);
            }
            "type" => {
                let types: Vec<&str> = match rule {
                    Value::Array(several) => several.iter().map(|t| t.as_str().unwrap()).collect(),
                    one => vec![one.as_str().unwrap()],
                };
                let fits = types.iter().any(|t| match *t {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "number" => value.is_number(),
                    "integer" => value.is_u64() || value.is_i64(),
                    "boolean" => value.is_boolean(),
                    "null" => value.is_null(),
                    other => panic!("type {other}"),
                });
                if !fits {
                    faults.push(format!("{at}: {value} is no {types:?}"));
                }
            }
            "required" => {
                for name in rule.as_array().unwrap() {
                    if value.is_object() && value.get(name.as_str().unwrap()).is_none() {
                        faults.push(format!("{at}: {name} is missing"));
                    }
                }
            }
            "additionalProperties" => {
                for (name, inner) in value.as_object().into_iter().flatten() {
                    match (schema["properties"].get(name), rule) {
                        (Some(own), _) => check(own, root, inner, &format!("{at}.{name}"), faults),
                        (None, Value::Bool(false)) => {
                            faults.push(format!("{at}: {name} is not in the schema"))
                        }
                        (None, other) => check(other, root, inner, &format!("{at}.{name}"), faults),
                    }
                }
            }
            "items" => {
                for (n, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(rule, root, item, &format!("{at}[{n}]"), faults);
                }
            }
            "enum" => {
                if !rule.as_array().unwrap().contains(value) {
                    faults.push(format!("{at}: {value} is none of {rule}"));
                }
            }
            "minimum" => {
                if value.as_i64().is_some_and(|n| n < rule.as_i64().unwrap()) {
                    faults.push(format!("{at}: {value} is below {rule}"));
                }
            }
            "maximum" => {
                if value.as_i64().is_some_and(|n| n > rule.as_i64().unwrap()) {
                    faults.push(format!("{at}: {value} is above {rule}"));
                }
            }
            "anyOf" => {
                let fits = |shape: &Value| {
                    let mut faults = Vec::new();
                    check(shape, root, value, at, &mut faults);
                    faults.is_empty()
                };
                if !rule.as_array().unwrap().iter().any(fits) {
                    faults.push(format!("{at}: {value} is none of {rule}"));
                }
            }
            other => panic!("{at}: the checker does not know the keyword {other}"),
        }
    }
}
