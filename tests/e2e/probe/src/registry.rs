//! A registry with one image, this program's, under whatever name it is asked for.

use std::net::Ipv4Addr;

use super::image::{Blob, Image, MANIFEST};
use super::serve::{self, Answer};

/// Hands the image out on the loopback interface: only the node it runs on is to have it, and container
/// runtimes speak plain HTTP to `localhost`.
///
/// # Errors
/// The port is taken, or the program cannot be read.
pub fn serve(port: u16) -> anyhow::Result<()> {
    let image = Image::of_this_program("registry")?;
    let listener = serve::listen(Ipv4Addr::LOCALHOST.into(), port)?;
    println!("{} on localhost:{port}", image.manifest.digest);
    serve::each(&listener, |head| answer(&image, head));
    Ok(())
}

fn answer(image: &Image, head: &[String]) -> Answer {
    let path = head.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
    println!("{}", head.first().map(String::as_str).unwrap_or_default());
    let last = path.rsplit('/').next().unwrap_or_default();
    let has = |blob: &&Blob| blob.digest == last;
    if path == "/v2/" {
        return Answer { status: "200 OK", headers: Vec::new(), body: b"{}".to_vec() };
    }
    if path.contains("/manifests/") && (!last.contains(':') || has(&&image.manifest)) {
        return found(&image.manifest, MANIFEST);
    }
    match [&image.config, &image.layer, &image.manifest].into_iter().find(has) {
        Some(blob) => found(blob, "application/octet-stream"),
        None => Answer { status: "404 Not Found", headers: Vec::new(), body: Vec::new() },
    }
}

fn found(blob: &Blob, kind: &str) -> Answer {
    let headers = vec![("Content-Type", kind.to_owned()), ("Docker-Content-Digest", blob.digest.clone())];
    Answer { status: "200 OK", headers, body: blob.bytes.clone() }
}
