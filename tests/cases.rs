//! Behaviour as data: every folder under `cases` is a case; adding one takes no Rust.
//!
//! See `cases/README.md` for what a folder holds.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use yipan::commands::output::yaml_stream;
use yipan::commands::plan::Report;
use yipan::manifest::{self, Source};
use yipan_core::plan::{self, Answer, Declared, Object};

/// The first document of an `input.yaml`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Header {
    #[allow(dead_code, reason = "kubectl's form, so that the file is like any other")]
    api_version: String,
    #[allow(dead_code, reason = "as above")]
    kind: String,
    /// The time of the pass.
    now: Timestamp,
    /// Files of `given/` that hold what stands already.
    #[serde(default)]
    given: Vec<String>,
    /// A case of the same folder that has the same objects, where only the status differs.
    #[serde(default)]
    objects_as: Option<String>,
}

struct Case {
    folder: PathBuf,
    header: Header,
    sources: Vec<Source>,
}

/// The files of a case that are compared, in the order of reading.
const COMPARED: [&str; 3] = ["errors.txt", "objects.yaml", "status.yaml"];

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
}

/// `make accept` sets this: what is planned is taken as right and written down, for review.
fn accepting() -> bool {
    std::env::var_os("YIPAN_ACCEPT").is_some()
}

#[test]
fn cases() {
    let mut failures = Vec::new();
    let folders = folders();
    assert!(folders.len() > 60, "only {} cases are found", folders.len());
    if accepting() {
        // Once before: a case may have the objects of one that comes after it.
        folders.iter().for_each(|folder| drop(Case::read(folder).and_then(|case| case.run())));
    }
    for folder in folders {
        if let Err(failure) = Case::read(&folder).and_then(|case| case.run()) {
            let name = folder.strip_prefix(root()).unwrap().display().to_string();
            failures.push(format!("{name}: {failure}"));
        }
    }
    assert!(failures.is_empty(), "{}\n\nif this is as it should be, run `make accept`", failures.join("\n\n"));
}

/// The example of a whole province: nothing is wrong with it and nothing is refused.
#[test]
fn gansu() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/gansu");
    let manifest = manifest::read(&[example]).unwrap_or_else(|problems| panic!("{problems}"));
    let answer = plan::everything(&manifest.declared, "2026-07-01T00:00:00Z".parse().unwrap());
    let report = Report::of(&manifest, &answer);
    let summary = json!({ "summary": report.summary, "refusals": report.refusals, "consents": report.consents,
        "notProvided": report.not_provided, "reach": report.reach });
    compare(&root().join("examples/gansu.yaml"), Some(yaml_stream([summary]).unwrap())).unwrap();
}

/// Every folder with an input, in order. A folder with neither input nor folders is a mistake.
pub fn folders() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for kind in ["platform", "tenant", "blueprint", "app"] {
        for folder in entries(&root().join(kind)) {
            assert!(folder.join("input.yaml").is_file(), "{} has no input.yaml", folder.display());
            folders.push(folder);
        }
    }
    folders
}

pub fn entries(folder: &Path) -> Vec<PathBuf> {
    let found = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut found: Vec<PathBuf> = found.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

impl Case {
    fn read(folder: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(folder.join("input.yaml")).map_err(|error| error.to_string())?;
        let first = text.split("\n---\n").next().unwrap();
        let header: Header = serde_saphyr::from_str(first).map_err(|error| format!("input.yaml: {error}"))?;
        for entry in entries(folder) {
            let name = entry.file_name().unwrap().to_string_lossy().into_owned();
            if name != "input.yaml" && !COMPARED.contains(&name.as_str()) {
                return Err(format!("{name} has no business here"));
            }
        }
        let sources = vec![Source { file: "input.yaml".to_owned(), text }];
        Ok(Self { folder: folder.to_owned(), header, sources })
    }

    fn given(&self) -> Vec<Source> {
        let source = |name: &String| {
            let path = root().join("given").join(format!("{name}.yaml"));
            let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            Source { file: format!("given/{name}.yaml"), text }
        };
        self.header.given.iter().map(source).collect()
    }

    fn run(&self) -> Result<(), String> {
        let given = self.given();
        let all: Vec<Source> = given.iter().chain(&self.sources).cloned().collect();
        let manifest = match manifest::parse(&all) {
            Ok(manifest) => manifest,
            Err(problems) => return self.compare([Some(format!("{problems}\n")), None, None]),
        };
        let given = manifest::parse(&given).map_err(|problems| problems.to_string())?.declared;
        let answer = plan::everything(&manifest.declared, self.header.now);
        self.given_stays(&given, &answer)?;
        let objects = objects(&answer, &given);
        let values = objects.iter().map(|object| &object.value);
        let objects = (!objects.is_empty()).then(|| yaml_stream(values).unwrap());
        let status = Some(yaml_stream(statuses(&answer, &given)).unwrap());
        match &self.header.objects_as {
            None => self.compare([None, objects, status]),
            Some(other) => {
                let expected = fs::read_to_string(self.folder.with_file_name(other).join("objects.yaml"));
                differ("objects.yaml", expected.ok().as_deref(), objects.as_deref())?;
                self.compare([None, None, status])
            }
        }
    }

    /// What stands already must not be touched by what the case adds.
    fn given_stays(&self, given: &Declared, answer: &Answer) -> Result<(), String> {
        let alone = plan::everything(given, self.header.now);
        let nothing = Declared::default();
        let before: BTreeMap<String, Object> = named(objects(&alone, &nothing));
        let now = named(objects(answer, &nothing));
        for (name, object) in before {
            if now.get(&name) != Some(&object) {
                return Err(format!("{name} of what was given is planned in another way"));
            }
        }
        Ok(())
    }

    fn compare(&self, actual: [Option<String>; 3]) -> Result<(), String> {
        COMPARED.iter().zip(actual).try_for_each(|(name, actual)| compare(&self.folder.join(name), actual))
    }
}

fn named(objects: Vec<Object>) -> BTreeMap<String, Object> {
    objects.into_iter().map(|object| (object.to_string(), object)).collect()
}

/// The objects in the order of writing, but for those of what was given.
fn objects(answer: &Answer, given: &Declared) -> Vec<Object> {
    let tenants = answer.tenants.iter().filter(|tenant| !given.tenants.contains_key(&tenant.name));
    let blueprints = answer.blueprints.iter().filter(|blueprint| !given.blueprints.contains_key(&blueprint.name));
    let apps = answer.apps.iter().filter(|app| !given.apps.contains_key(&(app.namespace.clone(), app.name.clone())));
    let declared =
        tenants.flat_map(|tenant| &tenant.objects).chain(blueprints.flat_map(|blueprint| &blueprint.objects));
    declared.chain(apps.flat_map(|app| &app.objects)).cloned().collect()
}

/// The statuses, but for those of what was given.
fn statuses(answer: &Answer, given: &Declared) -> Vec<Value> {
    let platform = answer.platform.iter().filter(|_| given.platform.is_none());
    let platform = platform.map(|status| json!({ "kind": "Platform", "status": status }));
    let tenants = answer.tenants.iter().filter(|tenant| !given.tenants.contains_key(&tenant.name));
    let tenants = tenants.map(|tenant| json!({ "kind": "Tenant", "name": tenant.name, "status": tenant.status }));
    let apps = answer.apps.iter().filter(|app| !given.apps.contains_key(&(app.namespace.clone(), app.name.clone())));
    let blueprints = answer.blueprints.iter().filter(|blueprint| !given.blueprints.contains_key(&blueprint.name));
    let blueprints =
        blueprints.map(|blueprint| json!({ "kind": "Blueprint", "name": blueprint.name, "status": blueprint.status }));
    let apps =
        apps.map(|app| json!({ "kind": "App", "namespace": app.namespace, "name": app.name, "status": app.status }));
    platform.chain(tenants).chain(blueprints).chain(apps).collect()
}

/// Holds a file against what it should be; absent is a content of its own.
pub fn compare(path: &Path, actual: Option<String>) -> Result<(), String> {
    let expected = fs::read_to_string(path).ok();
    if accepting() && expected != actual {
        match actual {
            Some(text) => {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            None => fs::remove_file(path).unwrap(),
        }
        return Ok(());
    }
    differ(&path.file_name().unwrap().to_string_lossy(), expected.as_deref(), actual.as_deref())
}

/// The first difference between two texts, with what stands around it.
fn differ(name: &str, expected: Option<&str>, actual: Option<&str>) -> Result<(), String> {
    const AROUND: usize = 4;
    match (expected, actual) {
        (Some(expected), Some(actual)) if expected != actual => {
            let same = expected.lines().zip(actual.lines()).take_while(|(one, other)| one == other).count();
            let excerpt = |text: &str, sign: &str| {
                let lines = text.lines().skip(same.saturating_sub(AROUND)).take(2 * AROUND);
                lines.map(|line| format!("  {sign} {line}\n")).collect::<String>()
            };
            Err(format!("{name} differs at line {}\n{}{}", same + 1, excerpt(expected, "-"), excerpt(actual, "+")))
        }
        (None, Some(actual)) => Err(format!("{name} does not exist; it would say\n{actual}")),
        (Some(_), None) => Err(format!("{name} exists, and nothing of the kind is planned")),
        _ => Ok(()),
    }
}
