//! The operator itself: it must not make again what is taken away.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::json;

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

    /// Who holds the Lease, if it has not run out.
    async fn holder(&self) -> anyhow::Result<Option<String>> {
        let leases = Api::<Lease>::namespaced(self.client.clone(), &self.options.namespace);
        Ok(leases.get_opt(&self.options.lease).await?.and_then(|lease| holder(&lease, Timestamp::now())))
    }

    fn deployments(&self) -> Api<Deployment> {
        Api::namespaced(self.client.clone(), &self.options.namespace)
    }
}

/// The holder of a Lease that lasts.
fn holder(lease: &Lease, now: Timestamp) -> Option<String> {
    let spec = lease.spec.as_ref()?;
    let holder = spec.holder_identity.clone().filter(|holder| !holder.is_empty())?;
    let renewed = spec.renew_time.as_ref()?.0;
    let lasts = SignedDuration::from_secs(i64::from(spec.lease_duration_seconds.unwrap_or_default()));
    (now < renewed + lasts).then_some(holder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_that_ran_out_or_was_given_back_is_nobodys() {
        let lease = |holder: &str| -> Lease {
            serde_json::from_value(json!({ "metadata": {}, "spec": {
                "holderIdentity": holder, "leaseDurationSeconds": 15, "renewTime": "2026-07-01T00:00:00.000000Z",
            } }))
            .unwrap()
        };
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(holder(&lease("yipan-0"), at("2026-07-01T00:00:14Z")).as_deref(), Some("yipan-0"));
        assert_eq!(holder(&lease("yipan-0"), at("2026-07-01T00:00:15Z")), None);
        assert_eq!(holder(&lease(""), at("2026-07-01T00:00:01Z")), None);
    }
}
