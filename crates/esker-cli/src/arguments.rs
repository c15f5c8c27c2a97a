//! The words of the command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  esker init stations.csv > recipe.toml      look at a table and write a first recipe
  esker check recipe.toml                    list every fault and warning, do no work
  esker advise recipe.toml                   say which design imitates the use of a model
  esker audit recipe.toml                    name what makes the score look better than the model is
  esker run recipe.toml                      compare, choose, explain; write runs/<name>/
  esker open recipe.toml                     judge the model on the locked rows of the final hold-out, once
  esker predict runs/<name>/model.esker new.csv -o out.csv
  esker export model.esker -o model.onnx     take a model to other programs
  esker import lightgbm.txt -o model.esker   take over a model of LightGBM or XGBoost
  esker info era5.nc                         say what a file holds and what looks wrong
  esker convert era5.grib t2m.nc --time 2019-03 --bbox 5,43,17,49
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
        /// Also draw the map, .png or .svg: the prediction, grey outside the area of applicability, with the expected error beside it.
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
    /// Write a file in another format, or a part of it.
    #[command(
        after_help = "Example:\n  esker convert era5.grib t2m.nc --var t2m --time 2019-03 --bbox 5,43,17,49\n  esker convert wells.xlsx wells.parquet\n  esker convert glaciers.shp glaciers.gpkg\n  esker convert dem.tif basin.tif --within basin.gpkg"
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
