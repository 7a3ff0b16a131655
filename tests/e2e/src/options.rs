//! What is asked for. Variables, since it is `make` that people type.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

/// Proves Yipan in a cluster with real nodes, and leaves the cluster as it was.
#[derive(clap::Parser)]
#[command(name = "yipan-e2e")]
pub struct Options {
    /// Nothing: prove. `clean`: only take away what an earlier run left.
    #[arg(value_enum)]
    pub verb: Option<Verb>,

    /// The kubeconfig of a cluster administrator. Never the current context by accident.
    #[arg(long, env = "E2E_KUBECONFIG")]
    kubeconfig: Option<PathBuf>,

    /// The operator's image, as the nodes have it or can pull it.
    #[arg(long, env = "E2E_IMAGE", default_value = concat!("registry.example.gov.cn/platform/yipan:", env!("CARGO_PKG_VERSION")))]
    pub image: String,

    /// The probe's image, as the nodes have it or can pull it.
    #[arg(long, env = "E2E_PROBE_IMAGE", default_value = concat!("registry.example.gov.cn/common/probe:", env!("CARGO_PKG_VERSION")))]
    pub probe_image: String,

    /// The Gateway that carries the addresses: namespace/name or namespace/name/listener. Absent: the only one.
    #[arg(long, env = "E2E_GATEWAY")]
    pub gateway: Option<String>,

    /// The Service before that Gateway's proxies: namespace/name or namespace/name:port. Its selector tells which pods
    /// they are.
    #[arg(long, env = "E2E_GATEWAY_SERVICE")]
    pub gateway_service: Option<String>,

    /// An address outside of the cluster, host:port, that pods without policies reach. Absent: not asked.
    #[arg(long, env = "E2E_OUTSIDE")]
    pub outside: Option<String>,
}

/// What to do.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Verb {
    /// Take away what an earlier run left.
    Clean,
}

impl Options {
    /// The kubeconfig.
    ///
    /// # Errors
    /// None was given, or there is no such file.
    pub fn kubeconfig(&self) -> anyhow::Result<&Path> {
        let given = self.kubeconfig.as_deref().filter(|path| !path.as_os_str().is_empty());
        let file = given.context("no cluster: say make e2e E2E_KUBECONFIG=FILE; docs/operations/end-to-end.md")?;
        ensure!(file.is_file(), "E2E_KUBECONFIG={}: there is no such file", file.display());
        Ok(file)
    }
}
