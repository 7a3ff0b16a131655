//! Whether an operator leads, as its Lease says it.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::coordination::v1::Lease;
use kube::{Api, Client};

/// Who holds a Lease that has not run out; none where nobody does.
///
/// # Errors
/// The API server does not hand it out.
pub async fn holder(client: &Client, namespace: &str, lease: &str) -> anyhow::Result<Option<String>> {
    let leases = Api::<Lease>::namespaced(client.clone(), namespace);
    Ok(leases.get_opt(lease).await?.and_then(|lease| of(&lease, Timestamp::now())))
}

fn of(lease: &Lease, now: Timestamp) -> Option<String> {
    let spec = lease.spec.as_ref()?;
    let holder = spec.holder_identity.clone().filter(|holder| !holder.is_empty())?;
    let renewed = spec.renew_time.as_ref()?.0;
    let lasts = SignedDuration::from_secs(i64::from(spec.lease_duration_seconds.unwrap_or_default()));
    (now < renewed + lasts).then_some(holder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_that_ran_out_or_was_given_back_is_nobodys() {
        let lease = |holder: &str| -> Lease {
            serde_json::from_value(serde_json::json!({ "metadata": {}, "spec": {
                "holderIdentity": holder, "leaseDurationSeconds": 15, "renewTime": "2026-07-01T00:00:00.000000Z",
            } }))
            .unwrap()
        };
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(of(&lease("yipan-0"), at("2026-07-01T00:00:14Z")).as_deref(), Some("yipan-0"));
        assert_eq!(of(&lease("yipan-0"), at("2026-07-01T00:00:15Z")), None);
        assert_eq!(of(&lease(""), at("2026-07-01T00:00:01Z")), None);
    }
}
