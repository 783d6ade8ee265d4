//! GitHub's own description of its API, which every request and every answer of the stand-in is held against.

use std::collections::HashMap;
use std::env;
use std::fs;
use std::sync::{Arc, Mutex, OnceLock};

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

use super::http::{Request, decoded};

/// The description, and the validators that were made of it so far.
pub(super) struct Description {
    document: Value,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

/// One operation, with the values that the path gives to its parameters.
struct Operation<'d> {
    says: &'d Value,
    given: HashMap<String, String>,
}

impl Description {
    /// Read once a process: it has 13 MB.
    pub(super) fn get() -> &'static Self {
        static DESCRIPTION: OnceLock<Description> = OnceLock::new();
        DESCRIPTION.get_or_init(|| {
            let file = env::var_os("GITHUB_OPENAPI").expect(
                "GITHUB_OPENAPI must name GitHub's description of its API (`generated/api.github.com.json` of the \
                 npm package @octokit/openapi); `.ci/run` installs the pinned one",
            );
            let mut document: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
            nulls(&mut document["components"]["schemas"]);
            nulls(&mut document["components"]["responses"]);
            Self { document, validators: Mutex::default() }
        })
    }

    /// What is wrong with a request.
    pub(super) fn request_faults(&self, request: &Request) -> Vec<String> {
        let Some(operation) = self.operation(&request.method, request.path()) else {
            return vec!["the description has no such path and method".to_owned()];
        };
        let mut faults = Vec::new();
        let parameters = operation.says["parameters"].as_array().into_iter().flatten();
        let parameters: Vec<&Value> = parameters.map(|one| self.resolved(one)).collect();
        let query = request.query();
        let given = operation.given.iter().map(|(name, value)| ("path", name, value));
        for (place, name, value) in given.chain(query.iter().map(|(n, v)| ("query", n, v))) {
            let known = parameters.iter().find(|one| one["in"] == place && one["name"] == **name);
            match known {
                None => faults.push(format!("no {place} parameter `{name}`")),
                Some(known) => {
                    let value = typed(value, &known["schema"]);
                    faults.extend(self.faults(
                        &format!("{place} `{name}`"),
                        &known["schema"],
                        &value,
                    ));
                }
            }
        }
        faults.extend(self.body_faults(operation.says, &request.body));
        faults
    }

    fn body_faults(&self, operation: &Value, body: &[u8]) -> Vec<String> {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        if body.is_empty() || schema.is_null() {
            let wanted = operation["requestBody"]["required"] == true;
            return match (body.is_empty(), wanted) {
                (true, true) => vec!["the body is missing".to_owned()],
                (false, _) => vec!["the operation takes no body".to_owned()],
                (true, false) => Vec::new(),
            };
        }
        let Ok(body) = serde_json::from_slice::<Value>(body) else {
            return vec!["the body is not JSON".to_owned()];
        };
        let mut schema = schema.clone();
        nulls(&mut schema);
        let mut faults = self.faults("body", &schema, &body);
        faults.extend(self.unknown("body", &schema, &body));
        faults
    }

    /// What is wrong with an answer of ours.
    pub(super) fn answer_faults(
        &self,
        request: &Request,
        status: u16,
        body: &Value,
    ) -> Vec<String> {
        let Some(operation) = self.operation(&request.method, request.path()) else {
            return Vec::new();
        };
        // Wrong credentials and what is not there are answered alike everywhere.
        let error = json!({ "$ref": "#/components/schemas/basic-error" });
        let schema = match &operation.says["responses"][status.to_string()] {
            Value::Null if matches!(status, 401 | 404) => &error,
            Value::Null => return vec![format!("the description has no answer {status} there")],
            answer => &self.resolved(answer)["content"]["application/json"]["schema"],
        };
        if schema.is_null() {
            return Vec::new();
        }
        let mut schema = schema.clone();
        nulls(&mut schema);
        let mut faults = self.faults("answer", &schema, body);
        let (schema, bodies) = match (body, schema.get("items")) {
            (Value::Array(all), Some(items)) => (items.clone(), all.iter().collect()),
            _ => (schema, vec![body]),
        };
        faults.extend(bodies.iter().flat_map(|body| self.unknown("answer", &schema, body)));
        faults
    }

    /// What is known of an object, and what its schema requires besides.
    pub(super) fn filled(&self, schema: &str, known: Value) -> Value {
        self.completed(&json!({ "$ref": format!("#/components/schemas/{schema}") }), Some(known))
    }

    /// The same object without what another schema does not have.
    pub(super) fn only(&self, schema: &str, mut object: Value) -> Value {
        let properties = &self.document["components"]["schemas"][schema]["properties"];
        let map = object.as_object_mut().unwrap();
        map.retain(|name, _| properties.get(name).is_some());
        object
    }

    fn completed(&self, schema: &Value, known: Option<Value>) -> Value {
        let schema = self.resolved(schema);
        let first = ["allOf", "anyOf", "oneOf"].iter().find_map(|of| schema[of].get(0));
        let kind = match &schema["type"] {
            Value::Array(kinds) if known.is_none() => kinds.last().unwrap(),
            Value::Array(kinds) => kinds.first().unwrap(),
            kind => kind,
        };
        match (kind.as_str(), known) {
            (Some("object"), None) => self.object(schema, Map::new()),
            (Some("object"), Some(Value::Object(known))) => self.object(schema, known),
            (Some("array"), Some(Value::Array(known))) => {
                known.into_iter().map(|one| self.completed(&schema["items"], Some(one))).collect()
            }
            (None, known) if first.is_some() => self.completed(first.unwrap(), known),
            (_, Some(known)) => known,
            (Some("array"), None) => json!([]),
            (Some("boolean"), None) => json!(false),
            (Some("integer" | "number"), None) => json!(1),
            (Some("string"), None) => match (&schema["enum"][0], schema["format"].as_str()) {
                (Value::String(first), _) => json!(first),
                (_, Some("uri")) => json!("https://github.localhost/"),
                (_, Some("date-time")) => json!("2025-01-01T00:00:00Z"),
                _ => json!("text"),
            },
            _ => Value::Null,
        }
    }

    fn object(&self, schema: &Value, mut known: Map<String, Value>) -> Value {
        let required: Vec<&str> = schema["required"]
            .as_array()
            .map_or_else(Vec::new, |required| required.iter().filter_map(Value::as_str).collect());
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let given = known.remove(name);
            if given.is_some() || required.contains(&name.as_str()) {
                known.insert(name.clone(), self.completed(property, given));
            }
        }
        Value::Object(known)
    }

    fn operation(&self, method: &str, path: &str) -> Option<Operation<'_>> {
        let asked: Vec<&str> = path.trim_matches('/').split('/').collect();
        let paths = self.document["paths"].as_object().unwrap();
        let fits = paths.iter().filter_map(|(template, methods)| {
            let says = methods.get(method.to_lowercase())?;
            let parts: Vec<&str> = template.trim_matches('/').split('/').collect();
            let mut given = HashMap::new();
            for (part, asked) in parts.iter().zip(&asked) {
                match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
                    Some(name) => drop(given.insert(name.to_owned(), decoded(asked))),
                    None if part == asked => {}
                    None => return None,
                }
            }
            (parts.len() == asked.len()).then_some(Operation { says, given })
        });
        fits.min_by_key(|operation| operation.given.len())
    }

    fn resolved<'d>(&'d self, value: &'d Value) -> &'d Value {
        match value["$ref"].as_str() {
            Some(to) => self.document.pointer(to.trim_start_matches('#')).unwrap(),
            None => value,
        }
    }

    fn faults(&self, what: &str, schema: &Value, value: &Value) -> Vec<String> {
        let key = schema.to_string();
        let mut validators = self.validators.lock().unwrap();
        let validator = validators.entry(key).or_insert_with(|| Arc::new(self.validator(schema)));
        let validator = Arc::clone(validator);
        drop(validators);
        let faults = validator.iter_errors(value);
        faults.map(|fault| format!("{what}{}: {fault}", fault.instance_path())).collect()
    }

    /// A validator with the schemas that it leads to and no others: there are 3 MB of them.
    fn validator(&self, schema: &Value) -> Validator {
        let mut schemas = Map::new();
        let mut open = vec![schema];
        while let Some(one) = open.pop() {
            match one {
                Value::Object(map) => open.extend(map.values()),
                Value::Array(all) => open.extend(all),
                Value::String(text) => {
                    let Some(name) = text.strip_prefix("#/components/schemas/") else { continue };
                    let found = &self.document["components"]["schemas"][name];
                    if schemas.insert(name.to_owned(), found.clone()).is_none() {
                        open.push(found);
                    }
                }
                _ => {}
            }
        }
        let document = json!({ "allOf": [schema], "components": { "schemas": schemas } });
        jsonschema::options().with_draft(Draft::Draft4).build(&document).unwrap()
    }

    /// GitHub lets fields through that it does not know, so a slip of the pen would go unseen.
    fn unknown(&self, what: &str, schema: &Value, value: &Value) -> Vec<String> {
        let schema = self.resolved(schema);
        let schema = schema["oneOf"].get(0).map_or(schema, |first| self.resolved(first));
        let (Some(known), Some(given)) = (schema["properties"].as_object(), value.as_object())
        else {
            return Vec::new();
        };
        let unknown = given.keys().filter(|name| !known.contains_key(*name));
        unknown.map(|name| format!("{what}: no field `{name}`")).collect()
    }
}

/// `nullable: true` of OpenAPI 3.0 as JSON Schema says it.
fn nulls(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            map.values_mut().for_each(nulls);
            if map.get("nullable") != Some(&Value::Bool(true)) {
                return;
            }
            map.remove("nullable");
            if let Some(Value::Array(values)) = map.get_mut("enum") {
                values.push(Value::Null);
            }
            if let Some(Value::String(kind)) = map.get("type") {
                let kinds = json!([kind, "null"]);
                map.insert("type".to_owned(), kinds);
            } else {
                let either = json!({ "anyOf": [map.clone(), { "type": "null" }] });
                *schema = either;
            }
        }
        Value::Array(all) => all.iter_mut().for_each(nulls),
        _ => {}
    }
}

/// A parameter's text as what its schema takes.
fn typed(text: &str, schema: &Value) -> Value {
    let number = text.parse().map(|number: i64| json!(number));
    match schema["type"].as_str() {
        Some("integer") => number.unwrap_or_else(|_| json!(text)),
        Some("boolean") => text.parse().map_or_else(|_| json!(text), |truth: bool| json!(truth)),
        _ => json!(text),
    }
}
