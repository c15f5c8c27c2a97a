//! One function a command.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::CommandFactory;
use esker::{
    Ask, Attribute, Context, Conversion, Error, Explored, Fault, Findings, GreyLevels, Importing, Info, LoadedModel, Plan, PredictedFile,
    Progress, ReadOptions, Recipe, Regridding, Sampling, Selection, Surface, Terrain, inspect::Inspection,
};

use crate::arguments::{Arguments, Between, Command, Fit, PlotArguments};
use crate::progress::Bars;
use crate::{plotting, show, show_data, show_final, show_model};

type Result<T> = std::result::Result<T, Findings>;

/// Does what the words ask.
///
/// # Errors
/// Every fault at once. An audit that found something is no error; its exit code is that of a recipe to mend.
pub fn dispatch(arguments: &Arguments, cancel: Arc<AtomicBool>) -> Result<ExitCode> {
    let cli = Session { arguments, cancel };
    if let Command::Audit { recipe } = &arguments.command {
        return cli.audit(recipe);
    }
    cli.command().map(|()| ExitCode::SUCCESS)
}

/// What every command shares.
struct Session<'a> {
    arguments: &'a Arguments,
    cancel: Arc<AtomicBool>,
}

impl Session<'_> {
    fn command(&self) -> Result<()> {
        let cli = self;
        match &self.arguments.command {
            Command::Run { recipe, output, seed } => cli.run(recipe, output.as_deref(), *seed),
            Command::Check { recipe } => cli.check(recipe),
            Command::Advise { recipe } => cli.advise(recipe),
            Command::Audit { recipe } => cli.audit(recipe).map(drop),
            Command::Group(words) => crate::group::run(words, cli.arguments.json, &|text| cli.say(text), &cli.cancel),
            Command::Open { recipe, run } => cli.open(recipe, run.as_deref()),
            Command::Init { table, target, output } => cli.init(table, target.as_deref(), output.as_deref()),
            Command::Prepare { recipe, output, data } => cli.prepare(recipe, output, data.as_deref()),
            Command::Predict { model, data, output, picture } => cli.predict(model, data, output, picture.as_deref()),
            Command::Export { model, output } => cli.export(model, output),
            Command::Import { model, output, target, unit, classes, rounds } => {
                let options = Importing { target: target.clone(), unit: unit.clone(), classes: classes.clone(), rounds: *rounds };
                cli.import(model, output, &options)
            }
            Command::Explain { model, data, output, against, pairs } => cli.explain(model, data, output, against.as_deref(), *pairs),
            Command::Info { file, values } => cli.info(file, *values),
            Command::Explore { file, output, layer, sheet } => {
                let options = ReadOptions { layer: layer.clone(), sheet: sheet.clone(), ..ReadOptions::default() };
                cli.explore(file, output.as_deref(), &options)
            }
            Command::Convert { from, to, variables, time, bbox, within, layer, sheet, like, method } => {
                let selection = Selection { variables: variables.clone(), time: time.clone(), bbox: bbox.clone(), within: within.clone() };
                let options = ReadOptions { layer: layer.clone(), sheet: sheet.clone(), ..ReadOptions::default() };
                let method = match method {
                    Between::Nearest => Regridding::Sampled(Sampling::Nearest),
                    Between::Bilinear => Regridding::Sampled(Sampling::Bilinear),
                    Between::Conservative => Regridding::Conservative,
                };
                let like = like.clone().map(|file| (file, method));
                cli.convert(from, to, Conversion { selection, like, options, terrain: None })
            }
            Command::Terrain { from, output, attributes, variable, fit, window, level, azimuth, altitude, grey } => {
                let what = attributes.iter().map(|name| Attribute::parse(name)).collect::<std::result::Result<_, _>>()?;
                let surface = match fit {
                    Fit::Horn => Surface::Horn,
                    Fit::ZevenbergenThorne => Surface::ZevenbergenThorne,
                };
                let grey =
                    GreyLevels { levels: grey.grey_levels, ends: grey.grey_range, distances: grey.distances.clone(), share: grey.pairs };
                let how = Terrain { surface, window: *window, level: *level, azimuth: *azimuth, altitude: *altitude, grey };
                let selection = Selection { variables: variable.iter().cloned().collect(), ..Selection::default() };
                cli.convert(from, output, Conversion { selection, terrain: Some((what, how)), ..Conversion::default() })
            }
            Command::Plot(words) => cli.plot(words),
            Command::Guide(words) => crate::guide::run(words, self.arguments.json, self.arguments.quiet, &self.cancel),
            Command::Reference => {
                show::print(&esker::reference());
                Ok(())
            }
            Command::Schema => {
                show::print(&esker::record_schema());
                Ok(())
            }
            Command::Completions { shell } => {
                let mut words = Vec::new();
                clap_complete::generate(*shell, &mut Arguments::command(), "esker", &mut words);
                show::print(&String::from_utf8_lossy(&words));
                Ok(())
            }
        }
    }

    fn threads(&self) -> usize {
        self.arguments.threads.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from)
    }

    fn watched(&self, cx: Context) -> Context {
        let quiet = self.arguments.quiet || self.arguments.json;
        let progress: Arc<dyn Progress> = if quiet { Arc::new(esker::Silent) } else { Arc::new(Bars::new()) };
        cx.watched(progress, Arc::clone(&self.cancel))
    }

    fn say(&self, text: &str) {
        if !self.arguments.quiet && !self.arguments.json {
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }

    fn plan(&self, path: &Path, seed: Option<u64>) -> Result<Plan> {
        let mut recipe = Recipe::read(path)?;
        if let Some(seed) = seed {
            recipe.seed = seed;
        }
        let folder = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        Plan::read(recipe, &folder, &self.watched(Context::new(0, self.threads())))
    }

    fn run(&self, path: &Path, output: Option<&Path>, seed: Option<u64>) -> Result<()> {
        let started = std::time::Instant::now();
        let folder = output.map_or_else(|| esker::default_folder(path), Path::to_path_buf);
        let plan = self.plan(path, seed)?;
        esker::check_folder(&folder)?;
        self.say(&show::plan(&plan));
        let cx = self.watched(plan.context(self.threads()));
        let outcome = plan.run_kept(&folder, &cx)?;
        if outcome.taken_up > 0 {
            self.say(&format!("{} fits of tuning were taken up from a run that was stopped", outcome.taken_up));
        }
        outcome.write(&folder, plan.recipe(), &cx)?;
        if self.arguments.json {
            show::print(&show::run_json(&outcome.record, &folder));
        } else {
            show::print(&show::scores(&outcome.record));
            self.say(&show::after_run(&outcome.record, &folder, started.elapsed()));
            if let Some(opening) = esker::read_opening(&folder)? {
                self.say(&show_final::opened_before(&opening));
            }
        }
        Ok(())
    }

    fn open(&self, path: &Path, run: Option<&Path>) -> Result<()> {
        let run = run.map_or_else(|| esker::default_folder(path), Path::to_path_buf);
        let plan = self.plan(path, Some(esker::read_record(&run)?.provenance.seed))?;
        let folder = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        let opening = plan.open(&run, &folder, &self.watched(plan.context(self.threads())))?;
        show::print(&if self.arguments.json { show_final::opened_json(&opening, &run) } else { show_final::opened(&opening, &run) });
        Ok(())
    }

    fn advise(&self, path: &Path) -> Result<()> {
        let mut recipe = Recipe::read(path)?;
        recipe.validate.auto = true;
        let folder = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        let advice = Plan::read(recipe, &folder, &self.watched(Context::new(0, self.threads())))?.advice.unwrap_or_default();
        show::print(&if self.arguments.json { show::advice_json(&advice) } else { show::advice(&advice) });
        Ok(())
    }

    fn audit(&self, path: &Path) -> Result<ExitCode> {
        let plan = self.plan(path, None)?;
        let here = esker::default_folder(path).parent().map_or_else(PathBuf::new, Path::to_path_buf);
        let beside = path.parent().map_or_else(PathBuf::new, Path::to_path_buf).join(&here);
        let runs = if beside == here { vec![here] } else { vec![here, beside] };
        let audit = plan.audit(&runs, &self.watched(plan.context(self.threads())))?;
        show::print(&if self.arguments.json { show_data::audit_json(&audit) } else { show_data::audit(&audit, path) });
        Ok(if audit.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(crate::exit_code(Fault::Recipe)) })
    }

    fn check(&self, path: &Path) -> Result<()> {
        let plan = self.plan(path, None)?;
        if self.arguments.json {
            show::print(&show::plan_json(&plan));
        } else {
            show::print(&format!("{}\n{}: no faults\n", show::plan(&plan), path.display()));
        }
        Ok(())
    }

    fn init(&self, path: &Path, target: Option<&str>, output: Option<&Path>) -> Result<()> {
        let (table, inspection) = Inspection::read(path, &ReadOptions::default(), target)?;
        if self.arguments.json {
            show::print(&show::inspection_json(&inspection));
            return Ok(());
        }
        // The recipe finds its table from its own folder.
        let source = match output {
            Some(file) => relative(path, file.parent().unwrap_or_else(|| Path::new(""))),
            None => path.to_path_buf(),
        };
        let text = inspection.recipe(&table, &source.to_string_lossy());
        let Some(file) = output else {
            show::print(&text);
            return Ok(());
        };
        if file.exists() {
            let error = Error::new(esker::Fault::Io, format!("'{}'", file.display()))
                .rule("it exists and is not overwritten")
                .hint("name another file with -o");
            return Err(error.into());
        }
        esker::write_file(file, text.as_bytes())?;
        self.say(&format!("wrote {}; next: esker check {}", file.display(), file.display()));
        Ok(())
    }

    fn prepare(&self, path: &Path, output: &Path, data: Option<&Path>) -> Result<()> {
        let folder = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        let cx = self.watched(Context::new(0, self.threads()));
        let prepared = Recipe::read(path)?.prepare(&folder, data, &cx)?;
        cx.check()?;
        esker::write_table(output, &prepared.table)?;
        if self.arguments.json {
            show::print(&show_data::prepared_json(&prepared, output));
        } else {
            self.say(&show::notes(&prepared.notes));
            show::print(&show_data::prepared(&prepared, output));
        }
        Ok(())
    }

    fn predict(&self, model: &Path, data: &Path, output: &Path, picture: Option<&Path>) -> Result<()> {
        if let Some(picture) = picture {
            esker::check_picture(picture, output)?;
        }
        let model = LoadedModel::read(model)?;
        let cx = self.watched(Context::new(0, self.threads()));
        let predicted = match model.predict_file(data, output, &cx)? {
            PredictedFile::Rows(_) if picture.is_some() => {
                let error = Error::new(Fault::Usage, format!("picture of '{}'", data.display())).got("rows").rule("a picture shows a map");
                return Err(error.hint("give a grid").into());
            }
            PredictedFile::Rows(predicted) => predicted,
            PredictedFile::Map(map) => {
                if let Some(picture) = picture {
                    map.draw(&model.header, picture)?;
                }
                if self.arguments.json {
                    show::print(&show_data::map_json(&map, output));
                } else {
                    self.say(&show::notes(&map.notes));
                    show::print(&show_data::map(&model.header, &map, output));
                }
                return Ok(());
            }
        };
        if self.arguments.json {
            show::print(&show::predicted_json(&model.header, &predicted, output));
        } else {
            self.say(&show::notes(&predicted.notes));
            show::print(&show::predicted(&model.header, &predicted, output));
        }
        Ok(())
    }

    fn export(&self, model: &Path, output: &Path) -> Result<()> {
        let exported = LoadedModel::read(model)?.to_onnx()?;
        esker::write_file(output, &exported.bytes)?;
        if self.arguments.json {
            show::print(&show_model::exported_json(&exported, output));
        } else {
            self.say(&show::notes(&exported.notes));
            show::print(&show_model::exported(&exported, output));
        }
        Ok(())
    }

    fn import(&self, from: &Path, output: &Path, options: &Importing) -> Result<()> {
        let (model, notes) = options.read(from)?;
        esker::write_file(output, &model.to_bytes())?;
        if self.arguments.json {
            show::print(&show_model::imported_json(&model.header, &notes, output));
        } else {
            self.say(&show::notes(&notes));
            show::print(&show_model::imported(&model.header, output));
        }
        Ok(())
    }

    fn explain(&self, model: &Path, data: &Path, output: &Path, against: Option<&Path>, pairs: bool) -> Result<()> {
        let model = LoadedModel::read(model)?;
        let cx = self.watched(Context::new(0, self.threads()));
        let ask = match (against, pairs) {
            (Some(file), _) => Ask::Against(model.read_rows(file)?),
            (None, true) => Ask::Pairs,
            (None, false) => Ask::Features,
        };
        let told = model.contribute(model.read_rows(data)?, ask, &cx)?;
        esker::write_table(output, &told.table)?;
        if self.arguments.json {
            show::print(&show::contributed_json(&model.header, &told, output));
        } else {
            self.say(&show::notes(&told.notes));
            show::print(&show::contributed(&model.header, &told, output));
        }
        Ok(())
    }

    fn info(&self, file: &Path, values: bool) -> Result<()> {
        if LoadedModel::is_one(file) {
            let model = LoadedModel::read(file)?;
            show::print(&if self.arguments.json { show_model::info_json(&model, file) } else { show_model::info(&model, file) });
            return Ok(());
        }
        let cx = self.watched(Context::new(0, self.threads()));
        let info = Info::read(file, &ReadOptions::default(), values, &cx)?;
        show::print(&if self.arguments.json { show_data::info_json(&info) } else { show_data::info(&info) });
        Ok(())
    }

    fn explore(&self, file: &Path, output: Option<&Path>, options: &ReadOptions) -> Result<()> {
        let page = output.map_or_else(|| esker::default_page(file), Path::to_path_buf);
        let cx = self.watched(Context::new(0, self.threads()));
        let explored = Explored::read(file, options, &cx)?;
        explored.write(&page, &cx)?;
        show::print(&if self.arguments.json { show_data::explored_json(&explored, &page) } else { show_data::explored(&explored, &page) });
        Ok(())
    }

    fn convert(&self, from: &Path, to: &Path, conversion: Conversion) -> Result<()> {
        let cx = self.watched(Context::new(0, self.threads()));
        let done = conversion.run(from, to, &cx)?;
        if self.arguments.json {
            show::print(&show_data::converted_json(&done, to));
        } else {
            self.say(&show::notes(&done.notes));
            show::print(&format!("{} → {}", done.format, to.display()));
        }
        Ok(())
    }
}

impl Session<'_> {
    fn plot(&self, words: &PlotArguments) -> Result<()> {
        let cx = self.watched(Context::new(0, self.threads()));
        let done = plotting::asked(words).run(&words.file, &words.output, &cx)?;
        if self.arguments.json {
            show::print(&plotting::json(&done, &words.output));
        } else {
            self.say(&show::notes(&done.notes));
            show::print(&plotting::told(&done, &words.output));
        }
        Ok(())
    }
}

/// `path` as seen from `folder`, where both can be resolved and share a root; else absolute or as it is.
fn relative(path: &Path, folder: &Path) -> PathBuf {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let (Ok(path), Ok(folder)) = (path.canonicalize(), folder.canonicalize()) else { return path.to_path_buf() };
    let common = path.components().zip(folder.components()).take_while(|(a, b)| a == b).count();
    let mut seen = PathBuf::new();
    for _ in folder.components().skip(common) {
        seen.push("..");
    }
    seen.extend(path.components().skip(common));
    seen
}
