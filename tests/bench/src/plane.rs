//! A control plane for one measurement, furnished as a cluster that Yipan is installed in.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{ResourceQuota, ServiceAccount};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::conditions::is_crd_established;
use kube::runtime::wait::await_condition;
use kube::{Api, Client, Config, ResourceExt as _};
use serde_json::json;
use tokio::time::{sleep, timeout};
use yipan_core::kinds::App;

/// How long a start may take; its scripts give up sooner, each step by itself.
const START: Duration = Duration::from_secs(900);
/// How long a new API server is left alone: it still publishes schemas and fills caches.
const CALM: Duration = Duration::from_secs(3);
/// How long a definition may take to be established.
const ESTABLISHED: Duration = Duration::from_secs(60);
/// How long it may take until quotas count Apps.
const COUNTED: Duration = Duration::from_secs(300);
/// How long it may take until the admission policies are in force.
const IN_FORCE: Duration = Duration::from_secs(60);
/// How often it is asked whether something of these is so.
const RHYTHM: Duration = Duration::from_millis(100);
/// For how long the operator's token is valid.
const TOKEN_SECONDS: i64 = 24 * 3600;

/// What the chart installs beside the definitions and the operator itself.
const CHART: [&str; 3] = ["charts/yipan/namespace.yaml", "charts/yipan/rights", "charts/yipan/policies"];

/// Runs a control plane until its standard input ends: when it is dropped, or when this process is
/// gone, by whatever signal. One shell for both, so that `down` never overtakes an `up`.
const KEEPER: &str = r#"
tools=$1 name=$2
"$tools/controlplane" down "$name" </dev/null >/dev/null || exit
"$tools/controlplane" up "$name" </dev/null && exec >/dev/null && cat
"$tools/controlplane" down "$name"
"#;

/// A running control plane. It goes when this is dropped.
pub struct Plane {
    kubeconfig: PathBuf,
    keeper: Child,
}

impl Plane {
    /// Starts one, with the definitions, the rights, the admission policies and the gateways installed, as
    /// users have them, and fit for Apps where there will be some.
    ///
    /// # Errors
    /// It does not start, or something cannot be installed in it.
    pub async fn start(name: &str, with_apps: bool) -> anyhow::Result<Self> {
        let name = name.to_owned();
        let up = tokio::task::spawn_blocking(move || Self::up(&name));
        let plane = timeout(START, up).await.context("no control plane in time")???;
        plane.install().await.context("cannot furnish the control plane")?;
        timeout(IN_FORCE, plane.policies_hold()).await.context("the admission policies are not in force")??;
        if with_apps {
            timeout(COUNTED, plane.quota_counts_apps()).await.context("no quota counts Apps")??;
        }
        sleep(CALM).await;
        Ok(plane)
    }

    fn up(name: &str) -> anyhow::Result<Self> {
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(repository().join("tools"))
            .arg(name)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0) // an interrupt from the terminal is for us, not for the one that cleans up
            .spawn()
            .context("cannot start a shell")?;
        let mut plane = Self { kubeconfig: PathBuf::new(), keeper };
        let mut answer = String::new();
        if let Some(pipe) = plane.keeper.stdout.take() {
            BufReader::new(pipe).read_line(&mut answer)?;
        }
        ensure!(!answer.trim().is_empty(), "no control plane: {}", plane.said());
        plane.kubeconfig = PathBuf::from(answer.trim_end());
        Ok(plane)
    }

    /// What the scripts said, once they have ended.
    fn said(&mut self) -> String {
        let mut said = String::new();
        drop(self.keeper.stdin.take());
        match self.keeper.stderr.take().map(|mut pipe| pipe.read_to_string(&mut said)) {
            Some(Err(error)) => error.to_string(),
            _ => said.trim_end().to_owned(),
        }
    }

    async fn install(&self) -> anyhow::Result<()> {
        let api = Api::<CustomResourceDefinition>::all(self.client().await?);
        for crd in yipan_core::kinds::crds() {
            let name = crd.name_any();
            api.patch(&name, &PatchParams::apply("yipan-bench"), &Patch::Apply(&crd)).await?;
            let established = await_condition(api.clone(), &name, is_crd_established());
            timeout(ESTABLISHED, established).await.with_context(|| format!("{name}: not established"))??;
        }
        for given in CHART.into_iter().chain(["examples/gansu/gateway"]) {
            self.apply(&repository().join(given)).await.with_context(|| given.to_owned())?;
        }
        Ok(())
    }

    /// Waits until an App outside of all tenants is refused by its policy, as it is to everybody: an API
    /// server takes a second to heed a new one.
    async fn policies_hold(&self) -> anyhow::Result<()> {
        let stray: App = serde_json::from_value(json!({
            "apiVersion": "yipan.dev/v1alpha1", "kind": "App", "metadata": { "name": "stray", "namespace": "default" },
            "spec": { "workload": { "image": "registry.example.gov.cn/stray/stray:1" } },
        }))?;
        let apps = Api::<App>::namespaced(self.client().await?, "default");
        let try_it = PostParams { dry_run: true, ..Default::default() };
        loop {
            match apps.create(&try_it, &stray).await {
                Err(kube::Error::Api(status)) if status.message.contains("yipan-app") => return Ok(()),
                Err(kube::Error::Api(status)) if status.code >= 500 => return Err(kube::Error::Api(status).into()),
                _ => sleep(RHYTHM).await,
            }
        }
    }

    /// Waits until quotas count Apps. Kubernetes looks for new kinds twice a minute, and a quota made
    /// before refuses every App until its next full turn, minutes later.
    async fn quota_counts_apps(&self) -> anyhow::Result<()> {
        let api = Api::<ResourceQuota>::namespaced(self.client().await?, "default");
        let params = PatchParams::apply("yipan-bench");
        for limit in 1.. {
            // Each time another limit: only a change makes Kubernetes count anew.
            let probe = json!({
                "apiVersion": "v1", "kind": "ResourceQuota", "metadata": { "name": "yipan-bench" },
                "spec": { "hard": { "count/apps.yipan.dev": limit.to_string() } },
            });
            let found = api.patch("yipan-bench", &params, &Patch::Apply(&probe)).await?;
            if found.status.and_then(|status| status.used).is_some_and(|used| used.contains_key("count/apps.yipan.dev"))
            {
                break;
            }
            sleep(Duration::from_secs(1)).await;
        }
        api.delete("yipan-bench", &DeleteParams::default()).await?;
        Ok(())
    }

    /// Applies a file or a folder of YAML.
    async fn apply(&self, given: &Path) -> anyhow::Result<()> {
        let bin = tokio::process::Command::new(repository().join("tools/build")).output().await?;
        let kubectl = Path::new(String::from_utf8(bin.stdout)?.trim_end()).join("kubectl");
        let mut command = tokio::process::Command::new(kubectl);
        command.arg("--kubeconfig").arg(&self.kubeconfig);
        command.arg("--cache-dir").arg(self.kubeconfig.with_file_name("kubectl-cache"));
        command.args(["apply", "--server-side", "--force-conflicts", "-f"]).arg(given).kill_on_drop(true);
        let answer = command.output().await?;
        ensure!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr).trim());
        Ok(())
    }

    /// A new plain client that may do everything.
    ///
    /// # Errors
    /// The kubeconfig cannot be used.
    pub async fn client(&self) -> anyhow::Result<Client> {
        let config = Config::from_custom_kubeconfig(self.kubeconfig()?, &KubeConfigOptions::default()).await?;
        Ok(Client::try_from(config)?)
    }

    /// A new client with a token of the operator's own account, and so with its rights alone.
    ///
    /// # Errors
    /// There is no token to be had.
    pub async fn client_of_operator(&self) -> anyhow::Result<Client> {
        let kubeconfig = self.kubeconfig_of_operator().await?;
        Ok(Client::try_from(Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?)?)
    }

    /// A new client that acts as a member of this group, and so with its rights alone.
    ///
    /// # Errors
    /// The kubeconfig cannot be used.
    pub async fn client_as(&self, group: &str) -> anyhow::Result<Client> {
        let mut config = Config::from_custom_kubeconfig(self.kubeconfig()?, &KubeConfigOptions::default()).await?;
        config.auth_info.impersonate = Some(format!("{group}-member"));
        config.auth_info.impersonate_groups = Some(vec![group.to_owned()]);
        Ok(Client::try_from(config)?)
    }

    /// The administrator's kubeconfig.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn kubeconfig(&self) -> anyhow::Result<Kubeconfig> {
        Ok(Kubeconfig::read_from(&self.kubeconfig)?)
    }

    /// A kubeconfig with a token of the operator's own account, so that each of its requests is
    /// authorized as in a cluster.
    ///
    /// # Errors
    /// There is no token to be had.
    pub async fn kubeconfig_of_operator(&self) -> anyhow::Result<Kubeconfig> {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client().await?, "yipan-system");
        let spec = TokenRequestSpec { expiration_seconds: Some(TOKEN_SECONDS), ..Default::default() };
        let request = TokenRequest { spec: Some(spec), ..Default::default() };
        let issued = accounts.create_token_request("yipan", &PostParams::default(), &request).await?;
        let token = issued.status.context("a token request without an answer")?.token;
        let mut kubeconfig = self.kubeconfig()?;
        for named in &mut kubeconfig.auth_infos {
            named.auth_info = serde_json::from_value(json!({ "token": token }))?;
        }
        Ok(kubeconfig)
    }
}

impl Drop for Plane {
    /// Waits for the end, so that the next measurement has the machine to itself.
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        if let Err(error) = self.keeper.wait() {
            eprintln!("yipan-bench: a control plane may still run; see tools/controlplane list: {error}");
        }
    }
}

/// The name of the control plane that is measured: one of this process runs at a time.
pub fn name() -> String {
    format!("yipan-bench-{}", std::process::id())
}

/// The repository's root.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
