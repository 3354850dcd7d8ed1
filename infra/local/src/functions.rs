//! The function binaries: built by one cargo call, packed one package per group.
//!
//! They are built as `cargo test` at the root builds them: the dev profile, and no
//! package named on the command line. Cargo unites the features of the packages it
//! is asked for, so `-p` would compile the whole SDK a second time, with fewer features.
//!
//! A package holds no binary but a one-line `bootstrap` that becomes the binary in
//! place (`exec`). The emulator keeps every function's package in memory and writes
//! it into its saved state: with fifty functions the real binaries would be
//! gigabytes there. What runs is the same process either way.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Cursor, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;

use crate::failure::{Doing as _, Failure};
use crate::places::{Places, workspace};

/// Binaries that no build of late made are removed after this long.
const KEPT_FOR: Duration = Duration::from_hours(7 * 24);

/// A package ready for upload.
pub(crate) struct Package {
    /// `<group>/<content>.zip`: the same content has the same key.
    pub(crate) key: String,
    pub(crate) zip: Vec<u8>,
    /// What its `bootstrap` becomes.
    pub(crate) executable: PathBuf,
}

/// Builds the groups and packs them. Cargo's progress goes to the terminal.
pub(crate) fn build(groups: &BTreeSet<String>, places: &Places) -> Result<BTreeMap<String, Package>, Failure> {
    let executables = compile(groups)?;
    forget_old(&places.functions());
    groups
        .iter()
        .map(|group| {
            let executable = executables.get(group).ok_or_else(|| {
                Failure::new(format!(
                    "The template wants the binary '{group}', which no package of the workspace makes"
                ))
            })?;
            Ok((group.clone(), pack(group, executable, &places.functions())?))
        })
        .collect()
}

/// The executables of these binaries, up to date, by name.
pub(crate) fn compile(binaries: &BTreeSet<String>) -> Result<BTreeMap<String, PathBuf>, Failure> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(&cargo);
    command.args(["build", "--message-format", "json-render-diagnostics"]).current_dir(workspace());
    for binary in binaries {
        command.args(["--bin", binary]);
    }
    // Cargo tells a program which package it is of. A build script that looks at that (ring's does) would run
    // again, and everything above it be compiled again, for each caller of ours in turn.
    for (variable, _) in std::env::vars_os() {
        let name = variable.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"].iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(&variable);
        }
    }
    let mut building = command.stdout(Stdio::piped()).spawn().doing("starting cargo (is Rust installed?)")?;
    let messages = BufReader::new(building.stdout.take().expect("stdout was asked for"));
    let mut executables = BTreeMap::new();
    for line in messages.lines() {
        let message: Value = serde_json::from_str(&line.doing("reading from cargo")?).unwrap_or_default();
        if let (Some(name), Some(path)) = (message["target"]["name"].as_str(), message["executable"].as_str()) {
            executables.insert(name.to_owned(), PathBuf::from(path));
        }
    }
    if building.wait().doing("waiting for cargo")?.success() {
        Ok(executables)
    } else {
        Err(Failure::new("That does not compile; what cargo said is above"))
    }
}

/// Keeps a stripped copy of the binary, so that a later build does not change a
/// running stack under its feet, and packs a `bootstrap` that leads to it.
fn pack(group: &str, executable: &Path, folder: &Path) -> Result<Package, Failure> {
    let stamp = stamp(executable).doing(format!("looking at {}", executable.display()))?;
    let binary = folder.join(format!("{group}-{stamp}")).join(group);
    if !binary.exists() {
        let parent = binary.parent().expect("it was joined to a folder");
        let unfinished = binary.with_extension("unfinished");
        fs::create_dir_all(parent).doing(format!("making {}", parent.display()))?;
        fs::copy(executable, &unfinished).doing(format!("copying {}", executable.display()))?;
        // Smaller and quicker to start; without binutils the binary runs as it is.
        let _ = Command::new("strip").arg(&unfinished).stderr(Stdio::null()).status();
        fs::rename(&unfinished, &binary).doing(format!("keeping {}", binary.display()))?;
    }
    let path = binary.display().to_string().replace('\'', r"'\''");
    let bootstrap = format!("#!/bin/sh\nexec '{path}'\n");
    let name = hex::encode(&Sha256::digest(&bootstrap)[..8]);
    let zip = zip_of("bootstrap", bootstrap.as_bytes()).doing("packing")?;
    Ok(Package { key: format!("{group}/{name}.zip"), zip, executable: binary })
}

/// What changes whenever cargo links anew.
fn stamp(executable: &Path) -> std::io::Result<String> {
    let metadata = fs::metadata(executable)?;
    let built = metadata.modified()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Ok(format!("{:x}-{:x}", built.as_nanos(), metadata.len()))
}

fn zip_of(name: &str, content: &[u8]) -> zip::result::ZipResult<Vec<u8>> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    archive.start_file(name, options.unix_permissions(0o755))?;
    archive.write_all(content)?;
    Ok(archive.finish()?.into_inner())
}

/// Other stacks of this checkout may still run last week's binaries, hence by age.
fn forget_old(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let age = entry.metadata().and_then(|metadata| metadata.modified()).map(|made| made.elapsed());
        if age.is_ok_and(|age| age.is_ok_and(|age| age > KEPT_FOR)) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_runs_the_kept_copy_and_changes_its_key_with_the_binary() {
        let folder = std::env::temp_dir().join(format!("local-pack-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let executable = folder.join("built");
        fs::write(&executable, "#!/bin/sh\necho one").unwrap();
        let first = pack("group", &executable, &folder).unwrap();
        assert_eq!(pack("group", &executable, &folder).unwrap().key, first.key);
        fs::write(&executable, "#!/bin/sh\necho another").unwrap();
        let second = pack("group", &executable, &folder).unwrap();
        assert_ne!(first.key, second.key);

        let mut archive = zip::ZipArchive::new(Cursor::new(first.zip)).unwrap();
        let bootstrap = archive.by_name("bootstrap").unwrap();
        assert_eq!(bootstrap.unix_mode().unwrap() & 0o777, 0o755);
        let script = std::io::read_to_string(bootstrap).unwrap();
        let kept = script.split('\'').nth(1).unwrap();
        assert_eq!(fs::read_to_string(kept).unwrap(), "#!/bin/sh\necho one");
        fs::remove_dir_all(folder).unwrap();
    }
}
