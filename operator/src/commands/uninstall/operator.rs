//! The operator itself: it must not make again what is taken away.

use k8s_openapi::api::apps::v1::Deployment;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::super::leadership;
use super::Removal;

impl Removal {
    /// Where the operator runs, as far as can be seen.
    pub(super) async fn operator_found(&self) -> anyhow::Result<String> {
        let options = &self.options;
        let (namespace, name) = (&options.namespace, &options.deployment);
        let held = self.holder().await?.map_or("nobody leads".to_owned(), |holder| format!("`{holder}` leads"));
        Ok(match self.deployments().get_opt(name).await? {
            Some(_) => format!("Deployment {namespace}/{name} is scaled to 0; {held}"),
            None => format!("there is no Deployment {namespace}/{name}; {held}"),
        })
    }

    /// Scales the operator's Deployment to nothing, and waits until nobody holds the Lease.
    pub(super) async fn stop_operator(&self) -> anyhow::Result<()> {
        let (namespace, name) = (&self.options.namespace, &self.options.deployment);
        if self.deployments().get_opt(name).await?.is_some() {
            let none = Patch::Merge(json!({ "spec": { "replicas": 0 } }));
            self.deployments().patch(name, &PatchParams::default(), &none).await?;
            self.say(&format!("Deployment {namespace}/{name} is scaled to 0"))?;
        }
        self.until_free(async || {
            Ok(self.holder().await?.map(|holder| {
                format!("`{holder}` still holds the Lease {namespace}/{}; end that operator", self.options.lease)
            }))
        })
        .await?;
        self.say("no operator leads")
    }

    async fn holder(&self) -> anyhow::Result<Option<String>> {
        leadership::holder(&self.client, &self.options.namespace, &self.options.lease).await
    }

    fn deployments(&self) -> Api<Deployment> {
        Api::namespaced(self.client.clone(), &self.options.namespace)
    }
}
