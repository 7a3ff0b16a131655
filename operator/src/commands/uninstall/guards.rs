//! The admission policies. Their bindings go first: a policy without a binding refuses nothing, and a
//! binding without its policy may.

use std::fmt::Debug;

use k8s_openapi::api::admissionregistration::v1::{
    ValidatingAdmissionPolicy as Policy, ValidatingAdmissionPolicyBinding as Binding,
};
use kube::api::{DeleteParams, ListParams};
use kube::{Api, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;

use super::Removal;

/// What our policies and their bindings are labelled with. Others may have names that begin as ours do.
const OURS: &str = "app.kubernetes.io/part-of=yipan";

impl Removal {
    /// The names of our policies, and those of their bindings.
    pub(super) async fn guards(&self) -> anyhow::Result<(Vec<String>, Vec<String>)> {
        Ok((self.ours::<Policy>().await?, self.ours::<Binding>().await?))
    }

    /// Deletes the bindings, then the policies.
    pub(super) async fn remove_guards(&self) -> anyhow::Result<()> {
        let bindings = self.remove_all::<Binding>().await?;
        let policies = self.remove_all::<Policy>().await?;
        self.say(&format!("{bindings} bindings and {policies} policies deleted"))
    }

    async fn remove_all<K>(&self) -> anyhow::Result<usize>
    where
        K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned,
    {
        let names = self.ours::<K>().await?;
        for name in &names {
            match Api::<K>::all(self.client.clone()).delete(name, &DeleteParams::default()).await {
                Err(kube::Error::Api(status)) if status.code == 404 => {}
                answer => drop(answer?),
            }
        }
        Ok(names.len())
    }

    async fn ours<K>(&self) -> anyhow::Result<Vec<String>>
    where
        K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned,
    {
        let all = Api::<K>::all(self.client.clone()).list_metadata(&ListParams::default().labels(OURS)).await?;
        Ok(all.iter().map(|found| found.name_any()).collect())
    }
}
