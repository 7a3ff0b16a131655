//! House rules that no linter knows.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::cases;

/// The longest a file of Rust may grow; the aim is 150.
const LONGEST_LINES: usize = 400;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 5] = ["util", "helper", "common", "misc", "manager"];

struct File {
    /// From the repository's root.
    name: String,
    path: PathBuf,
    text: String,
}

fn repository() -> PathBuf {
    fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap()
}

/// Every text file of the repository but what is built or fetched.
fn files() -> Vec<File> {
    fn walk(folder: &Path, root: &Path, found: &mut Vec<File>) {
        for path in cases::entries(folder) {
            let last = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_symlink() || ["target", ".git", "node_modules"].contains(&last.as_str()) {
                continue;
            }
            if path.is_dir() {
                walk(&path, root, found);
            } else if let Ok(text) = fs::read_to_string(&path) {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                found.push(File { name, path, text });
            }
        }
    }
    let (root, mut found) = (repository(), Vec::new());
    walk(&root, &root, &mut found);
    found
}

fn rust() -> impl Iterator<Item = File> {
    files().into_iter().filter(|file| file.name.ends_with(".rs"))
}

/// Fails with every line that breaks a rule.
fn none(rule: &str, broken: impl IntoIterator<Item = String>) {
    let broken: Vec<String> = broken.into_iter().collect();
    assert!(broken.is_empty(), "{rule}:\n  {}", broken.join("\n  "));
}

#[test]
fn names_say_what_is_inside() {
    let empty = |file: &File| {
        let mut parts = file.name.trim_end_matches(".rs").split('/');
        parts.any(|part| EMPTY_NAMES.iter().any(|name| part == *name || part == format!("{name}s")))
    };
    none("a name from the list of those that say nothing", rust().filter(empty).map(|file| file.name));
}

#[test]
fn files_stay_short() {
    let long = |file: &File| file.text.lines().count() > LONGEST_LINES;
    none("longer than 400 lines", rust().filter(long).map(|file| file.name));
}

#[test]
fn files_say_what_they_are_for() {
    let mute = |file: &File| !file.text.starts_with("//!");
    none("does not begin with //!", rust().filter(mute).map(|file| file.name));
}

/// A file that no `mod` line names is never compiled, and its tests never run.
#[test]
fn every_file_is_compiled() {
    let all: BTreeSet<PathBuf> = rust().map(|file| file.path).collect();
    let mut reached = BTreeSet::new();
    for manifest in files().into_iter().filter(|file| file.name.ends_with("Cargo.toml")) {
        let folder = manifest.path.parent().unwrap();
        let named = manifest.text.lines().filter_map(|line| line.strip_prefix("path = \"")?.strip_suffix(".rs\""));
        let named = named.map(|path| format!("{path}.rs"));
        let usual = ["src/lib.rs", "src/main.rs", "build.rs"].map(str::to_owned);
        for root in usual.into_iter().chain(named).map(|path| folder.join(path)).filter(|path| path.is_file()) {
            let beside = root.parent().unwrap().to_owned();
            follow(&root, &beside, &mut reached);
        }
    }
    none("no mod line names it", all.difference(&reached).map(|path| path.display().to_string()));
}

/// Follows the `mod` lines of a file whose modules lie in `folder`.
fn follow(file: &Path, folder: &Path, reached: &mut BTreeSet<PathBuf>) {
    reached.insert(file.to_owned());
    for line in fs::read_to_string(file).unwrap().lines() {
        let line = line.trim_start().trim_start_matches("pub(crate) ").trim_start_matches("pub(super) ");
        let line = line.trim_start_matches("pub ");
        let Some(name) = line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) else { continue };
        let (flat, nested) = (folder.join(format!("{name}.rs")), folder.join(name).join("mod.rs"));
        let file = if flat.is_file() { flat } else { nested };
        assert!(file.is_file(), "mod {name} in {} has no file", folder.display());
        follow(&file, &folder.join(name), reached);
    }
}

/// The repository builds anywhere: no registry and no machine is written into it. Lock files name
/// their registry by their nature.
#[test]
fn no_file_names_a_registry_or_a_machine() {
    // In two parts, or this file would break its own rule.
    let names = [
        ["crates", ".io"],
        ["registry.npm", "js"],
        ["py", "pi."],
        ["proxy.go", "lang"],
        ["repo.ma", "ven"],
        ["/ro", "ot/"],
        ["/wo", "rk/"],
    ];
    let names = names.map(|parts| parts.concat());
    let locked = |file: &File| file.name.ends_with(".lock") || file.name.ends_with("go.sum");
    let broken = files().into_iter().filter(|file| !locked(file)).flat_map(|file| {
        let lines: Vec<String> = file
            .text
            .lines()
            .enumerate()
            .filter(|(_, line)| names.iter().any(|name| line.contains(name.as_str())))
            .map(|(index, line)| format!("{}:{}: {}", file.name, index + 1, line.trim()))
            .collect();
        lines
    });
    none("names a registry or a machine", broken);
}

#[test]
fn the_operator_does_not_panic_and_nothing_is_put_off() {
    let marks = [["TO", "DO"], ["FIX", "ME"]].map(|parts| parts.concat());
    let broken = rust().flat_map(|file| {
        let code = file.text.split("#[cfg(test)]").next().unwrap_or_default();
        let panics = |line: &str| {
            file.name.starts_with("operator/") && (line.contains(".unwrap()") || line.contains(".expect("))
        };
        let put_off = |line: &str| marks.iter().any(|mark| line.contains(mark.as_str()));
        let lines = code.lines().enumerate().filter(|(_, line)| panics(line) || put_off(line));
        lines.map(|(index, line)| format!("{}:{}: {}", file.name, index + 1, line.trim())).collect::<Vec<_>>()
    });
    none("may panic, or is put off", broken);
}

#[test]
fn every_exception_has_a_reason() {
    let broken = rust().flat_map(|file| {
        let attributes =
            file.text.match_indices("[allow(").map(|(start, _)| file.text[start..].split(']').next().unwrap());
        let bare = attributes.filter(|attribute| !attribute.contains("reason"));
        bare.map(|attribute| format!("{}: {attribute}", file.name)).collect::<Vec<_>>()
    });
    none("an exception to a lint without a reason", broken.filter(|line| !line.starts_with("tests/tidy.rs")));
}

/// The operator's tests take turns on the same control planes, where a tenant's name and division are for good:
/// two tests with one of them in common fail in some orders and not in others. Those named here start a
/// control plane of their own.
#[test]
fn no_two_tests_of_the_operator_share_a_tenant() {
    const ELSEWHERE: [&str; 2] = ["operator/backup.rs", "operator/deletion/uninstall.rs"];
    let mut tenants = std::collections::BTreeSet::new();
    for file in rust().filter(|file| file.name.starts_with("tests/controlplane/operator/")) {
        let taken = file.text.lines().flat_map(|line| {
            let parts: Vec<&str> = line.split('"').collect();
            let pairs = parts.windows(3).filter(|part| part[1].trim() == "," && is_division(part[2]));
            pairs.map(|part| (part[0].to_owned(), part[2].to_owned())).collect::<Vec<_>>()
        });
        if !ELSEWHERE.iter().any(|elsewhere| file.name.ends_with(elsewhere)) {
            tenants
                .extend(taken.chain(in_rows(&file.text)).map(|(name, division)| (name, division, file.name.clone())));
        }
    }
    assert!(tenants.len() > 50, "tenants are no longer written as expected: {tenants:?}");
    let clash = |(name, division, file): &(String, String, String)| {
        let other = tenants.iter().find(|other| {
            (other.0 == *name || other.1 == *division) && (&other.0, &other.1, &other.2) != (name, division, file)
        })?;
        Some(format!("{name} {division} of {file}: also {} {} of {}", other.0, other.1, other.2))
    };
    none("a tenant of two tests", tenants.iter().filter_map(clash));
}

/// Tenants that are declared many at a time: `counties("name", 621_701, 20)`.
fn in_rows(text: &str) -> Vec<(String, String)> {
    let rows = text.split("counties(\"").skip(1).filter_map(|rest| {
        let (name, rest) = rest.split_once("\", ")?;
        let (figures, _) = rest.split_once(')')?;
        let (first, count) = figures.split_once(", ")?;
        let (first, count): (u32, u32) = (first.replace('_', "").parse().ok()?, count.parse().ok()?);
        Some((0..count).map(move |index| (format!("{name}-{index}"), (first + index).to_string())))
    });
    rows.flatten().collect()
}

fn is_division(text: &str) -> bool {
    text.len() == 6 && text.starts_with('6') && text.bytes().all(|byte| byte.is_ascii_digit())
}
