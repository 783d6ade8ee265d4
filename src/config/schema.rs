//! The JSON Schema of `rotate.yaml`, generated from its types; the copy next to this file is for editors.

use schemars::{Schema, schema_for};

use crate::config::settings::Config;

/// The JSON Schema of `rotate.yaml` as text.
pub const TEXT: &str = include_str!("rotate.schema.json");

/// The JSON Schema of `rotate.yaml`.
#[must_use]
pub fn schema() -> Schema {
    schema_for!(Config)
}

#[cfg(test)]
mod tests {
    use super::schema;

    #[test]
    fn is_the_copy_for_editors() {
        let text = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
        snapbox::assert_data_eq!(text, snapbox::file!["rotate.schema.json"].raw());
    }

    #[test]
    fn takes_and_refuses_what_the_types_do() {
        let validator = jsonschema::validator_for(schema().as_value()).unwrap();
        let valid = |text: &str| validator.is_valid(&serde_yaml::from_str(text).unwrap());
        let environment =
            |rest: &str| valid(&format!("environments: [{{name: a, paths: [x], {rest}}}]"));
        assert!(environment("soak: 24h, window: {from: '09:00', to: '16:00', days: [mon]}"));
        for wrong in
            ["soak: 24", "soak: h", "window: {from: '9:00', to: '16:00'}", "sok: 24h", "paths: []"]
        {
            assert!(!environment(wrong), "{wrong}");
        }
        assert!(valid(
            "secrets: {'legacy-*': {managed: false}, a: {remote: {version: key-suffix}}}"
        ));
        assert!(!valid("secrets: {a: {remote: {version: lable}}}"));
        assert!(valid("lint: {rules: {stale-reference: off}}"));
        assert!(!valid("external: [{namespace: x}]"));
    }
}
