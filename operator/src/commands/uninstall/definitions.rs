//! The definitions, and with them the Tenants and the Platform.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::DeleteParams;
use kube::core::ApiResource;
use kube::{Api, ResourceExt as _};
use yipan_core::kinds;

use super::{Removal, declarations, listing};

impl Removal {
    /// Deletes the definitions and waits until they are gone. What holds one is named.
    pub(super) async fn remove_definitions(&self) -> anyhow::Result<()> {
        let api = Api::<CustomResourceDefinition>::all(self.client.clone());
        let definitions: Vec<CustomResourceDefinition> = kinds::crds().into_iter().rev().collect();
        for definition in &definitions {
            match api.delete(&definition.name_any(), &DeleteParams::default()).await {
                Err(kube::Error::Api(status)) if status.code == 404 => {}
                answer => drop(answer?),
            }
        }
        for definition in &definitions {
            let (name, resource) = (definition.name_any(), resource(definition));
            self.until_free(async || match api.get_opt(&name).await? {
                None => Ok(None),
                Some(_) => {
                    let left = listing::every(&self.client, &resource).await?;
                    let ends = || format!("definition {name} is still being deleted");
                    Ok(Some(declarations::held(&resource.kind, &left).unwrap_or_else(ends)))
                }
            })
            .await?;
        }
        self.say(&format!("{} definitions deleted", definitions.len()))
    }
}

fn resource(definition: &CustomResourceDefinition) -> ApiResource {
    let version = definition.spec.versions.first().map(|version| version.name.clone()).unwrap_or_default();
    ApiResource {
        group: definition.spec.group.clone(),
        api_version: format!("{}/{version}", definition.spec.group),
        version,
        kind: definition.spec.names.kind.clone(),
        plural: definition.spec.names.plural.clone(),
    }
}
