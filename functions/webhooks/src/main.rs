//! The group `webhooks`: one binary, one Lambda function per endpoint.

fn main() -> std::process::ExitCode {
    http_edge::main(&webhooks::FUNCTIONS)
}
