//! The metadata of a Zarr array, version 2 or 3: shape, chunks, type, fill value and codecs.
//!
//! Zarr v2 spec; Zarr core v3.1 with the codecs registered at zarr-extensions and those numcodecs stores under its own names.

use esker_core::cube::{Attribute, Attributes};

use super::codec::{MOST_CHUNK, Pack};
use super::dtype::{Dtype, Kind};
use super::json::Json;

/// Most axes of an array.
const MOST_AXES: usize = 32;
/// Shards within shards.
const DEEPEST: usize = 3;

/// An array as its metadata describe it.
#[derive(Debug, Clone)]
pub(super) struct Array {
    pub shape: Vec<usize>,
    /// Lengths of the stored chunks (shards where there are any).
    pub chunk: Vec<usize>,
    pub dtype: Dtype,
    /// What stands where no chunk is.
    pub fill: Fill,
    pub codecs: Codecs,
    pub keys: Keys,
    pub attributes: Attributes,
    /// Names of the axes, none where the file gives none.
    pub names: Vec<Option<String>>,
}

/// A fill value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fill {
    Number(f64),
    Text(String),
}

/// How chunk places become keys.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Keys {
    /// `c/0/1` rather than `0/1`.
    pub prefixed: bool,
    pub separator: char,
}

/// What is between bytes and cells.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Codecs {
    /// Where each axis of the array lies in the stored order, slowest first; none where the orders agree.
    pub order: Option<Vec<usize>>,
    pub inner: Inner,
    pub packs: Vec<Pack>,
}

/// How cells become bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Inner {
    Cells,
    Texts,
    Shards(Box<Shards>),
}

/// Chunks within a chunk.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shards {
    pub chunk: Vec<usize>,
    pub dtype: Dtype,
    pub codecs: Codecs,
    /// Whether a checksum ends the index.
    pub index: Vec<Pack>,
    pub index_big: bool,
    pub at_end: bool,
}

impl Array {
    /// The key of a chunk below the array's own path.
    pub(super) fn key(&self, place: &[usize]) -> String {
        let mut key = String::from(if self.keys.prefixed { "c" } else { "" });
        for (i, n) in place.iter().enumerate() {
            if i > 0 || self.keys.prefixed {
                key.push(self.keys.separator);
            }
            key.push_str(&n.to_string());
        }
        if place.is_empty() && !self.keys.prefixed {
            key.push('0');
        }
        key
    }

    /// Reads a `.zarray` with its `.zattrs`.
    pub(super) fn v2(meta: &Json, about: Option<&Json>) -> Result<Self, String> {
        if meta.get("zarr_format").and_then(Json::count) != Some(2) {
            return Err("a format other than 2".into());
        }
        let dtype = meta.get("dtype").and_then(Json::text).and_then(Dtype::numpy).ok_or_else(|| unknown("type", meta.get("dtype")))?;
        let (shape, chunk) = shapes(meta.get("shape"), meta.get("chunks"), dtype)?;
        let mut packs = Vec::new();
        let mut inner = if dtype.kind == Kind::Text { None } else { Some(Inner::Cells) };
        for filter in meta.get("filters").and_then(Json::list).unwrap_or_default() {
            match filter.get("id").and_then(Json::text) {
                Some("vlen-utf8") if dtype.kind == Kind::Text => inner = Some(Inner::Texts),
                Some(id) => packs.extend(pack(id, filter, dtype)?),
                None => return Err("a filter without its name".into()),
            }
        }
        if let Some(packing) = meta.get("compressor") {
            packs.extend(pack(packing.get("id").and_then(Json::text).unwrap_or_default(), packing, dtype)?);
        }
        let inner = inner.ok_or("texts that are not stored by the codec vlen-utf8")?;
        let order = match meta.get("order").and_then(Json::text) {
            Some("F") if shape.len() > 1 => Some((0..shape.len()).rev().collect()),
            _ => None,
        };
        let separator = match meta.get("dimension_separator").and_then(Json::text) {
            Some("/") => '/',
            _ => '.',
        };
        let mut attributes = about.map(Json::attributes).unwrap_or_default();
        let names = match about.and_then(|a| a.get("_ARRAY_DIMENSIONS")).and_then(Json::list) {
            Some(list) if list.len() == shape.len() => list.iter().map(|n| n.text().map(str::to_owned)).collect(),
            _ => vec![None; shape.len()],
        };
        attributes.0.retain(|(n, _)| n != "_ARRAY_DIMENSIONS");
        let fill = fill(meta.get("fill_value"), dtype)?;
        // In version 2 the fill value marks what is missing, as xarray takes it too.
        if meta.get("fill_value").is_some() && attributes.get("_FillValue").is_none() {
            match &fill {
                Fill::Number(v) => attributes.set("_FillValue", Attribute::Numbers(vec![*v])),
                Fill::Text(_) => {}
            }
        }
        set_time(dtype, &mut attributes);
        let codecs = Codecs { order, inner, packs };
        Ok(Self { shape, chunk, dtype, fill, codecs, keys: Keys { prefixed: false, separator }, attributes, names })
    }

    /// Reads a `zarr.json` of an array.
    pub(super) fn v3(meta: &Json) -> Result<Self, String> {
        let data = meta.get("data_type").ok_or("no data type")?;
        let (name, settings) = named(data);
        let setting = |key: &str| settings.and_then(|s| s.get(key));
        let time = setting("unit").and_then(Json::text).map(|u| (u, setting("scale_factor").and_then(Json::number).unwrap_or(1.0)));
        let mut dtype =
            Dtype::named(name, setting("length_bytes").and_then(Json::count), time).ok_or_else(|| unknown("type", Some(data)))?;
        let (grid, settings) = named(meta.get("chunk_grid").ok_or("no chunk grid")?);
        if grid != "regular" {
            return Err(format!("the chunk grid '{grid}', where regular ones are read"));
        }
        let (shape, chunk) = shapes(meta.get("shape"), settings.and_then(|s| s.get("chunk_shape")), dtype)?;
        if let Some(transformer) = meta.get("storage_transformers").and_then(Json::list).and_then(<[Json]>::first) {
            return Err(format!("the storage transformer '{}', which is not known", named(transformer).0));
        }
        let (encoding, settings) = meta.get("chunk_key_encoding").map_or(("default", None), named);
        let told = settings.and_then(|s| s.get("separator")).and_then(Json::text).and_then(|s| s.chars().next());
        let keys = match encoding {
            "default" => Keys { prefixed: true, separator: told.unwrap_or('/') },
            "v2" => Keys { prefixed: false, separator: told.unwrap_or('.') },
            other => return Err(format!("the chunk key encoding '{other}'")),
        };
        if !matches!(keys.separator, '/' | '.') {
            return Err(format!("the separator '{}' in chunk keys", keys.separator.escape_debug()));
        }
        let codecs = codecs(meta.get("codecs"), &chunk, &mut dtype, 0)?;
        let mut attributes = meta.get("attributes").map(Json::attributes).unwrap_or_default();
        plain_fill(&mut attributes, dtype);
        let names = match meta.get("dimension_names").and_then(Json::list) {
            Some(list) if list.len() == shape.len() => list.iter().map(|n| n.text().map(str::to_owned)).collect(),
            _ => vec![None; shape.len()],
        };
        set_time(dtype, &mut attributes);
        Ok(Self { shape, chunk, fill: fill(meta.get("fill_value"), dtype)?, dtype, codecs, keys, attributes, names })
    }
}

/// Time stamps of NumPy arrive as days.
fn set_time(dtype: Dtype, attributes: &mut Attributes) {
    if let Kind::Time { .. } = dtype.kind {
        attributes.set("units", Attribute::Text("days since 1970-01-01".into()));
        attributes.set("calendar", Attribute::Text("proleptic_gregorian".into()));
        attributes.0.retain(|(n, _)| n != "_FillValue");
    }
}

fn unknown(what: &str, value: Option<&Json>) -> String {
    let shown = value.map_or_else(|| "none".to_owned(), |v| v.text().map_or_else(|| named(v).0.to_owned(), str::to_owned));
    format!("the {what} '{}', which is not read", shown.escape_debug())
}

/// A name with its settings, as v3 writes extensions: a bare name, or an object.
fn named(json: &Json) -> (&str, Option<&Json>) {
    match json {
        Json::Text(name) => (name, None),
        other => (other.get("name").and_then(Json::text).unwrap_or_default(), other.get("configuration")),
    }
}

/// Shape and chunk shape, within bounds.
fn shapes(shape: Option<&Json>, chunk: Option<&Json>, dtype: Dtype) -> Result<(Vec<usize>, Vec<usize>), String> {
    let shape = shape.and_then(Json::counts).ok_or("a shape that is no list of counts")?;
    let chunk = chunk.and_then(Json::counts).ok_or("chunk lengths that are no list of counts")?;
    if shape.len() > MOST_AXES || shape.iter().try_fold(8_usize, |n, &m| n.checked_mul(m.max(1))).is_none_or(|n| n > isize::MAX as usize) {
        return Err(format!("an array of {} axes and more cells than can be counted", shape.len()));
    }
    if chunk.len() != shape.len() || chunk.contains(&0) {
        return Err(format!("chunks of {chunk:?} cells for an array of {shape:?}"));
    }
    let cells = chunk.iter().try_fold(dtype.size().unwrap_or(1), |n, &m| n.checked_mul(m));
    if cells.is_none_or(|n| n > MOST_CHUNK) {
        return Err(format!("chunks of {chunk:?} cells, where at most {} GiB are read at once", MOST_CHUNK >> 30));
    }
    Ok((shape, chunk))
}

fn fill(value: Option<&Json>, dtype: Dtype) -> Result<Fill, String> {
    if dtype.is_text() {
        let text = value.and_then(Json::text).unwrap_or_default();
        // Zarr v2 writes the fill of byte texts in base 64; an unfilled place is empty either way.
        let text = if text == "0" || matches!(dtype.kind, Kind::Bytes(_)) { "" } else { text };
        return Ok(Fill::Text(text.to_owned()));
    }
    let Some(value) = value else { return Ok(Fill::Number(0.0)) };
    let number = match (value, dtype.kind) {
        (Json::Text(text), Kind::Time { .. }) if text == "NaT" => Some(f64::NAN),
        (Json::Int(n), Kind::Time { per_day }) => Some(if *n == i64::MIN.into() { f64::NAN } else { *n as f64 / per_day }),
        (Json::Text(text), Kind::Float { size }) if text.starts_with("0x") => hex(&text[2..], size),
        (Json::Real(v), Kind::Float { size: 4 }) => Some(f64::from(*v as f32)),
        (value, _) => value.number(),
    };
    number.map(Fill::Number).ok_or_else(|| unknown("fill value", Some(value)))
}

/// A float by its bits, in hexadecimal.
fn hex(digits: &str, size: usize) -> Option<f64> {
    if digits.len() != size * 2 {
        return None;
    }
    let bits = u64::from_str_radix(digits, 16).ok()?;
    Some(match size {
        2 => super::dtype::half(bits as u16),
        4 => f64::from(f32::from_bits(bits as u32)),
        _ => f64::from_bits(bits),
    })
}

/// xarray writes `_FillValue` of floats in version 3 as eight bytes in base 64.
fn plain_fill(attributes: &mut Attributes, dtype: Dtype) {
    if !matches!(dtype.kind, Kind::Float { .. }) {
        return;
    }
    for name in ["_FillValue", "missing_value"] {
        let Some(text) = attributes.text(name) else { continue };
        let number = match text {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            text => base64(text).and_then(|b| b.try_into().ok()).map(f64::from_le_bytes),
        };
        if let Some(number) = number {
            attributes.set(name, Attribute::Numbers(vec![number]));
        }
    }
}

/// Bytes from base 64 (RFC 4648).
fn base64(text: &str) -> Option<Vec<u8>> {
    let (mut bits, mut have, mut out) = (0_u32, 0, Vec::new());
    for b in text.trim_end_matches('=').bytes() {
        let six = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(six);
        have += 6;
        if have >= 8 {
            have -= 8;
            out.push((bits >> have) as u8);
            bits &= (1 << have) - 1;
        }
    }
    Some(out)
}

/// Eight bytes to base 64, for the same attribute.
pub(crate) fn to_base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().enumerate().fold(0_u32, |n, (i, &b)| n | u32::from(b) << (16 - 8 * i));
        for i in 0..4 {
            out.push(if i <= three.len() { char::from(LETTERS[(bits >> (18 - 6 * i) & 63) as usize]) } else { '=' });
        }
    }
    out
}

/// The chain of codecs of a chunk.
fn codecs(list: Option<&Json>, chunk: &[usize], dtype: &mut Dtype, depth: usize) -> Result<Codecs, String> {
    if depth > DEEPEST {
        return Err("shards within shards within shards".into());
    }
    let list = list.and_then(Json::list).ok_or("no codecs")?;
    let mut order: Option<Vec<usize>> = None;
    let mut inner = None;
    let mut packs = Vec::new();
    for codec in list {
        let (name, settings) = named(codec);
        let empty = Json::Null;
        let settings = settings.unwrap_or(&empty);
        match name {
            "bytes" | "endian" if inner.is_none() => {
                dtype.big = settings.get("endian").and_then(Json::text) == Some("big");
                inner = Some(Inner::Cells);
            }
            "vlen-utf8" if inner.is_none() && dtype.kind == Kind::Text => inner = Some(Inner::Texts),
            "sharding_indexed" if inner.is_none() => {
                let stored: Vec<usize> = match &order {
                    Some(order) => order.iter().map(|&a| chunk[a]).collect(),
                    None => chunk.to_vec(),
                };
                inner = Some(Inner::Shards(Box::new(shards(settings, &stored, *dtype, depth)?)));
            }
            "transpose" if inner.is_none() => {
                let next = axes(settings.get("order"), chunk.len()).ok_or_else(|| unknown("order", settings.get("order")))?;
                order = Some(match order {
                    Some(order) => next.iter().map(|&a| order[a]).collect(),
                    None => next,
                });
            }
            "numcodecs.delta" | "numcodecs.fixedscaleoffset" | "numcodecs.shuffle" if inner.is_none() => {
                packs.extend(pack(name.trim_start_matches("numcodecs."), settings, *dtype)?);
            }
            _ if inner.is_none() => return Err(format!("the codec '{}', which is not read", name.escape_debug())),
            _ => packs.extend(pack(name.strip_prefix("numcodecs.").unwrap_or(name), settings, *dtype)?),
        }
    }
    let inner = inner.ok_or("no codec that makes bytes of cells")?;
    if inner == Inner::Cells && dtype.kind == Kind::Text {
        return Err("texts without a codec that holds them".into());
    }
    Ok(Codecs { order: order.filter(|o| o.iter().enumerate().any(|(i, &a)| i != a)), inner, packs })
}

/// The order of a transposition: each axis once.
fn axes(order: Option<&Json>, count: usize) -> Option<Vec<usize>> {
    match order.and_then(Json::text) {
        Some("C") => return Some((0..count).collect()),
        Some("F") => return Some((0..count).rev().collect()),
        _ => {}
    }
    let order = order?.counts()?;
    let mut sorted = order.clone();
    sorted.sort_unstable();
    sorted.iter().copied().eq(0..count).then_some(order)
}

fn shards(settings: &Json, outer: &[usize], mut dtype: Dtype, depth: usize) -> Result<Shards, String> {
    let chunk = settings.get("chunk_shape").and_then(Json::counts).ok_or("shards without the lengths of their chunks")?;
    let fits = chunk.len() == outer.len() && chunk.iter().zip(outer).all(|(&c, &o)| c > 0 && o % c == 0);
    if !fits {
        return Err(format!("chunks of {chunk:?} cells in shards of {outer:?}"));
    }
    let codecs = codecs(settings.get("codecs"), &chunk, &mut dtype, depth + 1)?;
    let mut index_type = Dtype::new(Kind::Int { size: 8, signed: false });
    let index = self::codecs(settings.get("index_codecs"), &[], &mut index_type, DEEPEST)?;
    // Its bytes are found by their number, so nothing may pack them.
    let plain = index.inner == Inner::Cells && index.packs.iter().all(|p| *p == Pack::Crc32c { front: false });
    if !plain {
        return Err("a shard index that is packed".into());
    }
    let at_end = match settings.get("index_location").and_then(Json::text) {
        None | Some("end") => true,
        Some("start") => false,
        Some(other) => return Err(format!("a shard index at '{}'", other.escape_debug())),
    };
    Ok(Shards { chunk, dtype, codecs, index: index.packs, index_big: index_type.big, at_end })
}

/// A codec from bytes to bytes; none where it changes nothing that is read.
fn pack(name: &str, settings: &Json, dtype: Dtype) -> Result<Option<Pack>, String> {
    let typed = |key: &str| match settings.get(key).and_then(Json::text) {
        Some(text) => Dtype::numpy(text).or_else(|| Dtype::named(text, None, None)).ok_or_else(|| unknown("type", settings.get(key))),
        None => Ok(dtype),
    };
    let number = |key: &str| settings.get(key).and_then(Json::number).filter(|v| v.is_finite());
    Ok(Some(match name {
        "gzip" => Pack::Gzip,
        "zlib" => Pack::Zlib,
        "zstd" => Pack::Zstd,
        "blosc" => Pack::Blosc,
        "lz4" => Pack::Lz4,
        "crc32c" => Pack::Crc32c { front: settings.get("location").and_then(Json::text) == Some("start") },
        "crc32" => Pack::Crc32,
        "adler32" => Pack::Adler32,
        "fletcher32" => Pack::Fletcher32,
        "shuffle" => match settings.get("elementsize").and_then(Json::count).or(dtype.size()) {
            Some(size @ 1..=256) => Pack::Shuffle(size),
            _ => return Err("a shuffle without the size of its cells".into()),
        },
        "delta" => {
            let to = typed("dtype")?;
            let from = if settings.get("astype").is_some() { typed("astype")? } else { to };
            Pack::Delta { to, from }
        }
        "fixedscaleoffset" => {
            let to = typed("dtype")?;
            let from = if settings.get("astype").is_some() { typed("astype")? } else { to };
            let (scale, offset) = (number("scale").filter(|s| *s != 0.0), number("offset"));
            let (Some(scale), Some(offset)) = (scale, offset) else { return Err("a scaling without scale and offset".into()) };
            Pack::Scaled { to, from, scale, offset }
        }
        // They round before packing; what is stored is read as it is.
        "bitround" | "quantize" => return Ok(None),
        "" => return Err("a codec without a name".into()),
        other => return Err(format!("the codec '{}', which is not read", other.escape_debug())),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_there_and_back() {
        for bytes in [&[0_u8, 0, 0, 0x80, 0x1d, 0xaf, 0x15, 0x44][..], b"", b"a", b"ab", b"abc"] {
            assert_eq!(base64(&to_base64(bytes)).as_deref(), Some(bytes));
        }
        // xarray 2025.6 of a float32 1e20
        assert_eq!(base64("AAAAgB2vFUQ=").map(|b| f64::from_le_bytes(b.try_into().unwrap())), Some(1.0000000200408773e20));
        assert_eq!(to_base64(&f64::NAN.to_le_bytes()), "AAAAAAAA+H8=");
    }

    #[test]
    fn lies_about_sizes_are_refused() {
        let meta = |shape: &str, chunk: &str| {
            let text = format!(
                r#"{{"zarr_format":2,"shape":{shape},"chunks":{chunk},"dtype":"<f8","compressor":null,"filters":null,"fill_value":0,"order":"C"}}"#
            );
            Array::v2(&Json::parse(text.as_bytes()).unwrap(), None).map(|a| a.shape)
        };
        assert_eq!(meta("[3]", "[2]"), Ok(vec![3]));
        assert!(meta("[9223372036854775807, 2]", "[1, 1]").is_err());
        assert!(meta("[9000000000]", "[9000000000]").is_err());
        assert!(meta("[3]", "[0]").is_err());
        assert!(meta("[3]", "[2, 2]").is_err());
        assert!(meta("[-3]", "[2]").is_err());
    }
}
