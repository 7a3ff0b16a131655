//! One run: the floor, then the operator, each over a control plane of its own.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use kube::api::PostParams;
use kube::{Api, Client};
use serde::Serialize;
use tokio::sync::oneshot;
use tokio::time::sleep;
use yipan_core::kinds::{App, Tenant};

use super::Options;
use super::bare::{self, Declaration};
use super::declarations::Declarations;
use super::operator::{Installation, Operator};
use super::plane::Plane;
use super::progress::Bar;
use super::{ready, server};

/// For how long nothing may be written before the operator counts as settled.
const QUIET: Duration = Duration::from_secs(3);
/// How often it is asked whether something was written.
const RHYTHM: Duration = Duration::from_millis(500);

/// What one run showed. Requests and writes are counts by what they were for.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// Applying every object with a plain client.
    pub bare_seconds: f64,
    /// What processors did for the API server in that time.
    pub bare_server_cpu_seconds: f64,
    /// How many objects that were.
    pub bare_objects: usize,
    /// From the first create to the last Ready.
    pub operator_seconds: f64,
    /// From the first create until half of everything was ready.
    pub half_ready_seconds: f64,
    /// What processors did for the operator in that time.
    pub operator_cpu_seconds: f64,
    /// What processors did for the API server in that time.
    pub server_cpu_seconds: f64,
    /// What the operator wrote until it was settled.
    pub writes: BTreeMap<String, f64>,
    /// The operator's passes until then, by kind and result.
    pub passes: BTreeMap<String, f64>,
    /// What the API server answered until then, to everybody.
    pub requests: BTreeMap<String, f64>,
    /// What the operator wrote in the steady window, by its own count.
    pub steady_writes: f64,
    /// What the API server saw written to these kinds in that window, by anybody.
    pub steady_writes_seen: f64,
    /// The operator's memory after it.
    pub resident_bytes: u64,
    /// Listing every kind with a plain client.
    pub list_seconds: f64,
    /// From the start of a new process until it sees everything and leads.
    pub restart_leading_seconds: f64,
    /// From the start of a new process to the end of its first pass over everything.
    pub restart_seconds: f64,
    /// What the new process wrote.
    pub restart_writes: f64,
    /// The new process' memory.
    pub restart_resident_bytes: u64,
}

/// Measures the floor and the operator.
///
/// # Errors
/// Something does not start, or does not become ready in time.
pub async fn run(options: &Options, installation: &Installation, number: usize) -> anyhow::Result<Run> {
    let declared = Declarations::new(options.tenants, options.apps_per_tenant)?;
    let say = |what: &str| format!("run {number} of {}: {what}", options.runs);
    let (floor, bare_server_cpu_seconds) = floor(&declared, &say).await?;
    let starting = Bar::new(say("a control plane for the operator"), 0);
    let plane = Plane::start(&name(), !declared.apps.is_empty()).await?;
    let client = plane.client().await?;
    let mut operator = installation.start(&plane).await?;
    operator.leads().await?;
    drop(starting);
    let before = server::Requests::read(&client).await?;
    let bar = Bar::new(say("waiting for the last Ready"), declared.tenants.len() + declared.apps.len());
    let (cpu, server_cpu) = (operator.cpu_seconds()?, server::cpu_seconds(&client).await?);
    let converged = converge(&client, &declared, options.patience(), &bar).await;
    let times = converged.with_context(|| format!("the operator{}", operator.last()))?;
    let operator_cpu_seconds = operator.cpu_seconds()? - cpu;
    let server_cpu_seconds = server::cpu_seconds(&client).await? - server_cpu;
    drop(bar);
    let bar = Bar::new(say("a time in which nothing is written, a restart"), 0);
    let writes = settled(&operator, options.patience()).await?;
    let middle = server::Requests::read(&client).await?;
    sleep(Duration::from_secs(options.steady_seconds)).await;
    let metrics = operator.metrics().await?;
    let steady_writes = metrics.sum("yipan_writes_total", &[]) - total(&writes);
    let after = server::Requests::read(&client).await?;
    let resident_bytes = operator.resident_bytes()?;
    operator.stop().await?;
    let list_seconds = bare::list(&plane.client().await?).await?.as_secs_f64();
    let mut second = installation.start(&plane).await?;
    let restart_leading_seconds = second.leads().await?.as_secs_f64();
    let restart_seconds = looked_at_everything(&mut second, &declared, floor.objects, options.patience()).await?;
    let restart_writes = total(&settled(&second, options.patience()).await?);
    drop(bar);
    Ok(Run {
        bare_seconds: floor.time.as_secs_f64(),
        bare_server_cpu_seconds,
        bare_objects: floor.objects,
        operator_seconds: seconds_to(&times, times.len()),
        half_ready_seconds: seconds_to(&times, times.len() / 2),
        operator_cpu_seconds,
        server_cpu_seconds,
        writes,
        passes: metrics.by("yipan_passes_total", |label| Some(format!("{} {}", label("kind"), label("result")))),
        requests: middle.since(&before),
        steady_writes,
        steady_writes_seen: server::writes(&after.since(&middle)),
        resident_bytes,
        list_seconds,
        restart_leading_seconds,
        restart_seconds: restart_seconds.as_secs_f64(),
        restart_writes,
        restart_resident_bytes: second.resident_bytes()?,
    })
}

/// The floor, and what processors did for the API server meanwhile.
async fn floor(declared: &Declarations, say: &impl Fn(&str) -> String) -> anyhow::Result<(bare::Floor, f64)> {
    let starting = Bar::new(say("a control plane for the floor"), 0);
    let plane = Plane::start(&name(), !declared.apps.is_empty()).await?;
    let client = plane.client().await?;
    drop(starting);
    let bar = Bar::new(say("applying with a plain client"), 0);
    let cpu = server::cpu_seconds(&client).await?;
    let floor = bare::apply(&client, declared, &bar).await.context("the floor")?;
    Ok((floor, server::cpu_seconds(&client).await? - cpu))
}

/// The name of the control plane that is measured.
pub fn name() -> String {
    format!("yipan-bench-{}", std::process::id())
}

/// Creates everything that is declared, watches until all of it is ready, and tells how long after
/// the first create each became so, in order.
///
/// # Errors
/// Something cannot be created, or is not ready in time.
pub async fn converge(
    client: &Client,
    declared: &Declarations,
    patience: Duration,
    bar: &Bar,
) -> anyhow::Result<Vec<Duration>> {
    let (see_tenants, tenants_seen) = oneshot::channel();
    let (see_apps, apps_seen) = oneshot::channel();
    let silent = Bar::hidden();
    let create = async {
        tenants_seen.await?;
        apps_seen.await?;
        let started = Instant::now();
        create(client, std::slice::from_ref(&declared.platform), &silent).await?;
        create(client, &declared.tenants, &silent).await?;
        create(client, &declared.apps, &silent).await?;
        Ok(started)
    };
    let tenants = ready::all::<Tenant>(client, declared.tenants.len(), patience, see_tenants, bar);
    let apps = ready::all::<App>(client, declared.apps.len(), patience, see_apps, bar);
    let (started, tenants, apps) = futures::try_join!(create, tenants, apps)?;
    let mut times: Vec<Duration> = tenants.into_iter().chain(apps).map(|at| at.duration_since(started)).collect();
    times.sort();
    Ok(times)
}

/// When so many objects were ready.
fn seconds_to(times: &[Duration], count: usize) -> f64 {
    count.checked_sub(1).and_then(|last| times.get(last)).map_or(0.0, Duration::as_secs_f64)
}

async fn create<K: Declaration>(client: &Client, objects: &[K], bar: &Bar) -> anyhow::Result<()> {
    let made = bare::at_once(objects, bar, async |object| {
        let api: Api<K> = K::api(client, object);
        api.create(&PostParams::default(), object).await
    });
    made.await.with_context(|| format!("cannot create every {}", K::kind(&())))?;
    Ok(())
}

/// Waits until nothing is written any more, and gives all that was.
///
/// # Errors
/// The operator never stops to write.
pub async fn settled(operator: &Operator, patience: Duration) -> anyhow::Result<BTreeMap<String, f64>> {
    let (began, mut since) = (Instant::now(), Instant::now());
    let mut last = BTreeMap::new();
    while since.elapsed() < QUIET {
        sleep(RHYTHM).await;
        let now = operator.metrics().await?.by("yipan_writes_total", kind_and_verb);
        if now != last {
            (since, last) = (Instant::now(), now);
        }
        anyhow::ensure!(began.elapsed() < patience, "the operator never stops to write: {last:?}");
    }
    Ok(last)
}

/// Waits until a new process has compared every object there is.
async fn looked_at_everything(
    operator: &mut Operator,
    declared: &Declarations,
    objects: usize,
    patience: Duration,
) -> anyhow::Result<Duration> {
    let (tenants, apps) = (declared.tenants.len(), declared.apps.len());
    let rendered = objects - tenants - apps - 1;
    let passed = move |metrics: &super::exposition::Exposition| {
        let passes = |kind: &str| metrics.sum("yipan_passes_total", &[("kind", kind), ("result", "done")]) as usize;
        let leads = metrics.sum("yipan_leading", &[]) >= 1.0;
        let compared = metrics.sum("yipan_unchanged_total", &[]) as usize;
        leads && passes("Platform") >= 1 && passes("Tenant") >= tenants && passes("App") >= apps && compared >= rendered
    };
    operator.until("settled after a restart", patience, passed).await
}

fn kind_and_verb(label: &dyn Fn(&str) -> String) -> Option<String> {
    Some(format!("{} {}", label("kind"), label("verb")))
}

/// The sum of counts.
pub fn total(counts: &BTreeMap<String, f64>) -> f64 {
    counts.values().fold(0.0, |sum, count| sum + count)
}
