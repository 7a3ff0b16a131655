//! The chart as helm renders it: what comes of values, which values are refused, and that what it installs
//! are the same definitions, rights and policies that the tests and the demo install by kubectl.
//! [`crate::controlplane`] has what happens in a cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use yipan::commands::output::yaml_stream;

use crate::cases::{compare, entries};
use crate::controlplane::plane::{Answer, chart, helm};

/// The files of the chart that are installed as they are.
const GIVEN: [&str; 3] = ["definitions", "rights", "policies"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("chart")
}

/// Every folder with a set of values.
fn sets() -> Vec<PathBuf> {
    let sets: Vec<PathBuf> = entries(&root()).into_iter().filter(|path| path.is_dir()).collect();
    assert!(sets.len() >= 3, "{sets:?}");
    sets
}

fn template(namespace: &str, values: &Path) -> Answer {
    let (chart, values) = (chart().display().to_string(), values.display().to_string());
    helm(&["template", "yipan", &chart, "-n", namespace, "--values", &values])
}

/// Every object that is installed with these values, Lists taken apart, in the order of installation.
fn rendered(set: &Path) -> Vec<Value> {
    let answer = template("yipan-system", &set.join("values.yaml"));
    assert!(answer.success, "{}: {}", set.display(), answer.err);
    objects(&answer.out)
}

/// Every object of a text of YAML, Lists taken apart.
fn objects(text: &str) -> Vec<Value> {
    let documents = format!("\n{text}");
    let read = documents.split("\n---").filter(|document| document.lines().any(|line| line.starts_with("kind:")));
    let read = read.map(|document| whole(serde_saphyr::from_str::<Value>(document).expect("YAML")));
    read.flat_map(|object| object["items"].as_array().cloned().unwrap_or_else(|| vec![object])).collect()
}

/// The same with 1.0 as 1: YAML and JSON tell them apart, and Kubernetes does not.
fn whole(value: Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 => Value::from(float as i64),
            _ => Value::Number(number),
        },
        Value::Array(items) => items.into_iter().map(whole).collect(),
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, whole(value))).collect(),
        other => other,
    }
}

/// Kind and name.
fn title(object: &Value) -> String {
    format!("{} {}", object["kind"].as_str().expect("a kind"), object["metadata"]["name"].as_str().expect("a name"))
}

/// What lies in the chart's folders.
fn given() -> BTreeMap<String, Value> {
    let files = GIVEN.iter().flat_map(|folder| entries(&chart().join(folder)));
    let all = files.flat_map(|file| objects(&fs::read_to_string(&file).unwrap()));
    all.map(|object| (title(&object), object)).collect()
}

#[test]
fn values_make_what_is_committed() {
    let given = given();
    let failures: Vec<String> = sets()
        .iter()
        .filter_map(|set| {
            let own = rendered(set).into_iter().filter(|object| !given.contains_key(&title(object)));
            let text = yaml_stream(own.collect::<Vec<_>>()).unwrap();
            let failure = compare(&set.join("objects.yaml"), Some(text)).err()?;
            Some(format!("{}: {failure}", set.display()))
        })
        .collect();
    assert!(failures.is_empty(), "{}\n\nif this is as it should be, run `make accept`", failures.join("\n\n"));
}

/// Takes off the labels and annotations that another object has not.
fn take_added(object: &mut Value, other: &Value) -> Vec<String> {
    let (metadata, mut added) = (object["metadata"].as_object_mut().expect("metadata"), Vec::new());
    for map in ["labels", "annotations"] {
        let had = &other["metadata"][map];
        let Some(found) = metadata.get_mut(map).and_then(Value::as_object_mut) else { continue };
        let all = std::mem::take(found).into_iter();
        let (kept, new): (serde_json::Map<_, _>, serde_json::Map<_, _>) = all.partition(|(key, _)| !had[key].is_null());
        added.extend(new.iter().map(|(key, value)| format!("{key}: {}", value.as_str().expect("text"))));
        if had.is_null() {
            metadata.remove(map);
        } else {
            *found = kept;
        }
    }
    added
}

/// The chart adds labels, and what keeps the definitions; nothing else, and leaves nothing out.
#[test]
fn the_chart_installs_the_files_that_kubectl_installs() {
    let (mut given, mut added) = (given(), BTreeSet::new());
    assert!(given.len() > 50, "{:?}", given.keys());
    for mut object in rendered(&root().join("default")) {
        let Some(wanted) = given.remove(&title(&object)) else { continue };
        added.extend(take_added(&mut object, &wanted));
        assert!(object == wanted, "{} is not as in its file: {object}", title(&wanted));
    }
    assert!(given.is_empty(), "not in the chart: {:?}", given.keys());
    let wanted = [
        "app.kubernetes.io/instance: yipan",
        "app.kubernetes.io/managed-by: Helm",
        "app.kubernetes.io/name: yipan",
        "app.kubernetes.io/part-of: yipan",
        &format!("app.kubernetes.io/version: {}", env!("CARGO_PKG_VERSION")),
        &format!("helm.sh/chart: yipan-{}", env!("CARGO_PKG_VERSION")),
        "helm.sh/resource-policy: keep",
    ];
    assert_eq!(added, wanted.map(str::to_owned).into());
}

/// Definitions before rights, rights before policies, policies before the operator; and the definitions
/// alone are kept.
#[test]
fn what_is_needed_is_installed_first() {
    let installed = rendered(&root().join("default"));
    let places = |wanted: &[&str]| {
        let of = |(place, object): (usize, &Value)| wanted.iter().any(|kind| object["kind"] == *kind).then_some(place);
        let places: Vec<usize> = installed.iter().enumerate().filter_map(of).collect();
        (*places.first().expect("some"), *places.last().expect("some"))
    };
    let steps: [&[&str]; 5] = [
        &["CustomResourceDefinition"],
        &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"],
        &["ValidatingAdmissionPolicy"],
        &["ValidatingAdmissionPolicyBinding"],
        &["Deployment"],
    ];
    for pair in steps.windows(2) {
        assert!(places(pair[0]).1 < places(pair[1]).0, "{pair:?}");
    }
    for object in &installed {
        let kept = object["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep";
        assert_eq!(kept, object["kind"] == "CustomResourceDefinition", "{}", title(object));
    }
}

/// One entry of `refusals.yaml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refusal {
    name: String,
    namespace: Option<String>,
    values: Value,
    says: String,
}

#[test]
fn values_are_refused_in_words_that_name_them() {
    let refusals: Vec<Refusal> = serde_saphyr::from_str(include_str!("chart/refusals.yaml")).expect("refusals");
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("refused-{}.yaml", std::process::id()));
    let mut wrong = Vec::new();
    for Refusal { name, namespace, mut values, says } in refusals {
        if values["image"]["repository"].is_null() {
            values["image"]["repository"] = "registry.example.gov.cn/platform/yipan".into();
        }
        fs::write(&file, values.to_string()).unwrap();
        let answer = template(namespace.as_deref().unwrap_or("yipan-system"), &file);
        if answer.success || !answer.err.contains(&says) {
            wrong.push(format!("{name}: {}", if answer.success { "is accepted" } else { &answer.err }));
        }
    }
    fs::remove_file(&file).unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn helm_finds_no_fault_with_it() {
    let chart = chart().display().to_string();
    for set in sets() {
        let values = set.join("values.yaml").display().to_string();
        let answer = helm(&["lint", "--strict", &chart, "-n", "yipan-system", "--values", &values]);
        assert!(answer.success && !answer.out.contains("WARNING"), "{answer:?}");
    }
}

/// Nobody has to guess: every value has words in the schema, and stands in values.yaml.
#[test]
fn every_value_is_explained_and_has_a_default() {
    fn walk(schema: &Value, values: &Value, path: &str, wrong: &mut Vec<String>) {
        for (name, below) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}{name}");
            if below["description"].as_str().is_none_or(str::is_empty) {
                wrong.push(format!("{path} has no description"));
            }
            // Helm's own.
            if path != "global" && values[name].is_null() {
                wrong.push(format!("{path} is not in values.yaml"));
            }
            walk(below, &values[name], &format!("{path}."), wrong);
        }
        let open = schema["type"] == "object" && schema["properties"].is_object();
        if open && schema["additionalProperties"] != false {
            wrong.push(format!("{path} takes any value"));
        }
    }
    let schema: Value = serde_json::from_str(&fs::read_to_string(chart().join("values.schema.json")).unwrap()).unwrap();
    let values: Value = serde_saphyr::from_str(&fs::read_to_string(chart().join("values.yaml")).unwrap()).unwrap();
    let mut wrong = Vec::new();
    walk(&schema, &values, "", &mut wrong);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn its_version_is_the_operators() {
    let chart: Value = serde_saphyr::from_str(&fs::read_to_string(chart().join("Chart.yaml")).unwrap()).unwrap();
    assert_eq!(
        (&chart["version"], &chart["appVersion"]),
        (&env!("CARGO_PKG_VERSION").into(), &env!("CARGO_PKG_VERSION").into())
    );
}
