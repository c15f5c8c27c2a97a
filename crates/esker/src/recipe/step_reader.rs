//! Reads `[[data.step]]`.

use esker_core::{Crs, Error, Unit};
use esker_io::{Sampling, Stat};
use esker_math::period::{Months, Period};

use super::PlacePart;
use super::read::unknown;
use super::section::Section;
use super::step_kinds::StepKind;
use super::steps::{
    Added, Aggregate, DegreeDays, Every, FilePart, GridPart, Join, Keys, Lapse, Over, Resample, Sample, Several, SnowRain, Statistic, Step,
    StepPart, Take, WithinPart, Zonal,
};

impl StepKind {
    fn read(self, s: &Section<'_>) -> Option<Step> {
        Some(match self {
            Self::Join => Step::Join(join(s)?),
            Self::Sample => {
                let (file, grid) = (file(s), grid(s));
                let method = choice(s, "method", &[("nearest", Sampling::Nearest), ("bilinear", Sampling::Bilinear)]);
                let place = place(s);
                Step::Sample(Sample { file, grid, method: method?, place })
            }
            Self::Zonal => Step::Zonal(zonal(s)?),
            Self::Within => {
                let (file, added, place) = (file(s), added(s), place(s));
                Step::Within(WithinPart { file, added, several: choice(s, "several", &Several::ALL)?, place })
            }
            Self::Aggregate => Step::Aggregate(aggregate(s)?),
            Self::Resample => Step::Resample(resample(s)?),
            Self::DegreeDays => Step::DegreeDays(DegreeDays {
                of: s.required("of", "name the column of temperatures").unwrap_or_default(),
                above: s.real("above", 0.0, -100.0, 100.0),
                below: s.real("below", f64::INFINITY, -100.0, f64::INFINITY),
                sd: s.real("sd", 0.0, 0.0, 50.0),
                days: s.real("days", 1.0, 0.0, 400.0),
                name: s.text("name").unwrap_or_else(|| "degree_days".into()),
            }),
            Self::SnowRain => Step::SnowRain(snow_rain(s)?),
        })
    }
}

/// The steps of `[data]`.
pub(super) fn steps(data: &Section<'_>) -> Vec<StepPart> {
    let mut parts = Vec::new();
    for s in data.tables("step") {
        let name = s.required("kind", "write kind = \"join\" or another kind of the reference page");
        let kind = name.as_ref().map(|name| (name, StepKind::ALL.into_iter().find(|k| k.name() == name)));
        match kind {
            Some((_, Some(kind))) => {
                parts.extend(kind.read(&s).map(|step| StepPart { path: s.path().to_owned(), step }));
                s.finish();
            }
            Some((name, None)) => s.fault("kind", unknown("kind of step", name, &StepKind::ALL.map(StepKind::name))),
            None => {}
        }
    }
    parts
}

fn file(s: &Section<'_>) -> FilePart {
    FilePart {
        source: s.required("source", "name the file, e.g. source = \"climate.csv\"").unwrap_or_default(),
        layer: s.text("layer"),
        sheet: s.text("sheet"),
        classes: s.texts("classes"),
    }
}

fn added(s: &Section<'_>) -> Added {
    Added {
        columns: s.texts("columns"),
        prefix: s.text("prefix").unwrap_or_default(),
        units: s.table("units").map(|u| u.pairs().into_iter().collect()).unwrap_or_default(),
    }
}

/// Columns that agree: a list of names, or a table from names here to names there.
fn keys(s: &Section<'_>, key: &'static str) -> Keys {
    if s.is_table(key) {
        return s.table(key).map(|t| t.pairs()).unwrap_or_default();
    }
    s.texts(key).into_iter().map(|k| (k.clone(), k)).collect()
}

/// One of some words, the first by default.
fn choice<T: Copy>(s: &Section<'_>, key: &'static str, words: &[(&'static str, T)]) -> Option<T> {
    let Some(word) = s.text(key) else { return words.first().map(|w| w.1) };
    let found = words.iter().find(|w| w.0 == word).map(|w| w.1);
    if found.is_none() {
        s.fault(key, unknown(&format!("'{key}'"), &word, &words.iter().map(|w| w.0).collect::<Vec<_>>()));
    }
    found
}

fn place(s: &Section<'_>) -> Option<PlacePart> {
    let p = s.table("place")?;
    let x = p.required("x", "name the column of longitude or easting");
    let y = p.required("y", "name the column of latitude or northing");
    let crs = p.text("crs").and_then(|crs| Crs::parse(&crs).map_err(|error| p.fault("crs", error)).ok());
    p.finish();
    x.zip(y).map(|(x, y)| PlacePart { x, y, crs })
}

fn statistic(s: &Section<'_>, key: &'static str, name: &str) -> Option<Statistic> {
    let found = Statistic::parse(name);
    if found.is_none() {
        s.fault(key, unknown("statistic", name, &Statistic::ALL.map(Statistic::name)));
    }
    found
}

fn refused(s: &Section<'_>, key: &'static str, got: &str, rule: &str) {
    s.fault(key, Error::recipe(format!("'{}.{key}'", s.path())).got(format!("'{got}'")).rule(rule));
}

fn join(s: &Section<'_>) -> Option<Join> {
    let (file, by, near) = (file(s), keys(s, "by"), keys(s, "nearest"));
    let rule = "a length of time with its unit is wanted, e.g. \"10 d\" or \"6 h\"";
    let within = s.words("within", rule).first().and_then(|text| {
        let days = span_days(text);
        if days.is_none() {
            refused(s, "within", text, rule);
        }
        days
    });
    let earlier = s.flag("earlier", false);
    let aggregate = s.text("aggregate").and_then(|name| statistic(s, "aggregate", &name));
    let added = added(s);
    if by.is_empty() && near.is_empty() {
        let hint = "by = [\"glacier_id\", \"year\"], or nearest = \"date\"";
        s.fault("by", Error::recipe(format!("'{}'", s.path())).rule("a join needs columns that agree or times that are near").hint(hint));
        return None;
    }
    if near.len() > 1 {
        s.fault(
            "nearest",
            Error::recipe(format!("'{}.nearest'", s.path()))
                .got(format!("{} columns", near.len()))
                .rule("one is wanted")
                .hint("nearest = \"date\", or { date = \"its name there\" }; and within = \"10 d\" beside it"),
        );
        return None;
    }
    Some(Join { file, by, nearest: near.into_iter().next(), within, earlier, added, aggregate })
}

/// A length of time with its unit, in days.
fn span_days(text: &str) -> Option<f64> {
    let text = text.trim();
    let at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let unit = match text[at..].trim() {
        "d" | "day" | "days" => 1.0,
        "h" | "hour" | "hours" => 1.0 / 24.0,
        "min" | "minute" | "minutes" => 1.0 / 1440.0,
        "week" | "weeks" => 7.0,
        "yr" | "year" | "years" => 365.2425,
        _ => return None,
    };
    text[..at].trim().parse::<f64>().ok().map(|n| n * unit).filter(|d| d.is_finite() && *d > 0.0)
}

fn month(s: &Section<'_>, default: i64) -> u8 {
    s.integer("start", default, 1, 12) as u8
}

fn grid(s: &Section<'_>) -> GridPart {
    let mut take = Vec::new();
    if let Some(list) = s.table("take") {
        for (name, entry) in list.entries() {
            match entry {
                Ok(text) => s.fault(
                    "take",
                    Error::recipe(format!("'{}.take.{name}'", s.path()))
                        .got(format!("'{text}'"))
                        .rule("a table is wanted: { of = \"temp\", months = \"6/8\", statistic = \"mean\" }"),
                ),
                Err(t) => {
                    take.extend(taken(&t, name));
                    t.finish();
                }
            }
        }
    }
    let lapse = s.table("lapse").and_then(|l| {
        let (height, from) =
            (l.required("height", "name the column of heights"), l.required("from", "name the grid's variable of heights"));
        if !l.has("rate") {
            l.fault(
                "rate",
                Error::recipe(format!("'{}.rate'", l.path())).rule("it is missing").hint("-0.0065 K m-1 is usual for free air"),
            );
        }
        let rate = l.real("rate", -0.0065, -0.02, 0.02);
        let (source, of) = (l.text("source"), l.texts("of"));
        l.finish();
        Some(Lapse { rate, height: height?, from: from?, source, of })
    });
    GridPart {
        variables: s.texts("variables"),
        take,
        time: s.text("time"),
        start: month(s, 1),
        share: s.real("share", 1.0, 0.0, 1.0),
        prefix: s.text("prefix").unwrap_or_default(),
        lapse,
    }
}

fn taken(t: &Section<'_>, name: String) -> Option<Take> {
    let of = t.required("of", "name the variable");
    let unit = t.text("unit").map(Unit::new);
    let text = t.required("months", "write months = \"10/9\" for October of the year before to September");
    let months = text.as_deref().and_then(Months::parse);
    if let (Some(text), None) = (&text, months) {
        refused(t, "months", text, "a span of months is written \"6/8\", \"10/9\" or \"7\"");
    }
    let word = t.text("statistic").unwrap_or_else(|| "mean".into());
    let mut temperature = None;
    let over = match word.as_str() {
        "monthly" => Over::Monthly,
        "degree-days" => Over::DegreeDays { above: t.real("above", 0.0, -100.0, 100.0), sd: t.real("sd", 0.0, 0.0, 50.0) },
        "snow" | "rain" => {
            temperature = t.required("temperature", "name the variable of temperature");
            let (snow, rain) = thresholds(t)?;
            if word == "snow" { Over::Snow { snow, rain } } else { Over::Rain { snow, rain } }
        }
        name => match Statistic::parse(name) {
            Some(s) => Over::Statistic(s),
            None => {
                let more = ["monthly", "degree-days", "snow", "rain"];
                let known: Vec<&str> = Statistic::ALL.map(Statistic::name).into_iter().chain(more).collect();
                t.fault("statistic", unknown("statistic", name, &known));
                return None;
            }
        },
    };
    Some(Take { name, of: of?, temperature, months: months?, over, unit })
}

/// The temperatures of snow and of rain.
fn thresholds(s: &Section<'_>) -> Option<(f64, f64)> {
    let (snow, rain) = (s.real("snow", 0.0, -50.0, 50.0), s.real("rain", 2.0, -50.0, 50.0));
    if snow > rain {
        let error = Error::recipe(format!("'{}.snow'", s.path()))
            .got(format!("{snow} degC"))
            .rule(format!("it is at most the temperature of rain, {rain} degC"));
        s.fault("snow", error);
        return None;
    }
    Some((snow, rain))
}

fn zonal(s: &Section<'_>) -> Option<Zonal> {
    let source = s.required("source", "name the grid").unwrap_or_default();
    let polygons = FilePart {
        source: s.required("polygons", "name the file of polygons").unwrap_or_default(),
        layer: s.text("layer"),
        sheet: None,
        classes: s.texts("classes"),
    };
    let mut statistics = Vec::new();
    for name in s.texts("statistics") {
        match Stat::ALL.into_iter().find(|k| k.name() == name) {
            Some(stat) => statistics.push(stat),
            None => s.fault("statistics", unknown("statistic", &name, &Stat::ALL.map(Stat::name))),
        }
    }
    if statistics.is_empty() {
        statistics.push(Stat::Mean);
    }
    let (by, place) = (keys(s, "by"), place(s));
    Some(Zonal { file: FilePart { source, ..FilePart::default() }, grid: grid(s), polygons, by, statistics, place })
}

/// New columns: `name = "statistic"` of the column of that name, or `name = { of, statistic }`.
fn columns(s: &Section<'_>) -> Vec<(String, String, Statistic)> {
    let mut take = Vec::new();
    if let Some(list) = s.table("take") {
        for (name, entry) in list.entries() {
            match entry {
                Ok(word) => take.extend(statistic(s, "take", &word).map(|k| (name.clone(), name, k))),
                Err(t) => {
                    let (of, word) = (t.required("of", "name the column"), t.required("statistic", "name the statistic"));
                    let k = word.and_then(|w| statistic(&t, "statistic", &w));
                    take.extend(of.zip(k).map(|(of, k)| (name, of, k)));
                    t.finish();
                }
            }
        }
    }
    if take.is_empty() && !s.has("take") {
        let error =
            Error::recipe(format!("'{}.take'", s.path())).rule("it is missing").hint("say what is made of the rows: take.tmean = \"mean\"");
        s.fault("take", error);
    }
    take
}

fn aggregate(s: &Section<'_>) -> Option<Aggregate> {
    let by = s.texts("by");
    let start = month(s, 10);
    let words = [
        ("all", None),
        ("month", Some(Period::Month)),
        ("season", Some(Period::Season)),
        ("year", Some(Period::Year(1))),
        ("hydrological-year", Some(Period::Year(start))),
    ];
    let (period, time) = (choice(s, "period", &words), s.text("time"));
    let (take, share) = (columns(s), s.real("share", 1.0, 0.0, 1.0));
    Some(Aggregate { by, period: period?.map(|p| (p, time)), take, share })
}

fn resample(s: &Section<'_>) -> Option<Resample> {
    let (by, time, take) = (s.texts("by"), s.text("time"), columns(s));
    let share = s.real("share", 1.0, 0.0, 1.0);
    let text = s.required("step", "write step = \"1 d\" or step = \"1 month\"")?;
    let months = || {
        let (number, unit) = text.trim().split_once(' ')?;
        matches!(unit.trim(), "month" | "months").then(|| number.parse().ok().filter(|n| 12 % n == 0))?
    };
    let every = months().map(Every::Months).or_else(|| span_days(&text).map(Every::Days));
    if every.is_none() {
        refused(s, "step", &text, "a step with its unit is wanted: \"1 d\", \"6 h\", or months that divide a year");
    }
    Some(Resample { by, time, every: every?, take, share })
}

fn snow_rain(s: &Section<'_>) -> Option<SnowRain> {
    let of = s.required("of", "name the column of precipitation");
    let temperature = s.required("temperature", "name the column of temperatures");
    let parted = thresholds(s);
    let names = s.texts("names");
    let names = match <[String; 2]>::try_from(names) {
        Ok(names) => names,
        Err(none) if none.is_empty() => ["snow".into(), "rain".into()],
        Err(names) => {
            refused(s, "names", &names.join(", "), "two names are wanted, of snow and of rain");
            return None;
        }
    };
    let (snow, rain) = parted?;
    Some(SnowRain { of: of?, temperature: temperature?, snow, rain, names })
}
