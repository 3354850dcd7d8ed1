//! Client secrets of the sandbox: made at first start, kept in `.local`, readable by their owner.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::failure::{Doing as _, Failure};

/// Client id to secret, for all these clients; makes and keeps those that are missing.
pub(crate) fn of_clients<'a>(
    file: &Path,
    clients: impl IntoIterator<Item = &'a str>,
) -> Result<BTreeMap<String, String>, Failure> {
    let what = || format!("reading {}", file.display());
    let mut secrets: BTreeMap<String, String> = match fs::read(file) {
        Ok(text) => serde_json::from_slice(&text).doing(what())?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
        Err(error) => return Err(error).doing(what()),
    };
    let known = secrets.len();
    for client in clients {
        secrets.entry(client.to_owned()).or_insert_with(fresh);
    }
    if secrets.len() > known {
        write_private(file, &serde_json::to_vec_pretty(&secrets).doing("writing secrets")?)?;
    }
    Ok(secrets)
}

/// 256 bits as 64 letters and digits.
fn fresh() -> String {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the operating system provides randomness");
    hex::encode(bytes)
}

/// Replaces a file in one step; only its owner may read it.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let what = || format!("writing {}", path.display());
    let unfinished = path.with_extension("unfinished");
    let _ = fs::remove_file(&unfinished); // its mode would stay
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&unfinished).doing(what())?;
    file.write_all(content).doing(what())?;
    fs::rename(unfinished, path).doing(what())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn secrets_are_made_once_and_only_their_owner_reads_them() {
        let file = std::env::temp_dir().join(format!("local-secrets-{}.json", std::process::id()));
        let first = of_clients(&file, ["a"]).unwrap();
        assert!(first["a"].len() >= 64);
        let second = of_clients(&file, ["a", "b"]).unwrap();
        assert_eq!(second["a"], first["a"]);
        assert_ne!(second["b"], second["a"]);
        assert_eq!(of_clients(&file, []).unwrap(), second);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::remove_file(file).unwrap();
    }
}
