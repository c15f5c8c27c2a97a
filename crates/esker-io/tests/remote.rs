//! Data on the network, from a server on this machine: stores and files as they are on disk, and every way in which a server can fail.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::collections::HashMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use esker_contract::server::{Reply, Request, Server};
use esker_core::cube::{Holds, Window};
use esker_core::{Context, Cube, Error};
use esker_io::{Data, Format, Origin, ReadOptions, open, sha256_file, sha256_hex};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// The keys of a store in a zip file, as paths below `x.zarr`.
fn store(name: &str) -> HashMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(file(&format!("tables/{name}.zip"))).unwrap()).unwrap();
    let mut keys = HashMap::new();
    for i in 0..archive.len() {
        let mut entry = archive.by_index(i).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let path = entry.name().unwrap().trim_start_matches("store.zarr/").to_owned();
        if entry.is_file() {
            keys.insert(format!("/x.zarr/{path}"), bytes);
        }
    }
    keys
}

fn path(request: &Request) -> &str {
    request.target.split('?').next().unwrap()
}

/// Serves keys; `else_` answers where it wants to, before them.
fn serve(keys: HashMap<String, Vec<u8>>, first: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static) -> Server {
    Server::new(move |request| {
        first(request).unwrap_or_else(|| keys.get(path(request)).map_or(Reply::status(404), |bytes| Reply::bytes(request, bytes)))
    })
}

fn cube(at: &str) -> Cube {
    match open(Path::new(at), &ReadOptions::default()).unwrap().1 {
        Data::Cube(cube) => cube,
        other => panic!("no cube: {other:?}"),
    }
}

/// The values of every variable.
fn values(cube: &Cube) -> Result<Vec<String>, Error> {
    let mut all = Vec::new();
    for (v, variable) in cube.variables().iter().enumerate() {
        let shape: Vec<usize> = variable.axes.iter().map(|&a| cube.axes()[a].len).collect();
        let window = Window::whole(&shape);
        all.push(match variable.holds {
            Holds::Texts => format!("{} {:?}", variable.name, cube.read_texts(v, &window)?),
            _ => format!("{} {:?}", variable.name, cube.read(v, &window)?),
        });
    }
    Ok(all)
}

fn refusal(server: &Server, at: &str) -> String {
    let opened = open(Path::new(at), &ReadOptions::default());
    let error = match opened {
        Ok((_, Data::Cube(cube))) => values(&cube).unwrap_err(),
        Ok(other) => panic!("opened: {other:?}"),
        Err(error) => error,
    };
    server.hide(&error.to_string())
}

/// Whether a path is that of a chunk of the main variable.
fn is_chunk(request: &Request) -> bool {
    path(request).starts_with("/x.zarr/t2m/") && !path(request).ends_with("zarr.json")
}

#[test]
fn stores_read_as_they_do_on_disk() {
    for name in ["v3_zstd", "v3_shards", "v3_blosc", "v3_turned", "v2_packed"] {
        let server = serve(store(name), |_| None);
        let (format, data) = open(Path::new(&server.url("x.zarr")), &ReadOptions::default()).unwrap();
        assert_eq!(format, Format::Zarr);
        let Data::Cube(remote) = data else { panic!("no cube") };
        let local = cube(file(&format!("tables/{name}.zip")).to_str().unwrap());
        assert_eq!(remote.variables(), local.variables(), "{name}");
        assert_eq!(remote.axes(), local.axes(), "{name}");
        assert_eq!(values(&remote).unwrap(), values(&local).unwrap(), "{name}");
        let v = local.variable("t2m").unwrap();
        for window in [Window(vec![2..3, 1..4, 0..6]), Window(vec![0..7, 4..5, 5..6]), Window(vec![1..1, 0..5, 0..6])] {
            let text = |cube: &Cube| format!("{:?}", cube.read(v, &window).unwrap());
            assert_eq!(text(&remote), text(&local), "{name} {window}");
        }
        assert!(server.asked().iter().all(|r| r.headers["user-agent"] == concat!("esker/", env!("CARGO_PKG_VERSION"))));
    }
}

#[test]
fn shards_are_read_by_ranges_and_their_indexes_once() {
    let server = serve(store("v3_shards"), |_| None);
    values(&cube(&server.url("x.zarr"))).unwrap();
    let asked: Vec<Request> = server.asked().into_iter().filter(is_chunk).collect();
    assert!(asked.iter().all(|r| r.headers.contains_key("range")), "{asked:?}");
    let indexes: Vec<&Request> = asked.iter().filter(|r| r.headers["range"].starts_with("bytes=-")).collect();
    assert!(!indexes.is_empty() && indexes.iter().all(|r| r.before == 0), "{indexes:?}");
}

#[test]
fn an_array_alone_needs_no_list() {
    let server = serve(store("v2_fortran"), |_| None);
    let remote = cube(&server.url("x.zarr/x"));
    let local = cube(file("tables/v2_fortran.zip").to_str().unwrap());
    assert_eq!(values(&remote).unwrap(), values(&local).unwrap());
    insta::assert_snapshot!(refusal(&server, &server.url("x.zarr")), @"
    'http://[server]/x.zarr': got no consolidated metadata; a server does not list what it holds, so that one file has to name all arrays
      hint: whoever keeps the store calls zarr.consolidate_metadata(store) in Python; or name one array, or download the store
    ");
}

#[test]
fn requests_are_under_way_together() {
    let server = serve(store("v3_zstd"), |r| {
        if is_chunk(r) {
            std::thread::sleep(Duration::from_millis(100));
        }
        None
    });
    let remote = cube(&server.url("x.zarr"));
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    one.install(|| values(&remote)).unwrap();
    assert!((5..=16).contains(&server.most_at_once()), "{}", server.most_at_once());
}

#[test]
fn a_chunk_that_is_not_there_is_filled() {
    let whole = store("v3_zstd");
    let gone = whole.keys().filter(|k| k.starts_with("/x.zarr/t2m/c/")).min().unwrap().clone();
    let denied = "<Error><Code>AccessDenied</Code></Error>";
    let filled = |server: &Server| {
        let cube = cube(&server.url("x.zarr"));
        let v = cube.variable("t2m").unwrap();
        cube.read(v, &Window::whole(&[7, 5, 6])).map(|values| values.iter().filter(|v| v.is_nan()).count())
    };
    let mut keys = whole.clone();
    keys.remove(&gone);
    // Chunks of 3 × 2 × 4 cells, and one missing value elsewhere.
    let absent = serve(keys.clone(), |_| None);
    assert_eq!(filled(&absent).unwrap(), 25);
    // Whoever may not list a bucket of S3 is denied what is not there.
    let held = keys.clone();
    let all = serve(keys, move |r| (!held.contains_key(path(r))).then(|| Reply::Whole(403, vec![], denied.into())));
    assert_eq!(filled(&all).unwrap(), 25);
    // Where absent keys are not denied, one that is denied is there.
    let key = gone.clone();
    let one = serve(whole.clone(), move |r| (path(r) == key).then(|| Reply::Whole(403, vec![], denied.into())));
    insta::assert_snapshot!(one.hide(&filled(&one).unwrap_err().to_string()), @"'t2m/c/0/0/0' of 'http://[server]/x.zarr': got access denied; other chunks can be read, this one cannot");
    // Other refusals are no absence.
    for status in [401, 403] {
        let key = gone.clone();
        let server = serve(whole.clone(), move |r| (path(r) == key).then(|| Reply::status(status)));
        assert!(filled(&server).unwrap_err().to_string().contains(&format!("status {status}")));
    }
}

#[test]
fn passing_failures_are_tried_again() {
    for reply in [Reply::status(503), Reply::Nothing, Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nshort".to_vec())] {
        let server = serve(store("v3_blosc"), move |r| (r.before < 2).then(|| reply.clone()));
        let local = cube(file("tables/v3_blosc.zip").to_str().unwrap());
        assert_eq!(values(&cube(&server.url("x.zarr"))).unwrap(), values(&local).unwrap());
        assert_eq!(server.asked().iter().map(|r| r.before).max(), Some(2 + 1), "metadata are read twice, and nothing is asked for in vain");
    }
    let server = serve(store("v3_zstd"), |r| is_chunk(r).then(|| Reply::Whole(500, vec![("Retry-After", "0".into())], vec![])));
    insta::assert_snapshot!(first_chunk(&server), @"
    't2m/c/0/0/0' of 'http://[server]/x.zarr': got status 500; it was asked for 3 times
      hint: is the network there? try again later
    ");
    let server =
        serve(store("v3_zstd"), |r| is_chunk(r).then(|| Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nshort".to_vec())));
    insta::assert_snapshot!(first_chunk(&server), @"
    't2m/c/0/0/0' of 'http://[server]/x.zarr': got a connection that ended too early; it was asked for 3 times
      hint: is the network there? try again later
    ");
}

/// The refusal of the first chunk.
fn first_chunk(server: &Server) -> String {
    let cube = cube(&server.url("x.zarr"));
    let v = cube.variable("t2m").unwrap();
    server.hide(&cube.read(v, &Window(vec![0..1, 0..1, 0..1])).unwrap_err().to_string())
}

#[test]
fn bodies_end_where_their_metadata_say() {
    let server = serve(store("v3_zstd"), |r| is_chunk(r).then_some(Reply::Endless));
    insta::assert_snapshot!(first_chunk(&server), @"'t2m/c/0/0/0' of 'http://[server]/x.zarr': got more than 64.2 KiB; so much cannot belong there");
    // What is under way in the system's buffers is sent as well.
    assert!(server.endless_bytes() < 64 << 20, "{}", server.endless_bytes());
    let server = serve(store("v3_zstd"), |r| is_chunk(r).then(|| Reply::Whole(200, vec![], vec![0; 1 << 20])));
    insta::assert_snapshot!(first_chunk(&server), @"'t2m/c/0/0/0' of 'http://[server]/x.zarr': got more than 64.2 KiB; so much cannot belong there");
}

#[test]
fn ranges_that_are_not_answered_are_refused() {
    let keys = store("v3_shards");
    let held = keys.clone();
    let whole = serve(keys, move |r| {
        r.headers.contains_key("range").then(|| Reply::Whole(200, vec![], held.get(path(r)).cloned().unwrap_or_default()))
    });
    insta::assert_snapshot!(first_chunk(&whole), @"
    't2m/c/0/0/0' of 'http://[server]/x.zarr': got all bytes where some were asked for; chunks within shards need a server that answers range requests
      hint: download the store, and name its folder
    ");
    for about in ["bytes 0-9/900", "bytes 5-14/900"] {
        let server = serve(store("v3_shards"), move |r| {
            r.headers.contains_key("range").then(|| Reply::Whole(206, vec![("Content-Range", about.into())], vec![0; 10]))
        });
        assert!(first_chunk(&server).contains("other bytes than were asked for"));
    }
    let server = serve(store("v3_shards"), |r| {
        let wanted: usize = r.headers.get("range")?.strip_prefix("bytes=-")?.parse().ok()?;
        let about = format!("bytes {}-{}/{}", 1000 - wanted, 999, 1000);
        Some(Reply::Whole(206, vec![("Content-Range", about)], vec![0; wanted - 1]))
    });
    insta::assert_snapshot!(first_chunk(&server), @"'t2m/c/0/0/0' of 'http://[server]/x.zarr': got fewer bytes than were asked for; it holds fewer bytes than its metadata say");
    let server = serve(store("v3_shards"), |r| r.headers.contains_key("range").then(|| Reply::status(416)));
    assert!(first_chunk(&server).contains("fewer bytes"));
}

#[test]
fn redirections_are_followed_for_a_while() {
    let server = serve(store("v3_blosc"), |r| r.target.strip_prefix("/moved").map(Reply::to));
    let local = cube(file("tables/v3_blosc.zip").to_str().unwrap());
    assert_eq!(values(&cube(&server.url("moved/x.zarr"))).unwrap(), values(&local).unwrap());
    let steps = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&steps);
    let round = Server::new(move |r| {
        counted.fetch_add(1, Ordering::SeqCst);
        Reply::to(&r.target)
    });
    insta::assert_snapshot!(refusal(&round, &round.url("x.zarr")), @"'zarr.json' of 'http://[server]/x.zarr': got more than 5 redirections; they lead in a circle, or nowhere");
    assert_eq!(steps.load(Ordering::SeqCst), 6);
    let elsewhere = Server::new(|_| Reply::to("file:///etc/passwd"));
    insta::assert_snapshot!(refusal(&elsewhere, &elsewhere.url("x.zarr")), @"'zarr.json' of 'http://[server]/x.zarr': got a redirection; it leads to no address of http or https");
}

#[test]
fn files_are_downloaded_and_read() {
    let csv = b"stake,ablation\nA1,1.25\nA2,NA\n".to_vec();
    let nc =
        std::fs::read_dir(file("netcdf")).unwrap().map(|e| e.unwrap().path()).find(|p| p.extension().is_some_and(|e| e == "nc")).unwrap();
    let tif =
        std::fs::read_dir(file("raster")).unwrap().map(|e| e.unwrap().path()).find(|p| p.extension().is_some_and(|e| e == "tif")).unwrap();
    let keys = [
        ("/stakes.csv", csv.clone()),
        ("/a/b.nc", std::fs::read(&nc).unwrap()),
        ("/c.tif", std::fs::read(&tif).unwrap()),
        ("/api/42", csv.clone()),
    ];
    let server = serve(keys.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(), |_| None);
    for address in ["stakes.csv?key=1", "api/42"] {
        let (_, data) = open(Path::new(&server.url(address)), &ReadOptions::default()).unwrap();
        let Data::Table(table) = data else { panic!("no table") };
        assert_eq!(table.column("ablation").unwrap().reals().unwrap()[0], 1.25);
    }
    for (address, local) in [("a/b.nc", &nc), ("c.tif", &tif)] {
        let (remote, local) = (cube(&server.url(address)), cube(local.to_str().unwrap()));
        assert_eq!(values(&remote).unwrap(), values(&local).unwrap(), "{address}");
    }
    insta::assert_snapshot!(refusal(&server, &server.url("none.csv")), @"'http://[server]/none.csv'; no such file, and no Zarr store: neither zarr.json nor .zmetadata, .zgroup or .zarray is there");
    insta::assert_snapshot!(refusal(&server, &server.url("lakes.shp")), @"
    'http://[server]/lakes.shp': got a shapefile, which is several files; one file is downloaded
      hint: download .shp, .dbf, .shx and .prj into one folder first
    ");
    let pages =
        Server::new(|_| Reply::Whole(200, vec![("Content-Type", "text/html; charset=utf-8".into())], b"\n<!doctype html>".to_vec()));
    insta::assert_snapshot!(refusal(&pages, &pages.url("stakes.csv")), @"
    'http://[server]/stakes.csv': got a web page; data are needed
      hint: is this the address of a page about the data?
    ");
    let broken = Server::new(|_| Reply::Whole(200, vec![], b"stake,ablation\nA1,1.25,7\n".to_vec()));
    insta::assert_snapshot!(refusal(&broken, &broken.url("stakes.csv?key=topsecret")), @"
    row 1 (line 2) of 'stakes.csv': got 3 cells; the header names 2 columns
      hint: does the header lack a name, or hold a cell a ',' without quotes?
    ");
}

#[test]
fn checksums_say_what_they_cover() {
    let (keys, csv) = (store("v3_zstd"), b"a,b\n1,2\n".to_vec());
    let metadata = sha256_hex(&keys["/x.zarr/zarr.json"]);
    let mut all = keys;
    all.insert("/t.csv".into(), csv.clone());
    let server = serve(all, |_| None);
    let cx = Context::new(0, 1);
    let origin = Origin::reach(Path::new(&server.url("x.zarr/?token=topsecret")), &cx).unwrap();
    let (sum, note) = (origin.checksum(&Context::new(0, 1)).unwrap(), origin.uncovered());
    assert_eq!(sum, metadata);
    insta::assert_snapshot!(server.hide(&note.unwrap().text), @"The checksum of 'http://[server]/x.zarr' is that of its metadata; chunks on the network are not part of it.");
    let table = Origin::reach(Path::new(&server.url("t.csv")), &cx).unwrap();
    let (sum, note) = (table.checksum(&Context::new(0, 1)).unwrap(), table.uncovered());
    assert_eq!((sum, note), (sha256_hex(&csv), None));
    let here = file("tables/v3_zstd.zip");
    let origin = Origin::reach(&here, &cx).unwrap();
    assert_eq!(
        (origin.checksum(&Context::new(0, 1)).unwrap(), origin.uncovered()),
        (sha256_file(&here, &Context::new(0, 1)).unwrap(), None)
    );
    // The query goes with every request and is named nowhere.
    assert!(server.asked().iter().filter(|r| r.target.contains("x.zarr")).all(|r| r.target.ends_with("?token=topsecret")));
}

#[test]
fn secrets_are_told_to_the_server_alone() {
    let other = Server::new(|_| Reply::status(418));
    let to = other.url("x.zarr");
    let server = Server::new(move |_| Reply::to(&to));
    let at = server.url("x.zarr?sig=topsecret").replace("http://", "http://anna:pass%40word@");
    let said = refusal(&server, &at);
    assert!(!said.contains("topsecret") && !said.contains("anna") && !said.contains("pass"), "{said}");
    insta::assert_snapshot!(said, @"'zarr.json' of 'http://[server]/x.zarr': got status 418; the server refuses");
    // RFC 7617: base 64 of anna:pass@word.
    assert!(server.asked().iter().all(|r| r.headers["authorization"] == "Basic YW5uYTpwYXNzQHdvcmQ="));
    assert!(
        !other.asked().is_empty() && other.asked().iter().all(|r| !r.headers.contains_key("authorization") && !r.target.contains("sig"))
    );
    let nobody = refusal(&server, "http://127.0.0.1:1/x.zarr?sig=topsecret");
    assert!(nobody.contains("'http://127.0.0.1:1/x.zarr'") && !nobody.contains("topsecret"), "{nobody}");
}
