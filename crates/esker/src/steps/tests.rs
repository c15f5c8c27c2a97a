//! Steps are heard of by name, and stop when they are told to.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use esker_core::{Context, Fault, Progress};

use crate::findings::Findings;
use crate::recipe::{Recipe, StepKind};
use crate::steps::Prepared;
use crate::work::STEPS;

/// Writes down what it hears, and asks to stop when a stage of that beginning begins.
#[derive(Default)]
struct Heard {
    stages: Mutex<Vec<(String, usize, usize)>>,
    stop_at: Option<String>,
    stop: Arc<AtomicBool>,
}

impl Progress for Heard {
    fn begin(&self, stage: &str, total: usize) {
        self.stages.lock().unwrap().push((stage.to_owned(), 0, total));
        if self.stop_at.as_ref().is_some_and(|at| stage.starts_with(at.as_str())) {
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    fn step(&self) {
        self.stages.lock().unwrap().last_mut().unwrap().1 += 1;
    }

    fn end(&self) {}
}

const ROWS: &str = "id,year,date,lon,lat,t,p,y\nA,2003,2003-07-10,10.75,46.8,1,2,1\nB,2003,2003-08-10,10.76,46.81,2,3,2\n";
const AREA: &str = r#"{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"name": "a"}, "geometry":
    {"type": "Polygon", "coordinates": [[[10.7, 46.7], [10.9, 46.7], [10.9, 46.9], [10.7, 46.9], [10.7, 46.7]]]}}]}"#;

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("rows.csv", ROWS), ("other.csv", "id,q\nA,1\nB,2\n"), ("area.geojson", AREA)] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn step(kind: StepKind) -> String {
    let grid = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/hintereisferner/histalp.nc");
    let grid = format!("source = '{}'", grid.display());
    let take = "time = \"year\"\ntake = { sum = { of = \"prcp\", months = \"6/8\", statistic = \"sum\" }, mean = { of = \"temp\", months = \"6/8\" } }";
    let rest = match kind {
        StepKind::Join => "source = \"other.csv\"\nby = \"id\"".to_owned(),
        StepKind::Sample => format!("{grid}\n{take}"),
        StepKind::Zonal => format!("{grid}\npolygons = \"area.geojson\"\n{take}"),
        StepKind::Within => "source = \"area.geojson\"".to_owned(),
        StepKind::Aggregate => "by = \"id\"\ntake.y = \"mean\"".to_owned(),
        StepKind::Resample => "by = \"id\"\nstep = \"1 d\"\ntake.y = \"mean\"".to_owned(),
        StepKind::DegreeDays => "of = \"t\"\nname = \"pdd\"".to_owned(),
        StepKind::SnowRain => "of = \"p\"\ntemperature = \"t\"".to_owned(),
    };
    format!("[[data.step]]\nkind = \"{}\"\n{rest}\n", kind.name())
}

/// Name of a stage, done, of.
type Seen = (String, usize, usize);

fn prepare(folder: &Path, steps: &str, stop_at: Option<&str>) -> (Result<Prepared, Findings>, Vec<Seen>) {
    let text = format!(
        "[data]\nsource = \"rows.csv\"\nunits = {{ t = \"degC\", p = \"mm\" }}\n{steps}\n[roles]\ntarget = \"y\"\ntime = \"date\"\n\
         place = {{ x = \"lon\", y = \"lat\", crs = \"EPSG:4326\" }}\n[validate]\ndesign = \"random\"\nfolds = 2\n[[model]]\nkind = \"linear\"\n"
    );
    let heard = Arc::new(Heard { stop_at: stop_at.map(str::to_owned), ..Heard::default() });
    let cx = Context::new(0, 2).watched(heard.clone(), heard.stop.clone());
    let made = Recipe::parse("recipe.toml", &text).unwrap().prepare(folder, None, &cx);
    let stages = heard.stages.lock().unwrap().clone();
    (made, stages)
}

#[test]
fn every_step_is_a_stage_and_stops_in_it() {
    let folder = folder();
    for kind in StepKind::ALL {
        let name = format!("step 1 of 1: {}", kind.name());
        let length = if matches!(kind, StepKind::Sample | StepKind::Zonal) { STEPS } else { 1 };
        let (made, stages) = prepare(folder.path(), &step(kind), None);
        made.unwrap();
        assert_eq!(stages, [("read".to_owned(), 1, 1), (name.clone(), length, length)]);
        let (stopped, _) = prepare(folder.path(), &step(kind), Some(&name));
        let stopped = stopped.unwrap_err();
        assert_eq!(stopped.fault(), Fault::Cancelled, "{name}: {stopped}");
        assert_eq!(stopped.list[0].at, None);
        assert_eq!(stopped.list[0].error.to_string(), "stopped on request; nothing was written");
    }
}

#[test]
fn reading_stops_and_steps_are_counted() {
    let folder = folder();
    let both = format!("{}{}", step(StepKind::Sample), step(StepKind::DegreeDays));
    let (made, stages) = prepare(folder.path(), &both, None);
    made.unwrap();
    let names: Vec<&str> = stages.iter().map(|s| s.0.as_str()).collect();
    assert_eq!(names, ["read", "step 1 of 2: sample", "step 2 of 2: degree-days"]);
    let (stopped, stages) = prepare(folder.path(), &both, Some("read"));
    assert_eq!((stopped.unwrap_err().fault(), stages.len()), (Fault::Cancelled, 1));
    let (stopped, stages) = prepare(folder.path(), &both, Some("step 2"));
    assert_eq!((stopped.unwrap_err().fault(), stages.len()), (Fault::Cancelled, 3));
}
