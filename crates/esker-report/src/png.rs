//! SVG to PNG with embedded fonts, so that the same drawing gives the same bits on every machine.

use std::sync::{Arc, OnceLock};

use esker_core::{Error, Result};
use resvg::{tiny_skia, usvg};

const REGULAR: &[u8] = include_bytes!("../assets/dejavu-sans.ttf");
const BOLD: &[u8] = include_bytes!("../assets/dejavu-sans-bold.ttf");
/// Widest picture that is drawn: beyond this a page of paper at 1200 dots an inch gains nothing.
const WIDEST: u32 = 20_000;

fn fonts() -> Arc<usvg::fontdb::Database> {
    static FONTS: OnceLock<Arc<usvg::fontdb::Database>> = OnceLock::new();
    FONTS
        .get_or_init(|| {
            let mut fonts = usvg::fontdb::Database::new();
            fonts.load_font_data(REGULAR.to_vec());
            fonts.load_font_data(BOLD.to_vec());
            fonts.set_sans_serif_family("DejaVu Sans");
            Arc::new(fonts)
        })
        .clone()
}

/// Draws an SVG as a PNG `width_px` wide, its height in proportion.
///
/// # Errors
/// A width of 0 or beyond 20,000 pixels, or text that is no SVG.
pub fn render(svg: &str, width_px: u32) -> Result<Vec<u8>> {
    let wrong = |why: String| Error::numeric("figure as PNG").got(why);
    if width_px == 0 || width_px > WIDEST {
        return Err(wrong(format!("a width of {width_px} pixels")).rule("a picture is 1 to 20000 pixels wide"));
    }
    let options = usvg::Options { fontdb: fonts(), font_family: "DejaVu Sans".to_owned(), ..usvg::Options::default() };
    let tree = usvg::Tree::from_str(svg, &options).map_err(|e| wrong(e.to_string()).rule("the figure must be valid SVG"))?;
    let scale = width_px as f32 / tree.size().width();
    let height = (tree.size().height() * scale).round().max(1.0) as u32;
    let mut picture = tiny_skia::Pixmap::new(width_px, height).ok_or_else(|| wrong(format!("{width_px} × {height} pixels")))?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut picture.as_mut());
    picture.encode_png().map_err(|e| wrong(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_drawn_with_the_embedded_font_and_bits_repeat() {
        let svg = |t: &str| {
            format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 40 20\" font-family=\"DejaVu Sans, Verdana, sans-serif\"><text y=\"15\">{t}</text></svg>"
            )
        };
        let (a, b) = (render(&svg("R²"), 80).unwrap(), render(&svg(" "), 80).unwrap());
        assert_ne!(a, b, "the text left no mark");
        assert_eq!(a, render(&svg("R²"), 80).unwrap());
        // Width and height of the header chunk.
        assert_eq!((&a[16..20], &a[20..24]), ([0, 0, 0, 80].as_slice(), [0, 0, 0, 40].as_slice()));
    }

    #[test]
    fn what_is_no_svg_is_refused() {
        insta::assert_snapshot!(render("hello", 100).unwrap_err(), @"figure as PNG: got SVG data parsing failed cause unknown token at 1:1; the figure must be valid SVG");
        insta::assert_snapshot!(render("<svg/>", 0).unwrap_err(), @"figure as PNG: got a width of 0 pixels; a picture is 1 to 20000 pixels wide");
    }
}
