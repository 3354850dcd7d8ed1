//! The start of a function's process.

use std::env;
use std::error::Error;
use std::process::ExitCode;

use tracing::error;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The `main` of a group: starts the log, picks the function that Lambda names in `_HANDLER`, and runs it on
/// a single thread, since a function works on one event at a time.
///
/// An unknown name ends the process with the list of the known ones.
#[must_use]
pub fn main<T, E, F>(functions: &[(&'static str, T)], run: impl FnOnce(&'static str, T) -> F) -> ExitCode
where
    T: Copy,
    E: Into<Box<dyn Error + Send + Sync>>,
    F: Future<Output = Result<(), E>>,
{
    start_log();
    let name = env::var("_HANDLER").unwrap_or_default();
    let Some((name, function)) = functions.iter().copied().find(|(known, _)| *known == name) else {
        let known: Vec<_> = functions.iter().map(|(known, _)| *known).collect();
        error!(handler = name, "_HANDLER must be one of: {}", known.join(", "));
        return ExitCode::FAILURE;
    };
    let ended = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(run(name, function)).map_err(Into::into));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            error!(function = name, %cause, "The function could not start, or lost the Lambda runtime");
            ExitCode::FAILURE
        }
    }
}

/// One JSON line an event, from the level that the template asks for (Lambda sets `AWS_LAMBDA_LOG_LEVEL`).
///
/// What we depend on may not go below INFO: the runtime and the SDK would show whole requests there, tokens and
/// persons included.
fn start_log() {
    let level = env::var("AWS_LAMBDA_LOG_LEVEL").ok().and_then(|level| level.to_ascii_lowercase().parse().ok());
    let level: LevelFilter = level.unwrap_or(LevelFilter::INFO);
    let theirs = ["aws_", "lambda_", "hyper", "h2", "rustls", "tower", "tokio", "mio"];
    let limits = Targets::new().with_default(level);
    let limits = theirs.iter().fold(limits, |limits, target| limits.with_target(*target, level.min(LevelFilter::INFO)));
    let lines =
        tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false);
    tracing_subscriber::registry().with(lines.with_filter(limits)).init();
}
