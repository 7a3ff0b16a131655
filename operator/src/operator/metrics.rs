//! What /metrics says. Labels come from closed lists; no object's name is one, but for the tenants
//! that have waited lately, and those are bounded in number.

use std::time::{Duration, Instant};

use kube::runtime::reflector::ObjectRef;
use prometheus::{
    Encoder as _, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Opts, Registry, TextEncoder,
};

use super::caches::Caches;
use super::fair_queue::Who;
use super::lag::Lags;
use super::requests::Requests;

/// From a pass that had its turn at once to a tenant that is not served at all.
const LAG_BUCKETS_SECONDS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];
const TENANT_LAG: &str = "Seconds from a change being seen to the end of the pass that answered it, by tenant: the \
                          longest that ended in the last minute or has not ended; no series where there was none.";
const LAG: &str = "Seconds from a change being seen to the end of the pass that answered it.";

/// The operator's own measures.
pub struct Metrics {
    registry: Registry,
    /// Passes by kind and result: `done`, or the reason that the condition carries. Passes that a
    /// pause cut short, and writes that merely lost a race, are not counted.
    pub passes: IntCounterVec,
    /// How long passes take, in seconds, by kind.
    pub pass_seconds: HistogramVec,
    /// Writes to the API server by kind and verb (`apply`, `create`, `patch`, `replace`, `delete`, `status`, `metadata`).
    pub writes: IntCounterVec,
    /// Objects found equal to what they should be, by kind.
    pub unchanged: IntCounterVec,
    /// Objects that somebody else changed or removed, and that were restored, by kind.
    pub restored: IntCounterVec,
    /// Whether this replica leads.
    pub leading: IntGauge,
    cached: IntGaugeVec,
    sent: Requests,
    requests: IntCounter,
    lag: Histogram,
    tenant_lag: GaugeVec,
    lags: Lags,
}

impl Metrics {
    /// Registers every measure. What is asked of the API server is counted by `sent`.
    ///
    /// # Errors
    /// Two measures have one name, which is a fault of this file.
    pub fn new(sent: Requests) -> prometheus::Result<Self> {
        let registry = Registry::new();
        let counter = |name: &str, help: &str, labels: &[&str]| -> prometheus::Result<IntCounterVec> {
            let counter = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(counter.clone()))?;
            Ok(counter)
        };
        let passes = counter("yipan_passes_total", "Passes over objects, by kind and result.", &["kind", "result"])?;
        let writes = counter("yipan_writes_total", "Writes to the API server, by kind and verb.", &["kind", "verb"])?;
        let unchanged =
            counter("yipan_unchanged_total", "Objects found as they should be and not written, by kind.", &["kind"])?;
        let restored =
            counter("yipan_restored_total", "Objects changed or removed by somebody else and restored.", &["kind"])?;
        let options = HistogramOpts::new("yipan_pass_seconds", "Duration of passes, by kind.");
        let pass_seconds = HistogramVec::new(options, &["kind"])?;
        registry.register(Box::new(pass_seconds.clone()))?;
        let leading = IntGauge::new("yipan_leading", "Whether this replica leads (1) or waits (0).")?;
        registry.register(Box::new(leading.clone()))?;
        let cached =
            IntGaugeVec::new(Opts::new("yipan_cached_objects", "Objects known, by what they are."), &["what"])?;
        registry.register(Box::new(cached.clone()))?;
        let requests = IntCounter::new("yipan_requests_total", "Requests to the API server, whatever they are for.")?;
        registry.register(Box::new(requests.clone()))?;
        let lag =
            Histogram::with_opts(HistogramOpts::new("yipan_lag_seconds", LAG).buckets(LAG_BUCKETS_SECONDS.into()))?;
        registry.register(Box::new(lag.clone()))?;
        let tenant_lag = GaugeVec::new(Opts::new("yipan_tenant_lag_seconds", TENANT_LAG), &["tenant"])?;
        registry.register(Box::new(tenant_lag.clone()))?;
        let lags = Lags::default();
        let declared = Self {
            registry,
            passes,
            pass_seconds,
            writes,
            unchanged,
            restored,
            leading,
            cached,
            sent,
            requests,
            lag,
            tenant_lag,
            lags,
        };
        Ok(declared)
    }

    /// Records that what was asked was answered after so long.
    pub fn answered(&self, who: &Who, waited: Duration) {
        self.lag.observe(waited.as_secs_f64());
        if let Some(tenant) = who.tenant() {
            self.lags.record(tenant, waited, Instant::now());
        }
    }

    /// The page in Prometheus' text format.
    ///
    /// # Errors
    /// The encoder fails, which only a fault of this file can cause.
    pub fn page(&self, caches: &Caches) -> anyhow::Result<String> {
        let gauge = |what: &str, count: usize| {
            self.cached.with_label_values(&[what]).set(i64::try_from(count).unwrap_or(i64::MAX));
        };
        gauge("tenants", caches.tenants.len());
        gauge("blueprints", caches.blueprints.len());
        gauge("apps", caches.apps.len());
        gauge("objects", caches.children.count());
        self.requests.inc_by(self.sent.so_far().saturating_sub(self.requests.get()));
        self.tenant_lag.reset();
        for (tenant, lag) in self.lags.longest(caches.triggers.unanswered(), Instant::now()) {
            if caches.tenants.get(&ObjectRef::new(&tenant)).is_some() {
                self.tenant_lag.with_label_values(&[&tenant]).set(lag.as_secs_f64());
            }
        }
        let mut page = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut page)?;
        Ok(String::from_utf8(page)?)
    }
}
