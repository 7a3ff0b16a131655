//! The cluster that was given, as people reach it: by its kubeconfig, with kubectl, helm and yipan.

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail, ensure};
use kube::api::ListParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::NamespaceResourceScope;
use kube::{Api, Client, Config, Resource};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::time::{Instant, sleep, timeout};

/// How often [`eventually`] asks.
const POLL: Duration = Duration::from_millis(250);
/// How long one command may take.
const COMMAND: Duration = Duration::from_secs(300);

/// A cluster with nodes that run what they are told.
pub struct Cluster {
    kubeconfig: PathBuf,
    programs: PathBuf,
    /// May do everything there.
    pub client: Client,
}

impl Cluster {
    /// The cluster of this kubeconfig.
    ///
    /// # Errors
    /// The file cannot be used, or no API server answers.
    pub async fn of(kubeconfig: &Path) -> anyhow::Result<Self> {
        let kubeconfig =
            kubeconfig.canonicalize().with_context(|| format!("E2E_KUBECONFIG={}", kubeconfig.display()))?;
        let read = Kubeconfig::read_from(&kubeconfig)?;
        let config = Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await?;
        let client = Client::try_from(config)?;
        client.apiserver_version().await.with_context(|| format!("no cluster answers at {}", kubeconfig.display()))?;
        let built = Command::new(repository().join("tools/build")).stderr(Stdio::inherit()).output().await?;
        ensure!(built.status.success(), "tools/build says why above");
        let programs = PathBuf::from(String::from_utf8(built.stdout)?.trim_end());
        Ok(Self { kubeconfig, programs, client })
    }

    /// What kubectl answers.
    ///
    /// # Errors
    /// It fails; the error is what it says.
    pub async fn kubectl(&self, words: &[&str]) -> anyhow::Result<String> {
        self.run(&self.programs.join("kubectl"), words, "").await
    }

    /// What helm answers.
    ///
    /// # Errors
    /// It fails; the error is what it says.
    pub async fn helm(&self, words: &[&str]) -> anyhow::Result<String> {
        self.run(&self.programs.join("helm"), words, "").await
    }

    /// What yipan answers; `make e2e` has built it beside this program.
    ///
    /// # Errors
    /// It fails; the error is what it says.
    pub async fn yipan(&self, words: &[&str]) -> anyhow::Result<String> {
        self.run(&std::env::current_exe()?.with_file_name("yipan"), words, "").await
    }

    /// Applies objects.
    ///
    /// # Errors
    /// One is refused.
    pub async fn apply(&self, objects: &[Value]) -> anyhow::Result<()> {
        let list = serde_json::json!({ "apiVersion": "v1", "kind": "List", "items": objects }).to_string();
        let words = ["apply", "--server-side", "--force-conflicts", "--field-manager=yipan-e2e", "-f", "-"];
        self.run(&self.programs.join("kubectl"), &words, &list).await.map(drop)
    }

    /// Runs the probe in a pod, named as `pod/NAME` or `deployment/NAME`.
    ///
    /// # Errors
    /// The pod cannot be entered, or the probe fails there.
    pub async fn probe(&self, namespace: &str, target: &str, words: &[&str]) -> anyhow::Result<String> {
        self.kubectl(&[&["exec", "-n", namespace, target, "--", "/probe"], words].concat()).await
    }

    /// One object, or none.
    ///
    /// # Errors
    /// The API server does not answer.
    pub async fn get<K>(&self, namespace: &str, name: &str) -> anyhow::Result<Option<K>>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug,
    {
        Ok(Api::<K>::namespaced(self.client.clone(), namespace).get_opt(name).await?)
    }

    /// Objects of a namespace, by labels.
    ///
    /// # Errors
    /// The API server does not answer.
    pub async fn list<K>(&self, namespace: &str, labels: &str) -> anyhow::Result<Vec<K>>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug,
    {
        let api = Api::<K>::namespaced(self.client.clone(), namespace);
        Ok(api.list(&ListParams::default().labels(labels)).await?.items)
    }

    async fn run(&self, program: &Path, words: &[&str], input: &str) -> anyhow::Result<String> {
        let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut command = Command::new(program);
        command.args(words).env("KUBECONFIG", &self.kubeconfig).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| program.display().to_string())?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes()).await?;
        }
        let output = timeout(COMMAND, child.wait_with_output()).await.with_context(|| format!("{name} hangs"))??;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("{name} {}: {}", words.join(" "), unwarned(&said));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// What was said but for the warnings: what an administrator does in a tenant's namespace is warned of, and meant.
fn unwarned(said: &str) -> String {
    let lines = said.lines().filter(|line| !line.starts_with("Warning: "));
    lines.collect::<Vec<_>>().join("; ")
}

/// Asks until the answer is `Ok`.
///
/// # Errors
/// It is not in time; the error is the last obstacle.
pub async fn eventually<T>(within: Duration, mut ask: impl AsyncFnMut() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let deadline = Instant::now() + within;
    loop {
        match ask().await {
            Ok(answer) => return Ok(answer),
            Err(obstacle) if Instant::now() >= deadline => {
                return Err(anyhow!("not within {} s; at last: {obstacle:#}", within.as_secs()));
            }
            Err(_) => sleep(POLL).await,
        }
    }
}

/// The repository's root.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
