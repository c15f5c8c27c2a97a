//! Addresses on the command line: what stands for a file may be on the network. The server is this machine.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod support;

use esker_contract::server::{Reply, Server};
use serde_json::Value;
use support::{Desk, GLACIERS, RECIPE};

const TERRAIN: &[u8] = include_bytes!("../../../examples/landslides/terrain.tif");

/// A store of one array of three values, in version 3, alone and named by its group.
const ARRAY: &str = r#"{"zarr_format":3,"node_type":"array","shape":[3],"data_type":"float64","chunk_grid":{"name":"regular","configuration":{"chunk_shape":[3]}},"chunk_key_encoding":{"name":"default"},"fill_value":0,"codecs":[{"name":"bytes","configuration":{"endian":"little"}}],"attributes":{"units":"m"},"dimension_names":["site"]}"#;

fn server() -> Server {
    Server::new(|request| {
        let group = format!(
            r#"{{"zarr_format":3,"node_type":"group","attributes":{{}},"consolidated_metadata":{{"kind":"inline","metadata":{{"depth":{ARRAY}}}}}}}"#
        );
        let values: Vec<u8> = [1.5_f64, 2.5, 4.0].iter().flat_map(|v| v.to_le_bytes()).collect();
        match request.target.split('?').next().unwrap().trim_start_matches("/ice") {
            "/glaciers.csv" => Reply::bytes(request, GLACIERS.as_bytes()),
            "/terrain.tif" => Reply::bytes(request, TERRAIN),
            "/snow.zarr/zarr.json" => Reply::bytes(request, group.as_bytes()),
            "/snow.zarr/depth/c/0" => Reply::bytes(request, &values),
            _ => Reply::Whole(403, vec![], b"<Error><Code>AccessDenied</Code></Error>".to_vec()),
        }
    })
}

fn info(desk: &Desk, file: &str) -> Value {
    serde_json::from_str(&desk.ok(&["info", file, "--values", "--json"])).unwrap()
}

#[test]
fn stores_and_files_are_looked_at_and_converted() {
    let (desk, server) = (Desk::new(), server());
    let at = server.url("snow.zarr");
    let said = info(&desk, &at);
    assert_eq!((said["file"].as_str(), said["format"].as_str()), (Some(at.as_str()), Some("Zarr")));
    assert_eq!(said["variables"][0]["values"]["max"], 4.0);
    desk.ok(&["convert", &at, "snow.csv"]);
    assert!(desk.read("snow.csv").contains("2.5"));
    desk.ok(&["convert", &server.url("terrain.tif?key=topsecret"), "terrain.nc"]);
    let terrain = desk.bytes("terrain.nc");
    let holds = |text: &str| terrain.windows(text.len()).any(|w| w == text.as_bytes());
    assert!(holds("converted from http://127.0.0.1") && !holds("topsecret"));
    desk.write("terrain.tif", TERRAIN);
    assert_eq!(info(&desk, "terrain.nc")["variables"], {
        desk.ok(&["convert", "terrain.tif", "here.nc"]);
        info(&desk, "here.nc")["variables"].clone()
    });
}

#[test]
fn a_recipe_may_name_an_address() {
    let (desk, server) = (Desk::new(), server());
    desk.ok(&["run", "recipe.toml", "-o", "here"]);
    let at = server.url("glaciers.csv");
    desk.write("recipe.toml", RECIPE.replace("glaciers.csv", &format!("{at}?key=topsecret")));
    desk.ok(&["run", "recipe.toml", "-o", "there"]);
    let record = |folder: &str| -> Value { serde_json::from_str(&desk.read(&format!("{folder}/record.json"))).unwrap() };
    let (here, there) = (record("here"), record("there"));
    assert_eq!(there["provenance"]["data_file"], at);
    assert_eq!(there["provenance"]["data_sha256"], here["provenance"]["data_sha256"]);
    assert_eq!(there["models"], here["models"]);
    for file in ["record.json", "report.html", "model.esker"] {
        let bytes = desk.bytes(&format!("there/{file}"));
        assert!(!bytes.windows(9).any(|w| w == b"topsecret"), "{file}");
    }
    desk.ok(&["predict", "there/model.esker", &at, "-o", "again.csv"]);
    desk.ok(&["predict", "there/model.esker", "glaciers.csv", "-o", "same.csv"]);
    assert_eq!(desk.read("again.csv"), desk.read("same.csv"));
}

#[test]
fn requests_to_s3_are_signed_where_there_are_keys() {
    let (desk, server) = (Desk::new(), server());
    let run = |keys: bool, words: &[&str]| {
        let mut command = desk.command();
        command.args(words).env("AWS_ENDPOINT_URL", server.url("")).env("AWS_REGION", "eu-north-1");
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"] {
            command.env_remove(name);
        }
        if keys {
            command.env("AWS_ACCESS_KEY_ID", "AKID").env("AWS_SECRET_ACCESS_KEY", "topsecret").env("AWS_SESSION_TOKEN", "session");
        }
        let out = command.output().unwrap();
        (out.status.success(), format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr)))
    };
    for keys in [false, true] {
        let before = server.asked().len();
        let (fine, said) = run(keys, &["info", "s3://ice/snow.zarr", "--values"]);
        assert!(fine && said.contains("depth"), "{said}");
        for request in &server.asked()[before..] {
            assert_eq!(request.headers.contains_key("authorization"), keys);
            assert!(request.target.starts_with("/ice/snow.zarr"));
            if keys {
                let signed = &request.headers["authorization"];
                assert!(
                    signed.starts_with("AWS4-HMAC-SHA256 Credential=AKID/") && signed.contains("/eu-north-1/s3/aws4_request"),
                    "{signed}"
                );
                assert_eq!(request.headers["x-amz-security-token"], "session");
            }
        }
    }
    let (fine, said) = run(true, &["info", "s3://ice/rain.zarr"]);
    assert!(!fine && !said.contains("topsecret") && !said.contains("session"), "{said}");
    insta::assert_snapshot!(said.trim_end(), @"
    error: 's3://ice/rain.zarr': got access denied; it is not there, or not for you
      hint: S3 reads AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_REGION
    ");
}
