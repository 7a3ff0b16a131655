//! What a Shared Blueprint runs: one workload in its owner's namespace, for all its seats.

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::ResourceExt;

use super::BlueprintWorld;
use crate::kinds::{Blueprint, Name, Party, Sharing, Tenant};
use crate::plan::app::{self, End, Running, Source, WaysOut};
use crate::plan::object::{Kind, Object};
use crate::plan::tenant::Defaults;
use crate::plan::{Refusal, labels, metadata};

/// How the name ends of the Service that nobody stands behind.
pub const CLOSED: &str = "--closed";

/// What runs of a Blueprint whose checks passed; nothing of one that is not Shared.
///
/// # Errors
/// What the checks ask for is not there.
pub fn running(blueprint: &Blueprint, world: &BlueprintWorld) -> Result<Option<Running>, Refusal> {
    if blueprint.spec.sharing != Sharing::Shared {
        return Ok(None);
    }
    let (spec, missing) = (&blueprint.spec, || Refusal::OwnerMissing { owner: blueprint.spec.owner.clone() });
    let (owner, platform) =
        (world.owner.as_deref().ok_or_else(missing)?, world.platform.as_deref().ok_or(Refusal::NoPlatform)?);
    let name = blueprint.name_any();
    let party = Name::try_from(name.clone()).map(Party::Blueprint).map_err(|_| missing())?;
    let status = blueprint.status.as_ref().and_then(|status| status.connections.as_ref());
    let end = End {
        party,
        place: None,
        tenant: &spec.owner,
        network: spec.network.as_ref(),
        used: status.map(|status| status.uses.as_slice()).unwrap_or_default(),
        served: status.map(|status| status.serves.as_slice()).unwrap_or_default(),
    };
    Ok(Some(Running {
        common: metadata::of_blueprint(blueprint),
        name: metadata::shared_name(&name),
        blueprint: Name::try_from(name.clone()).ok(),
        source: Source::Own, // its status is the Blueprint's
        workload: spec.workload.clone(),
        container: app::container(&spec.workload, &Defaults::of(owner, platform)?),
        // No division: it has as many as it has seats, and is told which with every request.
        given: vec![("YIPAN_BLUEPRINT", name.clone()), ("YIPAN_TENANT", spec.owner.to_string())],
        secrets: name,
        restarted_at: None,
        gateway: app::gateway(spec.entry.as_ref(), spec.identity.as_ref(), platform),
        connections: app::connections(&end, &world.peers),
        ways_out: ways_out(blueprint, owner),
        suspended: owner.spec.suspended.clone(),
    }))
}

/// The ways out that the owner was given.
fn ways_out(blueprint: &Blueprint, owner: &Tenant) -> WaysOut {
    app::ways_out(app::named_ways_out(blueprint.spec.network.as_ref()), owner)
}

/// Everything that should exist for what a Shared Blueprint runs, in the order of writing. Its seats' routes
/// are the seats' affair.
pub fn objects(run: &Running) -> Vec<Object> {
    let closed = closed(run).map(|service| Object::of(Kind::Service, &service));
    app::render(run).in_order().into_iter().chain(closed).collect()
}

/// A Service that nobody stands behind, so that the address of a seat which is switched off answers that
/// nobody is there: the same as that of an App which is.
fn closed(run: &Running) -> Option<Service> {
    let port = run.workload.port?;
    let metadata = run.metadata(CLOSED);
    let nobody = metadata.name.clone().unwrap_or_default();
    Some(Service {
        metadata,
        spec: Some(ServiceSpec {
            type_: Some("ClusterIP".to_owned()),
            selector: Some(labels::map([(labels::NAME, &nobody)])),
            ports: Some(vec![ServicePort {
                name: Some("http".to_owned()),
                port,
                protocol: Some("TCP".to_owned()),
                target_port: Some(IntOrString::Int(port)),
                ..Default::default()
            }]),
            ..Default::default()
        }),
        status: None,
    })
}
