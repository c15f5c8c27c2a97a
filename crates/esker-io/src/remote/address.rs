//! Where data are on the network: `http://`, `https://`, `s3://bucket/key` and `gs://bucket/key`.

use std::path::Path;

use esker_core::{Error, Result};

use super::sign::Keys;
use super::url::{KEY, Url, encoded};

/// An address, and what goes with a request to it.
#[derive(Clone)]
pub(super) struct Address {
    pub url: Url,
    pub keys: Option<Keys>,
    /// What may stand in messages and records.
    pub shown: String,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown)
    }
}

/// Settings by their name in the environment.
type Settings<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The scheme of an address and what follows; none where a path is a path.
pub(super) fn scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let named = scheme.len() > 1 && scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    (named && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c))).then_some((scheme, rest))
}

impl Address {
    /// The address that a path is; none where it is a path.
    pub fn of(path: &Path) -> Option<Result<Self>> {
        Self::parse(path.to_str()?, &|name| std::env::var(name).ok().filter(|v| !v.trim().is_empty()))
    }

    fn parse(text: &str, settings: Settings<'_>) -> Option<Result<Self>> {
        let (scheme, rest) = scheme(text)?;
        Some(match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" => plain(text),
            "s3" => s3(rest, settings),
            "gs" => bucket("gs", rest).and_then(|(bucket, key)| {
                let url = format!("https://storage.googleapis.com/{bucket}/{}", encoded(key, KEY));
                built(&url, None, format!("gs://{bucket}/{key}"))
            }),
            other => Err(Error::usage(format!("an address that starts with '{other}://'"))
                .rule("data are read from http, https, s3 and gs")
                .hint("download the data first, and name the file")),
        })
    }

    /// The last part of the path, as a file name.
    pub fn file_name(&self) -> String {
        let last = self.url.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
        // The end holds the extension.
        let from = last.len().saturating_sub(100);
        let name: String = last[from..].chars().map(plain).collect();
        let name = name.trim_start_matches('.');
        if name.is_empty() { "data".into() } else { name.to_owned() }
    }
}

/// An address of http or https.
fn plain(text: &str) -> Result<Address> {
    let url = Url::parse(text).ok_or_else(|| no_host("http"))?;
    if url.user.is_some() && !url.https && !url.is_loopback() {
        return Err(Error::usage(format!("'{}'", url.shown()))
            .got("a password in the address")
            .rule("over http everybody on the way can read it")
            .hint("use https, or leave the password out"));
    }
    let shown = url.shown().trim_end_matches('/').to_owned();
    Ok(Address { url, keys: None, shown })
}

/// `bucket/key` in S3: anonymous, or signed where the environment holds keys.
fn s3(rest: &str, settings: Settings<'_>) -> Result<Address> {
    let (bucket, key) = bucket("s3", rest)?;
    let shown = format!("s3://{bucket}/{key}");
    let region = settings("AWS_REGION").or_else(|| settings("AWS_DEFAULT_REGION"));
    let named = region.clone().unwrap_or_else(|| "us-east-1".into());
    if !named.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return Err(Error::usage("AWS_REGION").got(format!("'{}'", named.escape_debug())).rule("it is a name such as eu-central-1"));
    }
    let keys = match (settings("AWS_ACCESS_KEY_ID"), settings("AWS_SECRET_ACCESS_KEY")) {
        (Some(id), Some(secret)) => Some(Keys { id, secret, token: settings("AWS_SESSION_TOKEN"), region: named.clone() }),
        (None, None) => None,
        (id, _) => {
            let lacks = if id.is_some() { "AWS_SECRET_ACCESS_KEY" } else { "AWS_ACCESS_KEY_ID" };
            return Err(Error::usage(format!("'{shown}'"))
                .rule(format!("{lacks} is not set, and its counterpart is"))
                .hint("set both to sign requests, or none to read anonymously"));
        }
    };
    let path = encoded(key, KEY);
    let url = match settings("AWS_ENDPOINT_URL_S3").or_else(|| settings("AWS_ENDPOINT_URL")) {
        Some(endpoint) => format!("{}/{bucket}/{path}", endpoint.trim_end_matches('/')),
        None => {
            let host = region.map_or_else(|| "s3.amazonaws.com".into(), |r| format!("s3.{r}.amazonaws.com"));
            // The certificate of Amazon covers no bucket with dots in its name.
            if bucket.contains('.') { format!("https://{host}/{bucket}/{path}") } else { format!("https://{bucket}.{host}/{path}") }
        }
    };
    built(&url, keys, shown)
}

fn bucket<'a>(scheme: &str, rest: &'a str) -> Result<(&'a str, &'a str)> {
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    if bucket.is_empty() || bucket.len() > 255 || !bucket.chars().all(plain) || bucket.starts_with('.') {
        return Err(no_host(scheme));
    }
    Ok((bucket, key.trim_end_matches('/')))
}

fn built(url: &str, keys: Option<Keys>, shown: String) -> Result<Address> {
    let url = Url::parse(url).ok_or_else(|| Error::usage("AWS_ENDPOINT_URL").rule("it is an address such as https://s3.example.org"))?;
    Ok(Address { url: Url { user: None, query: None, ..url }, keys, shown })
}

fn no_host(scheme: &str) -> Error {
    // The text is not repeated: it may hold a password.
    let form = if scheme == "http" { "https://host/path" } else { "s3://bucket/key" };
    Error::usage(format!("an address that starts with '{scheme}'")).rule(format!("its form is {form}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str, settings: &[(&str, &str)]) -> Result<Address> {
        let settings = |name: &str| settings.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        Address::parse(text, &settings).expect("an address")
    }

    const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "topsecret")];

    #[test]
    fn buckets_become_hosts() {
        let full = |text: &str, settings: &[(&str, &str)]| address(text, settings).map(|a| a.url.full()).unwrap();
        assert_eq!(full("s3://ice/a b/x.zarr/", &[]), "https://ice.s3.amazonaws.com/a%20b/x.zarr");
        assert_eq!(full("s3://ice/x.zarr", &[("AWS_REGION", "eu-west-1")]), "https://ice.s3.eu-west-1.amazonaws.com/x.zarr");
        assert_eq!(full("s3://ice.sheet/x", &[("AWS_DEFAULT_REGION", "eu-west-1")]), "https://s3.eu-west-1.amazonaws.com/ice.sheet/x");
        assert_eq!(full("s3://ice/x", &[("AWS_ENDPOINT_URL", "http://localhost:9000/")]), "http://localhost:9000/ice/x");
        assert_eq!(full("gs://ice/x.zarr", &[]), "https://storage.googleapis.com/ice/x.zarr");
    }

    #[test]
    fn keys_sign_and_are_not_shown() {
        assert!(address("s3://ice/x", &[]).unwrap().keys.is_none());
        let signed = address("s3://ice/x", &KEYS).unwrap();
        assert_eq!(signed.keys.as_ref().map(|k| (k.id.as_str(), k.region.as_str())), Some(("AKID", "us-east-1")));
        assert_eq!(format!("{signed:?}"), "s3://ice/x");
        assert!(address("gs://ice/x", &KEYS).unwrap().keys.is_none() && address("https://a.org/x", &KEYS).unwrap().keys.is_none());
        insta::assert_snapshot!(address("s3://ice/x", &KEYS[..1]).unwrap_err(), @"
        's3://ice/x'; AWS_SECRET_ACCESS_KEY is not set, and its counterpart is
          hint: set both to sign requests, or none to read anonymously
        ");
    }

    #[test]
    fn what_is_no_address_of_data_is_refused() {
        for text in ["s3://", "s3:///key", "s3://a@b/key", "http://", "https:///x", "https://a b/x"] {
            assert!(address(text, &[]).is_err(), "{text}");
        }
        insta::assert_snapshot!(address("ftp://anna:secret@a.org/x", &[]).unwrap_err(), @"
        an address that starts with 'ftp://'; data are read from http, https, s3 and gs
          hint: download the data first, and name the file
        ");
        insta::assert_snapshot!(address("http://anna:secret@a.org/x?y", &[]).unwrap_err(), @"
        'http://a.org/x': got a password in the address; over http everybody on the way can read it
          hint: use https, or leave the password out
        ");
        for path in ["x.zarr", "C:\\data\\x.zarr", "a/b://c", "/data/x", "1://x"] {
            assert!(Address::of(Path::new(path)).is_none(), "{path}");
        }
    }

    #[test]
    fn names_are_those_of_files() {
        let name = |text: &str| address(text, &[]).map(|a| a.file_name()).unwrap();
        assert_eq!(name("https://a.org/b/stakes.csv?key=1"), "stakes.csv");
        assert_eq!(name("https://a.org/b/st%C3%A4kes 1.csv"), "st_C3_A4kes_201.csv");
        assert_eq!(name("https://a.org"), "data");
        assert_eq!(name("https://a.org/.."), "data");
        assert_eq!(name(&format!("https://a.org/{}.nc", "x".repeat(500))).len(), 100);
    }
}
