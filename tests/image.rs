//! The container image as tools/image packs it. What is packed here is any file: the static binary takes
//! minutes to build, and `make image` runs that one in an empty root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Packs a binary and gives the image's digest.
fn image(binary: &str, out: &str) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tools/image");
    let name = "registry.example.gov.cn/platform/yipan:1";
    let mut command = Command::new(script);
    command.args(["--binary", binary, "--out", out, "--name", name]).env("SOURCE_DATE_EPOCH", "1700000000");
    let said = run(&mut command);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!((lines.len(), lines[0]), (2, out));
    lines[1].to_owned()
}

fn sha256(file: &str) -> String {
    format!("sha256:{}", run(Command::new("sha256sum").arg(file)).split(' ').next().unwrap())
}

/// What a descriptor refers to. It is as long as it says, and what it says.
fn blob(folder: &Folder, descriptor: &Value) -> String {
    let digest = descriptor["digest"].as_str().expect("a digest");
    let file = folder.file(&format!("blobs/sha256/{}", digest.strip_prefix("sha256:").expect("sha256")));
    assert_eq!(
        (sha256(&file).as_str(), fs::metadata(&file).unwrap().len().into()),
        (digest, descriptor["size"].clone())
    );
    file
}

fn read(file: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

#[test]
fn each_part_is_what_its_digest_says_and_one_binary_is_all_there_is() {
    let folder = Folder::new("image");
    let (binary, archive) = (folder.file("binary"), folder.file("image.tar"));
    fs::write(&binary, "a binary\n").unwrap();
    let digest = image(&binary, &archive);
    run(Command::new("tar").args(["-xf", &archive, "-C"]).arg(&folder.0));
    assert_eq!(read(&folder.file("oci-layout")), json!({ "imageLayoutVersion": "1.0.0" }));
    let index = read(&folder.file("index.json"));
    let manifests = index["manifests"].as_array().expect("manifests");
    assert_eq!((manifests.len(), &manifests[0]["digest"]), (1, &json!(digest)));
    assert_eq!(manifests[0]["annotations"]["io.containerd.image.name"], "registry.example.gov.cn/platform/yipan:1");
    let manifest = read(&blob(&folder, &manifests[0]));
    assert_eq!(manifest["layers"].as_array().map(Vec::len), Some(1));
    let config = read(&blob(&folder, &manifest["config"]));
    let layer = blob(&folder, &manifest["layers"][0]);
    let plain = folder.file("layer.tar");
    fs::write(&plain, Command::new("gzip").args(["-dc", &layer]).output().unwrap().stdout).unwrap();
    assert_eq!(config["rootfs"]["diff_ids"], json!([sha256(&plain)]));
    let listed = run(Command::new("tar").args(["--numeric-owner", "-tvf", &plain]));
    let words: Vec<&str> = listed.split_whitespace().collect();
    assert_eq!((words[0], words[1], words.len(), words[5]), ("-rwxr-xr-x", "0/0", 6, "yipan"), "{listed}");
    let started = &config["config"];
    assert_eq!((&started["Entrypoint"], &started["Cmd"]), (&json!(["/yipan"]), &json!(["operator"])));
    assert_eq!((&started["User"], &config["created"]), (&json!("65532:65532"), &json!("2023-11-14T22:13:20Z")));
    assert_eq!(started["Labels"]["org.opencontainers.image.version"], env!("CARGO_PKG_VERSION"));
    assert!(started["Labels"]["org.opencontainers.image.revision"].is_string(), "{config}");
}

#[test]
fn the_same_binary_makes_the_same_archive() {
    let folder = Folder::new("images");
    let (first, second) = (folder.file("first"), folder.file("second"));
    fs::write(folder.file("binary"), "a binary\n").unwrap();
    let digest = image(&folder.file("binary"), &first);
    // Neither who may read it nor since when it is there has a part in it.
    fs::write(folder.file("other"), "a binary\n").unwrap();
    run(Command::new("chmod").args(["700", &folder.file("other")]));
    assert_eq!(image(&folder.file("other"), &second), digest);
    assert!(fs::read(&first).unwrap() == fs::read(&second).unwrap(), "the archives differ");
    fs::write(folder.file("other"), "another\n").unwrap();
    assert_ne!(image(&folder.file("other"), &second), digest);
}
