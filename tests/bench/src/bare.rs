//! The floor: what a plain client needs for the same objects.
//!
//! Everything that is declared and everything that follows from it is applied once, 32 at a time: what
//! people declare by an administrator, the rest by the operator's own account, so that each request is
//! authorized and admitted as the operator's are.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use kube::api::{DynamicObject, ListParams, Patch, PatchParams};
use kube::core::ApiResource;
use kube::{Api, Client, Resource, ResourceExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use yipan_core::kinds::{App, Platform, Tenant};
use yipan_core::plan::{self, Declared, Kind, Object, labels, metadata};

use super::declarations::{Declarations, Size};
use super::plane::{Plane, name};
use super::progress::{Bar, Say};
use super::server;

/// How many requests are under way at once, in every measurement.
pub const CONCURRENCY: usize = 32;
/// How soon a request that came too early is repeated.
const EARLY: Duration = Duration::from_millis(20);
/// For how long one may come too early.
const PATIENCE: Duration = Duration::from_secs(300);
const MANAGER: &str = "yipan-bench";

/// What the floor is.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bare {
    /// How long the requests took; planning between them does not count.
    pub seconds: f64,
    /// How many objects were applied.
    pub objects: usize,
    /// How many of them people declare; the rest follows from these.
    pub declared: usize,
    /// What processors did for the API server in that time.
    pub server_cpu_seconds: f64,
}

/// Applies everything on a control plane of its own.
///
/// # Errors
/// Something does not start, or cannot be applied.
pub async fn run(size: Size, say: &Say) -> anyhow::Result<Bare> {
    let declared = Declarations::new(size.tenants, size.apps_per_tenant)?;
    let starting = Bar::new(say.of("a control plane for the floor"), 0);
    let plane = Plane::start(&name(), !declared.apps.is_empty()).await?;
    let clients = Clients { people: plane.client().await?, operator: plane.client_of_operator().await? };
    drop(starting);
    let bar = Bar::new(say.of("applying with a plain client"), 0);
    let cpu = server::cpu_seconds(&clients.people).await?;
    let mut bare = Bare { seconds: 0.0, objects: 0, declared: 0, server_cpu_seconds: 0.0 };
    bare.apply(&clients, &declared, &bar).await.context("the floor")?;
    bare.server_cpu_seconds = server::cpu_seconds(&clients.people).await? - cpu;
    Ok(bare)
}

/// How many objects follow from what is stored, with that itself.
///
/// # Errors
/// It cannot be read.
pub async fn objects(client: &Client) -> anyhow::Result<usize> {
    let (platforms, mut tenants, mut apps) =
        futures::try_join!(all::<Platform>(client), all::<Tenant>(client), all::<App>(client))?;
    // As if nothing of it were there yet: a status would speak of namespaces that the plan does not see.
    tenants.iter_mut().for_each(|tenant| tenant.status = None);
    apps.iter_mut().for_each(|app| app.status = None);
    let declared = platforms.len() + tenants.len() + apps.len();
    let named = tenants.into_iter().map(|tenant| (tenant.name_any(), tenant.into()));
    let placed = apps.into_iter().map(|app| ((app.namespace().unwrap_or_default(), app.name_any()), app.into()));
    let platform = platforms.into_iter().next().map(Into::into);
    let world = Declared { platform, tenants: named.collect(), apps: placed.collect(), ..Declared::default() };
    let planned = plan::everything(&world, Timestamp::now());
    let rendered = planned.tenants.iter().map(|tenant| tenant.objects.len()).sum::<usize>();
    Ok(declared + rendered + planned.apps.iter().map(|app| app.objects.len()).sum::<usize>())
}

async fn all<K: Declaration>(client: &Client) -> kube::Result<Vec<K>> {
    Ok(Api::<K>::all(client.clone()).list(&ListParams::default()).await?.items)
}

/// Who writes.
struct Clients {
    people: Client,
    operator: Client,
}

impl Bare {
    /// Applies everything, each object after those it needs: the Platform, tenants, namespaces, their
    /// content, Apps, their objects.
    async fn apply(&mut self, clients: &Clients, declared: &Declarations, bar: &Bar) -> anyhow::Result<()> {
        let mut world = Declared::default();
        for platform in self.declare(clients, std::slice::from_ref(&declared.platform), bar).await? {
            world.platform = Some(platform.into());
        }
        for tenant in self.declare(clients, &declared.tenants, bar).await? {
            world.tenants.insert(tenant.name_any(), tenant.into());
        }
        // Planned from what is stored: ids come from uids.
        let planned = plan::everything(&world, Timestamp::now());
        let objects = planned.tenants.into_iter().flat_map(|tenant| tenant.objects);
        let (namespaces, content): (Vec<Object>, Vec<Object>) =
            objects.partition(|object| object.kind == Kind::Namespace);
        ensure!(namespaces.len() == declared.tenants.len(), "a tenant of the benchmark is refused by the plan");
        self.render(clients, &namespaces, bar).await?;
        self.render(clients, &content, bar).await?;
        for app in self.declare(clients, &declared.apps, bar).await? {
            world.apps.insert((app.namespace().unwrap_or_default(), app.name_any()), app.into());
        }
        let planned = plan::everything(&world, Timestamp::now());
        let objects: Vec<Object> = planned.apps.into_iter().flat_map(|app| app.objects).collect();
        ensure!(objects.is_empty() == declared.apps.is_empty(), "the Apps of the benchmark are refused by the plan");
        self.render(clients, &objects, bar).await
    }

    async fn declare<K>(&mut self, clients: &Clients, objects: &[K], bar: &Bar) -> anyhow::Result<Vec<K>>
    where
        K: Declaration,
    {
        let started = Instant::now();
        let stored = at_once(objects, bar, async |object| {
            let params = PatchParams::apply(MANAGER);
            K::api(&clients.people, object).patch(&object.name_any(), &params, &Patch::Apply(object)).await
        });
        let stored = stored.await.context("a declaration")?;
        self.declared += objects.len();
        self.count(started, objects.len());
        Ok(stored)
    }

    async fn render(&mut self, clients: &Clients, objects: &[Object], bar: &Bar) -> anyhow::Result<()> {
        let started = Instant::now();
        at_once(objects, bar, async |object| {
            let params = PatchParams::apply(MANAGER);
            let api = api(&clients.operator, &object.kind.resource(), object.namespace.as_deref());
            api.patch(&object.name, &params, &Patch::Apply(&object.value)).await
        })
        .await
        .context("a rendered object")?;
        self.count(started, objects.len());
        Ok(())
    }

    fn count(&mut self, started: Instant, objects: usize) {
        self.seconds += started.elapsed().as_secs_f64();
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
        let answer = in_time(|| request(object)).await;
        bar.step();
        answer
    });
    stream::iter(requests).buffer_unordered(CONCURRENCY).try_collect().await
}

/// Asks again as long as a request comes too early.
///
/// # Errors
/// It fails for another reason, or comes too early for too long.
pub async fn in_time<R>(request: impl AsyncFn() -> kube::Result<R>) -> kube::Result<R> {
    let asked = Instant::now();
    loop {
        match request().await {
            Err(error) if is_early(&error) && asked.elapsed() < PATIENCE => tokio::time::sleep(EARLY).await,
            answer => return answer,
        }
    }
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
    let listeners = Kind::ListenerSet.resource().plural;
    let started = Instant::now();
    let lists = wanted.into_iter().map(|(resource, params)| {
        // Elsewhere they are others' affair, which the operator may not see.
        let api = api(client, &resource, (resource.plural == listeners).then_some(metadata::SYSTEM_NAMESPACE));
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
