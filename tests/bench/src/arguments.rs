//! What the command line says.

use std::path::PathBuf;

use clap::Parser;

/// Measures the built Lambda binaries the way Lambda runs them.
///
/// Prints one markdown table. For figures, build it optimised: unoptimised, its
/// endpoint doubles the time of every call. For `--check` any build will do.
#[derive(Debug, Parser)]
#[command(name = "bench")]
pub(crate) struct Arguments {
    /// Where the artefacts are: `<group>/bootstrap`, or the plain binary `<group>`
    #[arg(long, default_value = "target/lambda")]
    pub(crate) bin_dir: PathBuf,

    /// Only this function (may be repeated); all of the template by default
    #[arg(long = "function", value_name = "NAME")]
    pub(crate) functions: Vec<String>,

    /// Processes started for each function, answer and CPU share
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) runs: u16,

    /// Warm invocations after the first one in each process
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) warm: u16,

    /// Also write every number to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// Expect each function's answers and AWS calls to be right, measure nothing
    #[arg(long)]
    pub(crate) check: bool,

    /// Measure one worker over so many deliveries to a receiver on this machine, and nothing else
    #[arg(long, value_name = "COUNT", conflicts_with_all = ["check", "functions", "json"])]
    pub(crate) deliveries: Option<u32>,

    /// The SAM template that names the functions, their groups and their environment
    #[arg(long, default_value = "infra/template.yaml")]
    pub(crate) template: PathBuf,

    /// One `<function>.json` per function
    #[arg(long, default_value = "events")]
    pub(crate) events: PathBuf,
}
