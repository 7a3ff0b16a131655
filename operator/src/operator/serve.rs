//! Start, leadership, and a graceful end.

use std::future::Future;
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
use super::leader::Leadership;
use super::metrics::Metrics;
use super::options::{LogFormat, Options};
use super::{controllers, prerequisites};

/// How long passes that have begun may take to end.
const GRACE: Duration = Duration::from_secs(20);
/// How soon the Lease is asked for again where that failed.
const RETRY: Duration = Duration::from_secs(2);

/// `yipan operator`.
///
/// # Errors
/// No cluster is configured, or the address is taken.
pub fn run(options: Options) -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,kube_lease_manager=warn"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    match options.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut config = kube::Config::infer().await.context("no cluster is configured")?;
        // A pass that fails is repeated as a whole, with a wait of its own.
        config.default_retry = false;
        let operator = Operator::new(Client::try_from(config)?, options).await?;
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
    options: Options,
}

impl Operator {
    /// Sets one up over a client.
    ///
    /// # Errors
    /// The address is taken.
    pub async fn new(client: Client, options: Options) -> anyhow::Result<Self> {
        let address = options.address;
        let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
        let (caches, writers) = Caches::new();
        let shared = Shared {
            caches,
            health: Health::new(),
            metrics: Metrics::new()?,
            events: Events::new(client.clone(), options.identity.clone()),
            memory: Default::default(),
            platforms: Default::default(),
            tenants: Default::default(),
            apps: Default::default(),
            failures: Default::default(),
            client,
        };
        Ok(Self { shared: Arc::new(shared), writers, listener, options })
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
        let Self { shared, writers, listener, options } = self;
        tracing::info!(address = %listener.local_addr()?, version = env!("CARGO_PKG_VERSION"), "yipan operator");
        let pages = tokio::spawn(axum::serve(listener, health::router(Arc::clone(&shared))).into_future());
        let (stopping, stopped) = watch::channel(false);
        let mut early = stopped.clone();
        let watcher = tokio::spawn(async move {
            stop.await;
            drop(stopping.send(true)); // nobody left to tell is a stop as well
        });
        let mut tasks = Vec::new();
        tokio::select! {
            () = prerequisites::wait(&shared.client, &shared.health) => {
                tasks = caches::start(&shared, writers);
                tasks.push(tokio::spawn(caches::pass_on(Arc::clone(&shared))));
                lead(&shared, &options, stopped).await;
            }
            _ = early.wait_for(|stopped| *stopped) => {}
        }
        tasks.iter().chain([&watcher]).for_each(tokio::task::JoinHandle::abort);
        pages.abort();
        tracing::info!("stopped");
        Ok(())
    }
}

/// Waits for the caches and the Lease, works while it holds, and waits again when it is lost.
async fn lead(shared: &Arc<Shared>, options: &Options, mut stopped: watch::Receiver<bool>) {
    let told = |stopped: &mut watch::Receiver<bool>| {
        let mut stopped = stopped.clone();
        async move { drop(stopped.wait_for(|stopped| *stopped).await) }
    };
    let leadership = tokio::select! {
        leadership = seek(shared, options) => leadership,
        () = told(&mut stopped) => return,
    };
    let mut leading = leadership.leading.clone();
    loop {
        shared.metrics.leading.set(0);
        if !*leading.borrow() {
            tracing::info!("another replica leads; waiting");
        }
        tokio::select! {
            gained = leading.wait_for(|leading| *leading) => if gained.is_err() { break },
            () = told(&mut stopped) => break,
        }
        tracing::info!("leading");
        shared.metrics.leading.set(1);
        let mut lost = leading.clone();
        let lost = async move { drop(lost.wait_for(|leading| !*leading).await) };
        let until = told(&mut stopped);
        controllers::run(shared, options.concurrency, GRACE, async move {
            tokio::select! {
                () = lost => tracing::warn!("the Lease was lost"),
                () = until => {}
            }
        })
        .await;
        if *stopped.borrow_and_update() {
            break;
        }
    }
    drop(leading);
    leadership.release().await;
}

/// Asks for the Lease once every cache is filled: a leader that does not see must not decide.
async fn seek(shared: &Arc<Shared>, options: &Options) -> Leadership {
    let mut told_of: Vec<(String, String)> = Vec::new();
    loop {
        let broken = shared.health.broken_watches();
        if broken.is_empty() {
            match Leadership::seek(shared.client.clone(), options).await {
                Ok(leadership) => {
                    shared.health.set("leadership", Ok(()));
                    return leadership;
                }
                Err(error) => {
                    let why = super::error::short(&error);
                    if shared
                        .health
                        .set("leadership", Err(format!("Lease {}/{}: {why}", options.namespace, options.lease)))
                    {
                        tracing::warn!(why, "the Lease cannot be asked for; trying again");
                    }
                }
            }
            tokio::time::sleep(RETRY).await;
        } else {
            if broken != told_of && broken.iter().any(|(_, why)| why.contains("forbidden")) {
                controllers::tell_of_watches(shared, &broken).await;
                told_of = broken;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
