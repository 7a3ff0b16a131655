//! Every object of a kind, as it is stored.

use std::fmt::Debug;

use kube::api::{DynamicObject, ListParams};
use kube::core::{ApiResource, DeserializeGuard};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;

/// How many objects are asked for at a time.
const PAGE: u32 = 500;

/// Every object of a kind in the cluster, whether its type can be read or not, in order of namespace
/// and name. None where the kind itself is not served: it has been taken away, or never was there.
///
/// # Errors
/// The API server does not hand them out.
pub async fn every(client: &Client, resource: &ApiResource) -> anyhow::Result<Vec<DynamicObject>> {
    let api = Api::<DynamicObject>::all_with(client.clone(), resource);
    let mut objects = Vec::new();
    each(&api, resource, ListParams::default(), |object| objects.push(object)).await?;
    let place = |object: &DynamicObject| (object.metadata.namespace.clone(), object.metadata.name.clone());
    objects.sort_by_key(place);
    Ok(objects)
}

/// Every object of a kind of ours, and namespace and name of those that cannot be read.
///
/// # Errors
/// The API server does not hand them out.
pub async fn readable<K>(client: &Client) -> anyhow::Result<(Vec<K>, Vec<(String, String)>)>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned,
{
    let api = Api::<DeserializeGuard<K>>::all(client.clone());
    let (mut objects, mut broken) = (Vec::new(), Vec::new());
    let keep = |guard: DeserializeGuard<K>| match guard.0 {
        Ok(object) => objects.push(object),
        Err(invalid) => {
            let metadata = invalid.metadata;
            broken.push((metadata.namespace.unwrap_or_default(), metadata.name.unwrap_or_default()));
        }
    };
    each(&api, &ApiResource::erase::<K>(&()), ListParams::default(), keep).await?;
    Ok((objects, broken))
}

/// Hands over every object of a list, page by page; none where the kind is not served.
///
/// # Errors
/// The API server does not hand them out; where a right is missing it is named.
pub async fn each<K>(
    api: &Api<K>,
    resource: &ApiResource,
    params: ListParams,
    mut visit: impl FnMut(K),
) -> anyhow::Result<()>
where
    K: Clone + Debug + DeserializeOwned,
{
    let mut page = params.limit(PAGE);
    loop {
        let list = match api.list(&page).await {
            Err(kube::Error::Api(status)) if status.code == 404 => return Ok(()),
            answer => answer.map_err(|error| explained(error, "list", resource))?,
        };
        list.items.into_iter().for_each(&mut visit);
        match list.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => page = page.continue_token(&token),
            None => return Ok(()),
        }
    }
}

/// An answer of the API server in words; where a right is missing, which.
pub fn explained(error: kube::Error, verb: &str, resource: &ApiResource) -> anyhow::Error {
    match &error {
        kube::Error::Api(status) if status.code == 403 => anyhow::anyhow!(
            "you may not {verb} {}; the right needed is verb `{verb}` on resource `{}` of API group `{}`, which ClusterRole yipan-platform-admin holds ({})",
            resource.plural,
            resource.plural,
            resource.group,
            status.message
        ),
        _ => anyhow::Error::new(error).context(format!("cannot {verb} {}", resource.plural)),
    }
}
