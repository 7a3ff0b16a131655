//! The operator as a process, and what it says of itself.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::Options;
use super::exposition::Exposition;
use super::plane::Plane;

/// How often the operator's pages are asked for where time is measured.
const GLANCE: Duration = Duration::from_millis(10);
/// How long a page, the start and the end may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The clock of /proc: `USER_HZ`, which Linux holds at 100 for programs.
const TICKS_PER_SECOND: f64 = 100.0;

/// How to start one. Holds a copy of the binary, so that a build meanwhile changes nothing.
pub struct Installation {
    folder: PathBuf,
    as_administrator: bool,
    arguments: Vec<String>,
}

impl Installation {
    /// Takes a copy of the binary.
    ///
    /// # Errors
    /// There is none.
    pub fn new(options: &Options, binary: &Path) -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join(format!("yipan-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let Options { as_administrator, operator_arguments, .. } = options;
        let installation = Self { folder, as_administrator: *as_administrator, arguments: operator_arguments.clone() };
        let missing =
            || format!("{}: build it (`cargo build --release -p yipan`) or name another: --operator", binary.display());
        std::fs::copy(binary, installation.binary()).with_context(missing)?;
        Ok(installation)
    }

    fn binary(&self) -> PathBuf {
        self.folder.join("yipan")
    }

    /// Starts the operator over a control plane.
    ///
    /// # Errors
    /// The process cannot be started.
    pub async fn start(&self, plane: &Plane) -> anyhow::Result<Operator> {
        let kubeconfig = self.folder.join("kubeconfig.json");
        let rights = match self.as_administrator {
            true => plane.kubeconfig()?,
            false => plane.kubeconfig_of_operator().await?,
        };
        std::fs::write(&kubeconfig, serde_json::to_vec(&rights)?)?;
        // The port is free for a moment longer than we hold it; nobody else counts through them.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let log = self.folder.join("operator.log");
        let child = Command::new(self.binary())
            .args(["operator", "--address", &address.to_string()])
            .args(&self.arguments)
            .env("KUBECONFIG", kubeconfig)
            .env("NO_COLOR", "1")
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()
            .context("cannot start the operator")?;
        Ok(Operator { child, address, log, started: Instant::now() })
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            eprintln!("yipan-bench: {} is left: {error}", self.folder.display());
        }
    }
}

/// A running operator. It is killed when this is dropped.
pub struct Operator {
    child: Child,
    address: SocketAddr,
    log: PathBuf,
    started: Instant,
}

impl Operator {
    /// Waits until it is ready and leads, and tells how long after its start.
    ///
    /// # Errors
    /// It ends, or takes more than a minute.
    pub async fn leads(&mut self) -> anyhow::Result<Duration> {
        let time = self.until("ready and leading", PATIENCE, |metrics| metrics.sum("yipan_leading", &[]) > 0.0).await?;
        let (status, page) = self.get("/readyz").await?;
        ensure!(status == 200, "the operator leads and is not ready:\n{page}");
        Ok(time)
    }

    /// Waits until its measures say that something is so, and tells how long after its start.
    ///
    /// # Errors
    /// It ends, or takes too long.
    pub async fn until(
        &mut self,
        what: &str,
        patience: Duration,
        is_so: impl Fn(&Exposition) -> bool,
    ) -> anyhow::Result<Duration> {
        let asked = Instant::now();
        loop {
            match self.metrics().await {
                Ok(metrics) if is_so(&metrics) => return Ok(self.started.elapsed()),
                _ if asked.elapsed() > patience => bail!("the operator is not {what} in {patience:?}{}", self.last()),
                _ => {}
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the operator ended with {status}{}", self.last());
            }
            sleep(GLANCE).await;
        }
    }

    /// What /metrics says.
    ///
    /// # Errors
    /// The page cannot be had.
    pub async fn metrics(&self) -> anyhow::Result<Exposition> {
        let (status, page) = self.get("/metrics").await?;
        ensure!(status == 200, "/metrics answers {status}");
        Ok(Exposition::read(&page))
    }

    /// Its resident memory now, in bytes.
    ///
    /// # Errors
    /// It has ended.
    pub fn resident_bytes(&self) -> anyhow::Result<u64> {
        self.memory("VmRSS:")
    }

    /// The most that its resident memory has been, in bytes.
    ///
    /// # Errors
    /// It has ended.
    pub fn peak_bytes(&self) -> anyhow::Result<u64> {
        self.memory("VmHWM:")
    }

    fn memory(&self, line: &str) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kib = status.lines().find_map(|found| found.strip_prefix(line)).context("no such line in /proc")?;
        Ok(kib.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
    }

    /// How long processors have worked for it, in seconds.
    ///
    /// # Errors
    /// It has ended.
    pub fn cpu_seconds(&self) -> anyhow::Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name in brackets may hold spaces; user and system time are 12 and 13 after it.
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
        let ticks: Vec<f64> = fields.map(str::parse).collect::<Result<_, _>>()?;
        Ok(ticks.iter().sum::<f64>() / TICKS_PER_SECOND)
    }

    /// Ends it as a cluster would, so that it gives the Lease back.
    ///
    /// # Errors
    /// It does not end.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let pid = self.child.id().to_string();
        tokio::process::Command::new("kill").args(["-TERM", &pid]).status().await?;
        let asked = Instant::now();
        while self.child.try_wait()?.is_none() {
            ensure!(asked.elapsed() < PATIENCE, "the operator does not end{}", self.last());
            sleep(GLANCE).await;
        }
        Ok(())
    }

    async fn get(&self, path: &str) -> anyhow::Result<(u16, String)> {
        let exchange = async {
            let mut stream = TcpStream::connect(self.address).await?;
            stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await?;
            Ok::<_, std::io::Error>(answer)
        };
        let answer = timeout(PATIENCE, exchange).await??;
        let (head, body) = answer.split_once("\r\n\r\n").context("no HTTP answer")?;
        let status = head.split(' ').nth(1).context("no HTTP status")?.parse()?;
        Ok((status, body.to_owned()))
    }

    /// The end of its log, for an error.
    pub fn last(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        format!("; its last words:\n{}", lines[lines.len().saturating_sub(8)..].join("\n"))
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        // An error means that it has ended already.
        if self.child.kill().is_ok() {
            drop(self.child.wait());
        }
    }
}
