//! The JSON Schema of the configuration file, for editors.
//!
//! **In:** the types as written. **Out:** a JSON document, and the line that ties a YAML file to it.
//!
//! **Never here:** checks that a schema cannot say (the sections settle those).

use super::RawSettings;

/// The JSON Schema of a configuration file, pretty-printed.
pub fn json_schema() -> String {
    let schema = schemars::schema_for!(RawSettings);
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is plain JSON");
    text.push('\n');
    text
}

/// The first line of a generated configuration file: it names the schema, by a path beside the file,
/// to the YAML language server of an editor.
pub fn language_server_line(schema_path: &str) -> String {
    format!("# yaml-language-server: $schema={schema_path}")
}
