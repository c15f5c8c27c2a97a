//! The only way onto the page: a writer that escapes text and attributes and closes what it opens.

use super::words::visible;

/// Writes HTML; text and attributes are escaped, tags are closed by construction.
#[derive(Debug, Default)]
pub struct Html {
    out: String,
    prefix: &'static str,
    names: usize,
}

/// Attributes of a tag: names are ours, values may come from anybody.
pub type Attributes<'a> = &'a [(&'static str, &'a str)];

impl Html {
    /// An empty page.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty part of a page, whose ids start with `prefix`.
    pub fn part(prefix: &'static str) -> Self {
        Self { prefix, ..Self::default() }
    }

    /// An id not given before in this part.
    pub fn id(&mut self) -> String {
        self.names += 1;
        format!("{}-{}", self.prefix, self.names)
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// Writes a finished part.
    pub fn append(&mut self, part: &Self) {
        self.out.push_str(&part.out);
    }

    /// The text written.
    pub fn finish(self) -> String {
        self.out
    }

    /// An element with what `inside` writes.
    pub fn with(&mut self, tag: &'static str, attributes: Attributes<'_>, inside: impl FnOnce(&mut Self)) {
        self.tag(tag, attributes);
        inside(self);
        self.out.push_str("</");
        self.out.push_str(tag);
        self.out.push('>');
        if !matches!(tag, "a" | "abbr" | "b" | "bdi" | "code" | "em" | "small" | "span" | "strong") {
            self.out.push('\n');
        }
    }

    /// An element with escaped text.
    pub fn element(&mut self, tag: &'static str, attributes: Attributes<'_>, text: &str) {
        self.with(tag, attributes, |h| h.text(text));
    }

    /// An element that has no end tag, such as `meta`.
    pub fn void(&mut self, tag: &'static str, attributes: Attributes<'_>) {
        self.tag(tag, attributes);
        self.out.push('\n');
    }

    /// Escaped text.
    pub fn text(&mut self, text: &str) {
        escape(text, &mut self.out);
    }

    /// Markup that is known when the program is built.
    pub fn fixed(&mut self, markup: &'static str) {
        self.out.push_str(markup);
    }

    /// A drawing made by this crate, which has escaped its own texts.
    pub fn drawing(&mut self, svg: &str) {
        self.out.push_str(svg);
        self.out.push('\n');
    }

    fn tag(&mut self, tag: &'static str, attributes: Attributes<'_>) {
        self.out.push('<');
        self.out.push_str(tag);
        for (name, value) in attributes {
            self.out.push(' ');
            self.out.push_str(name);
            if !value.is_empty() {
                self.out.push_str("=\"");
                escape(value, &mut self.out);
                self.out.push('"');
            }
        }
        self.out.push('>');
    }
}

/// Escapes text for an element or a quoted attribute; characters that are not seen are written out.
fn escape(text: &str, out: &mut String) {
    for c in visible(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_attributes_are_escaped_and_tags_closed() {
        let mut h = Html::new();
        h.with("p", &[("title", "\" onload='x'"), ("hidden", "")], |h| h.text("<script>a & b</script>"));
        insta::assert_snapshot!(
            h.finish(),
            @r#"<p title="&quot; onload=&#39;x&#39;" hidden>&lt;script&gt;a &amp; b&lt;/script&gt;</p>"#
        );
    }

    #[test]
    fn characters_that_turn_the_reading_direction_are_shown_not_obeyed() {
        let mut h = Html::new();
        h.text("gla\u{202e}cier\u{7}");
        assert_eq!(h.finish(), "gla[U+202E]cier[U+0007]");
    }
}
