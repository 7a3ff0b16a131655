//! The operator over one control plane: from the first create to the last Ready, at rest, and after a
//! restart.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures::{StreamExt as _, TryStreamExt as _, channel::mpsc};
use kube::api::PostParams;
use kube::{Client, ResourceExt as _};
use serde::Serialize;
use tokio::sync::oneshot;
use tokio::time::sleep;
use yipan_core::kinds::{App, Tenant};

use super::Options;
use super::bare::{self, CONCURRENCY, Declaration};
use super::declarations::{Declarations, Size};
use super::operator::{Installation, Operator};
use super::plane::{Plane, name};
use super::progress::{Bar, Say};
use super::{ready, server};

/// For how long nothing may be written before the operator counts as settled.
const QUIET: Duration = Duration::from_secs(3);
/// How often it is asked whether something was written.
const RHYTHM: Duration = Duration::from_millis(500);

/// From the first create to the last Ready. Requests and writes are counts by what they were for.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Converged {
    /// From the first create to the last Ready.
    pub seconds: f64,
    /// From the first create until half of everything was ready.
    pub half_seconds: f64,
    /// How many objects that were, declared and rendered.
    pub objects: usize,
    /// What processors did for the operator in that time.
    pub cpu_seconds: f64,
    /// What processors did for the API server in that time.
    pub server_cpu_seconds: f64,
    /// What the operator asked of the API server until it was settled, and what people did to declare.
    pub requests_made: f64,
    /// What the operator wrote until then.
    pub writes: BTreeMap<String, f64>,
    /// The operator's passes until then, by kind and result.
    pub passes: BTreeMap<String, f64>,
    /// What the API server answered until then, to everybody.
    pub requests: BTreeMap<String, f64>,
    /// The most resident memory it has had until then.
    pub peak_bytes: u64,
}

/// A time in which nothing is declared.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Steady {
    /// How long it was.
    pub seconds: u64,
    /// What the operator wrote in it, by its own count.
    pub writes: f64,
    /// What the API server saw written to these kinds in it, by anybody.
    pub writes_seen: f64,
    /// What processors did for the operator in it.
    pub cpu_seconds: f64,
    /// The operator's memory after it.
    pub resident_bytes: u64,
}

/// A new process over what an earlier one has made.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Restart {
    /// Listing every kind with a plain client, before.
    pub list_seconds: f64,
    /// From the start of the process until it sees everything and leads.
    pub leading_seconds: f64,
    /// From the start of the process to the end of its first pass over everything.
    pub seconds: f64,
    /// What it wrote.
    pub writes: f64,
    /// The most resident memory it has had.
    pub peak_bytes: u64,
    /// Its memory at rest.
    pub resident_bytes: u64,
}

/// An operator over a control plane, settled on what is declared.
pub struct Settled<'a> {
    options: &'a Options,
    installation: &'a Installation,
    declared: Declarations,
    plane: Plane,
    client: Client,
    operator: Operator,
    writes: BTreeMap<String, f64>,
    after: server::Requests,
    objects: usize,
    say: Say,
}

/// Measures an operator from the first create to the last Ready.
///
/// # Errors
/// Something does not start, or does not become ready in time.
pub async fn run<'a>(
    options: &'a Options,
    installation: &'a Installation,
    size: Size,
    say: Say,
) -> anyhow::Result<(Converged, Settled<'a>)> {
    let declared = Declarations::new(size.tenants, size.apps_per_tenant)?;
    let starting = Bar::new(say.of("a control plane for the operator"), 0);
    let plane = Plane::start(&name(), !declared.apps.is_empty()).await?;
    let client = plane.client().await?;
    let mut operator = installation.start(&plane).await?;
    operator.leads().await?;
    drop(starting);
    let before = server::Requests::read(&client).await?;
    let asked = operator.metrics().await?.sum("yipan_requests_total", &[]);
    let bar = Bar::new(say.of("waiting for the last Ready"), declared.tenants.len() + declared.apps.len());
    let (cpu, server_cpu) = (operator.cpu_seconds()?, server::cpu_seconds(&client).await?);
    let converged = converge(&client, &declared, options.patience(), &bar).await;
    let times = converged.with_context(|| format!("the operator{}", operator.last()))?;
    let cpu_seconds = operator.cpu_seconds()? - cpu;
    let server_cpu_seconds = server::cpu_seconds(&client).await? - server_cpu;
    drop(bar);
    let bar = Bar::new(say.of("until nothing is written any more"), 0);
    let writes = settled(&operator, options.patience()).await?;
    drop(bar);
    let after = server::Requests::read(&client).await?;
    let metrics = operator.metrics().await?;
    let declarations = 1 + declared.tenants.len() + declared.apps.len();
    let objects = bare::objects(&client).await?;
    let converged = Converged {
        seconds: seconds_to(&times, times.len()),
        half_seconds: seconds_to(&times, times.len() / 2),
        objects,
        cpu_seconds,
        server_cpu_seconds,
        requests_made: metrics.sum("yipan_requests_total", &[]) - asked + declarations as f64,
        writes: writes.clone(),
        passes: metrics.by("yipan_passes_total", |label| Some(format!("{} {}", label("kind"), label("result")))),
        requests: after.since(&before),
        peak_bytes: operator.peak_bytes()?,
    };
    let settled = Settled { options, installation, declared, plane, client, operator, writes, after, objects, say };
    Ok((converged, settled))
}

impl Settled<'_> {
    /// Counts what is written while nothing is declared.
    ///
    /// # Errors
    /// The operator has ended.
    pub async fn steady(&self) -> anyhow::Result<Steady> {
        let _bar = Bar::new(self.say.of("a time in which nothing is written"), 0);
        let cpu = self.operator.cpu_seconds()?;
        sleep(Duration::from_secs(self.options.steady_seconds)).await;
        let written = self.operator.metrics().await?.sum("yipan_writes_total", &[]);
        let seen = server::Requests::read(&self.client).await?.since(&self.after);
        Ok(Steady {
            seconds: self.options.steady_seconds,
            writes: written - total(&self.writes),
            writes_seen: server::writes(&seen),
            cpu_seconds: self.operator.cpu_seconds()? - cpu,
            resident_bytes: self.operator.resident_bytes()?,
        })
    }

    /// Ends the operator and starts another one.
    ///
    /// # Errors
    /// It does not lead, or does not come to rest, in time.
    pub async fn restart(self) -> anyhow::Result<Restart> {
        let _bar = Bar::new(self.say.of("a restart"), 0);
        let patience = self.options.patience();
        self.operator.stop().await?;
        let list_seconds = bare::list(&self.plane.client_of_operator().await?).await?.as_secs_f64();
        let mut second = self.installation.start(&self.plane).await?;
        let leading_seconds = second.leads().await?.as_secs_f64();
        let seconds = looked_at_everything(&mut second, &self.declared, self.objects, patience).await?;
        let writes = total(&settled(&second, patience).await?);
        Ok(Restart {
            list_seconds,
            leading_seconds,
            seconds: seconds.as_secs_f64(),
            writes,
            peak_bytes: second.peak_bytes()?,
            resident_bytes: second.resident_bytes()?,
        })
    }
}

/// Creates everything that is declared, Apps as soon as their tenant is ready, watches until all of it is,
/// and tells how long after the first create each became so, in order.
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
    let (open, opened) = mpsc::unbounded();
    let silent = Bar::hidden();
    let create = async {
        tenants_seen.await?;
        apps_seen.await?;
        let started = Instant::now();
        create(client, std::slice::from_ref(&declared.platform), &silent).await?;
        futures::try_join!(create(client, &declared.tenants, &silent), create_apps(client, &declared.apps, opened))?;
        Ok(started)
    };
    let tenants = ready::all::<Tenant>(client, declared.tenants.len(), patience, see_tenants, move |tenant| {
        bar.step();
        drop(open.unbounded_send(tenant.name_any())); // nobody listens where the creation has failed
    });
    let apps = ready::all::<App>(client, declared.apps.len(), patience, see_apps, |_| bar.step());
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
    let made = bare::at_once(objects, bar, async |object| create_one(client, object).await);
    made.await.with_context(|| format!("cannot create every {}", K::kind(&())))?;
    Ok(())
}

/// Creates the Apps of each tenant that is told of.
async fn create_apps(client: &Client, apps: &[App], opened: mpsc::UnboundedReceiver<String>) -> anyhow::Result<()> {
    let mut of: BTreeMap<String, Vec<&App>> = BTreeMap::new();
    apps.iter().for_each(|app| of.entry(app.namespace().unwrap_or_default()).or_default().push(app));
    let apps = opened.flat_map(|tenant| futures::stream::iter(of.get(&tenant).into_iter().flatten().copied()));
    let made = apps.map(|app| bare::in_time(async || create_one(client, app).await)).buffer_unordered(CONCURRENCY);
    made.try_collect::<Vec<()>>().await.context("cannot create every App")?;
    Ok(())
}

async fn create_one<K: Declaration>(client: &Client, object: &K) -> kube::Result<()> {
    K::api(client, object).create(&PostParams::default(), object).await.map(drop)
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
