//! The ports an App listens on.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::Running;
use crate::plan::labels;

/// The Service of an App: the port of its entry and every port it serves. None without a port.
///
/// A port is listed whether or not a connection to it is open: the network policies decide who
/// gets through, and an address that came and went would break callers' connections.
pub fn service(run: &Running) -> Option<Service> {
    let port = |name: String, port: i32| ServicePort {
        name: Some(name),
        port,
        protocol: Some("TCP".to_owned()),
        target_port: Some(IntOrString::Int(port)),
        ..Default::default()
    };
    let entry = run.workload.port.map(|number| port("http".to_owned(), number));
    let served: BTreeSet<i32> = run.connections.serves.iter().map(|served| served.port).collect();
    let served = served.into_iter().map(|number| port(format!("serves-{number}"), number));
    let ports: Vec<ServicePort> = entry.into_iter().chain(served).collect();
    (!ports.is_empty()).then(|| Service {
        metadata: run.metadata(""),
        spec: Some(ServiceSpec {
            type_: Some("ClusterIP".to_owned()),
            selector: Some(labels::map([(labels::NAME, &run.name)])),
            ports: Some(ports),
            ..Default::default()
        }),
        status: None,
    })
}
