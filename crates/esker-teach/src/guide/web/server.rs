//! A small server for one person: this machine alone, GET alone, bounded in size and time.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use esker_core::{Error, Fault, Result};

use super::{page, query};
use crate::guide::{Answers, Catalogue, Plan, calendar, graph_svg, markdown, start_day, weeks_svg};

/// Longest request, in bytes.
const LONGEST: usize = 32 << 10;
/// Longest wait for a request, and for taking the answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest wait for the end of what was sent beyond the bound.
const DRAIN: Duration = Duration::from_secs(1);
/// So often a connection that waits looks whether the guide is to end.
const LOOK: Duration = Duration::from_millis(100);
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
                            let _ = self.serve(&mut Line { stream, stop }, catalogue, answers);
                            busy.fetch_sub(1, Ordering::Relaxed);
                        });
                    }
                    Ok(_) => {}
                    Err(_) => std::thread::sleep(Duration::from_millis(20)),
                }
            }
        });
    }

    fn serve(&self, line: &mut Line<'_>, catalogue: &Catalogue, answers: &Answers) -> std::io::Result<()> {
        line.stream.set_nonblocking(false)?;
        line.stream.set_read_timeout(Some(LOOK))?;
        line.stream.set_write_timeout(Some(LOOK))?;
        let reply = match line.request()? {
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
        line.send(&[head.as_bytes(), reply.body.as_bytes()].concat())?;
        // What was sent beyond the bound is read off, up to a bound as well: else the reply would be lost with the connection.
        line.stream.shutdown(std::net::Shutdown::Write)?;
        let until = Instant::now() + DRAIN;
        let mut rest = [0; 4096];
        for _ in 0..256 {
            if line.wait(until, |stream| stream.read(&mut rest))? == 0 {
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
        // A browser leaves port 80 out.
        let own = |h: &str| ["127.0.0.1", "localhost"].iter().any(|name| h == format!("{name}:{port}") || (port == 80 && h == *name));
        if hosts.next().is_some() || !host.is_some_and(own) {
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
        "/" => return Reply::ok(HTML, page::whole(catalogue, &query::read(asked, standard))),
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
    let asked = query::read(asked, standard);
    if let Some(fault) = asked.fault {
        return Err(fault);
    }
    let plan = || Plan::make(&asked.answers, catalogue);
    let (name, kind, body) = match path {
        "/path.md" => ("path.md", "text/markdown; charset=utf-8", markdown(&plan()?)),
        "/path.ics" => ("path.ics", "text/calendar; charset=utf-8", calendar(&plan()?, start_day(Some(&asked.answers.start))?)?),
        "/answers.toml" => ("answers.toml", "application/toml", asked.answers.to_toml()),
        "/topics.svg" => ("topics.svg", "image/svg+xml", graph_svg(&plan()?)),
        "/weeks.svg" => ("weeks.svg", "image/svg+xml", weeks_svg(&plan()?)),
        _ => return Ok(None),
    };
    Ok(Some(Reply { name: Some(name), ..Reply::ok(kind, body) }))
}

/// A connection whose waits have an end, and end early when the guide does.
struct Line<'a> {
    stream: TcpStream,
    stop: &'a AtomicBool,
}

impl Line<'_> {
    /// Tries `act` until it does something, `until` is past or the guide ends.
    fn wait(&mut self, until: Instant, mut act: impl FnMut(&mut TcpStream) -> std::io::Result<usize>) -> std::io::Result<usize> {
        use std::io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
        loop {
            match act(&mut self.stream) {
                Err(e) if matches!(e.kind(), WouldBlock | TimedOut | Interrupted) => {
                    if Instant::now() >= until || self.stop.load(Ordering::Relaxed) {
                        return Err(TimedOut.into());
                    }
                }
                // Who sends or takes little at a time is bounded all the same.
                _ if Instant::now() >= until => return Err(TimedOut.into()),
                done => return done,
            }
        }
    }

    fn send(&mut self, mut bytes: &[u8]) -> std::io::Result<()> {
        let until = Instant::now() + PATIENCE;
        while !bytes.is_empty() {
            let n = self.wait(until, |stream| stream.write(bytes))?;
            if n == 0 {
                return Err(std::io::ErrorKind::WriteZero.into());
            }
            bytes = &bytes[n..];
        }
        Ok(())
    }

    /// The head of a request, or nothing where it is too long, too slow or no text.
    fn request(&mut self) -> std::io::Result<Option<String>> {
        let until = Instant::now() + PATIENCE;
        let mut bytes = Vec::new();
        let mut piece = [0_u8; 4096];
        while !bytes.windows(4).any(|w| w == b"\r\n\r\n") {
            if bytes.len() > LONGEST {
                return Ok(None);
            }
            match self.wait(until, |stream| stream.read(&mut piece)) {
                Ok(0) => return Ok(None),
                Ok(n) => bytes.extend_from_slice(&piece[..n]),
                Err(e) if e.kind() == std::io::ErrorKind::TimedOut => return Ok(None),
                Err(e) => return Err(e),
            }
        }
        Ok(String::from_utf8(bytes).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_reader_and_a_slow_sender_are_let_go_when_the_guide_ends() {
        let catalogue = Catalogue::load(&[] as &[&str]).unwrap();
        let server = Server::bind(0).unwrap();
        let stop = AtomicBool::new(false);
        let answers = Answers::default();
        std::thread::scope(|scope| {
            let run = scope.spawn(|| server.run(&catalogue, &answers, &stop));
            // One that sends half a request and one that sends a byte at a time after its request.
            let mut half = TcpStream::connect(server.at).unwrap();
            half.write_all(b"GET / HTTP/1.1\r\n").unwrap();
            let mut slow = TcpStream::connect(server.at).unwrap();
            slow.write_all(format!("GET /icon.svg HTTP/1.1\r\nHost: {}\r\n\r\n", server.at).as_bytes()).unwrap();
            let begun = Instant::now();
            while slow.write_all(b"x").is_ok() && begun.elapsed() < 4 * DRAIN {
                std::thread::sleep(LOOK);
            }
            assert!(begun.elapsed() < 3 * DRAIN, "a sender that does not end was kept for {:?}", begun.elapsed());
            let ended = Instant::now();
            stop.store(true, Ordering::Relaxed);
            run.join().unwrap();
            assert!(ended.elapsed() < PATIENCE / 2, "the end took {:?}", ended.elapsed());
        });
    }

    #[test]
    fn port_80_may_go_unnamed_and_others_not() {
        let catalogue = Catalogue::load(&[] as &[&str]).unwrap();
        let mut server = Server::bind(0).unwrap();
        let status =
            |server: &Server| server.reply("GET /icon.svg HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", &catalogue, &Answers::default()).status;
        assert_eq!(status(&server), "421 Misdirected Request");
        server.at.set_port(80);
        assert_eq!(status(&server), "200 OK");
    }
}
