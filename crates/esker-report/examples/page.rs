//! Writes the report page of a made-up record, to look at: `cargo run -p esker-report --example page -- out.html [wells]`.

#[path = "../tests/page_support/mod.rs"]
mod page_support;

use esker_report::{figure, page};

fn main() -> std::io::Result<()> {
    let mut words = std::env::args().skip(1);
    let out = words.next().unwrap_or_else(|| "page.html".to_owned());
    let (record, rows) = if words.next().as_deref() == Some("wells") { page_support::wells() } else { page_support::glaciers() };
    let html = page::page(&record, &rows, &figure::all(&record, &rows));
    for line in page::summary(&record) {
        println!("{line}");
    }
    println!("\n{}\n\n{out}: {} kB", page::methods(&record), html.len() / 1000);
    std::fs::write(out, html)
}
