//! Those who try: real users with the rights of their groups, by impersonation, and the operator with
//! a token of its own. None of them is system:masters.

use kube::Client;
use serde::Deserialize;

use super::super::plane::shared;
use super::{OTHER, OWN};

/// Who does something.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// An administrator of the tenant [`OWN`].
    Administrator,
    /// A viewer of it.
    Viewer,
    /// An administrator of the tenant [`OTHER`].
    Neighbour,
    /// Of the platform's people, with the shipped role alone.
    PlatformAdmin,
    /// Of the cluster's people, with every right on every resource but the verb `breakglass`.
    Junior,
    /// The operator, by a token.
    Operator,
    /// All controllers, where they run under one identity; with as wide rights as [`Who::Junior`].
    Manager,
    /// A controller with an account of its own.
    NamespaceController,
    /// A controller with an account of its own.
    Collector,
    /// A controller with an account of its own.
    DeploymentController,
    /// A controller with an account of its own.
    ReplicaSetController,
    /// Somebody who holds the shipped role for repair, and as wide rights as [`Who::Junior`].
    Rescuer,
    /// Somebody who holds the shipped role for repair alone.
    BreakGlass,
    /// A node's kubelet.
    Kubelet,
    /// Who sets the stage: the harness itself. Never who attacks.
    Stage,
}

impl Who {
    /// Those whom the generated table asks about.
    pub const ASKED: [Self; 12] = [
        Self::Administrator,
        Self::Viewer,
        Self::Junior,
        Self::Operator,
        Self::Manager,
        Self::NamespaceController,
        Self::Collector,
        Self::DeploymentController,
        Self::ReplicaSetController,
        Self::Rescuer,
        Self::BreakGlass,
        Self::Kubelet,
    ];

    /// Whether it is a part of the cluster itself.
    pub fn is_cluster(self) -> bool {
        use Who::{Collector, DeploymentController, Kubelet, Manager, NamespaceController, ReplicaSetController};
        matches!(
            self,
            Manager | NamespaceController | Collector | DeploymentController | ReplicaSetController | Kubelet
        )
    }

    /// The same by impersonation, whoever it is: such a client may say more about itself.
    pub async fn impersonated(self) -> Client {
        let groups = ["system:serviceaccounts", "system:serviceaccounts:yipan-system", "system:authenticated"];
        match self {
            Self::Operator => shared().client_as("system:serviceaccount:yipan-system:yipan", &groups).await,
            _ => self.client().await,
        }
    }

    /// A client that acts as they do.
    pub async fn client(self) -> Client {
        let user = |name: &'static str, group: String| async move {
            shared().client_as(name, &[&group, "system:authenticated"]).await
        };
        match self {
            Self::Administrator => user("li.wei", format!("{OWN}-admins")).await,
            Self::Viewer => user("zhang.min", format!("{OWN}-viewers")).await,
            Self::Neighbour => user("chen.jie", format!("{OTHER}-admins")).await,
            Self::PlatformAdmin => user("wang.fang", "platform-admins".to_owned()).await,
            Self::Junior => user("liu.yang", "admission-juniors".to_owned()).await,
            Self::Operator => shared().client_of_service_account("yipan-system", "yipan").await,
            Self::Manager => shared().client_as("system:kube-controller-manager", &["system:authenticated"]).await,
            Self::NamespaceController => controller("namespace-controller").await,
            Self::Collector => controller("generic-garbage-collector").await,
            Self::DeploymentController => controller("deployment-controller").await,
            Self::ReplicaSetController => controller("replicaset-controller").await,
            Self::Rescuer => user("zhao.lei", "admission-rescuers".to_owned()).await,
            Self::BreakGlass => user("zhao.lei", "break-glass".to_owned()).await,
            Self::Kubelet => shared().client_as("system:node:node-1", &["system:nodes", "system:authenticated"]).await,
            Self::Stage => shared().client().await,
        }
    }
}

async fn controller(name: &str) -> Client {
    let user = format!("system:serviceaccount:kube-system:{name}");
    let groups = ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"];
    shared().client_as(&user, &groups).await
}
