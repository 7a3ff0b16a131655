//! The rules of our own kinds, asked without an API server.
//!
//! In the API server's order: structure, then the CEL rules of the schema. The evaluator is
//! kube's; it knows every function that our rules use, and a rule it could not evaluate would be
//! reported rather than passed over. What it cannot promise is to agree with the API server in
//! every corner, so the tests ask a real one the same questions.

use std::sync::LazyLock;

use anyhow::Context as _;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::core::cel::{CompiledSchema, ErrorKind, Validator, compile_schema};
use serde_json::Value;
use yipan_core::kinds;

use super::problem::value_at;
use super::structure::{doubles, explain, shortened, strict};

/// The rules of every kind of ours; compiled once.
pub fn rules() -> &'static anyhow::Result<Vec<KindRules>> {
    static RULES: LazyLock<anyhow::Result<Vec<KindRules>>> =
        LazyLock::new(|| kinds::crds().iter().map(KindRules::of).collect());
    &RULES
}

/// One kind's rules, ready to be asked.
pub struct KindRules {
    /// The kind.
    pub kind: String,
    /// Whether its objects live in a namespace.
    pub namespaced: bool,
    schema: Value,
    structure: jsonschema::Validator,
    rules: CompiledSchema,
    evaluator: Validator,
}

impl KindRules {
    /// Compiles a definition's rules.
    ///
    /// # Errors
    /// The definition has no schema, or one that does not compile.
    pub fn of(definition: &CustomResourceDefinition) -> anyhow::Result<Self> {
        let kind = definition.spec.names.kind.clone();
        let version = definition.spec.versions.first();
        let schema = version.and_then(|version| version.schema.as_ref()?.open_api_v3_schema.as_ref());
        let schema = serde_json::to_value(schema.with_context(|| format!("{kind} has no schema"))?)?;
        let structure = jsonschema::options().should_validate_formats(true).build(&strict(&schema))?;
        let rules = compile_schema(&schema);
        Ok(Self {
            kind,
            namespaced: definition.spec.scope == "Namespaced",
            schema,
            structure,
            rules,
            evaluator: Validator::new(),
        })
    }

    /// What is wrong with an object: paths and sentences, in the order of the fields.
    pub fn check(&self, object: &Value) -> Vec<(String, String)> {
        let mut found: Vec<_> = self.structure.iter_errors(object).flat_map(|error| explain(&error)).collect();
        doubles(&self.schema, object, "", &mut found);
        let broken = self.broken_rules(object, found.is_empty());
        // Where a text breaks its rule in words, its bare length says nothing more.
        found.retain(|(path, message)| {
            !message.ends_with("characters") || broken.iter().all(|(other, _)| other != path)
        });
        found.extend(broken);
        found.sort();
        found.dedup();
        found
    }

    /// What may not change from one state of an object to another: paths and sentences.
    pub fn check_change(&self, old: &Value, new: &Value) -> Vec<(String, String)> {
        let Err(errors) = self.evaluator.validate_compiled(&self.rules, new, Some(old)) else { return Vec::new() };
        let broken: Vec<_> = errors.into_vec().into_iter().map(|error| (error.field_path, error.message)).collect();
        let already = self.broken_rules(new, true);
        broken.into_iter().filter(|broken| !already.contains(broken)).collect()
    }

    /// The CEL rules that the object breaks. Where the structure is wrong a rule may fail to
    /// evaluate because of that; then only those that say a clear no are heard.
    fn broken_rules(&self, object: &Value, structure_holds: bool) -> Vec<(String, String)> {
        let Err(errors) = self.evaluator.validate_compiled(&self.rules, object, None) else { return Vec::new() };
        let heard =
            errors.into_vec().into_iter().filter(|error| structure_holds || error.kind == ErrorKind::ValidationFailure);
        let explain = |path: String, message: String| match value_at(object, &path) {
            Some(value) if !path.is_empty() && !value.is_object() && !value.is_array() => {
                let message = format!("{} is refused: {message}", shortened(value));
                (path, message)
            }
            _ => (path, message),
        };
        heard.map(|error| explain(error.field_path, error.message)).collect()
    }
}
