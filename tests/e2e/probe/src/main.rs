//! What runs in the pods of `make e2e`: it serves, asks, and is the registry its own image comes from.
//!
//! One static program without a shell beside it, so everything that a test asks of a pod is a word of its
//! command line, run there by `kubectl exec`.

mod ask;
mod image;
mod registry;
mod serve;

use std::process::ExitCode;

use anyhow::{Context as _, bail};

const USAGE: &str = "usage: probe serve PORT...          answers HTTP with what it was asked
       probe reach HOST:PORT...      tells of each whether a connection opens
       probe resolve NAME            asks the name service
       probe get HOST:PORT NAME      fetches / of the site NAME at an address
       probe registry PORT           hands out the image of this program on the loopback interface
       probe archive REFERENCE FILE  writes that image for `kind load image-archive` and its like";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("probe: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["serve", ref ports @ ..] if !ports.is_empty() => {
            serve::all(&ports.iter().map(|port| number(port)).collect::<Result<Vec<_>, _>>()?)
        }
        ["reach", ref targets @ ..] if !targets.is_empty() => ask::reach(targets),
        ["resolve", name] => ask::resolve(name),
        ["get", address, site] => ask::get(address, site),
        ["registry", port] => registry::serve(number(port)?),
        ["archive", reference, file] => {
            std::fs::write(file, image::Image::of_this_program("archive")?.archive(reference)?).context(file.to_owned())
        }
        _ => bail!("{USAGE}"),
    }
}

fn number(port: &str) -> anyhow::Result<u16> {
    port.parse().with_context(|| format!("{port} is no port"))
}
