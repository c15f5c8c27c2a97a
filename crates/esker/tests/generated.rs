//! The pages generated from catalogs and types are those in `docs/`; `cargo xtask schema` and `cargo xtask reference` write them.

use std::path::Path;

fn hold(name: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    if std::env::var_os("ESKER_WRITE_GENERATED").is_some() {
        std::fs::write(&path, made).expect("docs/ can be written to");
    }
    // A checkout may have turned line ends; they are not what is compared.
    let kept = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    let line = kept.lines().zip(made.lines()).take_while(|(a, b)| a == b).count() + 1;
    assert!(kept == made, "docs/{name} is out of date from line {line} on: run `cargo xtask reference`, read the difference, commit it");
}

#[test]
fn the_schema_of_the_record_is_the_one_in_docs() {
    hold("record.schema.json", &esker::record_schema());
}

#[test]
fn the_reference_is_the_one_in_docs() {
    hold("reference.md", &esker::reference());
}
