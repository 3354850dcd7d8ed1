//! The group `mail`: one binary, one worker behind a queue.

use std::process::ExitCode;

fn main() -> ExitCode {
    aws::main(&mail::FUNCTIONS, mail::run)
}
