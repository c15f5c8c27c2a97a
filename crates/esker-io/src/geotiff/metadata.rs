//! GDAL's own tags: what a raster and its bands are called, their units, scales and missing value.

use esker_core::cube::{Attribute, Attributes};

/// Items read at most.
const MOST_ITEMS: usize = 10_000;

/// What GDAL_METADATA says of one band.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Band {
    pub description: Option<String>,
    pub unit: Option<String>,
    pub scale: Option<f64>,
    pub offset: Option<f64>,
    pub attributes: Attributes,
}

/// What GDAL_METADATA says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Metadata {
    pub bands: Vec<Band>,
    pub attributes: Attributes,
}

/// Reads the XML of tag 42112; what is not understood is left out.
pub(super) fn parse(xml: &str, bands: usize) -> Metadata {
    let mut metadata = Metadata { bands: vec![Band::default(); bands], ..Metadata::default() };
    let mut rest = xml;
    for _ in 0..MOST_ITEMS {
        let Some(start) = rest.find("<Item") else { break };
        let Some(close) = rest[start..].find('>') else { break };
        let head = &rest[start + 5..start + close];
        rest = &rest[start + close + 1..];
        if head.ends_with('/') {
            continue;
        }
        let Some(end) = rest.find("</Item>") else { break };
        let text = unescape(&rest[..end]);
        rest = &rest[end + 7..];
        let Some(name) = attribute(head, "name") else { continue };
        // Other domains describe how the file was made, not what it holds.
        if attribute(head, "domain").is_some() {
            continue;
        }
        let band = attribute(head, "sample").and_then(|s| s.parse::<usize>().ok());
        match (band, attribute(head, "role").as_deref()) {
            (Some(b), role) if b < bands => {
                let band = &mut metadata.bands[b];
                match role {
                    Some("description") => band.description = Some(text).filter(|t| !t.trim().is_empty()),
                    Some("unittype") => band.unit = Some(text).filter(|t| !t.trim().is_empty()),
                    Some("scale") => band.scale = text.trim().parse().ok(),
                    Some("offset") => band.offset = text.trim().parse().ok(),
                    _ => band.attributes.set(name, Attribute::Text(text)),
                }
            }
            (None, _) => metadata.attributes.set(name, Attribute::Text(text)),
            _ => {}
        }
    }
    metadata
}

/// The XML of tag 42112.
pub(super) fn to_xml(metadata: &Metadata) -> String {
    let mut items = String::new();
    let mut item = |name: &str, more: &str, text: &str| {
        items += &format!("  <Item name=\"{}\"{more}>{}</Item>\n", escape(name), escape(text));
    };
    for (name, value) in &metadata.attributes.0 {
        if let Attribute::Text(text) = value {
            item(name, "", text);
        }
    }
    for (b, band) in metadata.bands.iter().enumerate() {
        if let Some(description) = &band.description {
            item("DESCRIPTION", &format!(" sample=\"{b}\" role=\"description\""), description);
        }
        if let Some(unit) = &band.unit {
            item("UNITTYPE", &format!(" sample=\"{b}\" role=\"unittype\""), unit);
        }
    }
    if items.is_empty() { String::new() } else { format!("<GDALMetadata>\n{items}</GDALMetadata>\n") }
}

/// The value of an attribute of an XML element.
fn attribute(head: &str, name: &str) -> Option<String> {
    let mut rest = head;
    loop {
        let at = rest.find(name)?;
        let before = rest[..at].chars().next_back();
        let after = rest[at + name.len()..].trim_start();
        rest = &rest[at + name.len()..];
        if before.is_none_or(char::is_whitespace)
            && let Some(value) = after.strip_prefix('=').map(str::trim_start)
        {
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            return value[1..].split(quote).next().map(unescape);
        }
    }
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'").replace("&amp;", "&")
}

fn escape(text: &str) -> String {
    let plain: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_come_back_as_they_were_written() {
        let mut metadata = Metadata { bands: vec![Band::default(), Band::default()], ..Metadata::default() };
        metadata.attributes.set("title", Attribute::Text("a < b & \"c\"".into()));
        metadata.bands[1] = Band { description: Some("elevation".into()), unit: Some("m".into()), ..Band::default() };
        assert_eq!(parse(&to_xml(&metadata), 2), metadata);
    }

    #[test]
    fn broken_xml_is_left_out() {
        for xml in [
            "<Item",
            "<Item name=",
            "<Item name=\"a",
            "<Item name=\"a\">",
            "<Item sample=\"9\" name=\"a\">b</Item>",
            "<Item é name>x</Item>",
        ] {
            assert_eq!(parse(xml, 1).attributes.0.len(), 0, "{xml}");
        }
    }
}
