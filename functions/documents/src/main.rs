//! The group `documents`: one binary, one Lambda function per endpoint, and the worker behind direct uploads.

use std::process::ExitCode;

use documents::Work;

fn main() -> ExitCode {
    aws::main(&documents::ALL, run)
}

async fn run(name: &'static str, work: Work) -> Result<(), lambda_runtime::Error> {
    match work {
        Work::Endpoint(door) => http_edge::serve(name, door).await,
        Work::RegisterUpload => documents::register_uploads().await,
    }
}
