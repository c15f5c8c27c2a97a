//! A small server for one person: this machine alone, GET alone, bounded in size and time.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use esker_core::{Error, Fault, Result};

use super::{page, query};
use crate::guide::{Answers, Catalogue, Plan, calendar, graph_svg, markdown, weeks_svg};

/// Longest request, in bytes.
const LONGEST: usize = 32 << 10;
/// Longest wait for a request and for taking the answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Connections at a time.
const MOST: usize = 16;
/// Nothing but what this server sends; no frames, no forms elsewhere, no inline script or style.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

/// Three steps.
const ICON: &str =
    r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M1 15V11h5V7h5V3h4v12z" fill="#3a86b0"/></svg>"##;

/// The guide at a port of the loopback address.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    at: SocketAddr,
}

/// An answer to a request.
struct Reply {
    status: &'static str,
    kind: &'static str,
    /// File name where the browser is to save it.
    name: Option<&'static str>,
    body: String,
}

impl Reply {
    fn ok(kind: &'static str, body: impl Into<String>) -> Self {
        Self { status: "200 OK", kind, name: None, body: body.into() }
    }

    fn refused(status: &'static str, text: &str) -> Self {
        Self { status, kind: "text/plain; charset=utf-8", name: None, body: format!("{text}\n") }
    }
}

impl Server {
    /// Takes a port of this machine; 0 takes any free one.
    ///
    /// # Errors
    /// The port is taken.
    pub fn bind(port: u16) -> Result<Self> {
        let refused = |e: std::io::Error| {
            Error::new(Fault::Io, format!("port {port}"))
                .got(e.to_string())
                .rule("the guide needs a free port")
                .hint("another --port, or none for any")
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(refused)?;
        listener.set_nonblocking(true).map_err(refused)?;
        let at = listener.local_addr().map_err(refused)?;
        Ok(Self { listener, at })
    }

    /// Where the page is.
    pub fn address(&self) -> String {
        format!("http://{}/", self.at)
    }

    /// Answers until `stop`.
    pub fn run(&self, catalogue: &Catalogue, answers: &Answers, stop: &AtomicBool) {
        let busy = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            while !stop.load(Ordering::Relaxed) {
                match self.listener.accept() {
                    Ok((stream, _)) if busy.load(Ordering::Relaxed) < MOST => {
                        busy.fetch_add(1, Ordering::Relaxed);
                        let busy = &busy;
                        scope.spawn(move || {
                            // A browser that goes away is no fault.
                            let _ = self.serve(stream, catalogue, answers);
                            busy.fetch_sub(1, Ordering::Relaxed);
                        });
                    }
                    Ok(_) => {}
                    Err(_) => std::thread::sleep(Duration::from_millis(20)),
                }
            }
        });
    }

    fn serve(&self, mut stream: TcpStream, catalogue: &Catalogue, answers: &Answers) -> std::io::Result<()> {
        stream.set_nonblocking(false)?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let reply = match request(&mut stream)? {
            Some(text) => self.reply(&text, catalogue, answers),
            None => Reply::refused("400 Bad Request", "A request has to be short, and to end."),
        };
        let save = reply.name.map_or_else(String::new, |n| format!("Content-Disposition: attachment; filename=\"{n}\"\r\n"));
        let head = format!(
            "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{save}Content-Security-Policy: {POLICY}\r\n\
             X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nCross-Origin-Opener-Policy: same-origin\r\n\
             Cross-Origin-Resource-Policy: same-origin\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n",
            reply.status,
            reply.kind,
            reply.body.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(reply.body.as_bytes())?;
        // What was sent beyond the bound is read off, up to a bound as well: else the reply would be lost with the connection.
        stream.shutdown(std::net::Shutdown::Write)?;
        let mut rest = [0; 4096];
        for _ in 0..256 {
            if stream.read(&mut rest)? == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Only GET, only for this machine's own names: another page cannot have its name point here.
    fn reply(&self, request: &str, catalogue: &Catalogue, standard: &Answers) -> Reply {
        let mut lines = request.lines();
        let mut words = lines.next().unwrap_or_default().split(' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut hosts = lines.filter_map(|l| l.split_once(':')).filter(|(name, _)| name.eq_ignore_ascii_case("host"));
        let host = hosts.next().map(|(_, value)| value.trim());
        let port = self.at.port();
        if hosts.next().is_some() || !host.is_some_and(|h| h == format!("127.0.0.1:{port}") || h == format!("localhost:{port}")) {
            return Reply::refused("421 Misdirected Request", "This page is for this machine alone.");
        }
        if method != "GET" {
            return Reply::refused("405 Method Not Allowed", "Only GET is answered.");
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        route(path, query, catalogue, standard)
    }
}

fn route(path: &str, asked: &str, catalogue: &Catalogue, standard: &Answers) -> Reply {
    const HTML: &str = "text/html; charset=utf-8";
    match path {
        "/style.css" => return Reply::ok("text/css; charset=utf-8", include_str!("style.css")),
        "/icon.svg" => return Reply::ok("image/svg+xml", ICON),
        "/page.js" => return Reply::ok("text/javascript; charset=utf-8", include_str!("page.js")),
        "/" => return Reply::ok(HTML, page::whole(catalogue, standard, query::read(asked, standard))),
        "/path" => return Reply::ok(HTML, page::path(catalogue, &query::read(asked, standard))),
        _ => {}
    }
    match file(path, asked, catalogue, standard) {
        Ok(Some(reply)) => reply,
        Ok(None) => Reply::refused("404 Not Found", "There is nothing here."),
        Err(error) => Reply::refused("400 Bad Request", &error.to_string()),
    }
}

/// The path as a file to save.
fn file(path: &str, asked: &str, catalogue: &Catalogue, standard: &Answers) -> Result<Option<Reply>> {
    let asked = query::read(asked, standard)?;
    let plan = || Plan::make(&asked.answers, catalogue);
    let (name, kind, body) = match path {
        "/path.md" => ("path.md", "text/markdown; charset=utf-8", markdown(&plan()?)),
        "/path.ics" => ("path.ics", "text/calendar; charset=utf-8", calendar(&plan()?, query::start_day(Some(&asked.start))?)?),
        "/answers.toml" => ("answers.toml", "application/toml", asked.answers.to_toml()),
        "/topics.svg" => ("topics.svg", "image/svg+xml", graph_svg(&plan()?)),
        "/weeks.svg" => ("weeks.svg", "image/svg+xml", weeks_svg(&plan()?)),
        _ => return Ok(None),
    };
    Ok(Some(Reply { name: Some(name), ..Reply::ok(kind, body) }))
}

/// The head of a request, or nothing where it is too long, too slow or no text.
fn request(stream: &mut TcpStream) -> std::io::Result<Option<String>> {
    let until = Instant::now() + PATIENCE;
    let mut bytes = Vec::new();
    let mut piece = [0_u8; 4096];
    while !bytes.windows(4).any(|w| w == b"\r\n\r\n") {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || bytes.len() > LONGEST {
            return Ok(None);
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut piece) {
            Ok(0) => return Ok(None),
            Ok(n) => bytes.extend_from_slice(&piece[..n]),
            Err(e) if matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => return Ok(None),
            Err(e) => return Err(e),
        }
    }
    Ok(String::from_utf8(bytes).ok())
}
