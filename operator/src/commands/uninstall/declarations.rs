//! What is declared: it is let go, and what Apps made stays.

use std::collections::BTreeSet;

use kube::api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams};
use kube::core::ApiResource;
use kube::{Api, ResourceExt as _};
use serde_json::json;
use yipan_core::kinds::{App, Blueprint, GROUP, Tenant};

use super::{Removal, kind, listing, title};

impl Removal {
    /// Takes our finalizers off every Tenant, App and Blueprint, and nobody else's.
    pub(super) async fn release(&self) -> anyhow::Result<()> {
        let mut released = 0;
        for resource in [kind::<Tenant>(), kind::<App>(), kind::<Blueprint>()] {
            for object in listing::every(&self.client, &resource).await? {
                released += usize::from(self.release_one(&resource, &object).await?);
            }
        }
        self.say(&format!("{released} finalizers released"))
    }

    /// Whether there was one to release.
    async fn release_one(&self, resource: &ApiResource, object: &DynamicObject) -> anyhow::Result<bool> {
        let ours = |finalizer: &&String| finalizer.starts_with(&format!("{GROUP}/"));
        let others: Vec<&String> = object.finalizers().iter().filter(|finalizer| !ours(finalizer)).collect();
        if others.len() == object.finalizers().len() {
            return Ok(false);
        }
        let patch = json!({ "metadata": { "resourceVersion": object.resource_version(), "finalizers": others } });
        match self.api(resource, object).patch(&object.name_any(), &PatchParams::default(), &Patch::Merge(patch)).await
        {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(false),
            answer => answer.map(|_| true).map_err(|error| {
                anyhow::anyhow!("{} cannot be released: {error}; run this again", title(&resource.kind, object))
            }),
        }
    }

    /// Deletes the Apps and has the cluster cut what they own loose before they go. A deletion of their
    /// definition alone would take all that runs along.
    pub(super) async fn orphan_apps(&self) -> anyhow::Result<()> {
        let apps = listing::every(&self.client, &kind::<App>()).await?;
        let namespaces: BTreeSet<String> = apps.iter().filter_map(|app| app.namespace()).collect();
        for namespace in &namespaces {
            let api = Api::<DynamicObject>::namespaced_with(self.client.clone(), namespace, &kind::<App>());
            drop(api.delete_collection(&DeleteParams::orphan(), &ListParams::default()).await?);
        }
        self.until_free(async || {
            let left = listing::every(&self.client, &kind::<App>()).await?;
            Ok(held("App", &left))
        })
        .await?;
        self.say(&format!("{} Apps deleted; what they made stays", apps.len()))
    }

    fn api(&self, resource: &ApiResource, object: &DynamicObject) -> Api<DynamicObject> {
        match object.namespace() {
            Some(namespace) => Api::namespaced_with(self.client.clone(), &namespace, resource),
            None => Api::all_with(self.client.clone(), resource),
        }
    }
}

/// What still holds these objects; none where there are none.
pub(super) fn held(kind: &str, left: &[DynamicObject]) -> Option<String> {
    /// How many are named.
    const NAMED: usize = 5;
    let one = |object: &DynamicObject| match object.finalizers() {
        [] => title(kind, object),
        finalizers => format!("{} is held by {}", title(kind, object), finalizers.join(", ")),
    };
    let named: Vec<String> = left.iter().take(NAMED).map(one).collect();
    let more = left.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let finalizers: Vec<&String> = left.iter().flat_map(|object| object.finalizers()).collect();
    // Those are the garbage collector's: without it, what they own is not cut loose and would go along.
    let collectors = |finalizer: &&String| ["orphan", "foregroundDeletion"].contains(&finalizer.as_str());
    let ask = match finalizers.iter().copied().find(collectors) {
        _ if finalizers.is_empty() => String::new(),
        Some(its) => format!(
            "; the cluster's garbage collector takes {its} off: see that kube-controller-manager runs, and leave it to it, \
             or what those Apps run is lost"
        ),
        None => "; take those finalizers off".to_owned(),
    };
    (!left.is_empty()).then(|| format!("{}{more}: not gone yet{ask}", named.join("; ")))
}
