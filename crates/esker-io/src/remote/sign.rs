//! Signatures of requests to S3 (AWS Signature Version 4), for reading.

use std::time::{SystemTime, UNIX_EPOCH};

use esker_core::Calendar;
use sha2::{Digest, Sha256};

use crate::sha256_hex;

/// The name and the secret that sign requests. Nothing of it is ever printed.
#[derive(Clone)]
pub(super) struct Keys {
    pub id: String,
    pub secret: String,
    pub token: Option<String>,
    pub region: String,
}

/// A request to be signed: GET, without a body and without a query.
pub(super) struct Request<'a> {
    pub host: &'a str,
    /// Percent-encoded but for unreserved characters and slashes.
    pub path: &'a str,
    pub range: Option<&'a str>,
}

impl Keys {
    /// The headers that sign a request made at a time.
    pub fn headers(&self, request: &Request<'_>, at: SystemTime) -> Vec<(&'static str, String)> {
        let (day, moment) = stamps(at);
        let empty = sha256_hex(b"");
        // Sorted by name, as the signature wants them.
        let mut headers = vec![("host", request.host.to_owned())];
        headers.extend(request.range.map(|r| ("range", r.to_owned())));
        headers.push(("x-amz-content-sha256", empty.clone()));
        headers.push(("x-amz-date", moment.clone()));
        headers.extend(self.token.clone().map(|t| ("x-amz-security-token", t)));
        let names = headers.iter().map(|(n, _)| *n).collect::<Vec<_>>().join(";");
        let lines: String = headers.iter().map(|(n, v)| format!("{n}:{}\n", v.trim())).collect();
        let canonical = format!("GET\n{}\n\n{lines}\n{names}\n{empty}", request.path);
        let scope = format!("{day}/{}/s3/aws4_request", self.region);
        let text = format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{}", sha256_hex(canonical.as_bytes()));
        let key = [day.as_str(), &self.region, "s3", "aws4_request"]
            .iter()
            .fold(format!("AWS4{}", self.secret).into_bytes(), |key, part| hmac(&key, part.as_bytes()).to_vec());
        let signature: String = hmac(&key, text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
        let signed = format!("AWS4-HMAC-SHA256 Credential={}/{scope},SignedHeaders={names},Signature={signature}", self.id);
        // Host and range are sent by the client itself.
        headers.retain(|(n, _)| n.starts_with("x-amz-"));
        headers.push(("authorization", signed));
        headers
    }
}

/// `20130524` and `20130524T000000Z`.
fn stamps(at: SystemTime) -> (String, String) {
    let seconds = at.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let date = Calendar::Proleptic.date((seconds / 86_400) as f64);
    let day = format!("{:04}{:02}{:02}", date.year, date.month, date.day);
    let (h, m, s) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let moment = format!("{day}T{h:02}{m:02}{s:02}Z");
    (day, moment)
}

/// HMAC with SHA-256 (RFC 2104).
fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut block = [0_u8; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new().chain_update(block.map(|b| b ^ 0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(block.map(|b| b ^ 0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn published_codes_are_reached() {
        // RFC 4231, test cases 2 and 6.
        let hex = |bytes: [u8; 32]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        assert_eq!(hex(hmac(b"Jefe", b"what do ya want for nothing?")), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert_eq!(
            hex(hmac(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    #[test]
    fn the_published_request_is_signed_as_published() {
        // Amazon S3 API Reference, "Signature Calculations for the Authorization Header: Transferring Payload in a Single Chunk",
        // example "GET Object".
        let keys = Keys {
            id: "AKIAIOSFODNN7EXAMPLE".into(),
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into(),
            token: None,
            region: "us-east-1".into(),
        };
        let request = Request { host: "examplebucket.s3.amazonaws.com", path: "/test.txt", range: Some("bytes=0-9") };
        let headers = keys.headers(&request, UNIX_EPOCH + Duration::from_secs(1_369_353_600));
        let value = |name: &str| headers.iter().find(|(n, _)| *n == name).map(|(_, v)| v.as_str()).unwrap();
        assert_eq!(value("x-amz-date"), "20130524T000000Z");
        assert_eq!(
            value("authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
             SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,\
             Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        );
        let with_token = Keys { token: Some("session".into()), ..keys }.headers(&request, UNIX_EPOCH);
        assert!(with_token.iter().any(|(n, v)| *n == "x-amz-security-token" && v == "session"));
        assert!(with_token.iter().any(|(_, v)| v.contains("x-amz-date;x-amz-security-token,")));
    }
}
