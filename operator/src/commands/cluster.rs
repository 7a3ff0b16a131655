//! Reaching a cluster as kubectl does.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

/// Which cluster; kubectl's current one where nothing is said.
#[derive(Debug, Clone, Default, Args)]
pub struct Cluster {
    /// Path of the kubeconfig.
    #[arg(long, value_name = "PATH")]
    kubeconfig: Option<PathBuf>,
    /// The kubeconfig's context to use.
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
}

impl Cluster {
    /// Whether one was named.
    pub fn is_named(&self) -> bool {
        self.kubeconfig.is_some() || self.context.is_some()
    }

    /// A client of that cluster.
    ///
    /// # Errors
    /// There is no usable configuration.
    pub async fn client(&self) -> anyhow::Result<Client> {
        let options = KubeConfigOptions { context: self.context.clone(), ..Default::default() };
        let config = match (&self.kubeconfig, &self.context) {
            (Some(path), _) => {
                // The error names the path itself.
                Config::from_custom_kubeconfig(Kubeconfig::read_from(path)?, &options).await?
            }
            (None, Some(_)) => Config::from_kubeconfig(&options).await?,
            (None, None) => Config::infer().await.context("no cluster is configured; name one with --kubeconfig")?,
        };
        Ok(Client::try_from(config)?)
    }
}
