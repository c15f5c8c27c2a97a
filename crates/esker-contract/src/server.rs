//! A web server on this machine for tests of reading over the network: no outside network is needed.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What was asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// Path and query.
    pub target: String,
    /// Headers by their names in lower case.
    pub headers: HashMap<String, String>,
    /// How often this target was asked for before.
    pub before: usize,
}

/// What is answered.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Status, headers and body, with the right length.
    Whole(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Bytes as they are, head and all; then the connection ends.
    Raw(Vec<u8>),
    /// A body without a length and without an end.
    Endless,
    /// The connection ends without an answer.
    Nothing,
}

impl Reply {
    /// A status without a body.
    pub fn status(status: u16) -> Self {
        Self::Whole(status, Vec::new(), Vec::new())
    }

    /// A redirection.
    pub fn to(location: &str) -> Self {
        Self::Whole(302, vec![("Location", location.to_owned())], Vec::new())
    }

    /// Bytes, or the part of them that was asked for.
    pub fn bytes(request: &Request, bytes: &[u8]) -> Self {
        let all = bytes.len();
        let Some(range) = request.headers.get("range").and_then(|r| r.strip_prefix("bytes=")) else {
            return Self::Whole(200, Vec::new(), bytes.to_vec());
        };
        let (from, to) = match range.split_once('-') {
            Some(("", last)) => (all.saturating_sub(last.parse().unwrap_or(0)), all),
            Some((from, last)) => (from.parse().unwrap_or(all), last.parse::<usize>().map_or(all, |n| (n + 1).min(all))),
            None => return Self::status(400),
        };
        if from >= to {
            return Self::status(416);
        }
        let about = format!("bytes {from}-{}/{all}", to - 1);
        Self::Whole(206, vec![("Content-Range", about)], bytes[from..to].to_vec())
    }
}

/// A server that answers until the test is over.
pub struct Server {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    asked: Mutex<Vec<Request>>,
    now: AtomicUsize,
    most: AtomicUsize,
    sent: AtomicUsize,
}

impl Server {
    /// Starts a server that answers by a function.
    ///
    /// # Panics
    /// This machine lends no port.
    pub fn new(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port of this machine");
        let port = listener.local_addr().expect("an address").port();
        let (answer, shared) = (Arc::new(answer), Arc::new(Shared::default()));
        let seen = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
                // Whoever hangs up has said enough.
                std::thread::spawn(move || talk(stream, &*answer, &seen));
            }
        });
        Self { port, shared }
    }

    /// The address of a path on this server.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    /// Text without the number of the port, which differs from run to run.
    pub fn hide(&self, text: &str) -> String {
        text.replace(&format!("127.0.0.1:{}", self.port), "[server]")
    }

    /// What was asked for so far.
    pub fn asked(&self) -> Vec<Request> {
        self.shared.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Most requests that were under way at once.
    pub fn most_at_once(&self) -> usize {
        self.shared.most.load(Ordering::SeqCst)
    }

    /// Bytes of endless bodies sent.
    pub fn endless_bytes(&self) -> usize {
        self.shared.sent.load(Ordering::SeqCst)
    }
}

fn talk(stream: TcpStream, answer: &dyn Fn(&Request) -> Reply, shared: &Shared) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(30)));
    let Ok(reader) = stream.try_clone() else { return };
    let (mut reader, mut stream) = (BufReader::new(reader), stream);
    while let Some((target, headers)) = head(&mut reader) {
        shared.most.fetch_max(shared.now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let request = {
            let mut asked = shared.asked.lock().unwrap_or_else(PoisonError::into_inner);
            let before = asked.iter().filter(|r| r.target == target && r.headers.get("range") == headers.get("range")).count();
            asked.push(Request { target, headers, before });
            asked[asked.len() - 1].clone()
        };
        let reply = answer(&request);
        shared.now.fetch_sub(1, Ordering::SeqCst);
        if !say(&mut stream, reply, shared) {
            return;
        }
    }
}

fn head(reader: &mut impl BufRead) -> Option<(String, HashMap<String, String>)> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let target = line.split(' ').nth(1)?.to_owned();
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.insert(name.to_ascii_lowercase(), value.trim().to_owned()),
            None => return Some((target, headers)),
        };
    }
}

/// Answers; whether the connection goes on.
fn say(stream: &mut TcpStream, reply: Reply, shared: &Shared) -> bool {
    match reply {
        Reply::Whole(status, headers, body) => {
            let headers: String = headers.iter().map(|(n, v)| format!("{n}: {v}\r\n")).collect();
            let head = format!("HTTP/1.1 {status} Told\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
            stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body)).is_ok()
        }
        Reply::Raw(bytes) => {
            let _ = stream.write_all(&bytes);
            false
        }
        Reply::Endless => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
            while stream.write_all(&[b'x'; 1 << 16]).is_ok() {
                shared.sent.fetch_add(1 << 16, Ordering::SeqCst);
            }
            false
        }
        Reply::Nothing => false,
    }
}
