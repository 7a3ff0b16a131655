//! Declarations become pods that run.

use anyhow::ensure;
use k8s_openapi::api::core::v1::Pod;
use serde_json::json;

use super::operator::restricted;
use super::{SOON, app_is_ready, pods_of, tenant_is_ready};
use crate::cluster::{Cluster, eventually};
use crate::declarations::{CALLED, CALLING, PROVINCE, TENANTS, app, app_with_entry, parking, platform, tenants};
use crate::ground::Ground;
use crate::report::Report;

/// Declares a province and sees it run.
///
/// # Errors
/// A declaration is refused at the door.
pub async fn all(cluster: &Cluster, ground: &Ground, report: &mut Report) -> anyhow::Result<()> {
    report.part("A province, two counties and their Apps");
    cluster.apply(&[platform(ground)]).await?;
    cluster.apply(&tenants()).await?;
    report
        .prove("three tenants become Ready", async {
            for name in TENANTS {
                eventually(SOON, async || tenant_is_ready(cluster, name).await).await?;
            }
            Ok(String::new())
        })
        .await;
    let apps = [(PROVINCE, "portal"), (CALLED, "parking"), (CALLED, "neighbour"), (CALLING, "desk")];
    cluster
        .apply(&[
            app_with_entry(ground, PROVINCE, "portal", 1),
            parking(ground, false),
            app(ground, CALLED, "neighbour", 1),
            app(ground, CALLING, "desk", 1),
        ])
        .await?;
    report
        .prove("four Apps become Ready, and so do their pods", async {
            let mut pods = 0;
            for (tenant, name) in apps {
                eventually(SOON, async || app_is_ready(cluster, tenant, name).await).await?;
                pods += pods_of(cluster, tenant, name).await?.len();
            }
            ensure!(pods == 5, "{pods} pods and not 5");
            Ok(format!("{pods} pods"))
        })
        .await;
    report
        .prove("they run where nothing but restricted pods may", async {
            for name in TENANTS {
                restricted(cluster, name).await?;
            }
            Ok(String::new())
        })
        .await;
    suspension(cluster, ground, report).await;
    Ok(())
}

async fn suspension(cluster: &Cluster, ground: &Ground, report: &mut Report) {
    report
        .prove("a suspended App has no pods", async {
            let mut portal = app_with_entry(ground, PROVINCE, "portal", 1);
            portal["spec"]["suspended"] = json!({ "reason": "端到端测试" });
            cluster.apply(&[portal]).await?;
            eventually(SOON, async || {
                let pods = cluster.list::<Pod>(PROVINCE, "app.kubernetes.io/name=portal").await?.len();
                ensure!(pods == 0, "{pods} pods are left");
                Ok(())
            })
            .await?;
            Ok(String::new())
        })
        .await;
    report
        .prove("a resumed one has them back", async {
            cluster.apply(&[app_with_entry(ground, PROVINCE, "portal", 1)]).await?;
            eventually(SOON, async || {
                app_is_ready(cluster, PROVINCE, "portal").await?;
                let pods = pods_of(cluster, PROVINCE, "portal").await?.len();
                ensure!(pods == 1, "{pods} pods and not 1");
                Ok(())
            })
            .await?;
            Ok(String::new())
        })
        .await;
}
