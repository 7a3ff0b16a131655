//! A real control plane for the tests, one for the whole test binary.
//!
//! [`shared`] starts it when the first test asks (about 10 seconds), with our definitions, the
//! chart's rights and policies and one Platform (`platform.yaml`) installed. It goes when the test binary ends, however that
//! ends. With `YIPAN_TEST_KUBECONFIG` these tests use the cluster of that file instead and leave it
//! running; the user's current context is never touched.
//!
//! The operator's tests ([`super::operator`]) always start control planes of their own,
//! whatever that variable says: they break definitions and rights, which no cluster that somebody
//! uses would survive.
//!
//! Each test makes its own clients, since each has a runtime of its own.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::PostParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use tokio::time::{Instant, sleep};

/// How often [`eventually`] asks.
const POLL: Duration = Duration::from_millis(50);

/// Runs a control plane until its standard input ends: that is when we end it or die ourselves,
/// by whatever signal. One shell for both, so that `down` never overtakes an `up`.
const KEEPER: &str = r#"
tools=$1 name=$2
"$tools/controlplane" down "$name" </dev/null >/dev/null || exit
"$tools/controlplane" up "$name" </dev/null && exec >/dev/null 2>&1 && cat
"$tools/controlplane" down "$name"
"#;

/// A running control plane with Yipan's definitions and rights installed.
pub struct Plane {
    kubeconfig: PathBuf,
    kubectl: PathBuf,
    /// The control plane goes when this closes. None: it is not ours to end.
    _keeper: Option<ChildStdin>,
}

/// What `kubectl` answered.
#[derive(Debug)]
pub struct Answer {
    /// Whether it succeeded.
    pub success: bool,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

/// The control plane of this test binary.
///
/// # Panics
/// There is none to be had; the first test to ask has said why, the others fail at once.
pub fn shared() -> &'static Plane {
    static SHARED: OnceLock<Result<Plane, String>> = OnceLock::new();
    let shared = SHARED.get_or_init(|| match std::env::var_os("YIPAN_TEST_KUBECONFIG") {
        Some(given) => Plane::at(PathBuf::from(given), None)?.install(),
        None => Plane::start(&format!("yipan-test-{}", std::process::id())),
    });
    shared.as_ref().unwrap_or_else(|why| panic!("no control plane: {why}"))
}

impl Plane {
    /// Starts a control plane of this name and furnishes it; it goes when the answer is dropped or
    /// the process ends. For tests that break what others rely on; the rest take [`shared`].
    pub fn start(name: &str) -> Result<Plane, String> {
        Plane::bare(name)?.install()
    }

    /// Starts one in which nothing of Yipan is installed.
    pub fn bare(name: &str) -> Result<Plane, String> {
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(repository().join("tools"))
            .arg(name)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0) // an interrupt from the terminal is for us, not for the one that cleans up
            .spawn()
            .map_err(|error| format!("cannot start a shell: {error}"))?;
        let (stdin, stdout) = (keeper.stdin.take(), keeper.stdout.take());
        let mut kubeconfig = String::new();
        let read = stdout.map(|pipe| BufReader::new(pipe).read_line(&mut kubeconfig));
        match read {
            Some(Ok(length)) if length > 0 => Plane::at(PathBuf::from(kubeconfig.trim_end()), stdin),
            _ => Err("tools/controlplane says why above".to_owned()),
        }
    }

    fn at(kubeconfig: PathBuf, keeper: Option<ChildStdin>) -> Result<Plane, String> {
        Ok(Plane { kubeconfig, kubectl: tool("kubectl")?, _keeper: keeper })
    }

    /// Installs the definitions, the chart's rights and policies and the Platform, and waits until the
    /// policies hold.
    fn install(self) -> Result<Plane, String> {
        let crds: Vec<String> = yipan_core::kinds::crds()
            .iter()
            .map(|crd| serde_saphyr::to_string(crd).map_err(|error| error.to_string()))
            .collect::<Result<_, _>>()?;
        let names = yipan_core::kinds::crds().into_iter().filter_map(|crd| crd.metadata.name);
        let apply = ["apply", "--server-side", "--force-conflicts", "--field-manager=yipan-test", "-f"];
        let (home, rights) = (chart().join("namespace.yaml"), chart().join("rights"));
        let platform = repository().join("tests/controlplane/platform.yaml");
        let mut wait = vec!["wait".to_owned(), "--for=condition=Established".to_owned(), "--timeout=30s".to_owned()];
        wait.extend(names.map(|name| format!("crd/{name}")));
        for (arguments, input) in [
            ([&apply[..], &["-"]].concat(), crds.join("---\n")),
            (wait.iter().map(String::as_str).collect(), String::new()),
            ([&apply[..], &[utf8(&home), "-f", utf8(&rights)]].concat(), String::new()),
            ([&apply[..], &["-"]].concat(), policies()?),
            ([&apply[..], &[utf8(&platform)]].concat(), String::new()),
        ] {
            let answer = self.kubectl_with(arguments, &input);
            if !answer.success {
                return Err(answer.err);
            }
        }
        self.await_policies()
    }

    /// Asks until an App outside of all tenants is refused, as a dry run: an API server takes a second
    /// to heed a new policy. That is refused to everybody, and its policy was applied last.
    fn await_policies(self) -> Result<Plane, String> {
        let stray = "{apiVersion: yipan.dev/v1alpha1, kind: App, metadata: {name: stray, namespace: default}, \
                     spec: {workload: {image: registry.example.gov.cn/stray/stray:1}}}";
        let deadline = std::time::Instant::now() + Duration::from_secs(60);
        loop {
            let answer = self.kubectl_with(["create", "--dry-run=server", "-f", "-"], stray);
            if answer.err.contains("ValidatingAdmissionPolicy 'yipan-app'") {
                return Ok(self);
            }
            if std::time::Instant::now() >= deadline {
                return Err(format!("the admission policies are not in force after 60 s: {answer:?}"));
            }
            std::thread::sleep(POLL);
        }
    }

    /// The administrator's kubeconfig, for processes that a test starts.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// A client that may do everything.
    pub async fn client(&self) -> Client {
        client(self.config().await)
    }

    /// A client that acts as this user in these groups, and so with their rights alone.
    pub async fn client_as(&self, user: &str, groups: &[&str]) -> Client {
        let mut config = self.config().await;
        config.auth_info.impersonate = Some(user.to_owned());
        config.auth_info.impersonate_groups = Some(groups.iter().map(|group| (*group).to_owned()).collect());
        config.default_retry = false; // whoever asks is to see what was answered, a 503 too
        client(config)
    }

    /// A client with a real token of a ServiceAccount, valid for an hour.
    pub async fn client_of_service_account(&self, namespace: &str, name: &str) -> Client {
        let kubeconfig = self.kubeconfig_of_service_account(namespace, name).await;
        client(config(kubeconfig).await)
    }

    /// The configuration of a client with a real token of a ServiceAccount, valid for an hour.
    pub async fn config_of_service_account(&self, namespace: &str, name: &str) -> Config {
        config(self.kubeconfig_of_service_account(namespace, name).await).await
    }

    /// A kubeconfig with a real token of a ServiceAccount, valid for an hour. Written to a file it
    /// lets a process that a test starts run with the rights it has in a cluster.
    pub async fn kubeconfig_of_service_account(&self, namespace: &str, name: &str) -> Kubeconfig {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client().await, namespace);
        let request = TokenRequest {
            spec: Some(TokenRequestSpec { expiration_seconds: Some(3600), ..Default::default() }),
            ..Default::default()
        };
        let issued = accounts.create_token_request(name, &PostParams::default(), &request).await;
        let token = issued.expect("a token").status.expect("a token request is answered").token;
        let mut kubeconfig = Kubeconfig::read_from(&self.kubeconfig).expect("the administrator's kubeconfig");
        let user = serde_json::json!({ "token": token });
        for named in &mut kubeconfig.auth_infos {
            named.auth_info = serde_json::from_value(user.clone()).expect("a kubeconfig's user");
        }
        kubeconfig
    }

    /// Runs `kubectl` as people do; `--as` and `--as-group` make it somebody else.
    pub fn kubectl<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Answer {
        self.kubectl_with(arguments, "")
    }

    /// Runs `kubectl` with something on its standard input.
    pub fn kubectl_with<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>, input: &str) -> Answer {
        let cache = self.kubeconfig.with_file_name("kubectl-cache");
        let mut command = Command::new(&self.kubectl);
        command.arg("--kubeconfig").arg(&self.kubeconfig).arg("--cache-dir").arg(cache).args(arguments);
        run(&mut command, input).unwrap_or_else(|why| Answer { success: false, out: String::new(), err: why })
    }

    /// Runs `helm` as its administrator would.
    pub fn helm(&self, arguments: &[&str]) -> Answer {
        helm(&[&["--kubeconfig", utf8(&self.kubeconfig)], arguments].concat())
    }

    /// Runs `yipan` as its administrator would.
    pub fn yipan(&self, arguments: &[&str]) -> Answer {
        let mut command = Command::new(yipan());
        command.env("KUBECONFIG", &self.kubeconfig).args(arguments);
        run(&mut command, "").unwrap_or_else(|why| Answer { success: false, out: String::new(), err: why })
    }

    async fn config(&self) -> Config {
        config(Kubeconfig::read_from(&self.kubeconfig).expect("the administrator's kubeconfig")).await
    }
}

/// Asks until the answer is `Ok` and gives it, or fails with the last `Err`: that is what stands in
/// the way. The closure should read the cluster and nothing else.
///
/// # Panics
/// The answer is not `Ok` in time.
pub async fn eventually<T>(within: Duration, what: &str, mut probe: impl AsyncFnMut() -> Result<T, String>) -> T {
    let deadline = Instant::now() + within;
    loop {
        match probe().await {
            Ok(answer) => return answer,
            Err(why) if Instant::now() >= deadline => panic!("{what}: not within {within:?}; at last: {why}"),
            Err(_) => sleep(POLL).await,
        }
    }
}

/// The `yipan` binary: in `YIPAN_TEST_BIN_DIR`, or where cargo put it beside this test binary.
/// Cargo does not build it for us, being another package's; `make test` runs `cargo build -p yipan`
/// first.
///
/// # Panics
/// It has not been built.
pub fn yipan() -> PathBuf {
    let beside = || std::env::current_exe().ok()?.parent()?.parent().map(Path::to_owned);
    let folder = std::env::var_os("YIPAN_TEST_BIN_DIR").map(PathBuf::from).or_else(beside);
    let binary = folder.expect("a folder of binaries").join("yipan");
    assert!(binary.is_file(), "{} is missing; run `cargo build -p yipan`", binary.display());
    binary
}

/// Runs the `helm` that tools/go.mod pins, without anything of the user's.
pub fn helm(arguments: &[&str]) -> Answer {
    let failed = |why: String| Answer { success: false, out: String::new(), err: why };
    let mut command = match tool("helm") {
        Ok(binary) => Command::new(binary),
        Err(why) => return failed(why),
    };
    for variable in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
        command.env(variable, Path::new(env!("CARGO_TARGET_TMPDIR")).join("helm"));
    }
    command.env_remove("KUBECONFIG").args(arguments);
    run(&mut command, "").unwrap_or_else(failed)
}

/// A binary that goes with the control plane, as tools/build makes them.
fn tool(name: &str) -> Result<PathBuf, String> {
    let built = run(&mut Command::new(repository().join("tools/build")), "")?;
    if built.success { Ok(Path::new(built.out.trim_end()).join(name)) } else { Err(built.err) }
}

/// The repository's root.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ has a parent").to_owned()
}

/// The chart. Its files are what every installation gets; `super::chart` holds it to that.
pub fn chart() -> PathBuf {
    repository().join("charts/yipan")
}

/// Every admission policy, that of Apps last.
fn policies() -> Result<String, String> {
    let folder = chart().join("policies");
    let listed = std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files: Vec<PathBuf> = listed.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort_by_key(|file| (file.ends_with("yipan-app.yaml"), file.clone()));
    let read = |file: &PathBuf| std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()));
    Ok(files.iter().map(read).collect::<Result<Vec<_>, _>>()?.join("\n---\n"))
}

fn utf8(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

async fn config(kubeconfig: Kubeconfig) -> Config {
    let made = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
    made.expect("a usable kubeconfig")
}

fn client(config: Config) -> Client {
    Client::try_from(config).expect("a client")
}

fn run(command: &mut Command, input: &str) -> Result<Answer, String> {
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).map_err(|error| error.to_string())?;
    }
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    Ok(Answer {
        success: output.status.success(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
