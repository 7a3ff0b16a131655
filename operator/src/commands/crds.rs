//! `yipan crds`: the definitions, as they are committed in the chart.

use yipan_core::kinds;

use super::generated::{Generated, Target};

/// Prints every definition, or writes each to its file.
///
/// # Errors
/// The files cannot be written, or differ when they are only compared.
pub fn run(target: &Target) -> anyhow::Result<()> {
    target.put(&files()?)
}

/// One file for each kind.
///
/// # Errors
/// A definition cannot be written as YAML.
pub fn files() -> anyhow::Result<Vec<Generated>> {
    let file = |crd| -> anyhow::Result<Generated> {
        let crd: &k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition = crd;
        let yaml = serde_saphyr::to_string(crd)?;
        let text = format!("---\n# Made by `make generate` from operator/core/src/kinds.\n{}\n", yaml.trim_end());
        Ok(Generated { name: format!("{}.yaml", crd.spec.names.singular.as_deref().unwrap_or_default()), text })
    };
    kinds::crds().iter().map(file).collect()
}
