//! Addresses of http and https, as far as fetching data needs them.

use std::fmt::Write as _;

/// An address in its parts. Its `Debug` is what may be shown.
#[derive(Clone, PartialEq)]
pub(super) struct Url {
    pub https: bool,
    /// Host, with its port where one is said.
    pub host: String,
    /// `name:password`, as it was written.
    pub user: Option<String>,
    /// Starts with a slash; what a request line cannot hold is percent-encoded.
    pub path: String,
    pub query: Option<String>,
}

impl std::fmt::Debug for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown())
    }
}

impl Url {
    /// An address from its text; none where it is none of http or https.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let rest = rest.split('#').next()?;
        let (place, query) = rest.split_once('?').map_or((rest, None), |(p, q)| (p, Some(encoded(q, QUERY))));
        let (authority, path) = place.find('/').map_or((place, "/"), |at| place.split_at(at));
        let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(u, h)| (Some(u.to_owned()), h));
        let plain = |c: char| c.is_ascii_alphanumeric() || ".-_:[]".contains(c);
        if host.is_empty() || host.len() > 300 || !host.chars().all(plain) {
            return None;
        }
        Some(Self { https, host: host.to_ascii_lowercase(), user, path: encoded(path, PATH), query })
    }

    /// Where a redirection from here leads.
    pub fn join(&self, location: &str) -> Option<Self> {
        let scheme = if self.https { "https" } else { "http" };
        let location = location.trim();
        if location.contains("://") && !location.starts_with(['/', '?']) {
            return Self::parse(location);
        }
        if location.starts_with("//") {
            return Self::parse(&format!("{scheme}:{location}"));
        }
        let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let path = match location.as_bytes().first()? {
            b'/' => location.to_owned(),
            b'?' => format!("{}{location}", self.path),
            _ => format!("{folder}/{location}"),
        };
        Self::parse(&format!("{scheme}://{}{path}", self.host))
    }

    /// The address of a key below this one.
    pub fn below(&self, key: &str) -> Self {
        let path = format!("{}/{}", self.path.trim_end_matches('/'), encoded(key, KEY));
        Self { path, ..self.clone() }
    }

    /// What is sent for; the user is no part of it.
    pub fn full(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.shown()),
            None => self.shown(),
        }
    }

    /// What may stand in messages and records: neither user nor query, where secrets are.
    pub fn shown(&self) -> String {
        format!("{}://{}{}", if self.https { "https" } else { "http" }, self.host, self.path)
    }

    /// Whether it is this machine itself.
    pub fn is_loopback(&self) -> bool {
        let host = match self.host.strip_prefix('[') {
            Some(six) => six.split(']').next().unwrap_or_default(),
            None => self.host.split(':').next().unwrap_or_default(),
        };
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

/// What stays as it is besides letters and digits (RFC 3986), in a path as a user wrote it, in a query, and in a plain key.
const PATH: &str = "-._~/%:@!$&'()*+,;=";
const QUERY: &str = "-._~/%:@!$&'()*+,;=?";
pub(super) const KEY: &str = "-._~/";

/// Percent-encoded, but for letters, digits and what stays.
pub(super) fn encoded(text: &str, stays: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, b| {
        if b.is_ascii_alphanumeric() || stays.as_bytes().contains(&b) {
            out.push(char::from(b));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{b:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_secret_is_not_shown() {
        let url = Url::parse("https://anna:pa$$@Data.example.org:8443/a b/x.zarr?sig=topsecret#part").unwrap();
        assert_eq!(url.shown(), "https://data.example.org:8443/a%20b/x.zarr");
        assert_eq!(format!("{url:?}"), url.shown());
        assert_eq!(url.full(), "https://data.example.org:8443/a%20b/x.zarr?sig=topsecret");
        assert_eq!(url.user.as_deref(), Some("anna:pa$$"));
        assert_eq!(url.below("t2m/c/0/é").full(), "https://data.example.org:8443/a%20b/x.zarr/t2m/c/0/%C3%A9?sig=topsecret");
    }

    #[test]
    fn redirections_lead_where_they_say() {
        let url = Url::parse("https://a.org/x/y?q=1").unwrap();
        let to = |location: &str| url.join(location).map(|u| u.full());
        assert_eq!(to("https://b.org/z").as_deref(), Some("https://b.org/z"));
        assert_eq!(to("//b.org/z").as_deref(), Some("https://b.org/z"));
        assert_eq!(to("/z?u=http://c.org").as_deref(), Some("https://a.org/z?u=http://c.org"));
        assert_eq!(to("z").as_deref(), Some("https://a.org/x/z"));
        assert_eq!(to("?q=2").as_deref(), Some("https://a.org/x/y?q=2"));
        assert_eq!(to("http://b.org").map(|u| u.starts_with("http://")), Some(true));
        assert!(to("").is_none() && to("ftp://b.org/z").is_none() && to("//bad host/").is_none());
    }

    #[test]
    fn this_machine_is_known() {
        for (text, here) in [
            ("http://localhost:80/", true),
            ("http://127.0.0.2/", true),
            ("http://[::1]:99/", true),
            ("http://localhost.example.org/", false),
            ("http://10.0.0.1/", false),
        ] {
            assert_eq!(Url::parse(text).unwrap().is_loopback(), here, "{text}");
        }
    }
}
