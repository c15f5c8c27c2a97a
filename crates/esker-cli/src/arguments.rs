//! The words of the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  esker init stations.csv > recipe.toml      look at a table and write a first recipe
  esker check recipe.toml                    list every fault and warning, do no work
  esker advise recipe.toml                   say which design imitates the use of a model
  esker audit recipe.toml                    name what makes the score look better than the model is
  esker prepare recipe.toml -o table.csv     write the table after its joins, grids and sums
  esker run recipe.toml                      compare, choose, explain; write runs/<name>/
  esker open recipe.toml                     judge the model on the locked rows of the final hold-out, once
  esker predict runs/<name>/model.esker new.csv -o out.csv
  esker export model.esker -o model.onnx     take a model to other programs
  esker import lightgbm.txt -o model.esker   take over a model of LightGBM or XGBoost
  esker info era5.nc                         say what a file holds and what looks wrong
  esker explore stations.csv                 look at a file or a recipe's data: a page with what looks wrong first
  esker convert era5.grib t2m.nc --time 2019-03 --bbox 5,43,17,49
  esker plot era5.nc -o t2m.pdf --variable t2m --time 2019-03 --projection robinson
  esker group match applications.csv -o autumn   make learning groups, and say why
  esker guide                                what to learn next, in the hours you have
  esker completions bash > ~/.local/share/bash-completion/completions/esker

Exit codes:
  0 done   1 unexpected   2 usage   3 recipe   4 data   5 model file   6 disk   7 numeric   130 stopped

NO_COLOR is respected. Progress goes to stderr, results to stdout.";

/// From your own table to a model you can defend.
#[derive(Debug, Parser)]
#[command(name = "esker", version, about, after_help = EXAMPLES, propagate_version = true, arg_required_else_help = true)]
pub struct Arguments {
    /// Print results as JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// No progress, no notes: only results and errors.
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Threads to use; results never depend on it [default: all cores].
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// How values get onto another grid.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Between {
    /// The value of the nearest cell.
    Nearest,
    /// Linear between four cells.
    Bilinear,
    /// The mean of the cells under a new one, weighted by shared area: integrals stay.
    Conservative,
}

/// How a surface is laid through the neighbours of a cell.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Fit {
    /// Horn 1981: smooths rough heights.
    Horn,
    /// Zevenbergen and Thorne 1987: follows smooth heights closely.
    ZevenbergenThorne,
}

/// Which pairs of which grey levels make a texture.
#[derive(Debug, Args)]
pub struct Grey {
    /// Grey levels of textures, 2 to 256.
    #[arg(long, value_name = "NUMBER", default_value_t = 32)]
    pub grey_levels: usize,
    /// Where the lowest grey level begins and the highest ends, in the unit of the raster; measured if not given.
    #[arg(long, value_name = "LOW,HIGH", value_parser = span, allow_hyphen_values = true)]
    pub grey_range: Option<(f64, f64)>,
    /// How many cells apart the pairs of textures are; a variable each.
    #[arg(long, value_name = "CELLS", value_delimiter = ',', default_value = "1")]
    pub distances: Vec<usize>,
    /// The share of the pairs of a window, in each direction, that must be known.
    #[arg(long, value_name = "SHARE", default_value_t = 0.5)]
    pub pairs: f64,
}

/// Two numbers with a comma between them.
fn span(text: &str) -> Result<(f64, f64), String> {
    let numbers: Vec<f64> = text.split(',').map_while(|t| t.trim().parse().ok()).collect();
    match numbers[..] {
        [low, high] if text.matches(',').count() == 1 => Ok((low, high)),
        _ => Err("two numbers are wanted, as 0,4000".to_owned()),
    }
}

/// What kind of figure.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Kind {
    /// Dots.
    Point,
    /// Lines.
    Line,
    /// Lines in steps.
    Step,
    /// Bars.
    Bar,
    /// Counts in bins.
    Histogram,
    /// Counts, or means of the colour, in hexagons.
    Hexbin,
    /// Boxes by class.
    Box,
    /// A map.
    Map,
    /// Cells of a grid on its own two axes.
    Heat,
    /// Every pair of some columns.
    Matrix,
}

/// What to draw and how; what is not said follows from what the file is.
#[derive(Debug, Args)]
pub struct PlotArguments {
    /// A file in any format Esker reads, or its address: https://…, s3://bucket/key.
    pub file: PathBuf,
    /// File to write: .svg, .png (300 dots an inch) or .pdf (fonts embedded).
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Column of the horizontal axis.
    #[arg(long, value_name = "COLUMN")]
    pub x: Option<String>,
    /// Column of the vertical axis, or several lines.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    pub y: Vec<String>,
    /// Column that colours the marks.
    #[arg(long, alias = "color", value_name = "COLUMN")]
    pub colour: Option<String>,
    /// Column that the area of dots follows.
    #[arg(long, value_name = "COLUMN")]
    pub size: Option<String>,
    /// Column with a text for each row.
    #[arg(long, value_name = "COLUMN")]
    pub label: Option<String>,
    /// A panel for each value of this column, or each cell of this axis of a grid.
    #[arg(long, value_name = "COLUMN")]
    pub facet: Option<String>,
    /// What kind of figure.
    #[arg(long, value_enum)]
    pub kind: Option<Kind>,
    /// Logarithmic horizontal axis.
    #[arg(long)]
    pub log_x: bool,
    /// Logarithmic vertical axis.
    #[arg(long)]
    pub log_y: bool,
    /// Logarithmic colours.
    #[arg(long)]
    pub log_colour: bool,
    /// The vertical axis counts downwards, as depths do.
    #[arg(long)]
    pub down: bool,
    /// Drawn above the figure.
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
    /// Width on paper: single (85 mm), double (170 mm) or e.g. 120mm [default: double].
    #[arg(long, value_name = "WIDTH")]
    pub width: Option<String>,
    /// Projection: robinson, equal-earth, plate-carree, orthographic:-40,72, lambert-conformal, equal-area, polar-north, polar-south, utm,
    /// plain [default: one that fits].
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    pub projection: Option<String>,
    /// Variable of a grid.
    #[arg(long, alias = "var", value_name = "NAME")]
    pub variable: Option<String>,
    /// Times: 2001-05, or 2001-01/2010-12 with both ends.
    #[arg(long, value_name = "SPAN")]
    pub time: Option<String>,
    /// Box: west,south,east,north in the units of the file's CRS.
    #[arg(long, value_name = "BOX", allow_hyphen_values = true)]
    pub bbox: Option<String>,
    /// What lies in the polygons of this file.
    #[arg(long, value_name = "FILE")]
    pub within: Option<PathBuf>,
    /// Outlines of this file over the map.
    #[arg(long, value_name = "FILE")]
    pub over: Option<PathBuf>,
    /// Rows for which an expression over columns of numbers is true.
    #[arg(long = "where", value_name = "EXPRESSION")]
    pub filter: Option<String>,
    /// Unit of a column, where the file says none: NAME=UNIT.
    #[arg(long = "unit", value_name = "NAME=UNIT", value_parser = unit)]
    pub units: Vec<(String, String)>,
    /// Layer to read of a file that has several.
    #[arg(long, value_name = "NAME")]
    pub layer: Option<String>,
    /// Sheet to read of a workbook.
    #[arg(long, value_name = "NAME")]
    pub sheet: Option<String>,
}

fn unit(text: &str) -> Result<(String, String), String> {
    let (name, unit) = text.split_once('=').ok_or("a unit is written NAME=UNIT")?;
    Ok((name.trim().to_owned(), unit.trim().to_owned()))
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a recipe: compare models under its design, choose, explain, write the report.
    #[command(
        after_help = "Example:\n  esker run examples/glacier-mass-balance/recipe.toml\n\nAn earlier run in the same folder is replaced only when the new one is whole."
    )]
    Run {
        /// The recipe.
        recipe: PathBuf,
        /// Folder to write [default: `runs/` and the name of the recipe or its folder].
        #[arg(short, long, value_name = "FOLDER")]
        output: Option<PathBuf>,
        /// Seed instead of the recipe's.
        #[arg(long, value_name = "N")]
        seed: Option<u64>,
    },
    /// Check a recipe against its data and list every fault and warning at once.
    #[command(after_help = "Example:\n  esker check recipe.toml --json")]
    Check {
        /// The recipe.
        recipe: PathBuf,
    },
    /// Say which design imitates the use of a model, and why: distances from samples to samples, of what is wanted to samples, and of folds.
    #[command(
        after_help = "The recipe says where predictions are wanted: [validate] wanted = \"grid.csv\" (a table of places, a grid or polygons),\n\"here\" (gaps among the samples), \"other-groups\", or { source = \"grid.csv\", time = \"2030/2040\" }.\nThe same is chosen by design = \"auto\".\n\nExample:\n  esker advise recipe.toml\n  esker advise recipe.toml --json"
    )]
    Advise {
        /// The recipe; its own design is not looked at.
        recipe: PathBuf,
    },
    /// Name what makes the score look better than the model is: leaks, twins, windows, folds too near; each with how much it flatters.
    #[command(
        after_help = "How much is measured by judging a cheap model of the recipe with and without what was found. Runs of other recipes in runs/, here and\nbeside the recipe, tell whether a hold-out was opened before.\n\nExit code: 0 where nothing was found, 3 (recipe) where something was.\n\nExample:\n  esker audit recipe.toml\n  esker audit recipe.toml --json"
    )]
    Audit {
        /// The recipe.
        recipe: PathBuf,
    },
    /// Open the final hold-out: judge the model of a run on the rows that were locked before anything saw them.
    #[command(
        after_help = "The recipe locks rows: [validate] final = { by = \"group\", share = 0.2 }. Open them when nothing is to be changed any more: the ledger\nbeside the recipe (recipe.opened.json) counts, and after the first opening the score is no longer that of an unseen test.\n\nExample:\n  esker open recipe.toml\n  esker open recipe.toml --run out --json"
    )]
    Open {
        /// The recipe that was run.
        recipe: PathBuf,
        /// Folder of the run [default: `runs/` and the name of the recipe or its folder].
        #[arg(long, value_name = "FOLDER")]
        run: Option<PathBuf>,
    },
    /// Write the table of a recipe after its steps: joins, sampled grids, sums over periods, derived columns.
    #[command(
        after_help = "Rows are not filtered. With --data the same is done to new rows, so that a model of the recipe can predict them.\n\nExample:\n  esker prepare recipe.toml -o table.csv\n  esker prepare recipe.toml --data new.csv -o ready.parquet\n  esker prepare recipe.toml -o table.csv --json"
    )]
    Prepare {
        /// The recipe, with its steps [[data.step]].
        recipe: PathBuf,
        /// Table to write, .csv or .parquet.
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// Rows to take instead of the recipe's own.
        #[arg(long, value_name = "FILE")]
        data: Option<PathBuf>,
    },
    /// Look at a table and write a commented recipe to stdout.
    #[command(after_help = "Example:\n  esker init wells.csv --target lithology > recipe.toml")]
    Init {
        /// The table, CSV or Parquet.
        table: PathBuf,
        /// The target column, if you know it.
        #[arg(long, value_name = "COLUMN")]
        target: Option<String>,
        /// File to write instead of stdout; an existing one is not overwritten.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Predict rows never seen or a whole map, with intervals.
    #[command(
        after_help = "Example:\n  esker predict runs/glacier-mass-balance/model.esker new.csv -o out.csv\n  esker predict model.esker grid.nc -o map.tif --picture map.png"
    )]
    Predict {
        /// A model written by esker run.
        model: PathBuf,
        /// Rows or a grid, in any format Esker reads.
        data: PathBuf,
        /// File to write: .csv or .parquet for rows, .nc, .tif or .zarr for a map.
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// Also draw the map, .png or .svg: the prediction, of two classes the probability of the second, grey outside the area of applicability, with the expected error beside it.
        #[arg(long, value_name = "FILE")]
        picture: Option<PathBuf>,
    },
    /// Explain predictions row by row: what each feature gives to the answer of a model of trees.
    #[command(
        after_help = "Contributions are exact Shapley values: base and contributions add up to the answer. Without --against, a walk down a tree that\nmay not look at a feature goes to both sides as the training rows did (path-dependent); with it, unknown features have\nthe values of the background rows (interventional).\n\nExample:\n  esker explain model.esker new.csv -o why.csv\n  esker explain model.esker new.csv --against train.csv -o why.csv\n  esker explain model.esker new.csv --pairs -o why.csv"
    )]
    Explain {
        /// A model written by esker run.
        model: PathBuf,
        /// Rows to explain, in any format Esker reads.
        data: PathBuf,
        /// Table to write, .csv or .parquet.
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// Background rows that answers are compared with; a hundred will do.
        #[arg(long, value_name = "FILE", conflicts_with = "pairs")]
        against: Option<PathBuf>,
        /// Also what each pair of features gives together.
        #[arg(long)]
        pairs: bool,
    },
    /// Say what a file holds: axes, variables, units, CRS, calendar, what was decided and what looks wrong.
    #[command(after_help = "Example:\n  esker info era5.nc\n  esker info dem.tif --values --json")]
    Info {
        /// A file in any format Esker reads, or its address: https://…, s3://bucket/key; or a model.
        file: PathBuf,
        /// Read every value, and show how many are missing, the smallest, the mean and the largest.
        #[arg(long)]
        values: bool,
    },
    /// Look at a file or a recipe's data before any model: one page, what looks wrong first.
    #[command(
        after_help = "The page stands alone: structure, missing values, histograms, maps, series with their cycles and spectra, variograms, logs, correlations.\nOf a recipe, the rows of its data section are shown, target first; rows locked for a final test are not looked at.\nLarge files are sampled, and the page says so.\n\nExample:\n  esker explore stations.csv\n  esker explore recipe.toml -o look.html\n  esker explore era5.nc --json > numbers.json"
    )]
    Explore {
        /// A file in any format Esker reads, or its address; or a recipe.
        file: PathBuf,
        /// Page to write [default: NAME.explore.html in the current folder].
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Layer to read of a file that has several.
        #[arg(long, value_name = "NAME")]
        layer: Option<String>,
        /// Sheet to read of a workbook.
        #[arg(long, value_name = "NAME")]
        sheet: Option<String>,
    },
    /// Write a file in another format, or a part of it.
    #[command(
        after_help = "Example:\n  esker convert era5.grib t2m.nc --var t2m --time 2019-03 --bbox 5,43,17,49\n  esker convert wells.xlsx wells.parquet\n  esker convert glaciers.shp glaciers.gpkg\n  esker convert dem.tif basin.tif --within basin.gpkg\n  esker convert rain.nc coarse.nc --like model.nc --method conservative"
    )]
    Convert {
        /// A file in any format Esker reads, or its address: https://…, s3://bucket/key.
        from: PathBuf,
        /// File to write; its extension says as what.
        to: PathBuf,
        /// Variables to keep.
        #[arg(long = "var", value_name = "NAME", value_delimiter = ',')]
        variables: Vec<String>,
        /// Times to keep: 2001-05, or 2001-01/2010-12 with both ends.
        #[arg(long, value_name = "SPAN")]
        time: Option<String>,
        /// Box to keep: west,south,east,north in the units of the file's CRS.
        #[arg(long, value_name = "BOX", allow_hyphen_values = true)]
        bbox: Option<String>,
        /// Keep what lies in the polygons of this file: cells by their centre, points by themselves.
        #[arg(long, value_name = "FILE")]
        within: Option<PathBuf>,
        /// Layer to read of a file that has several.
        #[arg(long, value_name = "NAME")]
        layer: Option<String>,
        /// Sheet to read of a workbook.
        #[arg(long, value_name = "NAME")]
        sheet: Option<String>,
        /// Put the values on the grid of this file.
        #[arg(long, value_name = "FILE")]
        like: Option<PathBuf>,
        /// How values get onto another grid.
        #[arg(long, value_enum, default_value_t = Between::Nearest, requires = "like")]
        method: Between,
    },
    /// Draw a figure of a file: a map, a series, points, bars, a histogram, boxes.
    #[command(
        after_help = "Without --kind and columns: a grid becomes a map, rows with places a map, rows with times a line, other tables a scatter matrix.\n\nExamples:\n  \
        esker plot era5.nc -o t2m.pdf --variable t2m --time 2019-03 --projection robinson\n  \
        esker plot quakes.csv -o quakes.png --colour depth --size mag --projection robinson:180\n  \
        esker plot co2.csv -o co2.svg --x date --y CO2 --unit CO2=ppm --width single\n  \
        esker plot dem.tif -o dem.png --over outlines.shp\n  \
        esker plot wells.csv -o logs.pdf --x GR --y DEPTH_MD --down --colour LITHOLOGY --facet WELL\n  \
        esker plot stations.csv -o box.svg --kind box --x landcover --y no2 --log-y"
    )]
    Plot(Box<PlotArguments>),
    /// Compute slope, aspect, curvature, texture and other terrain attributes from a raster of heights.
    #[command(
        after_help = "Attributes: slope, aspect, northness, eastness (of the aspect), hillshade, plan-curvature, profile-curvature (m-1, convex is positive),\ntpi, tri, roughness of nine cells; mean, sd, entropy in a window; glcm-contrast, glcm-dissimilarity, glcm-homogeneity, glcm-asm,\nglcm-energy, glcm-correlation, glcm-entropy (bits): texture from grey-level co-occurrence in a window (Haralick et al. 1973).\nDistances are metres: those of the plane, or on the ellipsoid where the raster is in degrees. Cells at the edge, and those\nwith a missing one in their window, are missing.\n\nTextures are taken from a raster in any unit. Its values are cut into grey levels between the ends of --grey-range, or between its\nsmallest and largest value, which a note tells. Pairs of cells count both ways; the mean over four directions (along rows, along columns,\nboth diagonals) is written, a variable for each distance. Pairs with a missing cell do not count; --pairs says how many must.\nThe correlation is missing where a direction has one level alone.\n\nExamples:\n  esker terrain dem.tif -o terrain.tif --attributes slope,aspect,plan-curvature\n  esker terrain dem.nc -o rough.nc --var elevation --attributes sd,entropy --window 9 --level 5\n  esker terrain scene.tif -o texture.tif --var nir --attributes glcm-contrast,glcm-entropy --window 7 --grey-range 0,5000"
    )]
    Terrain {
        /// Heights in metres, in any grid format Esker reads, or an address: https://…, s3://bucket/key.
        from: PathBuf,
        /// File to write; its extension says as what.
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// What to compute.
        #[arg(long, value_name = "NAME", value_delimiter = ',', default_value = "slope,aspect")]
        attributes: Vec<String>,
        /// The variable of heights, where there are several.
        #[arg(long = "var", value_name = "NAME")]
        variable: Option<String>,
        /// The surface of slope, aspect and hillshade.
        #[arg(long, value_enum, default_value_t = Fit::Horn)]
        fit: Fit,
        /// Cells along a side of the window of mean, sd, entropy and textures; odd.
        #[arg(long, value_name = "CELLS", default_value_t = 3)]
        window: usize,
        /// Height of a level of the entropy, m.
        #[arg(long, value_name = "METRES", default_value_t = 1.0)]
        level: f64,
        /// Where the sun of the hillshade stands, degrees clockwise from north.
        #[arg(long, value_name = "DEGREES", default_value_t = 315.0)]
        azimuth: f64,
        /// How high it stands, degrees.
        #[arg(long, value_name = "DEGREES", default_value_t = 45.0)]
        altitude: f64,
        #[command(flatten)]
        grey: Grey,
    },
    /// Write a model as ONNX, for onnxruntime and other programs.
    #[command(
        after_help = "Example:\n  esker export runs/glacier-mass-balance/model.esker -o model.onnx\n\nInputs are the columns the model learned from, by name; preparation is part of the file. Numbers are doubles (NaN is missing), classes are \
        texts (empty is missing). Intervals and derived columns stay behind."
    )]
    Export {
        /// A model written by esker run or esker import.
        model: PathBuf,
        /// File to write.
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Take over a model that LightGBM or XGBoost has fitted.
    #[command(
        after_help = "Examples:\n  esker import lightgbm.txt -o model.esker --target dmdtda --unit 'm w.e. yr-1'\n  esker import xgboost.json -o model.esker --target lithology --classes chalk,shale,sandstone\n\nLightGBM: save_model(\"model.txt\"); XGBoost: save_model(\"model.json\"). Predictions are those of the program itself; how good they are, \
        Esker has not judged."
    )]
    Import {
        /// A model that LightGBM saved as text, or XGBoost as JSON.
        model: PathBuf,
        /// File to write.
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// Name of the target, which such files do not hold.
        #[arg(long, value_name = "NAME", default_value = "target")]
        target: String,
        /// Unit of the target.
        #[arg(long, value_name = "UNIT", default_value = "")]
        unit: String,
        /// Names of the classes, in the order of their numbers [default: 0,1,…].
        #[arg(long, value_name = "NAMES", value_delimiter = ',')]
        classes: Vec<String>,
        /// Take the first rounds only, e.g. those up to the best of early stopping.
        #[arg(long, value_name = "N")]
        rounds: Option<usize>,
    },
    /// Learning groups: match applications, plan a call, pair reviews, certify hours, forget or export a person.
    Group(crate::group::Words),
    /// A path through learning resources, in the hours you have.
    Guide(Box<crate::guide::Guide>),
    /// Print the reference of models, designs and metrics, in Markdown.
    Reference,
    /// Print the JSON schema of record.json.
    Schema,
    /// Print completions for a shell.
    #[command(after_help = "Example:\n  esker completions zsh > ~/.zfunc/_esker")]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}
