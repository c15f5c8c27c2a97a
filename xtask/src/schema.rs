//! Holds a JSON document against a JSON schema: the part of the 2020-12 draft that our generated schema uses.

use serde_json::Value;

/// Words that say nothing about what is valid.
const SILENT: [&str; 8] = ["$schema", "$defs", "title", "description", "format", "default", "examples", "$id"];

/// Every way in which `document` breaks `schema`, each with its place. A word of the schema that is not known here is
/// a fault too: what is not checked must not pass for checked.
pub fn faults(schema: &Value, document: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    visit(schema, schema, document, "$", &mut faults);
    faults
}

fn visit(root: &Value, schema: &Value, at: &Value, place: &str, faults: &mut Vec<String>) {
    let rules = match schema {
        Value::Bool(true) => return,
        Value::Object(rules) => rules,
        _ => return faults.push(format!("{place}: nothing is allowed here")),
    };
    for (word, rule) in rules {
        match word.as_str() {
            "$ref" => match rule.as_str().and_then(|r| r.strip_prefix('#')).and_then(|p| root.pointer(p)) {
                Some(target) => visit(root, target, at, place, faults),
                None => faults.push(format!("{place}: the schema refers to {rule}, which it lacks")),
            },
            "type" if !has_type(rule, at) => faults.push(format!("{place}: {} where {rule} is wanted", kind(at))),
            "const" if rule != at => faults.push(format!("{place}: {at} where {rule} is wanted")),
            "enum" if !rule.as_array().is_some_and(|a| a.contains(at)) => faults.push(format!("{place}: {at} is none of {rule}")),
            "anyOf" | "oneOf" => {
                let fits = |s: &Value| {
                    let mut inner = Vec::new();
                    visit(root, s, at, place, &mut inner);
                    inner.is_empty()
                };
                let n = rule.as_array().map_or(0, |a| a.iter().filter(|s| fits(s)).count());
                if n == 0 || (word == "oneOf" && n > 1) {
                    faults.push(format!("{place}: {n} of the alternatives fit"));
                }
            }
            "allOf" => rule.as_array().into_iter().flatten().for_each(|s| visit(root, s, at, place, faults)),
            "required" | "properties" | "additionalProperties" => object(root, word, rule, schema, at, place, faults),
            "items" | "prefixItems" | "minItems" | "maxItems" => array(root, word, rule, at, place, faults),
            "minimum" if at.as_f64() < rule.as_f64() && at.is_number() => faults.push(format!("{place}: {at} is below {rule}")),
            "maximum" if at.as_f64() > rule.as_f64() && at.is_number() => faults.push(format!("{place}: {at} is above {rule}")),
            "type" | "const" | "enum" | "minimum" | "maximum" => {}
            word if SILENT.contains(&word) => {}
            word => faults.push(format!("{place}: the schema's word '{word}' is not known to this check")),
        }
    }
}

fn object(root: &Value, word: &str, rule: &Value, schema: &Value, at: &Value, place: &str, faults: &mut Vec<String>) {
    let Some(fields) = at.as_object() else { return };
    match word {
        "required" => {
            let missing = rule.as_array().into_iter().flatten().filter_map(Value::as_str).filter(|n| !fields.contains_key(*n));
            faults.extend(missing.map(|n| format!("{place}: '{n}' is missing")));
        }
        "properties" => {
            for (name, inner) in rule.as_object().into_iter().flatten() {
                if let Some(value) = fields.get(name) {
                    visit(root, inner, value, &format!("{place}.{name}"), faults);
                }
            }
        }
        _ => {
            let known = |n: &str| schema.get("properties").is_some_and(|p| p.get(n).is_some());
            for (name, value) in fields.iter().filter(|(n, _)| !known(n)) {
                visit(root, rule, value, &format!("{place}.{name}"), faults);
            }
        }
    }
}

fn array(root: &Value, word: &str, rule: &Value, at: &Value, place: &str, faults: &mut Vec<String>) {
    let Some(items) = at.as_array() else { return };
    let limit = rule.as_u64().map_or(0, |n| n as usize);
    match word {
        "items" => items.iter().enumerate().for_each(|(i, v)| visit(root, rule, v, &format!("{place}[{i}]"), faults)),
        "prefixItems" => {
            let pairs = rule.as_array().into_iter().flatten().zip(items).enumerate();
            pairs.for_each(|(i, (s, v))| visit(root, s, v, &format!("{place}[{i}]"), faults));
        }
        "minItems" if items.len() < limit => faults.push(format!("{place}: {} items, at least {limit} are wanted", items.len())),
        "maxItems" if items.len() > limit => faults.push(format!("{place}: {} items, at most {limit} are wanted", items.len())),
        _ => {}
    }
}

fn has_type(rule: &Value, at: &Value) -> bool {
    match rule {
        Value::String(name) => match name.as_str() {
            "integer" => at.is_i64() || at.is_u64(),
            "number" => at.is_number(),
            name => name == kind(at),
        },
        Value::Array(names) => names.iter().any(|n| has_type(n, at)),
        _ => false,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_fits_passes_and_each_fault_is_found_at_its_place() {
        let schema = json!({
            "type": "object",
            "properties": {
                "n": { "type": "integer", "minimum": 0 },
                "score": { "type": ["number", "null"] },
                "models": { "type": "array", "items": { "$ref": "#/$defs/Model" }, "minItems": 1 },
                "extent": { "type": "array", "prefixItems": [{ "type": "number" }, { "type": "string" }], "maxItems": 2 },
                "weight": { "enum": ["info", "alarm"] },
            },
            "required": ["n"],
            "additionalProperties": false,
            "$defs": { "Model": { "oneOf": [{ "type": "string" }, { "type": "object", "required": ["name"] }] } },
        });
        let found = |document: Value| faults(&schema, &document).join("; ");
        let good = json!({ "n": 3, "score": null, "models": ["a", { "name": "b" }], "extent": [1.5, "m"], "weight": "info" });
        assert_eq!(found(good), "");
        assert_eq!(found(json!({})), "$: 'n' is missing");
        assert_eq!(found(json!({ "n": -1 })), "$.n: -1 is below 0");
        assert!(found(json!({ "n": 1.5 })).starts_with("$.n: number where"));
        assert!(found(json!({ "n": 1, "models": ["a", 3] })).starts_with("$.models[1]: 0 of the alternatives"));
        assert!(found(json!({ "n": 1, "models": [] })).contains("0 items"));
        assert!(found(json!({ "n": 1, "extent": [1.5, 2] })).starts_with("$.extent[1]: number where"));
        assert!(found(json!({ "n": 1, "weight": "loud" })).contains("none of"));
        assert_eq!(found(json!({ "n": 1, "other": 2 })), "$.other: nothing is allowed here");
        assert_eq!(found(json!([])), "$: array where \"object\" is wanted");
        assert!(faults(&json!({ "patternProperties": {} }), &json!({}))[0].contains("not known"));
    }
}
