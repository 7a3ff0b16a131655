//! The kinds of `yipan.dev/v1alpha1`, one file each, with the rules their schemas carry.
//!
//! No webhook converts between versions, so a shape is for good: no CRD default, no map whose
//! values differ in shape, every list with a type and a bound. What an absent field means is
//! written beside the field and never changes.

mod app;
mod blueprint;
mod cluster;
mod cost;
mod cron;
mod division;
mod egress;
mod grantee;
mod money;
mod platform;
mod quantity;
mod scalar;
mod status;
mod tenant;
mod workload;

pub use app::{
    App, AppSpec, AppStatus, Data, Database, Entry, Identity, Login, Network, ObservedWorkload, Parameter, Seat,
    Serves, ServesStatus, TenantApp, UseState, UseStatus, Uses,
};
pub use blueprint::{
    AvailableTo, Blueprint, BlueprintConnections, BlueprintParameter, BlueprintSpec, BlueprintStatus,
    BlueprintWorkload, ServiceItem, Sharing,
};
pub use cluster::{Cidr, Destination, DnsLabel, DnsName, LabelKey, LabelValue};
pub use cost::{Baseline, Benefit, Claim, Cost, LevelBaseline, Money3, Payer, PayerType, Scattered};
pub use cron::Cron;
pub use division::Division;
pub use egress::{Egress, EgressPort, Protocol};
pub use grantee::{Grantee, Party};
pub use money::{Month, Ratio, Yuan};
pub use platform::{
    Container, Dns, Gateway, GatewayRef, LevelDefaults, LevelQuota, NetworkDefaults, Platform, PlatformSpec,
    PlatformStatus, PodsRef, Visibility,
};
pub use quantity::{Figure, Quantity};
pub use scalar::{
    CreditCode, EnvName, Group, Host, HttpPath, Id, Image, ItemCode, LongText, Malformed, Moment, MountPath, Name,
    Registry, SecretKey, SecretName, SecretPart, TenantName, Text, Version, ZoneName,
};
pub use status::{Condition, Paused, Suspended};
pub use tenant::{
    Allocation, Amounts, Deletion, Granted, Level, Member, Quota, Tenant, TenantHost, TenantSpec, TenantStatus,
};
pub use workload::{Concurrency, EnvVar, Probe, Resources, Schedule, Scratch, SecretRef, Workload};

/// The API group of every kind of ours.
pub const GROUP: &str = "yipan.dev";

/// Every definition in the order in which they are installed.
pub fn crds() -> Vec<k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition> {
    use kube::CustomResourceExt;
    vec![Platform::crd(), Tenant::crd(), Blueprint::crd(), App::crd()]
}
