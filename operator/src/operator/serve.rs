//! Start, leadership, and a graceful end.

use std::future::Future;
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use kube::Client;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::caches::{self, Caches};
use super::context::Shared;
use super::events::Events;
use super::health::{self, Health};
use super::leader::{Leadership, until};
use super::metrics::Metrics;
use super::options::{LogFormat, Options};
use super::{controllers, prerequisites};

/// Whatever the libraries say of a failure we say too, once and in one line.
const QUIET: &str = "info,kube_client=off,kube_runtime=off,kube_lease_manager=off";
/// How long passes that have begun may take to end.
const GRACE: Duration = Duration::from_secs(20);
/// How often it is asked whether every cache is filled.
const GLANCE: Duration = Duration::from_millis(20);
/// How long an answer about the Lease may take. A leader whose renewal hangs must know before the
/// Lease ends that it may no longer be one; watches, which are silent for long, cannot be so hasty.
const LEASE_PATIENCE: Duration = Duration::from_secs(4);
/// How soon the Lease is asked for again where that failed.
const RETRY: Duration = Duration::from_secs(2);

/// `yipan operator`.
///
/// # Errors
/// No cluster is configured, or the address is taken.
pub fn run(options: Options) -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(QUIET));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    match options.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut config = kube::Config::infer().await.map_err(|error| {
            anyhow::anyhow!("no cluster to work for: {}; set KUBECONFIG to its kubeconfig", super::error::short(&error))
        })?;
        // A pass that fails is repeated as a whole, with a wait of its own.
        config.default_retry = false;
        let mut lease = config.clone();
        lease.connect_timeout = Some(LEASE_PATIENCE);
        lease.read_timeout = Some(LEASE_PATIENCE);
        lease.write_timeout = Some(LEASE_PATIENCE);
        let operator =
            Operator::new(options.requests.client(config)?, options.requests.client(lease)?, options).await?;
        operator.serve(signal()).await
    })
}

/// Ends when the process is told to stop.
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (terminate, interrupt) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    let (Ok(mut terminate), Ok(mut interrupt)) = (terminate, interrupt) else {
        tracing::error!("signals cannot be received; only SIGKILL will end this process");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => tracing::info!("SIGTERM"),
        _ = interrupt.recv() => tracing::info!("SIGINT"),
    }
}

/// An operator that is set up and not yet running.
pub struct Operator {
    shared: Arc<Shared>,
    writers: caches::Writers,
    listener: TcpListener,
    lease: Client,
    options: Options,
}

impl Operator {
    /// Sets one up over a client, and another one for the Lease that gives up sooner.
    ///
    /// # Errors
    /// The address is taken.
    pub async fn new(client: Client, lease: Client, options: Options) -> anyhow::Result<Self> {
        let address = options.address;
        let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
        let (caches, writers) = Caches::new();
        let shared = Shared {
            caches,
            health: Health::new(),
            metrics: Metrics::new(options.requests.clone())?,
            events: Events::new(client.clone(), options.identity.clone()),
            memory: Default::default(),
            platforms: Default::default(),
            tenants: Default::default(),
            blueprints: Default::default(),
            apps: Default::default(),
            failures: Default::default(),
            client,
        };
        Ok(Self { shared: Arc::new(shared), writers, listener, lease, options })
    }

    /// Where it serves its pages.
    ///
    /// # Errors
    /// The listener has no address, which the system would have to explain.
    pub fn address(&self) -> std::io::Result<std::net::SocketAddr> {
        self.listener.local_addr()
    }

    /// Runs until `stop` ends. Passes that have begun are finished, then the Lease is given back.
    ///
    /// # Errors
    /// The pages cannot be served.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> anyhow::Result<()> {
        let Self { shared, writers, listener, lease, options } = self;
        tracing::info!(address = %listener.local_addr()?, version = env!("CARGO_PKG_VERSION"), "yipan operator");
        let pages = tokio::spawn(axum::serve(listener, health::router(Arc::clone(&shared))).into_future());
        let (stopping, stopped) = watch::channel(false);
        let early = told(stopped.clone());
        let watcher = tokio::spawn(async move {
            stop.await;
            stopping.send_replace(true);
        });
        let mut tasks = Vec::new();
        tokio::select! {
            () = prerequisites::wait(&shared.client, &options.namespace, &shared.health) => {
                tasks = caches::start(&shared, writers);
                tasks.push(tokio::spawn(caches::pass_on(Arc::clone(&shared))));
                tasks.push(tokio::spawn(controllers::tell_of_watches(Arc::clone(&shared))));
                lead(&shared, &lease, &options, stopped).await;
            }
            () = early => {}
        }
        tasks.iter().chain([&watcher]).for_each(tokio::task::JoinHandle::abort);
        pages.abort();
        tracing::info!("stopped");
        Ok(())
    }
}

/// Seeks the Lease and works while it holds, until told to stop. Where the way to the Lease
/// breaks, it is sought anew: an operator never ends by itself.
async fn lead(shared: &Arc<Shared>, lease: &Client, options: &Options, stopped: watch::Receiver<bool>) {
    loop {
        let leadership = tokio::select! {
            leadership = seek(shared, lease, options) => leadership,
            () = told(stopped.clone()) => return,
        };
        let ended = hold(shared, options, &leadership, &stopped).await;
        shared.metrics.leading.set(0);
        leadership.release().await;
        match ended {
            Ended::Told => return,
            Ended::Broken => {
                shared.health.set("leadership", Err("the Lease cannot be renewed".to_owned()));
                tracing::warn!("the way to the Lease broke; seeking it anew");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

/// Why a leadership, or the wait for it, is over for good.
enum Ended {
    Told,
    Broken,
}

/// Works whenever the Lease holds and waits whenever it does not.
async fn hold(
    shared: &Arc<Shared>,
    options: &Options,
    leadership: &Leadership,
    stopped: &watch::Receiver<bool>,
) -> Ended {
    loop {
        if !leadership.leads() {
            tracing::info!(lease = options.lease, "waiting for the Lease");
        }
        tokio::select! {
            gained = leadership.gained() => if !gained { return Ended::Broken },
            () = told(stopped.clone()) => return Ended::Told,
        }
        tracing::info!("leading");
        shared.health.set("leadership", Ok(()));
        shared.metrics.leading.set(1);
        controllers::run(shared, options.limits(), async {
            tokio::select! {
                // Whoever no longer leads must not finish what it began.
                () = leadership.lost() => Duration::ZERO,
                () = told(stopped.clone()) => GRACE,
            }
        })
        .await;
        shared.metrics.leading.set(0);
        if *stopped.borrow() {
            return Ended::Told;
        }
        shared.health.set("leadership", Err("the Lease was lost and is sought".to_owned()));
        tracing::warn!("the Lease was lost");
    }
}

/// Ends when the operator is told to stop; a sender that has gone is a stop as well.
async fn told(stopped: watch::Receiver<bool>) {
    until(stopped, true).await;
}

/// Asks for the Lease once every cache is filled: a leader that does not see must not decide.
async fn seek(shared: &Arc<Shared>, lease: &Client, options: &Options) -> Leadership {
    while !shared.health.broken_watches().is_empty() {
        tokio::time::sleep(GLANCE).await;
    }
    loop {
        match Leadership::seek(lease.clone(), options).await {
            Ok(leadership) => {
                shared.health.set("leadership", Ok(()));
                return leadership;
            }
            Err(error) => {
                let why = super::error::short(&error);
                let state = Err(format!("Lease {}/{}: {why}", options.namespace, options.lease));
                if shared.health.set("leadership", state) {
                    tracing::warn!(why, "the Lease cannot be asked for; trying again");
                }
            }
        }
        tokio::time::sleep(RETRY).await;
    }
}
