//! Requests for bytes on the network: bounded in size and time, tried again where that may help, redirected with care.

use std::io::Read as _;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use esker_core::{Error, Fault, Result};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body, http::Response};

use super::address::Address;
use super::sign::Request;
use super::url::Url;
use crate::file::size_text;

/// Requests of one store that are under way at once. They wait for the network, not for a processor.
pub(crate) const IN_FLIGHT: usize = 16;
/// How often a request is sent before it is given up, and the pause after the first time.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(300);
/// The longest pause a server may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
const REDIRECTS: usize = 5;
const CONNECT: Duration = Duration::from_secs(10);
const READ: Duration = Duration::from_secs(60);
/// Bytes of an answer that explains a refusal.
const EXPLANATION: u64 = 16 << 10;

/// A place on the network that is asked for bytes.
pub(crate) struct Client {
    agent: Agent,
    pub(super) address: Address,
    /// Whether absent keys are answered by "access denied", once that is known.
    denies_absent: OnceLock<bool>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.address.fmt(f)
    }
}

/// Which bytes are wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bytes {
    /// All, but no more than so many.
    AtMost(u64),
    /// From an offset, so many.
    Part(u64, u64),
    /// The last ones.
    Last(u64),
}

impl Bytes {
    fn most(self) -> u64 {
        let (Self::AtMost(most) | Self::Part(_, most) | Self::Last(most)) = self;
        most
    }

    /// How many there must be.
    fn exact(self) -> Option<u64> {
        if let Self::AtMost(_) = self { None } else { Some(self.most()) }
    }
}

/// What came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Here,
    Missing,
    /// S3 says so of keys that are not there, too, to those who may not list a bucket.
    Denied,
}

/// Takes bytes as they come.
pub(super) trait Sink {
    /// A body begins, perhaps after one that was cut short.
    fn start(&mut self, length: Option<u64>) -> Result<()>;
    fn piece(&mut self, bytes: &[u8]) -> Result<()>;
}

impl Sink for Vec<u8> {
    fn start(&mut self, length: Option<u64>) -> Result<()> {
        self.clear();
        // The word of a server is not enough to take much memory on.
        self.reserve_exact(length.unwrap_or(0).min(64 << 20) as usize);
        Ok(())
    }

    fn piece(&mut self, bytes: &[u8]) -> Result<()> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}

/// Why a request gave nothing.
enum Failure {
    /// It may do so the next time, perhaps after a pause.
    Passing(Error, Option<Duration>),
    Final(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

impl Client {
    /// A client for an address and what lies below it. Nothing is sent yet.
    pub(super) fn new(address: Address) -> Self {
        let roots: Vec<Certificate<'static>> =
            rustls_native_certs::load_native_certs().certs.iter().map(|c| Certificate::from_der(c).to_owned()).collect();
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::new_with_certs(&roots))
            .unversioned_rustls_crypto_provider(rustls::crypto::ring::default_provider().into())
            .build();
        let mut config = Agent::config_builder()
            .tls_config(tls)
            .user_agent(concat!("esker/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("identity")
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections(2 * IN_FLIGHT)
            .max_idle_connections_per_host(IN_FLIGHT)
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(READ))
            .timeout_per_read(Some(READ))
            .timeout_per_write(Some(READ));
        if address.url.is_loopback() {
            config = config.proxy(None);
        }
        Self { agent: config.build().into(), address, denies_absent: OnceLock::new() }
    }

    /// What users call the place.
    pub(crate) fn shown(&self) -> &str {
        &self.address.shown
    }

    /// Fetches the bytes of a key below the address. `out` holds them where the answer is [`Answer::Here`].
    ///
    /// # Errors
    /// The network or the server refuses, more bytes than are wanted, or fewer.
    pub(crate) fn get(&self, key: &str, wanted: Bytes, out: &mut Vec<u8>) -> Result<Answer> {
        if let Bytes::Part(_, 0) | Bytes::Last(0) = wanted {
            out.clear();
            return Ok(Answer::Here);
        }
        self.fetch(&self.address.url.below(key), key, wanted, out)
    }

    /// Whether a chunk that is denied is one that is not there: a key that cannot be there is denied as well.
    pub(crate) fn denies_absent(&self) -> Result<bool> {
        if let Some(known) = self.denies_absent.get() {
            return Ok(*known);
        }
        let denied = self.get("esker.absent", Bytes::AtMost(EXPLANATION), &mut Vec::new())? == Answer::Denied;
        Ok(*self.denies_absent.get_or_init(|| denied))
    }

    /// Fetches the address itself.
    pub(super) fn fetch_whole(&self, most: u64, sink: &mut dyn Sink) -> Result<Answer> {
        self.fetch(&self.address.url, "", Bytes::AtMost(most), sink)
    }

    /// An error about a key below the address, or about the address itself.
    pub(crate) fn error(&self, key: &str) -> Error {
        let thing = if key.is_empty() { format!("'{}'", self.shown()) } else { format!("'{key}' of '{}'", self.shown()) };
        Error::new(Fault::Io, thing)
    }

    fn fetch(&self, url: &Url, key: &str, wanted: Bytes, sink: &mut dyn Sink) -> Result<Answer> {
        let mut tries = 1;
        loop {
            match self.once(url, key, wanted, sink) {
                Ok(answer) => return Ok(answer),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Passing(error, _)) if tries == TRIES => {
                    return Err(error.rule(format!("it was asked for {TRIES} times")).hint("is the network there? try again later"));
                }
                Err(Failure::Passing(_, pause)) => {
                    std::thread::sleep(pause.unwrap_or(PAUSE * 3_u32.pow(tries - 1)).min(LONGEST_PAUSE));
                    tries += 1;
                }
            }
        }
    }

    fn once(&self, url: &Url, key: &str, wanted: Bytes, sink: &mut dyn Sink) -> Result<Answer, Failure> {
        let mut url = url.clone();
        for _ in 0..=REDIRECTS {
            let mut response = self.send(&url, key, wanted)?;
            let status = response.status().as_u16();
            match status {
                200 | 206 => return self.body(key, wanted, &mut response, sink).map(|()| Answer::Here),
                404 | 410 => return Ok(Answer::Missing),
                301 | 302 | 303 | 307 | 308 if header(&response, "location").is_some() => {
                    url = self.redirected(&url, key, header(&response, "location").unwrap_or_default())?;
                }
                _ => return self.refused(status, key, &mut response),
            }
        }
        Err(Failure::Final(self.error(key).got(format!("more than {REDIRECTS} redirections")).rule("they lead in a circle, or nowhere")))
    }

    fn redirected(&self, from: &Url, key: &str, location: &str) -> Result<Url> {
        let to = from.join(location).ok_or_else(|| self.error(key).got("a redirection").rule("it leads to no address of http or https"))?;
        if from.https && !to.https {
            return Err(self.error(key).got("a redirection from https to http").rule("what is encrypted stays so"));
        }
        Ok(Url { user: None, ..to })
    }

    fn send(&self, url: &Url, key: &str, wanted: Bytes) -> Result<Response<Body>, Failure> {
        let range = match wanted {
            Bytes::AtMost(_) => None,
            Bytes::Part(from, len) => {
                let last = from.checked_add(len - 1).ok_or_else(|| self.cut_short(key))?;
                Some(format!("bytes={from}-{last}"))
            }
            Bytes::Last(len) => Some(format!("bytes=-{len}")),
        };
        let mut request = self.agent.get(url.full());
        let own = &self.address.url;
        // Who asks is told to the place that was named, and to nobody else.
        if url.host == own.host && url.https == own.https {
            if let Some(keys) = &self.address.keys {
                let signed = Request { host: &url.host, path: &url.path, range: range.as_deref() };
                for (name, value) in keys.headers(&signed, SystemTime::now()) {
                    request = request.header(name, value);
                }
            } else if let Some(user) = &own.user {
                request = request.header("authorization", format!("Basic {}", crate::zarr::to_base64(&unescaped(user))));
            }
        }
        if let Some(range) = &range {
            request = request.header("range", range);
        }
        request.call().map_err(|e| self.failed(key, e))
    }

    /// What a client that could not ask or hear has to say. Addresses, where queries and passwords are, are no part of it.
    fn failed(&self, key: &str, error: ureq::Error) -> Failure {
        let error = match error {
            ureq::Error::Io(e) => ureq::Error::from(e),
            other => other,
        };
        let say = |got: String| self.error(key).got(got);
        match error {
            ureq::Error::Timeout(_) => Failure::Passing(say("no answer in time".into()), None),
            ureq::Error::Io(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
                Failure::Passing(say("a connection that ended too early".into()), None)
            }
            ureq::Error::Io(e) if e.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) => self.distrusted(key, &e.to_string()),
            ureq::Error::Io(e) => Failure::Passing(say(e.to_string()), None),
            ureq::Error::ConnectionFailed => Failure::Passing(say("no connection".into()), None),
            ureq::Error::HostNotFound => {
                Failure::Final(say("no host of that name".into()).hint("is its name spelled right, and is the network there?"))
            }
            ureq::Error::Rustls(e) => self.distrusted(key, &e.to_string()),
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => Failure::Final(say("an address that cannot be asked for".into())),
            other => Failure::Final(say(other.to_string())),
        }
    }

    fn distrusted(&self, key: &str, why: &str) -> Failure {
        Failure::Final(
            self.error(key)
                .got(why)
                .rule("the server has to prove who it is")
                .hint("certificates are those of this system; SSL_CERT_FILE names others"),
        )
    }

    fn body(&self, key: &str, wanted: Bytes, response: &mut Response<Body>, sink: &mut dyn Sink) -> Result<(), Failure> {
        if let Some(encoding) = header(response, "content-encoding").filter(|e| !e.eq_ignore_ascii_case("identity")) {
            let got = format!("the encoding '{}'", encoding.escape_debug());
            return Err(Failure::Final(self.error(key).got(got).rule("bytes are wanted as they are stored")));
        }
        let ranged = response.status().as_u16() == 206;
        if wanted.exact().is_some() != ranged {
            return Err(Failure::Final(
                self.error(key)
                    .got("all bytes where some were asked for")
                    .rule("chunks within shards need a server that answers range requests")
                    .hint("download the store, and name its folder"),
            ));
        }
        if ranged && !header(response, "content-range").is_some_and(|text| fits(text, wanted)) {
            return Err(Failure::Final(self.error(key).got("other bytes than were asked for").rule("a server answers what it is asked")));
        }
        let length = response.body().content_length();
        if length.is_some_and(|n| n > wanted.most()) {
            return Err(Failure::Final(self.too_long(key, wanted.most())));
        }
        sink.start(length)?;
        self.pieces(key, wanted, response, sink)
    }

    fn pieces(&self, key: &str, wanted: Bytes, response: &mut Response<Body>, sink: &mut dyn Sink) -> Result<(), Failure> {
        let web = header(response, "content-type").is_some_and(|t| t.starts_with("text/html"));
        let mut reader = response.body_mut().as_reader();
        let mut piece = vec![0_u8; 1 << 16];
        let mut total = 0;
        loop {
            let n = reader.read(&mut piece).map_err(|e| self.failed(key, e.into()))?;
            if n == 0 {
                let whole = wanted.exact().is_none_or(|due| total == due);
                return if whole { Ok(()) } else { Err(Failure::Final(self.cut_short(key))) };
            }
            if web && total == 0 && piece[..n].trim_ascii_start().starts_with(b"<") {
                return Err(Failure::Final(
                    self.error(key).got("a web page").rule("data are needed").hint("is this the address of a page about the data?"),
                ));
            }
            total += n as u64;
            if total > wanted.most() {
                return Err(Failure::Final(self.too_long(key, wanted.most())));
            }
            sink.piece(&piece[..n])?;
        }
    }

    fn refused(&self, status: u16, key: &str, response: &mut Response<Body>) -> Result<Answer, Failure> {
        let region = header(response, "x-amz-bucket-region").map(str::to_owned);
        let pause = header(response, "retry-after").and_then(|s| s.trim().parse().ok()).map(Duration::from_secs);
        let mut text = Vec::new();
        // What cannot be read explains nothing.
        let _ = response.body_mut().as_reader().take(EXPLANATION).read_to_end(&mut text);
        let code = code(&String::from_utf8_lossy(&text));
        let error = self.error(key).got(match &code {
            Some(code) => format!("status {status}, {code}"),
            None => format!("status {status}"),
        });
        Err(match status {
            408 | 429 | 500 | 502 | 503 | 504 => Failure::Passing(error, pause),
            // A token in the address that has run out is denied as well.
            403 if code.as_deref() == Some("AccessDenied") && self.address.url.query.is_none() => return Ok(Answer::Denied),
            416 => Failure::Final(self.cut_short(key)),
            _ => Failure::Final(match region.filter(|r| r.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')) {
                Some(region) => error.rule("the server refuses").hint(format!("the bucket is in another region: set AWS_REGION={region}")),
                None if status == 401 || status == 403 => {
                    error.rule("access is denied").hint("may you read it, and have your keys run out?")
                }
                None => error.rule("the server refuses"),
            }),
        })
    }

    fn too_long(&self, key: &str, most: u64) -> Error {
        self.error(key).got(format!("more than {}", size_text(most))).rule("so much cannot belong there")
    }

    fn cut_short(&self, key: &str) -> Error {
        let error = self.error(key).got("fewer bytes than were asked for").rule("it holds fewer bytes than its metadata say");
        Error { fault: Fault::Data, ..error }
    }
}

fn header<'a>(response: &'a Response<Body>, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

/// Whether `bytes 5-9/100` are the bytes that are wanted.
fn fits(text: &str, wanted: Bytes) -> bool {
    let parse = || -> Option<(u64, u64, Option<u64>)> {
        let (range, total) = text.trim().strip_prefix("bytes")?.trim().split_once('/')?;
        let (from, last) = range.split_once('-')?;
        Some((from.parse().ok()?, last.parse().ok()?, total.parse().ok()))
    };
    let Some((from, last, total)) = parse() else { return false };
    let Some(count) = last.checked_sub(from).and_then(|n| n.checked_add(1)) else { return false };
    match wanted {
        Bytes::AtMost(_) => false,
        Bytes::Part(at, len) => from == at && count == len,
        Bytes::Last(len) => count == len && total.is_none_or(|t| last.checked_add(1) == Some(t)),
    }
}

/// The code that S3 gives for a refusal.
fn code(text: &str) -> Option<String> {
    let (code, _) = text.split_once("<Code>")?.1.split_once("</Code>")?;
    (code.len() <= 64 && code.chars().all(|c| c.is_ascii_alphanumeric())).then(|| code.to_owned())
}

/// Bytes from their percent-encoding.
fn unescaped(text: &str) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let [first, behind @ ..] = rest {
        let escaped = behind.get(..2).filter(|_| *first == b'%').and_then(|two| std::str::from_utf8(two).ok());
        match escaped.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                rest = &behind[2..];
            }
            None => {
                out.push(*first);
                rest = behind;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_asked_for() {
        assert!(
            fits("bytes 5-9/100", Bytes::Part(5, 5)) && fits("bytes 95-99/100", Bytes::Last(5)) && fits("bytes 5-9/*", Bytes::Part(5, 5))
        );
        for text in
            ["bytes 5-10/100", "bytes 4-8/100", "bytes 9-5/100", "items 5-9/100", "bytes */100", "bytes 0-18446744073709551615/*", ""]
        {
            assert!(!fits(text, Bytes::Part(5, 5)), "{text}");
        }
        assert!(!fits("bytes 90-94/100", Bytes::Last(5)));
    }

    #[test]
    fn codes_are_plain_words() {
        assert_eq!(code("<Error><Code>AccessDenied</Code><Message>x</Message></Error>").as_deref(), Some("AccessDenied"));
        assert_eq!(code("<Code>a b<script></Code>"), None);
        assert_eq!(unescaped("anna%40x:100%"), b"anna@x:100%");
    }
}
