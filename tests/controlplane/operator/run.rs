//! An operator, inside the test or as a process, on the control plane where operators may lead, with
//! the rights it has in a cluster.

use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Condvar, Mutex, MutexGuard, Once, OnceLock, PoisonError};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use yipan::operator::{Clock, LogFormat, Operator, Options};

use super::super::plane::{Plane, eventually, yipan};
use super::faults::{Fault, Faults};

/// How long anything that is awaited may take on a busy machine: longer than the operator ever waits before it
/// tries again.
pub const SOON: Duration = Duration::from_secs(90);

/// How many passes over one tenant's objects an operator inside a test has under way at most.
pub const SHARE: usize = 4;

/// How many of these tests run at once, each on a control plane of its own: mostly they wait.
const PLACES: usize = 2;

/// A control plane where operators may lead, for one test at a time.
pub struct Turn {
    /// The control plane.
    pub plane: &'static Plane,
    _place: Place,
}

/// Room for one of these tests, given back with it.
pub struct Place(usize);

static FREE: Mutex<Vec<usize>> = Mutex::new(Vec::new());
static FREED: Condvar = Condvar::new();

/// Waits for room for a test that starts a control plane of its own: a machine has room for few.
pub fn turn_elsewhere() -> Place {
    static BEGIN: Once = Once::new();
    BEGIN.call_once(|| free().extend(0..PLACES));
    let mut free = FREED.wait_while(free(), |free| free.is_empty()).unwrap_or_else(PoisonError::into_inner);
    Place(free.pop().expect("a free place"))
}

fn free() -> MutexGuard<'static, Vec<usize>> {
    FREE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Place {
    fn drop(&mut self) {
        free().push(self.0);
        FREED.notify_one();
    }
}

/// Waits for the turn of the calling test.
pub fn turn() -> Turn {
    static PLANES: [OnceLock<Result<Plane, String>>; PLACES] = [const { OnceLock::new() }; PLACES];
    let place = turn_elsewhere();
    let start = || Plane::start(&format!("yipan-test-operator-{}-{}", std::process::id(), place.0));
    let plane = PLANES[place.0].get_or_init(start);
    Turn { plane: plane.as_ref().unwrap_or_else(|why| panic!("no control plane: {why}")), _place: place }
}

/// An operator as a process of its own, which signals can be sent to. It does not outlive its test.
pub struct Process(Child);

impl Process {
    /// Starts `yipan operator` with the rights it has in a cluster; its log lies beside its
    /// kubeconfig.
    pub async fn start(plane: &Plane) -> Self {
        let kubeconfig = plane.kubeconfig_of_service_account("yipan-system", "yipan").await;
        let file = plane.kubeconfig().with_file_name("operator.kubeconfig");
        std::fs::write(&file, serde_json::to_string(&kubeconfig).expect("a kubeconfig")).expect("a file");
        let log = std::fs::File::create(file.with_file_name("operator.log")).expect("a log");
        let mut command = Command::new(yipan());
        command.args(["operator", "--address", "127.0.0.1:0"]).env("KUBECONFIG", &file).stderr(log);
        Self(command.spawn().expect("the operator's process"))
    }

    /// Sends it a signal and waits for its end.
    pub fn end(mut self, signal: &str) -> ExitStatus {
        let sent = Command::new("kill").args([signal, &self.0.id().to_string()]).status().expect("kill");
        assert!(sent.success());
        self.0.wait().expect("its end")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Where it has ended, as it should have, there is nothing to kill.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A running operator inside the test, with a runtime of its own, so that nothing of it is left where
/// it ends.
pub struct Running {
    /// What befalls its requests.
    pub faults: Faults,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<Result<(), String>>>,
    runtime: Option<Runtime>,
}

impl Running {
    /// Starts one and waits until it leads.
    pub async fn leading(plane: &Plane) -> Self {
        let operator = Self::start(plane, "first", Faults::default()).await;
        operator.leads().await;
        operator
    }

    /// Starts one under a name of its own.
    pub async fn start(plane: &Plane, identity: &str, faults: Faults) -> Self {
        Self::start_with(plane, faults, options(identity)).await
    }

    /// Starts one with options of its own.
    pub async fn start_with(plane: &Plane, faults: Faults, options: Options) -> Self {
        let config = plane.config_of_service_account("yipan-system", "yipan").await;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let (clients, (stop, stopped)) = (faults.clone(), oneshot::channel::<()>());
        let (address, told) = oneshot::channel();
        let task = runtime.spawn(async move {
            let (client, lease) = (clients.client(config.clone()), clients.client(config));
            let operator = Operator::new(client, lease, options).await.expect("an operator");
            address.send(operator.address().expect("an address")).expect("somebody waits for it");
            operator.serve(async { drop(stopped.await) }).await.map_err(|error| error.to_string())
        });
        let address = told.await.expect("it starts");
        Self { faults, address, stop: Some(stop), task: Some(task), runtime: Some(runtime) }
    }

    /// Waits until it leads; on a new cluster the quota controller makes it wait half a minute.
    pub async fn leads(&self) {
        eventually(SOON * 3, "the operator leads", async || match self.metric("yipan_leading").await {
            1 => Ok(()),
            _ => Err(self.page("/readyz").await),
        })
        .await;
    }

    /// Ends it as SIGTERM would, and waits for its end.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        let task = self.task.take().expect("it runs until now");
        task.await.expect("the operator does not panic").expect("the operator ends well");
    }

    /// Ends it as SIGKILL would: nothing more is sent, nothing is given back.
    pub fn crash(&mut self) {
        self.faults.on(|_| Some(Fault::Unsent));
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background(); // takes every task of it along
        }
    }

    /// One of its pages.
    pub async fn page(&self, path: &str) -> String {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let Ok(mut stream) = tokio::net::TcpStream::connect(self.address).await else { return "no answer".to_owned() };
        let request = format!("GET {path} HTTP/1.1\r\nHost: operator\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        answer
    }

    /// The sum of a measure over all its labels.
    pub async fn metric(&self, name: &str) -> u64 {
        let page = self.page("/metrics").await;
        let ours = page.lines().filter(|line| line.split(['{', ' ']).next() == Some(name));
        ours.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).map(|value| value as u64).sum()
    }

    /// How often it has written anything.
    pub async fn writes(&self) -> u64 {
        self.metric("yipan_writes_total").await
    }

    /// Waits until it has written nothing for a while, and returns how much it has written by then.
    pub async fn settled(&self) -> u64 {
        const CALM: Duration = Duration::from_millis(1500);
        let (mut last, mut since) = (self.writes().await, tokio::time::Instant::now());
        eventually(SOON, "the operator settles", async || {
            let now = self.writes().await;
            if now != last {
                (last, since) = (now, tokio::time::Instant::now());
            }
            if since.elapsed() >= CALM { Ok(now) } else { Err(format!("{now} writes")) }
        })
        .await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The options of an operator inside a test.
pub fn options(identity: &str) -> Options {
    Options {
        address: SocketAddr::from(([127, 0, 0, 1], 0)),
        namespace: "yipan-system".to_owned(),
        lease: "yipan".to_owned(),
        identity: Some(identity.to_owned()),
        concurrency: 16,
        concurrency_per_tenant: SHARE as u16,
        log_format: LogFormat::Text,
        clock: Clock::default(),
        requests: Default::default(),
    }
}
