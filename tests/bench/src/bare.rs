//! The floor: what a plain client needs for the same objects.
//!
//! Everything that is declared and everything that follows from it is applied once, 32 at a time.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use kube::api::{DynamicObject, ListParams, Patch, PatchParams};
use kube::core::ApiResource;
use kube::{Api, Client, Resource, ResourceExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use yipan_core::kinds::{App, Platform, Tenant};
use yipan_core::plan::{self, Declared, Kind, Object, labels};

use super::declarations::Declarations;
use super::progress::Bar;

/// How many requests are under way at once, in every measurement.
pub const CONCURRENCY: usize = 32;
/// How soon a request that came too early is repeated.
const EARLY: Duration = Duration::from_millis(20);
/// For how long one may come too early.
const PATIENCE: Duration = Duration::from_secs(300);
const MANAGER: &str = "yipan-bench";

/// What the floor is.
pub struct Floor {
    /// How long the requests took; planning between them does not count.
    pub time: Duration,
    /// How many objects were applied.
    pub objects: usize,
}

/// Applies everything, each object after those it needs: the Platform, tenants, namespaces, their
/// content, Apps, their objects.
///
/// # Errors
/// An object cannot be planned or applied.
pub async fn apply(client: &Client, declared: &Declarations, bar: &Bar) -> anyhow::Result<Floor> {
    let mut floor = Floor { time: Duration::ZERO, objects: 0 };
    let mut world = Declared::default();
    for platform in floor.declare(client, std::slice::from_ref(&declared.platform), bar).await? {
        world.platform = Some(platform.into());
    }
    for tenant in floor.declare(client, &declared.tenants, bar).await? {
        world.tenants.insert(tenant.name_any(), tenant.into());
    }
    // Planned from what is stored: ids come from uids.
    let planned = plan::everything(&world, Timestamp::now());
    let objects = planned.tenants.into_iter().flat_map(|tenant| tenant.objects);
    let (namespaces, content): (Vec<Object>, Vec<Object>) = objects.partition(|object| object.kind == Kind::Namespace);
    anyhow::ensure!(namespaces.len() == declared.tenants.len(), "a tenant of the benchmark is refused by the plan");
    floor.render(client, &namespaces, bar).await?;
    floor.render(client, &content, bar).await?;
    for app in floor.declare(client, &declared.apps, bar).await? {
        world.apps.insert((app.namespace().unwrap_or_default(), app.name_any()), app.into());
    }
    let planned = plan::everything(&world, Timestamp::now());
    let objects: Vec<Object> = planned.apps.into_iter().flat_map(|app| app.objects).collect();
    anyhow::ensure!(
        objects.is_empty() == declared.apps.is_empty(),
        "the Apps of the benchmark are refused by the plan"
    );
    floor.render(client, &objects, bar).await?;
    Ok(floor)
}

impl Floor {
    async fn declare<K>(&mut self, client: &Client, objects: &[K], bar: &Bar) -> anyhow::Result<Vec<K>>
    where
        K: Declaration,
    {
        let started = Instant::now();
        let stored = at_once(objects, bar, async |object| {
            let params = PatchParams::apply(MANAGER);
            K::api(client, object).patch(&object.name_any(), &params, &Patch::Apply(object)).await
        });
        let stored = stored.await.context("a declaration")?;
        self.count(started, objects.len());
        Ok(stored)
    }

    async fn render(&mut self, client: &Client, objects: &[Object], bar: &Bar) -> anyhow::Result<()> {
        let started = Instant::now();
        at_once(objects, bar, async |object| {
            let params = PatchParams::apply(MANAGER);
            let api = api(client, &object.kind.resource(), object.namespace.as_deref());
            api.patch(&object.name, &params, &Patch::Apply(&object.value)).await
        })
        .await
        .context("a rendered object")?;
        self.count(started, objects.len());
        Ok(())
    }

    fn count(&mut self, started: Instant, objects: usize) {
        self.time += started.elapsed();
        self.objects += objects;
    }
}

/// A kind that people write.
pub trait Declaration:
    Resource<DynamicType = ()> + Clone + std::fmt::Debug + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// Where an object is written.
    fn api(client: &Client, object: &Self) -> Api<Self>;
}

impl Declaration for Platform {
    fn api(client: &Client, _: &Self) -> Api<Self> {
        Api::all(client.clone())
    }
}

impl Declaration for Tenant {
    fn api(client: &Client, _: &Self) -> Api<Self> {
        Api::all(client.clone())
    }
}

impl Declaration for App {
    fn api(client: &Client, app: &Self) -> Api<Self> {
        Api::namespaced(client.clone(), &app.namespace().unwrap_or_default())
    }
}

/// Asks for each object, [`CONCURRENCY`] at a time, and gives the answers in no particular order.
///
/// # Errors
/// The first request that fails.
pub async fn at_once<'a, T, R>(
    objects: &'a [T],
    bar: &'a Bar,
    request: impl AsyncFn(&'a T) -> kube::Result<R> + 'a,
) -> kube::Result<Vec<R>> {
    let request = &request;
    let requests = objects.iter().map(|object| async move {
        let asked = Instant::now();
        loop {
            match request(object).await {
                Err(error) if is_early(&error) && asked.elapsed() < PATIENCE => tokio::time::sleep(EARLY).await,
                answer => {
                    bar.step();
                    return answer;
                }
            }
        }
    });
    stream::iter(requests).buffer_unordered(CONCURRENCY).try_collect().await
}

/// Whether a request came before what it needs: the namespace of an App, which the operator makes,
/// or the first count of its quota, which Kubernetes makes.
fn is_early(error: &kube::Error) -> bool {
    let kube::Error::Api(status) = error else { return false };
    status.is_not_found() || (status.is_forbidden() && status.message.contains("status unknown for quota"))
}

/// Lists every kind that the operator watches, all kinds at once as it does, and says how long that
/// took.
///
/// # Errors
/// A kind cannot be listed.
pub async fn list(client: &Client) -> anyhow::Result<Duration> {
    let declared =
        [ApiResource::erase::<Platform>(&()), ApiResource::erase::<Tenant>(&()), ApiResource::erase::<App>(&())];
    let pods = ApiResource::erase::<k8s_openapi::api::core::v1::Pod>(&());
    let ours = ListParams::default().labels(&format!("{}={}", labels::MANAGED_BY, labels::YIPAN));
    let mut wanted: Vec<(ApiResource, ListParams)> = declared.map(|kind| (kind, ListParams::default())).into();
    wanted.push((pods, ours.clone()));
    wanted.extend(Kind::ALL.map(|kind| match kind {
        Kind::Namespace => (kind.resource(), ListParams::default()),
        _ => (kind.resource(), ours.clone()),
    }));
    let started = Instant::now();
    let lists = wanted.into_iter().map(|(resource, params)| {
        let api = api(client, &resource, None);
        tokio::spawn(async move { api.list(&params).await })
    });
    for list in futures::future::try_join_all(lists).await? {
        list?;
    }
    Ok(started.elapsed())
}

fn api(client: &Client, resource: &ApiResource, namespace: Option<&str>) -> Api<DynamicObject> {
    match namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, resource),
        None => Api::all_with(client.clone(), resource),
    }
}
