//! What a pod can reach, in words that a test can read.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;

/// How long a connection may take to open: what a policy drops never answers.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a page may take.
const PAGE: Duration = Duration::from_secs(10);

/// Tries all at once and prints a line for each: the target and `open`, `refused`, `silent`, or why not.
///
/// # Errors
/// None but those of printing.
pub fn reach(targets: &[&str]) -> anyhow::Result<()> {
    let lines: Vec<String> = thread::scope(|scope| {
        let asked: Vec<_> = targets.iter().map(|target| scope.spawn(move || state(target))).collect();
        asked.into_iter().map(|thread| thread.join().unwrap_or_else(|_| "broken".to_owned())).collect()
    });
    for (target, state) in targets.iter().zip(lines) {
        println!("{target} {state}");
    }
    Ok(())
}

fn state(target: &str) -> String {
    let address = match address(target) {
        Ok(address) => address,
        Err(error) => return format!("unresolved: {error:#}"),
    };
    match TcpStream::connect_timeout(&address, PATIENCE) {
        Ok(_) => "open".to_owned(),
        Err(error) => match error.kind() {
            ErrorKind::TimedOut | ErrorKind::WouldBlock => "silent".to_owned(),
            ErrorKind::ConnectionRefused => "refused".to_owned(),
            _ => format!("closed: {error}"),
        },
    }
}

/// Prints the addresses of a name.
///
/// # Errors
/// There is none, or the name service does not answer.
pub fn resolve(name: &str) -> anyhow::Result<()> {
    for address in (name, 0).to_socket_addrs().with_context(|| name.to_owned())? {
        println!("{}", address.ip());
    }
    Ok(())
}

/// Prints the whole answer to `GET /` of a site, asked for at this address.
///
/// # Errors
/// Nothing answers there.
pub fn get(target: &str, site: &str) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect_timeout(&address(target)?, PATIENCE).with_context(|| target.to_owned())?;
    stream.set_read_timeout(Some(PAGE))?;
    // A header that a visitor forges; what the gateway makes of it is seen in the answer.
    write!(stream, "GET / HTTP/1.1\r\nHost: {site}\r\nX-Yipan-Division: 110000\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    println!("{}", String::from_utf8_lossy(&answer));
    Ok(())
}

fn address(target: &str) -> anyhow::Result<SocketAddr> {
    target.to_socket_addrs().with_context(|| target.to_owned())?.next().context("no address")
}
