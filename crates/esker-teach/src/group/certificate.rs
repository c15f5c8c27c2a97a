//! Certificates: hours by kind and the hash of a project's record, signed with Ed25519 (RFC 8032), verified without a network.
//!
//! A certificate never awards credit: it states hours, and the workload they would be.

use std::fs;
use std::path::{Path, PathBuf};

use esker_core::{Error, Fault, Result};
use esker_io::{read_file, sha256_hex, write_file};
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use super::call::Day;
use super::folder::{make_private, write_private};

/// Version of the shape.
const FORMAT: u32 = 1;
/// The private key, in the folder of keys.
const PRIVATE: &str = "signing.key";
/// The public key beside it.
const PUBLIC: &str = "public.key";
/// First line of a private key's file.
const HEADER: &str = "esker ed25519 private key: keep it secret, keep a copy";
/// Most bytes of a certificate or key.
const MOST: u64 = 1 << 20;
/// Hours of one ECTS credit (ECTS Users' Guide 2015: 25 to 30).
const CREDIT: [f64; 2] = [25.0, 30.0];
/// Most hours of one kind.
const MOST_HOURS: f64 = 2000.0;

/// Kinds of hours, as they are written, with what they are.
pub const KINDS: [(&str, &str); 5] = [
    ("lessons", "lessons completed with their checks"),
    ("sessions", "sessions attended"),
    ("project", "work on the project"),
    ("review", "reviews written"),
    ("talk", "talk prepared and given"),
];

/// Hours of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// One of [`KINDS`].
    pub kind: String,
    /// How many.
    pub hours: f64,
}

/// What is certified.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Number, unique to call and person.
    pub number: String,
    /// Id of the call.
    pub call: String,
    /// Its title.
    pub title: String,
    /// Id of the person.
    pub person: String,
    /// Their name, as shown.
    pub name: String,
    /// Hours by kind.
    pub hours: Vec<Hours>,
    /// Their sum.
    pub total: f64,
    /// The workload in words; never a credit.
    pub workload: String,
    /// Title of the project. May be empty.
    pub project: String,
    /// SHA-256 of the record of the project's run. May be empty.
    pub record_sha256: String,
    /// Day it was issued.
    pub issued: Day,
}

/// A signed statement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// Version of this shape.
    pub format: u32,
    /// What is certified.
    pub statement: Statement,
    /// The public key, hexadecimal.
    pub public_key: String,
    /// The signature over the statement's JSON, hexadecimal.
    pub signature: String,
}

impl Statement {
    /// A statement of hours; the total and the workload follow from them.
    ///
    /// # Errors
    /// An unknown kind, a kind twice, hours that are no positive numbers or too many.
    pub fn new(call: (&str, &str), person: (&str, &str), hours: Vec<Hours>, issued: Day) -> Result<Self> {
        check_hours(&hours)?;
        let total: f64 = hours.iter().map(|h| h.hours).sum();
        let number = sha256_hex(format!("certificate\n{}\n{}", call.0, person.0).as_bytes())[..12].to_owned();
        Ok(Self {
            number,
            call: call.0.into(),
            title: call.1.into(),
            person: person.0.into(),
            name: person.1.into(),
            workload: workload(total),
            hours,
            total,
            project: String::new(),
            record_sha256: String::new(),
            issued,
        })
    }

    /// The bytes that are signed.
    fn bytes(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|e| Error::data("certificate").got(e.to_string()))
    }
}

fn check_hours(hours: &[Hours]) -> Result<()> {
    for (i, one) in hours.iter().enumerate() {
        let named = || Error::data(format!("hours of kind '{}'", one.kind));
        if !KINDS.iter().any(|(kind, _)| *kind == one.kind) {
            let kinds: Vec<&str> = KINDS.iter().map(|(kind, _)| *kind).collect();
            return Err(named().rule(format!("the kinds are {}", kinds.join(", "))));
        }
        if !(one.hours > 0.0 && one.hours <= MOST_HOURS) {
            return Err(named().got(format!("{} h", one.hours)).rule(format!("hours are more than 0 and at most {MOST_HOURS}")));
        }
        if hours[..i].iter().any(|h| h.kind == one.kind) {
            return Err(named().got("two numbers").rule("each kind is counted once").hint("add them up"));
        }
    }
    if hours.is_empty() {
        Err(Error::data("hours").got("none").rule("a certificate states hours").hint("e.g. --hours lessons=20,sessions=24"))
    } else {
        Ok(())
    }
}

/// The workload that hours are, in words.
pub fn workload(total: f64) -> String {
    let [low, high] = [total / CREDIT[1], total / CREDIT[0]].map(|c| (c * 2.0).round() / 2.0);
    let about = if low == high { format!("{low}") } else { format!("{low} to {high}") };
    format!("{} hours, the workload of about {about} ECTS (25-30 h each); credit is decided by your institution", trimmed(total))
}

pub(crate) fn trimmed(number: f64) -> String {
    format!("{}", (number * 100.0).round() / 100.0)
}

/// The organiser's keys, in a folder of theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys(PathBuf);

impl Keys {
    /// The keys in a folder.
    pub fn at(folder: &Path) -> Self {
        Self(folder.to_path_buf())
    }

    /// Makes a pair of keys; the private one is readable by its owner alone. Keys that are there are never replaced.
    ///
    /// # Errors
    /// A key is there already; the disk refuses.
    pub fn make(&self) -> Result<String> {
        for name in [PRIVATE, PUBLIC] {
            let path = self.0.join(name);
            if path.exists() {
                let error = Error::new(Fault::Io, format!("key '{}'", path.display())).got("a key that is there already");
                return Err(error
                    .rule("keys are never replaced: what they signed is checked by them")
                    .hint("name another folder with --keys"));
            }
        }
        let refused = |_| Error::numeric("a new key").rule("the system gives no random numbers");
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(refused)?;
        let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).map_err(|_| Error::numeric("a new key").rule("it cannot be read back"))?;
        make_private(&self.0)?;
        let public = hex(pair.public_key().as_ref());
        write_private(&self.0.join(PRIVATE), format!("{HEADER}\n{}\n", hex(document.as_ref())).as_bytes())?;
        write_file(&self.0.join(PUBLIC), format!("{public}\n").as_bytes())?;
        Ok(public)
    }

    /// Whether there is any key.
    pub fn exist(&self) -> bool {
        self.0.join(PRIVATE).exists() || self.0.join(PUBLIC).exists()
    }

    /// Whether they are in a folder, or would be.
    pub fn lie_in(&self, folder: &Path) -> bool {
        let whole = |path: &Path| {
            // What is not there yet has no real path: its nearest ancestor that is there has.
            let there = path.ancestors().find(|a| a.exists() && !a.as_os_str().is_empty());
            let (there, rest) = there.map_or((Path::new("."), path), |t| (t, path.strip_prefix(t).unwrap_or(Path::new(""))));
            fs::canonicalize(there).unwrap_or_else(|_| there.to_path_buf()).join(rest)
        };
        whole(&self.0).starts_with(whole(folder))
    }

    /// Where the public key is.
    pub fn public_path(&self) -> PathBuf {
        self.0.join(PUBLIC)
    }

    fn pair(&self) -> Result<Ed25519KeyPair> {
        let path = self.0.join(PRIVATE);
        let named = || Error::new(Fault::Io, format!("private key '{}'", path.display()));
        if !path.is_file() {
            let rule =
                "nothing can be signed without it, and it cannot be made again; certificates that it signed stay valid with public.key";
            return Err(named().got("none").rule(rule).hint(
                "put back your copy, or make new keys in another folder with --keys FOLDER --new-keys and tell people the new public key",
            ));
        }
        not_open_to_others(&path)?;
        let text = String::from_utf8_lossy(&read_file(&path, MOST)?).into_owned();
        let damaged = || named().got("a damaged file").rule("it is two lines that esker wrote").hint("put back your copy");
        let line = text.strip_prefix(HEADER).map(str::trim).ok_or_else(damaged)?;
        let pair = Ed25519KeyPair::from_pkcs8(&unhex(line).ok_or_else(damaged)?).map_err(|_| damaged())?;
        let public = public_key(&self.public_path())?;
        if public != hex(pair.public_key().as_ref()) {
            return Err(named()
                .got("the private key of another pair")
                .rule("it belongs to the public key beside it")
                .hint("put back the files that belong together"));
        }
        Ok(pair)
    }

    /// Signs a statement.
    ///
    /// # Errors
    /// The private key is lost, damaged, of another pair, or open to other users.
    pub fn sign(&self, statement: Statement) -> Result<Certificate> {
        let pair = self.pair()?;
        let signature = hex(pair.sign(&statement.bytes()?).as_ref());
        Ok(Certificate { format: FORMAT, statement, public_key: hex(pair.public_key().as_ref()), signature })
    }
}

#[cfg(unix)]
fn not_open_to_others(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path).map_err(|e| Error::io(format!("private key '{}'", path.display()), &e))?.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let error = Error::new(Fault::Io, format!("private key '{}'", path.display())).got(format!("file mode {mode:o}"));
    Err(error.rule("nobody but you may read it").hint(format!("chmod 600 '{}'; if others had access, make new keys", path.display())))
}

#[cfg(not(unix))]
fn not_open_to_others(_: &Path) -> Result<()> {
    Ok(())
}

/// Reads a public key.
///
/// # Errors
/// The file cannot be read or holds no public key.
pub fn public_key(path: &Path) -> Result<String> {
    let text = String::from_utf8_lossy(&read_file(path, MOST)?).trim().to_owned();
    if unhex(&text).is_some_and(|k| k.len() == 32) {
        return Ok(text);
    }
    Err(Error::data(format!("public key '{}'", path.display())).rule("it is 64 hexadecimal digits on one line"))
}

impl Certificate {
    /// The file's text.
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).map(|t| t + "\n").unwrap_or_default()
    }

    /// Verifies a certificate from its bytes, and against a public key where one is given.
    ///
    /// # Errors
    /// It is no certificate, was changed by as little as one byte, or was signed by another key; each says which.
    pub fn verify(bytes: &[u8], key: Option<&str>) -> Result<Self> {
        let named = || Error::data("certificate");
        let hint = "ask who issued it for the original file";
        let found: Self = serde_json::from_slice(bytes)
            .map_err(|e| named().got(format!("a damaged file ({e})")).rule("it is JSON that esker wrote").hint(hint))?;
        let changed = |what: &str| named().got(what).rule("every byte of a certificate is as it was signed").hint(hint);
        if found.format != FORMAT || found.text().as_bytes() != bytes {
            return Err(changed("a file that was changed after it was written"));
        }
        if let Some(key) = key.filter(|k| *k != found.public_key) {
            let got = format!("the key {}", fingerprint(&found.public_key));
            let rule = format!("it was to be signed by the key {}", fingerprint(key));
            return Err(named().got(got).rule(rule).hint("compare the key with the one the organiser publishes"));
        }
        let (Some(public), Some(signature)) = (unhex(&found.public_key), unhex(&found.signature)) else {
            return Err(changed("a key or signature that is no hexadecimal number"));
        };
        let signed = UnparsedPublicKey::new(&ED25519, public).verify(&found.statement.bytes()?, &signature);
        signed.map_err(|_| changed("a signature that does not fit what it states"))?;
        Ok(found)
    }
}

/// The first sixteen digits of a key's hash, in fours, to be compared by eye.
pub fn fingerprint(key: &str) -> String {
    let hash = sha256_hex(key.as_bytes());
    [&hash[..4], &hash[4..8], &hash[8..12], &hash[12..16]].join(" ")
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, b| {
        let _ = write!(text, "{b:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).filter(|_| !c.is_ascii_uppercase()).map(|d| d as u8)).collect();
    let digits = digits.filter(|d| d.len() % 2 == 0)?;
    Some(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed() -> (tempfile::TempDir, Keys, Certificate) {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::at(&folder.path().join("keys"));
        keys.make().unwrap();
        let hours = vec![Hours { kind: "lessons".into(), hours: 25.0 }, Hours { kind: "project".into(), hours: 30.0 }];
        let day = Day("2026-12-01".parse().unwrap());
        let statement = Statement::new(("ice-2026", "Ice"), ("ana", "Ana Quispe 氷"), hours, day).unwrap();
        let certificate = keys.sign(statement).unwrap();
        (folder, keys, certificate)
    }

    #[test]
    fn what_was_signed_verifies_and_one_byte_changed_does_not() {
        let (_folder, keys, certificate) = signed();
        let text = certificate.text();
        let key = public_key(&keys.public_path()).unwrap();
        assert_eq!(Certificate::verify(text.as_bytes(), Some(&key)).unwrap(), certificate);
        for at in 0..text.len() {
            for flip in [1, 32] {
                let mut bytes = text.clone().into_bytes();
                bytes[at] ^= flip;
                assert!(Certificate::verify(&bytes, None).is_err(), "byte {at} of {text}");
            }
        }
        assert!(Certificate::verify(&text.as_bytes()[..text.len() - 1], None).is_err());
        assert!(Certificate::verify(text.as_bytes(), Some(&"0".repeat(64))).is_err());
    }

    #[test]
    fn workload_is_no_credit() {
        let (_folder, _, certificate) = signed();
        let words = &certificate.statement.workload;
        assert_eq!(words, "55 hours, the workload of about 2 ECTS (25-30 h each); credit is decided by your institution");
        assert!(workload(60.0).contains("2 to 2.5 ECTS"), "{}", workload(60.0));
    }

    #[cfg(unix)]
    #[test]
    fn keys_are_private_never_replaced_and_their_loss_is_told() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_folder, keys, certificate) = signed();
        let private = keys.0.join(PRIVATE);
        assert_eq!(fs::metadata(&private).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(keys.make().is_err());
        fs::set_permissions(&private, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(keys.sign(certificate.statement.clone()).unwrap_err().to_string().contains("nobody but you"));
        fs::remove_file(&private).unwrap();
        let lost = keys.sign(certificate.statement.clone()).unwrap_err().to_string();
        assert!(lost.contains("cannot be made again") && keys.make().is_err(), "{lost}");
        assert!(Certificate::verify(certificate.text().as_bytes(), Some(&certificate.public_key)).is_ok());
    }

    #[test]
    fn hours_that_cannot_be_are_refused() {
        let one = |kind: &str, hours: f64| Hours { kind: kind.into(), hours };
        for wrong in [
            vec![],
            vec![one("sleep", 8.0)],
            vec![one("talk", -1.0)],
            vec![one("talk", f64::NAN)],
            vec![one("talk", 1.0), one("talk", 1.0)],
        ] {
            assert!(check_hours(&wrong).is_err(), "{wrong:?}");
        }
    }
}
