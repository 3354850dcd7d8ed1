//! `cargo local`: starts the stack, and asks after the one that runs.

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use local::{DEFAULT_PORT, Failure, Options, Stack};

/// The whole backend on this machine: the real template and binaries on an AWS emulator.
#[derive(Parser)]
#[command(bin_name = "cargo local", args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    up: Up,
}

#[derive(Subcommand)]
enum Command {
    /// Start everything and run until Ctrl-C (the default)
    Up(Up),
    /// Print a fresh access token
    Token {
        /// Whose: full, nt24-led, unsigned, standard or partner
        #[arg(default_value = "full")]
        organisation: String,
    },
    /// Say whether a stack runs, and where everything is
    Status,
    /// End the running stack; its data is kept
    Stop,
    /// Run a command and leave nothing behind when stdin closes
    #[command(hide = true)]
    Guard {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<OsString>,
    },
    /// Become a command that dies with its parent
    #[command(hide = true)]
    Guarded {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<OsString>,
    },
}

#[derive(Args)]
struct Up {
    /// Forget what earlier runs stored
    #[arg(long)]
    fresh: bool,
    /// Use free ports and keep nothing
    #[arg(long)]
    ephemeral: bool,
    /// The API's port; five more follow it
    #[arg(long, default_value_t = DEFAULT_PORT)]
    port: u16,
    /// Stop when this process ends
    #[arg(long, value_name = "PID")]
    while_pid: Option<u32>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        Some(Command::Guard { command }) => return local::guard(&command),
        Some(Command::Guarded { command }) => return local::guarded(&command),
        Some(Command::Up(up)) => run(start(up)),
        Some(Command::Token { organisation }) => run(token(&organisation)),
        Some(Command::Status) => status(),
        Some(Command::Stop) => stop(),
        None => run(start(arguments.up)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

/// On one thread: the work is done by other processes.
fn run(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime needs only what every system has").block_on(work)
}

async fn start(arguments: Up) -> Result<(), Failure> {
    let Up { fresh, ephemeral, port, while_pid } = arguments;
    local::up(&Options { fresh, ephemeral, port, while_pid }).await
}

async fn token(slug: &str) -> Result<(), Failure> {
    let stack = Stack::running()?;
    println!("{}", stack.token(stack.organization(slug)?).await?);
    Ok(())
}

fn status() -> Result<(), Failure> {
    let stack = Stack::running()?;
    println!("Running as process {}.\n\n{}", stack.pid, local::addresses(&stack));
    Ok(())
}

fn stop() -> Result<(), Failure> {
    let stack = Stack::running()?;
    stack.stop(Duration::from_secs(30))
}
