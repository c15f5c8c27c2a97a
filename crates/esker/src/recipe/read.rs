//! From TOML text to a [`Recipe`], with every fault of form at once.

use std::cell::RefCell;
use std::collections::BTreeMap;

use esker_core::{Calendar, Crs, Error, Parameter, Setting, Settings, Space, Unit};
use esker_evaluate::score::Score;
use esker_evaluate::split::Design;
use esker_models::Kind;
use toml::de::DeTable;

use super::adjust::adjust;
use super::section::{Reading, Section, nearest};
use super::{
    DataPart, Derived, DesignPart, Direction, Explain, LastPart, Method, ModelPart, PlacePart, Recipe, Roles, Select, Spread, StackPart,
    Tune, Validate, Wanted, WantedAt, WeightPart,
};
use crate::findings::{Findings, Place};
use crate::selection::{Selection, span};
use crate::stack;

impl Recipe {
    /// Reads a recipe from its text; `file` names it in messages.
    ///
    /// # Errors
    /// Every fault of form: syntax, unknown keys, values against their rules, each with line and column.
    pub fn parse(file: &str, text: &str) -> Result<Self, Findings> {
        let mut findings = Findings { file: file.to_owned(), list: Vec::new() };
        let root = match DeTable::parse(text) {
            Ok(root) => root,
            Err(e) => {
                let at = e.span().map(|s| Place::of(text, s.start));
                findings.push(at, Error::recipe("the recipe").got(e.message().to_owned()).rule("a recipe is written in TOML"));
                return Err(findings);
            }
        };
        let reading = Reading { text, findings: RefCell::new(findings), places: RefCell::new(BTreeMap::new()) };
        let section = Section::root(&reading, root.get_ref());
        let title = section.text("title").unwrap_or_else(|| file.trim_end_matches(".toml").to_owned());
        let seed = section.integer("seed", 42, 0, i64::MAX) as u64;
        let data = data(&section);
        let roles = roles(&section);
        let validate = validate(&section);
        let (mut models, stacks) = models(&section);
        super::prepare::give(&mut models, super::prepare::read(&section), roles.transform);
        let (interval_level, interval_method) = super::intervals::read(&section);
        let explain = explain(&section);
        section.finish();
        let Reading { findings, places, .. } = reading;
        let places = places.into_inner();
        let file = file.to_owned();
        let text = text.to_owned();
        findings.into_inner().or(Self {
            file,
            text,
            title,
            seed,
            data,
            roles,
            validate,
            models,
            stacks,
            interval_level,
            interval_method,
            explain,
            places,
        })
    }
}

fn one_char(section: &Section<'_>, key: &'static str) -> Option<char> {
    let text = section.text(key)?;
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => Some(c),
        _ if text == "\\t" || text == "tab" => Some('\t'),
        _ => {
            section
                .fault(key, Error::recipe(format!("'{}.{key}'", section.path())).got(format!("'{text}'")).rule("one character is wanted"));
            None
        }
    }
}

/// The keys of `[data]`, for the reference.
pub(crate) const DATA_KEYS: [(&str, &str); 18] = [
    ("source", "The file, relative to the recipe, in any format that is read. A grid has a row a cell with a value."),
    ("credit", "Whom to credit."),
    ("variables", "Variables of a grid to read, `[\"t2m\", \"tp\"]`; without it those on the most axes."),
    ("time", "Times of a grid: `\"2001-05\"`, or `\"2001/2010\"` with both ends."),
    ("bbox", "A box of a grid in the CRS of the file: `[west, south, east, north]`."),
    ("within", "A file of polygons: kept are cells by their centre, points by themselves, lines and areas by their centroid."),
    ("layer", "The layer of a GeoPackage."),
    ("sheet", "The sheet of a workbook."),
    ("delimiter", "The character between cells of a text; detected."),
    ("decimal", "The decimal mark of a text, `.` or `,`; detected."),
    ("comment", "The character that begins a line of comment; `#`."),
    ("missing", "Cells that mean \"missing\", besides the usual ones."),
    ("classes", "Columns of numbers to read as classes."),
    ("units", "Units by column or glob; those that the file states must agree."),
    ("step", "Joins, sampled grids, sums over periods: `[[data.step]]`, in order, see Steps."),
    ("derive", "Derived columns: `name = \"expression\"`, or `{ value = \"…\", unit = \"…\", class = true }`."),
    ("filter", "Conditions that a row must meet."),
    ("keep", "Classes kept, by column."),
];

fn data(root: &Section<'_>) -> DataPart {
    let Some(s) = root.table("data") else {
        root.fault("data", Error::recipe("table [data]").rule("it is missing").hint("write [data] with source = \"table.csv\""));
        return DataPart::default();
    };
    let derive = s.table("derive").map(|d| derived(&d)).unwrap_or_default();
    let part = DataPart {
        source: s.required("source", "name the table, e.g. source = \"table.csv\"").unwrap_or_default(),
        credit: s.text("credit"),
        delimiter: one_char(&s, "delimiter"),
        decimal: one_char(&s, "decimal"),
        comment: one_char(&s, "comment"),
        missing: s.texts("missing"),
        classes: s.texts("classes"),
        units: s.table("units").map(|u| u.pairs().into_iter().collect()).unwrap_or_default(),
        filter: s.texts("filter"),
        keep: s.table("keep").map(|k| k.lists()).unwrap_or_default(),
        derive,
        selection: selection(&s),
        layer: s.text("layer"),
        sheet: s.text("sheet"),
        steps: super::step_reader::steps(&s),
    };
    s.finish();
    part
}

/// What of a source is wanted: the words of `esker convert`; a box may also be a list of four numbers.
fn selection(s: &Section<'_>) -> Selection {
    let bbox = s.words("bbox", "a box is [west, south, east, north]");
    Selection {
        variables: s.texts("variables"),
        time: s.text("time"),
        bbox: (!bbox.is_empty()).then(|| bbox.join(",")),
        within: s.text("within").map(Into::into),
    }
}

fn derived(section: &Section<'_>) -> Vec<Derived> {
    let mut list = Vec::new();
    for (name, entry) in section.entries() {
        match entry {
            Ok(value) => list.push(Derived { name, value, unit: Unit::default(), class: false }),
            Err(s) => {
                let value = s.required("value", "write the expression, e.g. value = \"zmax - zmin\"").unwrap_or_default();
                let unit = Unit::new(s.text("unit").unwrap_or_default());
                list.push(Derived { name, value, unit, class: s.flag("class", false) });
                s.finish();
            }
        }
    }
    list
}

fn roles(root: &Section<'_>) -> Roles {
    let hint = "write [roles] with target = \"column\"";
    let Some(s) = root.table("roles") else {
        root.fault("roles", Error::recipe("table [roles]").rule("it is missing").hint(hint));
        return Roles::default();
    };
    let mut roles = Roles::default();
    match s.text_or_table("target") {
        Some(Ok(name)) => roles.target = name,
        Some(Err(t)) => {
            roles.target = t.required("column", "name the target's column").unwrap_or_default();
            roles.unit = t.text("unit").map(Unit::new);
            roles.class = t.text("kind").and_then(|k| match k.as_str() {
                "class" => Some(true),
                "number" => Some(false),
                _ => {
                    t.fault("kind", Error::recipe("'roles.target.kind'").got(format!("'{k}'")).rule("'number' or 'class' is wanted"));
                    None
                }
            });
            roles.transform = super::prepare::target(&t);
            roles.names = t.table("names").map(|n| n.pairs().into_iter().collect()).unwrap_or_default();
            t.finish();
        }
        None if !s.has("target") => s.fault("target", Error::recipe("'roles.target'").rule("it is missing").hint(hint)),
        None => {}
    }
    if let Some(p) = s.table("place") {
        let x = p.required("x", "name the column of longitude or easting");
        let y = p.required("y", "name the column of latitude or northing");
        let crs = p.text("crs").and_then(|crs| Crs::parse(&crs).map_err(|error| p.fault("crs", error)).ok());
        if let (Some(x), Some(y)) = (x, y) {
            roles.place = Some(PlacePart { x, y, crs });
        }
        p.finish();
    }
    roles.time = s.text("time");
    roles.group = s.text("group");
    if let Some(w) = s.table("weight") {
        roles.weight = weight(&s, &w);
        w.finish();
    }
    roles.error = s.text("error");
    roles.features = s.texts("features");
    roles.exclude = s.texts("exclude");
    s.finish();
    roles
}

/// The keys of `weight` in `[roles]`, of which one is given; for the reference.
pub(crate) const WEIGHT_KEYS: [(&str, &str); 4] = [
    ("error", "A column of standard errors of the target: weights are one over their square."),
    ("column", "A column of weights."),
    (
        "declustered",
        "Cells of this side, `\"50 km\"`: every cell that holds rows has the same weight, which its rows share (cell declustering).",
    ),
    ("density", "One over the density of rows within this distance, `\"50 km\"`."),
];

fn weight(roles: &Section<'_>, w: &Section<'_>) -> Option<WeightPart> {
    let given = WEIGHT_KEYS.iter().filter(|(key, _)| w.has(key)).count();
    let column = w.text("error").map(WeightPart::InverseVariance).or(w.text("column").map(WeightPart::Column));
    let length = |key: &'static str| {
        let text = w.text(key)?;
        let metres = metres(&text);
        if metres.is_none() {
            let rule = "a length above 0 with its unit is wanted, e.g. \"50 km\" or \"200 m\"";
            w.fault(key, Error::recipe(format!("'{}.{key}'", w.path())).got(format!("'{text}'")).rule(rule));
        }
        metres
    };
    let (cells, density) = (length("declustered"), length("density"));
    if given != 1 {
        let rule = "exactly one of error = \"column of standard errors\", column = \"column of weights\", declustered = \"50 km\" and density = \"50 km\" is wanted";
        roles.fault("weight", Error::recipe("'roles.weight'").rule(rule));
        return None;
    }
    column.or(cells.map(|m| WeightPart::Spread(Spread::Declustered(m)))).or(density.map(|m| WeightPart::Spread(Spread::Density(m))))
}

/// A length with its unit, in metres.
fn metres(text: &str) -> Option<f64> {
    let text = text.trim();
    let (number, unit) = match text.strip_suffix("km") {
        Some(number) => (number, 1000.0),
        None => (text.strip_suffix('m')?, 1.0),
    };
    number.trim().parse::<f64>().ok().map(|v| v * unit).filter(|v| v.is_finite() && *v > 0.0)
}

/// The word for a design that Esker chooses.
const AUTO: &str = "auto";

fn design(section: &Section<'_>, key: &'static str, name: &str) -> Option<DesignPart> {
    let Some(design) = Design::parse(name) else {
        let known: Vec<&str> = std::iter::once(AUTO).chain(Design::ALL.iter().map(|d| d.name())).collect();
        section.fault(key, unknown("design", name, &known));
        return None;
    };
    let parameters = design.parameters();
    let settings = section.settings(&parameters);
    let group = section.text("group");
    let label = section.text("label").unwrap_or_else(|| match &group {
        Some(g) => format!("{name} {g}"),
        None => name.to_owned(),
    });
    Some(DesignPart { design, settings, group, label, path: section.path().to_owned() })
}

/// A design by name alone takes over the number of folds of the primary one, unless folds are something else to either of them.
fn plain_design(name: &str, like: Option<&DesignPart>, path: &str) -> Result<DesignPart, Error> {
    let known: Vec<&str> = Design::ALL.iter().map(|d| d.name()).collect();
    if name == AUTO {
        return Err(Error::recipe("design 'auto'").rule("the design that counts may be chosen, one beside it is named"));
    }
    let design = Design::parse(name).ok_or_else(|| unknown("design", name, &known))?;
    let parameters = design.parameters();
    let mut settings = Settings::defaults(&parameters);
    let usual = |p: &&Parameter| p.name == "folds" && p.default == Setting::Integer(10);
    if let Some(folds) = like.and_then(|l| l.settings.get("folds"))
        && let Some(folds) = parameters.iter().find(usual).and_then(|p| p.check(folds.clone()).ok())
    {
        settings = settings.set(&parameters, "folds", folds)?;
    }
    Ok(DesignPart { design, settings, group: None, label: name.to_owned(), path: path.to_owned() })
}

fn validate(root: &Section<'_>) -> Validate {
    let default = |path: &str| plain_design("random", None, path);
    let Some(s) = root.table("validate") else {
        let hint = "write [validate] with design = \"group\" (whole groups are held out) or another design";
        root.fault("validate", Error::recipe("table [validate]").rule("it is missing: the design decides what a score means").hint(hint));
        let primary = default("validate").unwrap_or_else(|_| unreachable!("'random' is in the catalog"));
        return Validate {
            primary,
            auto: false,
            compare: Vec::new(),
            metric: None,
            weighted: false,
            penalty: None,
            inner: 3,
            wanted: None,
            last: None,
        };
    };
    let name = s.required(
        "design",
        "write design = \"auto\" to have it chosen by what the samples and their use are like, or name one: random, group, forward …",
    );
    let auto = name.as_deref() == Some(AUTO);
    // What is chosen later takes over the folds.
    let primary = name.as_deref().and_then(|n| design(&s, "design", if auto { "random" } else { n }));
    if primary.is_none() {
        // The keys of an unknown design are not judged: one fault is enough.
        for design in Design::ALL {
            design.parameters().iter().for_each(|p| s.skip(p.name));
        }
        let _ = (s.text("group"), s.text("label"));
    }
    let mut compare = Vec::new();
    for entry in s.texts_or_tables("compare") {
        match entry {
            Ok(name) => match plain_design(&name, primary.as_ref(), "validate.compare") {
                Ok(part) => compare.push(part),
                Err(error) => s.fault("compare", error),
            },
            Err(t) => {
                let name = t.required("design", "name the design to compare with");
                compare.extend(name.as_deref().and_then(|n| design(&t, "design", n)));
                t.finish();
            }
        }
    }
    let metric = s.text("metric").and_then(|m| {
        let known: Vec<&str> = Score::ALL.iter().map(|k| k.name()).collect();
        let found = Score::parse(&m);
        if found.is_none() {
            s.fault("metric", unknown("metric", &m, &known));
        }
        found
    });
    let weighted = s.flag("weighted", false);
    let penalty = s.text("penalty");
    let inner = s.integer("inner", 3, 2, 20) as usize;
    let wanted = wanted(&s);
    let last = last(&s);
    s.finish();
    let mut labels: Vec<String> = primary.iter().map(|p| p.label.clone()).collect();
    for part in &compare {
        if labels.contains(&part.label) {
            let error = Error::recipe(format!("design '{}'", part.label)).rule("designs have different labels").hint("add label = \"…\"");
            root.fault("validate", error);
        }
        labels.push(part.label.clone());
    }
    let primary = primary.unwrap_or_else(|| default("validate").unwrap_or_else(|_| unreachable!("'random' is in the catalog")));
    Validate { primary, auto, compare, metric, weighted, penalty, inner, wanted, last }
}

/// The final hold-out: what it consists of by name alone, or a table of the settings of a hold-out.
fn last(validate: &Section<'_>) -> Option<LastPart> {
    let parameters = Design::Holdout.parameters();
    match validate.text_or_table("final")? {
        Ok(by) => {
            let settings = Settings::defaults(&parameters).set(&parameters, "by", Setting::Text(by));
            settings.map(|settings| LastPart { settings, group: None }).map_err(|error| validate.fault("final", error)).ok()
        }
        Err(s) => {
            let part = LastPart { settings: s.settings(&parameters), group: s.text("group") };
            s.finish();
            Some(part)
        }
    }
}

/// `wanted = "grid.csv"`, `"here"`, `"other-groups"`, or a table of `source` and `time`.
fn wanted(s: &Section<'_>) -> Option<Wanted> {
    let at = |source: String| match source.as_str() {
        "here" => WantedAt::Here,
        "other-groups" => WantedAt::OtherGroups,
        _ => WantedAt::File(source),
    };
    match s.text_or_table("wanted")? {
        Ok(source) => Some(Wanted { at: at(source), time: None }),
        Err(t) => {
            let source = t.text("source").map_or(WantedAt::Unsaid, at);
            let time = t.text("time").and_then(|text| span(&text, Calendar::Proleptic).map_err(|e| t.fault("time", e)).ok());
            if source == WantedAt::Unsaid && time.is_none() && !t.has("time") {
                let error = Error::recipe("'validate.wanted'").rule("it says neither where nor when");
                s.fault("wanted", error.hint("write source = \"grid.csv\", time = \"2030/2040\", or both"));
            }
            t.finish();
            Some(Wanted { at: source, time })
        }
    }
}

pub(super) fn unknown(what: &str, name: &str, known: &[&str]) -> Error {
    let error = Error::recipe(format!("{what} '{name}'")).rule(format!("no such {what} is known"));
    match nearest(name, known) {
        Some(near) => error.hint(format!("did you mean '{near}'?")),
        None => error.hint(format!("known are {}", known.join(", "))),
    }
}

fn models(root: &Section<'_>) -> (Vec<ModelPart>, Vec<StackPart>) {
    let sections = root.tables("model");
    if sections.is_empty() && !root.has("model") {
        let hint = "write [[model]] with kind = \"ridge\"";
        root.fault("model", Error::recipe("tables [[model]]").rule("at least one model is wanted").hint(hint));
    }
    let mut models: Vec<ModelPart> = Vec::new();
    let mut stacks: Vec<StackPart> = Vec::new();
    for s in sections {
        let Some(kind_name) = s.required("kind", "name the model, e.g. kind = \"ridge\"") else { continue };
        let name = s.text("name").unwrap_or_else(|| kind_name.clone());
        if models.iter().map(|m| &m.name).chain(stacks.iter().map(|m| &m.name)).any(|other| *other == name) {
            s.fault("kind", Error::recipe(format!("model '{name}'")).rule("model names are unique").hint("add name = \"…\""));
        }
        if kind_name == stack::NAME {
            stacks.extend(super::stack::stack(&s, name, &models));
            s.finish();
            continue;
        }
        let Some(kind) = Kind::parse(&kind_name) else {
            let known: Vec<&str> = Kind::ALL.iter().map(|k| k.name()).chain([stack::NAME]).collect();
            s.fault("kind", unknown("model kind", &kind_name, &known));
            continue;
        };
        if let Some(above) = stacks.last() {
            let error = Error::recipe(format!("model '{name}'")).got(format!("below the stack '{}'", above.name));
            s.fault("kind", error.rule("stacks stand below all other models").hint("move it above the first stack"));
        }
        let parameters = kind.parameters();
        let settings = s.settings(&parameters);
        let steps = kind.estimator(&settings).steps();
        let tune = tune(&s, &parameters, steps);
        let (select, adjust) = (select(&s), adjust(&s));
        s.finish();
        models.push(ModelPart { name, kind, settings, tune, select, adjust, prepare: Default::default() });
    }
    (models, stacks)
}

/// The keys of `tune` in a `[[model]]`, for the reference.
pub(crate) const TUNE_KEYS: [(&str, &str); 5] = [
    ("trials", "Settings tried in each training part, the recipe's own among them; 16, or as many as the minutes allow."),
    ("minutes", "Minutes that tuning of this model may take over all parts; runs that end by time may differ from each other."),
    ("method", "How candidates are proposed: `tpe`, by tree-structured Parzen estimators after a first part at random, or `random`."),
    ("halving", "Whether candidates that fall behind are dropped before the last inner fold; true."),
    ("search", "Spaces by parameter, instead of the declared ones: `{ rate = [0.01, 0.3], weighting = [\"uniform\", \"distance\"] }`."),
];

fn tune(s: &Section<'_>, parameters: &[Parameter], steps: Option<&'static str>) -> Option<Tune> {
    let patience = s.integer("early_stopping", 0, 1, 100_000) as usize;
    if patience > 0 && steps.is_none() {
        let error =
            Error::recipe(format!("'{}.early_stopping'", s.path())).rule("this kind of model does not learn in steps that can be watched");
        s.fault("early_stopping", error.hint("remove early_stopping"));
    }
    let declared = |p: &Parameter| if s.has(p.name) || patience > 0 && steps == Some(p.name) { None } else { Space::declared(p) };
    let Some(t) = s.has("tune").then(|| s.table("tune")).flatten() else {
        if !s.has("tune") {
            // Ask for it all the same, so that it counts as a known key.
            let _ = s.flag("tune", false);
        }
        return (patience > 0).then(|| Tune { trials: 1, minutes: None, method: Method::Tpe, halving: true, patience, spaces: Vec::new() });
    };
    let given = t.real("minutes", 1.0, 0.01, 100_000.0);
    let minutes = t.has("minutes").then_some(given);
    let default = if minutes.is_some() && !t.has("trials") { 10_000 } else { 16 };
    let trials = t.integer("trials", default, 2, 10_000) as usize;
    let halving = t.flag("halving", true);
    let method = t.text("method").map_or(Method::ALL[0], |name| {
        let names = Method::ALL.map(Method::name);
        Method::ALL.into_iter().find(|m| m.name() == name).unwrap_or_else(|| {
            t.fault("method", unknown("method of tuning", &name, &names));
            Method::ALL[0]
        })
    });
    let said = t.table("search").map(|search| {
        let spaces = search.spaces(parameters);
        search.finish();
        spaces
    });
    let said = said.unwrap_or_default();
    if let Some(name) = steps.filter(|name| patience > 0 && said.iter().any(|space| space.parameter == *name)) {
        let error = Error::recipe(format!("'{}.search.{name}'", t.path())).rule("early stopping decides it");
        t.fault("search", error.hint(format!("remove it from the search; {name} = … in the model is the most it may reach")));
    }
    t.finish();
    let spaces: Vec<Space> =
        parameters.iter().filter_map(|p| said.iter().find(|space| space.parameter == p.name).cloned().or_else(|| declared(p))).collect();
    if spaces.is_empty() {
        let hint = if parameters.is_empty() {
            "remove tune".to_owned()
        } else {
            "remove tune, or name a space: tune = { search = { … } }".to_owned()
        };
        s.fault("tune", Error::recipe(format!("'{}.tune'", s.path())).rule("this kind of model has nothing to tune").hint(hint));
    }
    Some(Tune { trials, minutes, method, halving, patience, spaces })
}

/// The keys of `select` in a `[[model]]`, for the reference.
pub(crate) const SELECT_KEYS: [(&str, &str); 5] = [
    ("method", "`forward`, from few features up, or `backward`, from all of them down."),
    ("start", "Features in the first sets tried by `forward`: 2 tries every pair, 1 every single one; 2 up to 20 features, else 1."),
    ("most", "Features that `forward` chooses at most."),
    ("together", "Globs of features that enter or leave together, such as `[\"temp_*\", \"prcp_*\"]`."),
    (
        "within_se",
        "Whether a further feature must be better by more than one standard error over inner folds (and one may go that is worth less); false.",
    ),
];

fn select(s: &Section<'_>) -> Option<Select> {
    if !s.has("select") {
        // Ask for it all the same, so that it counts as a known key.
        let _ = s.flag("select", false);
        return None;
    }
    let direction = |name: &str| {
        let found = Direction::ALL.into_iter().find(|d| d.name() == name);
        found.ok_or_else(|| unknown("method of feature selection", name, &Direction::ALL.map(Direction::name)))
    };
    let plain = |method| Select { method, start: None, most: None, together: Vec::new(), within_se: false };
    match s.text_or_table("select")? {
        Ok(name) => direction(&name).map(plain).map_err(|e| s.fault("select", e)).ok(),
        Err(t) => {
            let named = t.required("method", "write method = \"forward\" or method = \"backward\"");
            let method = named.and_then(|name| direction(&name).map_err(|e| t.fault("method", e)).ok());
            let start = t.integer("start", 2, 1, 2) as usize;
            let most = t.integer("most", 1, 1, 1_000_000) as usize;
            let select = Select {
                method: method.unwrap_or(Direction::Forward),
                start: t.has("start").then_some(start),
                most: t.has("most").then_some(most),
                together: t.texts("together"),
                within_se: t.flag("within_se", false),
            };
            for key in ["start", "most"].into_iter().filter(|key| select.method == Direction::Backward && t.has(key)) {
                t.fault(key, Error::recipe(format!("'{}.{key}'", t.path())).rule("only forward selection takes it"));
            }
            t.finish();
            Some(select)
        }
    }
}

fn explain(root: &Section<'_>) -> Explain {
    let default = Explain { importance: true, repeats: 5, groups: Vec::new(), effects: 6, applicability: true };
    let Some(s) = root.table("explain") else { return default };
    let part = Explain {
        importance: s.flag("importance", true),
        repeats: s.integer("repeats", 5, 1, 1000) as usize,
        groups: s.texts("groups"),
        effects: s.integer("effects", 6, 0, 100) as usize,
        applicability: s.flag("applicability", true),
    };
    s.finish();
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_lists_every_key_of_data() {
        let text = "[data]\nsource = \"a.csv\"\nqqqqqqqq = 1\n[roles]\ntarget = \"y\"\n[validate]\ndesign = \"random\"\n[[model]]\nkind = \"mean\"\n";
        let hint = Recipe::parse("r.toml", text).unwrap_err().list[0].error.hint.clone().unwrap();
        let mut keys: Vec<&str> = DATA_KEYS.iter().map(|(key, _)| *key).collect();
        keys.sort_unstable();
        assert_eq!(hint, format!("known keys are {}", keys.join(", ")));
    }

    #[test]
    fn the_reference_lists_every_key_of_intervals() {
        let text = "[data]\nsource = \"a.csv\"\n[roles]\ntarget = \"y\"\n[validate]\ndesign = \"random\"\n[[model]]\nkind = \"mean\"\n[intervals]\nqqqqqqqq = 1\n";
        let hint = Recipe::parse("r.toml", text).unwrap_err().list[0].error.hint.clone().unwrap();
        let mut keys: Vec<&str> = crate::recipe::INTERVAL_KEYS.iter().map(|(key, _)| *key).collect();
        keys.sort_unstable();
        assert_eq!(hint, format!("known keys are {}", keys.join(", ")));
    }

    #[test]
    fn the_reference_lists_every_key_of_select() {
        let text = "[data]\nsource = \"a.csv\"\n[roles]\ntarget = \"y\"\n[validate]\ndesign = \"random\"\n[[model]]\nkind = \"ridge\"\nselect = { method = \"forward\", qqqqqqqq = 1 }\n";
        let hint = Recipe::parse("r.toml", text).unwrap_err().list[0].error.hint.clone().unwrap();
        let mut keys: Vec<&str> = SELECT_KEYS.iter().map(|(key, _)| *key).collect();
        keys.sort_unstable();
        assert_eq!(hint, format!("known keys are {}", keys.join(", ")));
    }

    #[test]
    fn the_reference_lists_every_key_of_tune() {
        let text = "[data]\nsource = \"a.csv\"\n[roles]\ntarget = \"y\"\n[validate]\ndesign = \"random\"\n[[model]]\nkind = \"ridge\"\ntune = { qqqqqqqq = 1 }\n";
        let hint = Recipe::parse("r.toml", text).unwrap_err().list[0].error.hint.clone().unwrap();
        let mut keys: Vec<&str> = TUNE_KEYS.iter().map(|(key, _)| *key).collect();
        keys.sort_unstable();
        assert_eq!(hint, format!("known keys are {}", keys.join(", ")));
    }
}
