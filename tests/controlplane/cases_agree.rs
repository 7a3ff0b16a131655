//! The golden cases, put to a real API server: it refuses exactly what `yipan plan` refuses.
//!
//! Every document of ours in every case is created in a dry run, as strictly as kubectl asks for and
//! as the text that it is, since the API server reads YAML as kubectl does. Nothing is stored.

use std::fs;
use std::path::Path;

use http::Request;
use kube::Client;
use serde_json::Value;

use super::plane;
use crate::cases;

/// Cases whose refusal is ours alone: no schema can see that an App has no namespace (kubectl takes
/// the context's), or that one file declares a thing twice (kubectl applies both).
const OURS_ALONE: [&str; 2] = ["app/app-without-a-namespace-is-refused", "tenant/tenant-declared-twice-is-refused"];

#[tokio::test]
async fn the_api_server_and_the_cases_agree() {
    let client = plane::shared().client().await;
    let (mut agreed, mut documents, mut wrong) = (0, 0, Vec::new());
    for folder in cases::folders() {
        let name = folder.strip_prefix(cases::root()).expect("a case is below the cases").display().to_string();
        let ours = documents_of_ours(&folder);
        documents += ours.len();
        let mut refusals = Vec::new();
        for document in &ours {
            refusals.extend(create(&client, document).await.err());
        }
        let expected = folder.join("errors.txt").is_file() && !OURS_ALONE.contains(&name.as_str());
        match (expected, refusals.is_empty()) {
            (true, true) => wrong.push(format!("{name}: errors.txt stands there, and the API server takes it")),
            (false, false) => wrong.push(format!("{name}: the API server refuses it: {}", refusals.join("; "))),
            _ => agreed += 1,
        }
    }
    for name in OURS_ALONE {
        assert!(cases::root().join(name).join("errors.txt").is_file(), "{name} is no refused case any more");
    }
    println!("{agreed} cases agreed, over {documents} documents");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The documents of ours in a case, as text.
fn documents_of_ours(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(folder.join("input.yaml")).expect("an input.yaml");
    let ours = |document: &&str| document.lines().any(|line| line.starts_with("apiVersion: yipan.dev/"));
    text.split("\n---\n").filter(ours).map(str::to_owned).collect()
}

/// Creates one document in a dry run. The words of a refusal are held elsewhere, in `refusals`.
async fn create(client: &Client, document: &str) -> Result<(), String> {
    let object: Value = serde_saphyr::from_str(document).expect("YAML");
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (kind, namespace) = (text("/kind"), text("/metadata/namespace"));
    // A namespace that does not exist would be refused before any schema is asked.
    let body = document.replacen(&format!("namespace: {namespace}"), "namespace: default", usize::from(kind == "App"));
    let path = match kind {
        "App" => "namespaces/default/apps",
        "Tenant" => "tenants",
        "Blueprint" => "blueprints",
        _ => "platforms",
    };
    let uri = format!("/apis/yipan.dev/v1alpha1/{path}?dryRun=All&fieldValidation=Strict");
    let request = Request::post(uri).header("Content-Type", "application/yaml").body(body.into_bytes());
    match client.request::<Value>(request.expect("a request")).await {
        Ok(_) => Ok(()),
        // The Platform stands already; validation comes before that is noticed.
        Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => Ok(()),
        // So does it before any admission policy is asked; that namespace is no tenant's.
        Err(kube::Error::Api(status)) if status.message.contains("ValidatingAdmissionPolicy 'yipan-app'") => Ok(()),
        Err(kube::Error::Api(status)) if matches!(status.code, 400 | 422) => Err(status.message),
        Err(error) => panic!("{kind}: {error}"),
    }
}
