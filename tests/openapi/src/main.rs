//! `cargo openapi` rewrites docs/openapi.json.

fn main() -> std::io::Result<()> {
    std::fs::write(openapi::path(), openapi::made())
}
