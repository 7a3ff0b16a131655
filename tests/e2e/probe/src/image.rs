//! The image of this program: one layer with one file, made from the program that runs.
//!
//! Tenants' pods pull their image each time they start, whatever lies on the node: who has an image there
//! must not run another tenant's. So a cluster without a registry of its own needs one for the test, and the
//! program that hands out itself needs nothing beside it.

use anyhow::Context as _;
use ring::digest::{SHA256, digest};
use serde_json::json;

/// The media type of the manifest.
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
/// A user that is not root, as every tenant's image needs one.
const USER: &str = "65532:65532";
/// Files and headers of a tar are padded to this.
const BLOCK_BYTES: usize = 512;

/// Some bytes under their digest.
pub struct Blob {
    /// `sha256:` and the digest.
    pub digest: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// An image as a registry keeps it.
pub struct Image {
    /// What names the others.
    pub manifest: Blob,
    /// Entry point, user, layers.
    pub config: Blob,
    /// The file system.
    pub layer: Blob,
}

impl Blob {
    fn new(bytes: Vec<u8>) -> Self {
        let hex: String = digest(&SHA256, &bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Self { digest: format!("sha256:{hex}"), bytes }
    }

    fn described(&self, kind: &str) -> serde_json::Value {
        json!({ "mediaType": kind, "digest": self.digest, "size": self.bytes.len() })
    }
}

impl Image {
    /// The image of the program that runs; the same program and purpose give the same image.
    ///
    /// Two purposes give two: a kubelet remembers which images it pulled, and from where, and does not take one of
    /// these for one that was loaded into the node (Kubernetes 1.35 and later).
    ///
    /// # Errors
    /// The program's file cannot be read.
    pub fn of_this_program(purpose: &str) -> anyhow::Result<Self> {
        let program = std::fs::read(std::env::current_exe()?).context("cannot read this program")?;
        Ok(Self::of(&program, purpose))
    }

    fn of(program: &[u8], purpose: &str) -> Self {
        let layer = Blob::new(tar(&[("probe", 0o755, program)]));
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        let config = Blob::new(
            json!({
                "architecture": architecture, "os": "linux",
                "config": { "Entrypoint": ["/probe"], "Cmd": ["serve", "8080"], "User": USER, "Labels": { "purpose": purpose } },
                "rootfs": { "type": "layers", "diff_ids": [layer.digest] },
            })
            .to_string()
            .into_bytes(),
        );
        let manifest = Blob::new(
            json!({
                "schemaVersion": 2, "mediaType": MANIFEST,
                "config": config.described(CONFIG), "layers": [layer.described(LAYER)],
            })
            .to_string()
            .into_bytes(),
        );
        Self { manifest, config, layer }
    }

    /// The image under this name as an OCI layout in one tar, which containerd, docker and podman read.
    ///
    /// # Errors
    /// The reference has no tag.
    pub fn archive(&self, reference: &str) -> anyhow::Result<Vec<u8>> {
        let (_, tag) = reference.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).context("a reference:tag")?;
        let mut entry = self.manifest.described(MANIFEST);
        entry["annotations"] =
            json!({ "io.containerd.image.name": reference, "org.opencontainers.image.ref.name": tag });
        let index = json!({ "schemaVersion": 2, "manifests": [entry] }).to_string();
        let path = |blob: &Blob| format!("blobs/{}", blob.digest.replace(':', "/"));
        let (layer, config, manifest) = (path(&self.layer), path(&self.config), path(&self.manifest));
        Ok(tar(&[
            ("oci-layout", 0o644, br#"{"imageLayoutVersion":"1.0.0"}"#),
            ("index.json", 0o644, index.as_bytes()),
            (&manifest, 0o644, &self.manifest.bytes),
            (&config, 0o644, &self.config.bytes),
            (&layer, 0o644, &self.layer.bytes),
        ]))
    }
}

/// A tar of these files, each with its mode; owned by root, of no date.
fn tar(files: &[(&str, u32, &[u8])]) -> Vec<u8> {
    let mut tar = Vec::new();
    for (name, mode, content) in files {
        tar.extend_from_slice(&header(name, *mode, content.len()));
        tar.extend_from_slice(content);
        tar.resize(tar.len().next_multiple_of(BLOCK_BYTES), 0);
    }
    tar.resize(tar.len() + 2 * BLOCK_BYTES, 0);
    tar
}

/// One file's header in the ustar format.
fn header(name: &str, mode: u32, size: usize) -> [u8; BLOCK_BYTES] {
    let mut header = [0; BLOCK_BYTES];
    let mut put = |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, &format!("{mode:07o}"));
    put(108, "0000000");
    put(116, "0000000");
    put(124, &format!("{size:011o}"));
    put(136, "00000000000");
    put(148, "        "); // the sum is taken with blanks in its own place
    put(156, "0");
    put(257, "ustar");
    put(263, "00");
    put(329, "0000000"); // no device
    put(337, "0000000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::{Image, tar};

    /// As `tar --format=ustar --owner=0 --group=0 --numeric-owner --mtime=@0 --mode=644` writes it.
    #[test]
    fn a_tar_has_its_sum_and_its_blocks() {
        let written = tar(&[("a", 0o644, b"text\n")]);
        assert_eq!(written.len(), 4 * 512);
        assert_eq!(&written[148..156], b"007343\0 ");
        assert_eq!(&written[512..517], b"text\n");
    }

    #[test]
    fn an_image_names_what_it_is_made_of() {
        let image = Image::of(b"program", "test");
        let manifest: serde_json::Value = serde_json::from_slice(&image.manifest.bytes).unwrap_or_default();
        assert_eq!(manifest["config"]["digest"], image.config.digest.as_str());
        assert_eq!(manifest["layers"][0]["digest"], image.layer.digest.as_str());
        assert_eq!(Image::of(b"program", "test").manifest.digest, image.manifest.digest);
        assert_ne!(Image::of(b"program", "other").config.digest, image.config.digest);
        assert!(image.archive("registry.example.gov.cn/common/probe").is_err(), "no tag");
    }
}
