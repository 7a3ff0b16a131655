//! An HTTP server of the plainest kind: one thread a connection, one answer, closed.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;

/// How long a request may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest head that is read.
const LONGEST_HEAD_BYTES: u64 = 64 << 10;
/// The first byte of whoever wants to speak TLS.
const TLS: u8 = 0x16;

/// What is answered.
pub struct Answer {
    /// Status and reason, such as `200 OK`.
    pub status: &'static str,
    /// Headers beside length and connection.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Answers on every one of these ports with where it runs and what it was asked, header by header.
///
/// # Errors
/// A port is taken.
pub fn all(ports: &[u16]) -> anyhow::Result<()> {
    let threads: Vec<_> = ports
        .iter()
        .map(|&port| {
            let listener = listen(Ipv4Addr::UNSPECIFIED.into(), port)?;
            Ok(thread::spawn(move || each(&listener, who)))
        })
        .collect::<anyhow::Result<_>>()?;
    threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| anyhow::anyhow!("a listener broke")))
}

/// A listener on a port.
///
/// # Errors
/// The port is taken.
pub fn listen(address: IpAddr, port: u16) -> anyhow::Result<TcpListener> {
    TcpListener::bind((address, port)).with_context(|| format!("cannot listen on {address}:{port}"))
}

/// Answers every request that arrives, until the process ends.
pub fn each(listener: &TcpListener, answer: impl Fn(&[String]) -> Answer + Copy + Send) {
    thread::scope(|scope| {
        // A visitor who is gone before he is heard is none.
        for stream in listener.incoming().filter_map(Result::ok) {
            scope.spawn(move || {
                if let Err(error) = one(stream, answer) {
                    eprintln!("probe: a connection broke: {error}");
                }
            });
        }
    });
}

fn one(mut stream: TcpStream, answer: impl Fn(&[String]) -> Answer) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    if reader.fill_buf()?.first() == Some(&TLS) {
        // Container runtimes try TLS first, and plain HTTP once they are answered in that.
        return write!(stream, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    let head =
        reader.take(LONGEST_HEAD_BYTES).lines().take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty()));
    let head: Vec<String> = head.collect::<Result<_, _>>()?;
    let Some(request) = head.first() else { return Ok(()) }; // a connection and no more: a probe of the kubelet
    let Answer { status, headers, body } = answer(&head);
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    write!(stream, "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n")?;
    if !request.starts_with("HEAD ") {
        stream.write_all(&body)?;
    }
    stream.flush()
}

/// Where this pod belongs, and the request as it came in.
fn who(head: &[String]) -> Answer {
    let of = |name| std::env::var(name).unwrap_or_default();
    let place = format!("app {}/{}\npod {}\n", of("YIPAN_TENANT"), of("YIPAN_APP"), of("HOSTNAME"));
    let asked: String = head.iter().map(|line| format!("> {line}\n")).collect();
    let kind = ("Content-Type", "text/plain; charset=utf-8".to_owned());
    Answer { status: "200 OK", headers: vec![kind], body: (place + &asked).into_bytes() }
}
