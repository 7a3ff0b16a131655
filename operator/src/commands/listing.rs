//! Every object of a kind, as it is stored.

use kube::api::{DynamicObject, ListParams};
use kube::core::ApiResource;
use kube::{Api, Client};

/// How many objects are asked for at a time.
const PAGE: u32 = 500;

/// Every object of a kind in the cluster, whether its type can be read or not, in order of namespace
/// and name. None where the kind itself is not served: it has been taken away, or never was there.
///
/// # Errors
/// The API server does not hand them out.
pub async fn every(client: &Client, resource: &ApiResource) -> anyhow::Result<Vec<DynamicObject>> {
    let api = Api::<DynamicObject>::all_with(client.clone(), resource);
    let (mut objects, mut page) = (Vec::new(), ListParams::default().limit(PAGE));
    loop {
        let list = match api.list(&page).await {
            Err(kube::Error::Api(status)) if status.code == 404 => return Ok(Vec::new()),
            answer => answer?,
        };
        objects.extend(list.items);
        match list.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => page = page.continue_token(&token),
            None => break,
        }
    }
    let place = |object: &DynamicObject| (object.metadata.namespace.clone(), object.metadata.name.clone());
    objects.sort_by_key(place);
    Ok(objects)
}
