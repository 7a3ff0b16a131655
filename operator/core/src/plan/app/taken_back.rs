//! What is taken back holds for an App that comes no further too: one that is refused, or that nobody
//! can read. Else a faulty App would be the way to keep what the province takes away.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::PartialObjectMetaExt as _;
use serde_json::Value;

use super::ways_out::{named, ways_out};
use super::{egress_policy, source};
use crate::kinds::{App, Blueprint, Suspended, Tenant};
use crate::plan::{Kind, Object};

/// What becomes of an App that is not brought to what it declares.
#[derive(Debug, Clone, PartialEq)]
pub struct TakenBack {
    /// Why what runs is switched off; none: it runs on.
    pub suspended: Option<String>,
    /// The policy `<app>--egress` as it may stand, should there be one; none: it goes. What nobody can
    /// tell stays: whether there is such a tenant, and what a Blueprint names that is not there.
    pub ways_out: Option<Option<Object>>,
}

/// What is taken back of an App.
pub fn taken_back(app: &App, blueprint: Option<&Blueprint>, tenant: Option<&Tenant>) -> TakenBack {
    let known = source::network(app, blueprint).zip(tenant);
    let policy = |(network, tenant)| egress_policy::policy_of(app, &ways_out(named(network), tenant));
    TakenBack {
        suspended: suspended(app, tenant).map(|suspended| suspended.reason.to_string()),
        ways_out: known.map(|known| policy(known).map(|policy| Object::of(Kind::NetworkPolicy, &policy))),
    }
}

/// What is taken back of an App that cannot be read, by what is left of it: a suspension that is
/// written in any form is one, and a way out that is not named in the right form is not.
pub fn taken_back_unread(
    metadata: &ObjectMeta,
    spec: &Value,
    blueprint: Option<&Blueprint>,
    tenant: Option<&Tenant>,
) -> TakenBack {
    let app = metadata.clone().into_response_partial::<App>();
    let own = || spec.pointer("/network/egress").and_then(Value::as_array).into_iter().flatten();
    let of_blueprint = || named(blueprint.and_then(|blueprint| blueprint.spec.network.as_ref()));
    let names = || own().filter_map(Value::as_str).chain(of_blueprint());
    let policy = |tenant| egress_policy::policy_of(&app, &ways_out(names(), tenant));
    // Of a Blueprint that is not there nobody can tell what it names.
    let known = tenant.filter(|_| spec.get("blueprint").is_none_or(Value::is_null) || blueprint.is_some());
    let above = tenant.and_then(|tenant| tenant.spec.suspended.as_ref()).map(|above| above.reason.to_string());
    TakenBack {
        suspended: suspension_in(spec).or(above),
        ways_out: known.map(|tenant| policy(tenant).map(|policy| Object::of(Kind::NetworkPolicy, &policy))),
    }
}

/// The reason of the suspension in the spec of an App or a tenant that cannot be read.
pub fn suspension_in(spec: &Value) -> Option<String> {
    let suspended = spec.get("suspended").filter(|suspended| !suspended.is_null())?;
    Some(suspended.get("reason").and_then(Value::as_str).unwrap_or_default().to_owned())
}

/// Why an App is switched off: by its own word or its tenant's.
pub fn suspended<'a>(app: &'a App, tenant: Option<&'a Tenant>) -> Option<&'a Suspended> {
    app.spec.suspended.as_ref().or_else(|| tenant?.spec.suspended.as_ref())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds::TenantSpec;

    /// A tenant with a way out named `lines`, and what is said of its suspension.
    fn tenant(suspended: &Value) -> Tenant {
        let spec: TenantSpec = serde_json::from_value(json!({
            "displayName": "凉州区", "level": "County", "division": "620602", "parent": "wuwei",
            "egress": [{ "name": "lines", "cidr": "203.0.113.0/24", "ports": [{ "protocol": "TCP", "port": 443 }] }],
            "suspended": suspended,
        }))
        .unwrap();
        Tenant::new("liangzhou", spec)
    }

    fn unread(spec: &Value, tenant: Option<&Tenant>) -> TakenBack {
        let metadata =
            ObjectMeta { name: Some("sms".into()), namespace: Some("liangzhou".into()), ..Default::default() };
        taken_back_unread(&metadata, spec, None, tenant)
    }

    #[test]
    fn an_app_that_cannot_be_read_is_switched_off_by_any_word_of_it() {
        let (on, off) = (tenant(&Value::Null), tenant(&json!({ "reason": "整改" })));
        let suspended = |spec, tenant| unread(&spec, tenant).suspended;
        assert_eq!(suspended(json!({}), Some(&on)), None);
        assert_eq!(suspended(json!({ "suspended": null }), Some(&on)), None);
        assert_eq!(suspended(json!({}), Some(&off)).as_deref(), Some("整改"));
        assert_eq!(suspended(json!({ "suspended": { "reason": "自停" } }), Some(&off)).as_deref(), Some("自停"));
        assert_eq!(suspended(json!({ "suspended": 7 }), None).as_deref(), Some(""), "malformed, and present");
        assert_eq!(suspended(json!("torn"), Some(&off)).as_deref(), Some("整改"));
    }

    #[test]
    fn an_app_that_cannot_be_read_keeps_the_ways_out_that_it_names_and_its_tenant_has() {
        let tenant = tenant(&Value::Null);
        let policy = |egress: Value| unread(&json!({ "network": { "egress": egress } }), Some(&tenant)).ways_out;
        let kept = policy(json!(["lines", "others", 7])).flatten().unwrap();
        assert_eq!((kept.kind, kept.name.as_str()), (Kind::NetworkPolicy, "sms--egress"));
        assert_eq!(kept.value["spec"]["egress"].as_array().map(Vec::len), Some(1));
        assert_eq!(kept.value["metadata"]["ownerReferences"][0]["kind"], "App");
        for none in [json!(["others"]), json!([]), json!("lines"), Value::Null] {
            assert_eq!(policy(none.clone()), Some(None), "{none}");
        }
        assert_eq!(unread(&json!({}), None).ways_out, None, "nobody can tell what it has");
    }
}
