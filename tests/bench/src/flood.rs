//! One tenant's single change, alone and while another tenant changes hundreds of Apps at once.
//!
//! Both act as administrators of their tenants. A change counts as answered when a watch shows the
//! App's status speak of its generation; that its Deployment was written before that is checked
//! each time. Stretches with and without the flood take turns, since a machine's load changes.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{Patch, PatchParams};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client, ResourceExt as _};
use serde::Serialize;
use serde_json::json;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use yipan_core::kinds::App;

use super::Options;
use super::declarations::Declarations;
use super::operator::Installation;
use super::plane::{Plane, name};
use super::progress::{Bar, Say};
use super::run::{converge, settled};

/// The tenant that floods and the one that changes one App: two cities of the province.
const FLOODING: usize = 1;
const CALM: usize = 2;
/// How many tenants there are: the province, its cities and a few counties.
const TENANTS: usize = 20;
/// In how many stretches the samples are taken, each first alone and then in the flood.
const STRETCHES: usize = 3;
/// Between two single changes: people take longer.
const PAUSE: Duration = Duration::from_millis(25);
/// How long an answer may take before the benchmark gives up.
const PATIENCE: Duration = Duration::from_secs(120);

/// What one run showed.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Flood {
    /// From the change to its answer, while nothing else happens.
    pub alone: Times,
    /// The same during the flood.
    pub flooded: Times,
    /// The request that makes the change, while nothing else happens: the API server's part.
    pub request_alone: Times,
    /// The same during the flood.
    pub request_flooded: Times,
    /// How many floods there were.
    pub floods: usize,
    /// How many of the flood's changes were answered in a second.
    pub changes_per_second: f64,
    /// The longest wait that the operator tells of the tenant that floods, at the end of a stretch.
    pub lag_flooding_seconds: f64,
    /// The longest wait that the operator tells of the other.
    pub lag_calm_seconds: f64,
}

/// How long many things of one sort took.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Times {
    /// How many there were.
    pub count: usize,
    /// Half took no longer.
    pub p50_seconds: f64,
    /// Nine in ten took no longer.
    pub p90_seconds: f64,
    /// Ninety-nine in a hundred took no longer.
    pub p99_seconds: f64,
    /// The longest.
    pub max_seconds: f64,
}

impl Times {
    fn of(mut all: Vec<Duration>) -> Self {
        all.sort();
        let at = |percent: usize| {
            let rank = (all.len() * percent).div_ceil(100);
            rank.checked_sub(1).and_then(|rank| all.get(rank)).map_or(f64::NAN, Duration::as_secs_f64)
        };
        Self { count: all.len(), p50_seconds: at(50), p90_seconds: at(90), p99_seconds: at(99), max_seconds: at(100) }
    }
}

/// Measures single changes of one tenant, alone and in the flood of another.
///
/// # Errors
/// Something does not start, or a change is not answered in time.
pub async fn run(options: &Options, installation: &Installation, say: &Say) -> anyhow::Result<Flood> {
    let changes = usize::from(options.flood_changes);
    let mut declared = Declarations::new(TENANTS, changes)?;
    let [flooding, calm] = [FLOODING, CALM].map(|place| declared.tenants[place].name_any());
    declared.apps.retain(|app| {
        let namespace = app.namespace().unwrap_or_default();
        namespace == flooding || (namespace == calm && app.name_any() == "app-0")
    });
    // A change of the image does not touch the address; hundreds of them would only take their time.
    declared.apps.iter_mut().for_each(|app| app.spec.entry = None);
    let starting = Bar::new(say.of("a control plane"), 0);
    let plane = Plane::start(&name(), true).await?;
    let client = plane.client().await?;
    let mut operator = installation.start(&plane).await?;
    operator.leads().await?;
    drop(starting);
    let bar = Bar::new(say.of("waiting for the last Ready"), declared.tenants.len() + declared.apps.len());
    converge(&client, &declared, options.patience(), &bar).await?;
    settled(&operator, options.patience()).await?;
    drop(bar);
    let bar = Bar::new(say.of("single changes, alone and in the flood"), options.flood_samples * 2);
    let mut one = One::new(&plane, &client, calm.clone()).await?;
    let many = Many::new(&plane, &client, flooding.clone(), (changes, options.flood_parallel)).await?;
    let (mut alone, mut flooded) = (Vec::new(), Vec::new());
    let each = options.flood_samples.div_ceil(STRETCHES);
    let mut lags = [0.0_f64; 2];
    for _ in 0..STRETCHES {
        one.sample(each, &mut alone, &bar).await?;
        many.flood(true);
        one.sample(each, &mut flooded, &bar).await?;
        let metrics = operator.metrics().await?;
        for (longest, tenant) in lags.iter_mut().zip([&flooding, &calm]) {
            *longest = longest.max(metrics.sum("yipan_tenant_lag_seconds", &[("tenant", tenant)]));
        }
        many.flood(false);
        settled(&operator, options.patience()).await?;
    }
    let [lag_flooding_seconds, lag_calm_seconds] = lags;
    let Flooded { floods, changes, time } = many.end().await?;
    let part = |samples: &[Sample], of: fn(&Sample) -> Duration| Times::of(samples.iter().map(of).collect());
    Ok(Flood {
        alone: part(&alone, |sample| sample.answered),
        flooded: part(&flooded, |sample| sample.answered),
        request_alone: part(&alone, |sample| sample.stored),
        request_flooded: part(&flooded, |sample| sample.stored),
        floods,
        changes_per_second: changes as f64 / time.as_secs_f64(),
        lag_flooding_seconds,
        lag_calm_seconds,
    })
}

/// One change: how long the request took, and how long it was until the operator had answered it.
struct Sample {
    stored: Duration,
    answered: Duration,
}

/// Changes Apps of one tenant as its administrator, and sees when they are answered.
struct Tenant {
    name: String,
    apps: Api<App>,
    answers: Answers,
}

impl Tenant {
    async fn new(plane: &Plane, client: &Client, name: String) -> anyhow::Result<Self> {
        let apps = Api::namespaced(plane.client_as(&format!("{name}-admins")).await?, &name);
        Ok(Self { apps, answers: Answers::watch(Api::namespaced(client.clone(), &name)), name })
    }

    fn image(&self, tag: &str) -> String {
        format!("registry.example.gov.cn/{}/app:{tag}", self.name)
    }

    /// Changes an App's image and returns the generation that this made.
    async fn change(&self, app: &str, tag: &str) -> anyhow::Result<i64> {
        let patch = json!({ "spec": { "workload": { "image": self.image(tag) } } });
        let changed = self.apps.patch(app, &PatchParams::default(), &Patch::Merge(patch)).await?;
        changed.metadata.generation.context("an App without a generation")
    }
}

/// The tenant that changes one App now and then.
struct One {
    tenant: Tenant,
    deployments: Api<Deployment>,
    changes: usize,
}

impl One {
    async fn new(plane: &Plane, client: &Client, name: String) -> anyhow::Result<Self> {
        let deployments = Api::namespaced(client.clone(), &name);
        Ok(Self { tenant: Tenant::new(plane, client, name).await?, deployments, changes: 0 })
    }

    async fn sample(&mut self, count: usize, samples: &mut Vec<Sample>, bar: &Bar) -> anyhow::Result<()> {
        for _ in 0..count {
            sleep(PAUSE).await;
            self.changes += 1;
            let tag = format!("one-{}", self.changes);
            let sent = Instant::now();
            let generation = self.tenant.change("app-0", &tag).await?;
            let stored = sent.elapsed();
            let seen = self.tenant.answers.of("app-0", generation).await?;
            samples.push(Sample { stored, answered: seen.duration_since(sent) });
            let deployment = self.deployments.get("app-0").await?;
            let pod = deployment.spec.template.spec.context("a Deployment without pods")?;
            let images: Vec<_> = pod.containers.into_iter().filter_map(|container| container.image).collect();
            ensure!(images == [self.tenant.image(&tag)], "the status came before the Deployment, which has {images:?}");
            bar.step();
        }
        Ok(())
    }
}

/// The tenant that floods while it is told to: all changes as fast as it can, and again as soon as
/// they are answered.
struct Many {
    told: watch::Sender<Option<bool>>,
    task: JoinHandle<anyhow::Result<Flooded>>,
}

#[derive(Default)]
struct Flooded {
    floods: usize,
    changes: usize,
    time: Duration,
}

impl Many {
    async fn new(
        plane: &Plane,
        client: &Client,
        name: String,
        (changes, parallel): (usize, usize),
    ) -> anyhow::Result<Self> {
        let mut tenant = Tenant::new(plane, client, name).await?;
        let (told, mut asked) = watch::channel(Some(false));
        let task = tokio::spawn(async move {
            let mut flooded = Flooded::default();
            while asked.wait_for(|told| *told != Some(false)).await?.is_some() {
                let (began, tag) = (Instant::now(), format!("many-{}", flooded.floods));
                let tenant_then = &tenant;
                let changed = stream::iter(0..changes).map(|number| {
                    let (app, tag) = (format!("app-{number}"), tag.as_str());
                    async move { anyhow::Ok((app.clone(), tenant_then.change(&app, tag).await?)) }
                });
                let changed: Vec<(String, i64)> = changed.buffer_unordered(parallel).try_collect().await?;
                for (app, generation) in changed {
                    tenant.answers.of(&app, generation).await?;
                }
                flooded.floods += 1;
                flooded.changes += changes;
                flooded.time += began.elapsed();
            }
            Ok(flooded)
        });
        Ok(Self { told, task })
    }

    fn flood(&self, on: bool) {
        self.told.send_replace(Some(on));
    }

    async fn end(self) -> anyhow::Result<Flooded> {
        self.told.send_replace(None);
        self.task.await?
    }
}

/// When which generation of an App was answered.
struct Answers {
    seen: mpsc::UnboundedReceiver<(String, i64, Instant)>,
    latest: HashMap<String, (i64, Instant)>,
    task: JoinHandle<()>,
}

impl Answers {
    fn watch(apps: Api<App>) -> Self {
        let (see, seen) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            let stream = watcher(apps, watcher::Config::default().streaming_lists()).default_backoff();
            let mut stream = std::pin::pin!(stream.applied_objects());
            while let Some(event) = stream.next().await {
                match event {
                    Ok(app) => {
                        let observed = app.status.as_ref().and_then(|status| status.observed_generation);
                        if see.send((app.name_any(), observed.unwrap_or(0), Instant::now())).is_err() {
                            return;
                        }
                    }
                    Err(error) => eprintln!("yipan-bench: the watch broke and goes on: {error}"),
                }
            }
        });
        Self { seen, latest: HashMap::new(), task }
    }

    /// When this generation of this App was answered, or a later one.
    async fn of(&mut self, app: &str, generation: i64) -> anyhow::Result<Instant> {
        loop {
            if let Some((_, at)) = self.latest.get(app).filter(|(observed, _)| *observed >= generation) {
                return Ok(*at);
            }
            let next = timeout(PATIENCE, self.seen.recv()).await;
            let next = next.with_context(|| format!("the change of {app} is not answered in {PATIENCE:?}"))?;
            let (name, observed, at) = next.context("the watch ended")?;
            if self.latest.get(&name).is_none_or(|(known, _)| *known < observed) {
                self.latest.insert(name, (observed, at));
            }
        }
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        self.task.abort();
    }
}
