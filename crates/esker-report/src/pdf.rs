//! SVG to PDF for papers: lines stay lines, text stays text in embedded fonts, pictures keep their pixels.
//!
//! The drawing is read by `usvg` as for a PNG, and its nodes are written one by one: what the canvas draws (paths, text, pictures,
//! clips, opacity) has a counterpart in PDF; gradients, masks and filters, which it never draws, have none here.

use std::collections::{BTreeMap, BTreeSet};

use esker_core::{Error, Result};
use pdf_writer::types::{CidFontType, FontFlags, LineCapStyle, LineJoinStyle, SystemInfo, TextRenderingMode, UnicodeCmap};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use resvg::{tiny_skia, usvg};
use usvg::tiny_skia_path::PathSegment;

/// Points (1/72 inch) in a millimetre.
const POINTS: f64 = 72.0 / 25.4;
const CATALOG: Ref = Ref::new(1);
const PAGES: Ref = Ref::new(2);
const PAGE: Ref = Ref::new(3);
const CONTENT: Ref = Ref::new(4);
const INFO: Ref = Ref::new(5);
/// The first of what is numbered as it comes.
const FIRST: i32 = 6;
const IDENTITY: SystemInfo<'static> = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// What a page needs beside its content.
#[derive(Default)]
struct Needs {
    /// Glyphs of each face with the characters they stand for.
    glyphs: BTreeMap<String, (Vec<u8>, BTreeMap<u16, String>)>,
    /// Opacities, in thousandths.
    fades: BTreeSet<u16>,
    pictures: Vec<tiny_skia::Pixmap>,
}

/// The drawing as a PDF of one page, `width_mm` wide and its height in proportion.
///
/// # Errors
/// A width that is not within 10 and 2000 mm, or text that is no SVG.
pub fn render(svg: &str, title: &str, width_mm: f64) -> Result<Vec<u8>> {
    let wrong = |why: String| Error::numeric("figure as PDF").got(why);
    if !(10.0..=2000.0).contains(&width_mm) {
        return Err(wrong(format!("a width of {width_mm} mm")).rule("a page is 10 to 2000 mm wide"));
    }
    let tree = crate::png::parsed(svg).map_err(|e| wrong(e).rule("the figure must be valid SVG"))?;
    let scale = (width_mm * POINTS) as f32 / tree.size().width();
    let (width, height) = (tree.size().width() * scale, tree.size().height() * scale);
    let mut content = Content::new();
    // PDF counts upwards.
    content.transform([scale, 0.0, 0.0, -scale, 0.0, height]);
    let mut needs = Needs::default();
    group(&mut content, tree.root(), tree.fontdb(), 1.0, &mut needs);

    let mut pdf = Pdf::new();
    pdf.catalog(CATALOG).pages(PAGES);
    pdf.pages(PAGES).kids([PAGE]).count(1);
    pdf.document_info(INFO).title(TextStr(title)).producer(TextStr(concat!("Esker ", env!("CARGO_PKG_VERSION"))));
    pdf.stream(CONTENT, &packed(&content.finish())).filter(Filter::FlateDecode);
    let mut next = FIRST;
    let fonts: Vec<(String, Ref)> =
        needs.glyphs.iter().map(|(name, (file, used))| (name.clone(), font(&mut pdf, &mut next, name, file, used))).collect();
    let pictures: Vec<Ref> = needs.pictures.iter().map(|p| picture(&mut pdf, &mut next, p)).collect();
    let mut page = pdf.page(PAGE);
    page.parent(PAGES).media_box(Rect::new(0.0, 0.0, width, height)).contents(CONTENT);
    let mut resources = page.resources();
    let mut named = resources.fonts();
    for (name, id) in &fonts {
        named.pair(Name(name.as_bytes()), *id);
    }
    named.finish();
    let mut named = resources.x_objects();
    for (i, id) in pictures.iter().enumerate() {
        named.pair(Name(format!("P{i}").as_bytes()), *id);
    }
    named.finish();
    let mut named = resources.ext_g_states();
    for fade in &needs.fades {
        let share = f32::from(*fade) / 1000.0;
        let mut state = named.insert(Name(format!("O{fade}").as_bytes())).start::<pdf_writer::writers::ExtGraphicsState<'_>>();
        state.stroking_alpha(share).non_stroking_alpha(share);
    }
    named.finish();
    resources.finish();
    page.finish();
    Ok(pdf.finish())
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec_zlib(bytes, 7)
}

fn take(next: &mut i32) -> Ref {
    *next += 1;
    Ref::new(*next - 1)
}

fn six(t: tiny_skia::Transform) -> [f32; 6] {
    [t.sx, t.ky, t.kx, t.sy, t.tx, t.ty]
}

fn group(c: &mut Content, g: &usvg::Group, db: &usvg::fontdb::Database, opacity: f32, needs: &mut Needs) {
    c.save_state();
    if !g.transform().is_identity() {
        c.transform(six(g.transform()));
    }
    if let Some(clip) = g.clip_path() {
        for node in clip.root().children() {
            if let usvg::Node::Path(path) = node {
                outline(c, path.data(), clip.transform());
                match path.fill().map(usvg::Fill::rule) {
                    Some(usvg::FillRule::EvenOdd) => c.clip_even_odd(),
                    _ => c.clip_nonzero(),
                };
            }
        }
        c.end_path();
    }
    let opacity = opacity * g.opacity().get();
    for node in g.children() {
        match node {
            usvg::Node::Group(inner) => group(c, inner, db, opacity, needs),
            usvg::Node::Path(path) if path.is_visible() => shape(c, path, opacity, needs),
            usvg::Node::Text(text) => words(c, text, db, opacity, needs),
            usvg::Node::Image(image) => {
                let usvg::ImageKind::PNG(bytes) = image.kind() else { continue };
                let Ok(pixels) = tiny_skia::Pixmap::decode_png(bytes) else { continue };
                c.save_state();
                // A picture fills the unit square, its first row on top.
                c.transform([image.size().width(), 0.0, 0.0, -image.size().height(), 0.0, image.size().height()]);
                c.x_object(Name(format!("P{}", needs.pictures.len()).as_bytes()));
                c.restore_state();
                needs.pictures.push(pixels);
            }
            usvg::Node::Path(_) => {}
        }
    }
    c.restore_state();
}

fn outline(c: &mut Content, path: &usvg::tiny_skia_path::Path, by: tiny_skia::Transform) {
    let Some(path) = path.clone().transform(by) else { return };
    let mut last = (0.0, 0.0);
    for segment in path.segments() {
        match segment {
            PathSegment::MoveTo(p) => {
                c.move_to(p.x, p.y);
                last = (p.x, p.y);
            }
            PathSegment::LineTo(p) => {
                c.line_to(p.x, p.y);
                last = (p.x, p.y);
            }
            PathSegment::QuadTo(q, p) => {
                let third = |a: f32, b: f32| a + (b - a) * 2.0 / 3.0;
                c.cubic_to(third(last.0, q.x), third(last.1, q.y), third(p.x, q.x), third(p.y, q.y), p.x, p.y);
                last = (p.x, p.y);
            }
            PathSegment::CubicTo(a, b, p) => {
                c.cubic_to(a.x, a.y, b.x, b.y, p.x, p.y);
                last = (p.x, p.y);
            }
            PathSegment::Close => {
                c.close_path();
            }
        }
    }
}

fn share(v: u8) -> f32 {
    f32::from(v) / 255.0
}

fn fade(c: &mut Content, opacity: f32, needs: &mut Needs) {
    let thousandths = (opacity.clamp(0.0, 1.0) * 1000.0).round() as u16;
    needs.fades.insert(thousandths);
    c.set_parameters(Name(format!("O{thousandths}").as_bytes()));
}

/// Sets the colour to fill with; false where there is nothing to fill.
fn fill(c: &mut Content, fill: Option<&usvg::Fill>, opacity: f32, needs: &mut Needs) -> bool {
    let Some((usvg::Paint::Color(colour), f)) = fill.map(|f| (f.paint(), f)) else { return false };
    c.set_fill_rgb(share(colour.red), share(colour.green), share(colour.blue));
    fade(c, opacity * f.opacity().get(), needs);
    true
}

/// Sets the pen; false where there is nothing to stroke.
fn pen(c: &mut Content, stroke: Option<&usvg::Stroke>, opacity: f32, needs: &mut Needs) -> bool {
    let Some((usvg::Paint::Color(colour), s)) = stroke.map(|s| (s.paint(), s)) else { return false };
    c.set_stroke_rgb(share(colour.red), share(colour.green), share(colour.blue));
    c.set_line_width(s.width().get());
    c.set_line_cap(match s.linecap() {
        usvg::LineCap::Butt => LineCapStyle::ButtCap,
        usvg::LineCap::Round => LineCapStyle::RoundCap,
        usvg::LineCap::Square => LineCapStyle::ProjectingSquareCap,
    });
    c.set_line_join(match s.linejoin() {
        usvg::LineJoin::Round => LineJoinStyle::RoundJoin,
        usvg::LineJoin::Bevel => LineJoinStyle::BevelJoin,
        _ => LineJoinStyle::MiterJoin,
    });
    c.set_dash_pattern(s.dasharray().unwrap_or_default().iter().copied(), s.dashoffset());
    fade(c, opacity * s.opacity().get(), needs);
    true
}

fn shape(c: &mut Content, path: &usvg::Path, opacity: f32, needs: &mut Needs) {
    if fill(c, path.fill(), opacity, needs) {
        outline(c, path.data(), tiny_skia::Transform::identity());
        match path.fill().map(usvg::Fill::rule) {
            Some(usvg::FillRule::EvenOdd) => c.fill_even_odd(),
            _ => c.fill_nonzero(),
        };
    }
    if pen(c, path.stroke(), opacity, needs) {
        outline(c, path.data(), tiny_skia::Transform::identity());
        c.stroke();
    }
}

fn words(c: &mut Content, text: &usvg::Text, db: &usvg::fontdb::Database, opacity: f32, needs: &mut Needs) {
    for span in text.layouted().iter().filter(|s| s.visible) {
        if pen(c, span.stroke.as_ref(), opacity, needs) {
            glyphs(c, span, db, TextRenderingMode::Stroke, needs);
        }
        if fill(c, span.fill.as_ref(), opacity, needs) {
            glyphs(c, span, db, TextRenderingMode::Fill, needs);
        }
    }
}

fn glyphs(c: &mut Content, span: &usvg::layout::Span, db: &usvg::fontdb::Database, mode: TextRenderingMode, needs: &mut Needs) {
    c.begin_text();
    c.set_text_rendering_mode(mode);
    let mut face = String::new();
    for glyph in &span.positioned_glyphs {
        let Some(info) = db.face(glyph.font) else { continue };
        let name = info.post_script_name.clone();
        let per_em = db.with_face_data(glyph.font, |file, _| {
            let known = needs.glyphs.entry(name.clone()).or_insert_with(|| (file.to_vec(), BTreeMap::new()));
            known.1.entry(glyph.id.0 as u16).or_insert_with(|| glyph.text.clone());
            Metrics::of(file).per_em
        });
        if face != name {
            c.set_font(Name(name.as_bytes()), 1.0);
            face = name;
        }
        let per_em = per_em.unwrap_or(2048.0);
        c.set_text_matrix(six(glyph.outline_transform().pre_scale(per_em, per_em)));
        c.show(Str(&(glyph.id.0 as u16).to_be_bytes()));
    }
    c.end_text();
}

/// What a PDF wants to know of a TrueType file.
struct Metrics<'a> {
    file: &'a [u8],
    per_em: f32,
}

impl<'a> Metrics<'a> {
    fn of(file: &'a [u8]) -> Self {
        let head = Self { file, per_em: 2048.0 };
        let per_em = head.table(b"head").map_or(2048.0, |at| f32::from(head.number(at + 18)));
        Self { per_em: if per_em > 0.0 { per_em } else { 2048.0 }, ..head }
    }

    /// Two bytes, most significant first; 0 beyond the end.
    fn number(&self, at: usize) -> u16 {
        self.file.get(at..at + 2).map_or(0, |b| u16::from_be_bytes([b[0], b[1]]))
    }

    fn signed(&self, at: usize) -> f32 {
        f32::from(self.number(at) as i16) * 1000.0 / self.per_em
    }

    /// Where a table begins.
    fn table(&self, tag: &[u8; 4]) -> Option<usize> {
        let entry = (0..usize::from(self.number(4))).map(|i| 12 + 16 * i).find(|e| self.file.get(*e..e + 4) == Some(tag))?;
        Some((usize::from(self.number(entry + 8)) << 16) + usize::from(self.number(entry + 10)))
    }

    /// Width of a glyph in thousandths of an em.
    fn width(&self, glyph: u16) -> f32 {
        let (Some(hhea), Some(hmtx)) = (self.table(b"hhea"), self.table(b"hmtx")) else { return 600.0 };
        let last = self.number(hhea + 34).saturating_sub(1);
        f32::from(self.number(hmtx + 4 * usize::from(glyph.min(last)))) * 1000.0 / self.per_em
    }
}

/// Writes a font with the widths and the characters of the glyphs used.
fn font(pdf: &mut Pdf, next: &mut i32, name: &str, file: &[u8], used: &BTreeMap<u16, String>) -> Ref {
    let (id, cid, descriptor, data, cmap) = (take(next), take(next), take(next), take(next), take(next));
    // The file is a part of the family: the name says so, as PDF wants it.
    let base = format!("ESKERF+{name}");
    let base = Name(base.as_bytes());
    let metrics = Metrics::of(file);
    pdf.type0_font(id).base_font(base).encoding_predefined(Name(b"Identity-H")).descendant_font(cid).to_unicode(cmap);
    let mut inner = pdf.cid_font(cid);
    inner.subtype(CidFontType::Type2).base_font(base).system_info(IDENTITY).font_descriptor(descriptor);
    inner.default_width(600.0).cid_to_gid_map_predefined(Name(b"Identity"));
    let mut widths = inner.widths();
    for glyph in used.keys() {
        widths.same(*glyph, *glyph, metrics.width(*glyph));
    }
    widths.finish();
    inner.finish();
    let head = metrics.table(b"head").unwrap_or(0);
    let corner = |i: usize| metrics.signed(head + 36 + 2 * i);
    let (ascent, descent) = metrics.table(b"hhea").map_or((760.0, -240.0), |at| (metrics.signed(at + 4), metrics.signed(at + 6)));
    pdf.font_descriptor(descriptor)
        .name(base)
        .flags(FontFlags::SYMBOLIC)
        .bbox(Rect::new(corner(0), corner(1), corner(2), corner(3)))
        .italic_angle(0.0)
        .ascent(ascent)
        .descent(descent)
        .cap_height(729.0)
        .stem_v(if name.contains("Bold") { 140.0 } else { 80.0 })
        .font_file2(data);
    pdf.stream(data, &packed(file)).filter(Filter::FlateDecode).pair(Name(b"Length1"), file.len() as i32);
    let mut map = UnicodeCmap::new(Name(b"Custom"), IDENTITY);
    for (glyph, text) in used {
        map.pair_with_multiple(*glyph, text.chars());
    }
    pdf.stream(cmap, &packed(&map.finish())).filter(Filter::FlateDecode);
    id
}

/// Writes a picture with what of it is see-through.
fn picture(pdf: &mut Pdf, next: &mut i32, pixels: &tiny_skia::Pixmap) -> Ref {
    let (id, mask) = (take(next), take(next));
    let plain: Vec<tiny_skia::ColorU8> = pixels.pixels().iter().map(|p| p.demultiply()).collect();
    let colours: Vec<u8> = plain.iter().flat_map(|p| [p.red(), p.green(), p.blue()]).collect();
    let shown: Vec<u8> = plain.iter().map(|p| p.alpha()).collect();
    let (w, h) = (pixels.width() as i32, pixels.height() as i32);
    let bytes = packed(&colours);
    let mut image = pdf.image_xobject(id, &bytes);
    image.filter(Filter::FlateDecode);
    image.width(w).height(h).bits_per_component(8).s_mask(mask).color_space().device_rgb();
    image.finish();
    let bytes = packed(&shown);
    let mut image = pdf.image_xobject(mask, &bytes);
    image.filter(Filter::FlateDecode);
    image.width(w).height(h).bits_per_component(8).color_space().device_gray();
    image.finish();
    id
}
