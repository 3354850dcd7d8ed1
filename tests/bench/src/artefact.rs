//! What is deployed: a group's `bootstrap`, its size and its processor.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

/// A group's executable.
pub(crate) struct Artefact {
    /// The file.
    pub(crate) path: PathBuf,
    /// Whether it lies where `cargo lambda build` puts what is deployed. Only then its memory is judged: of a build for
    /// development, code alone is some 15 MB.
    pub(crate) is_deployed: bool,
}

/// Bytes on disk and as uploaded.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Size {
    /// Without symbols.
    pub(crate) stripped: u64,
    /// The same, compressed as in a zip.
    pub(crate) gzip: u64,
}

impl Artefact {
    /// `<folder>/<group>/bootstrap` as deployed, or `<folder>/<group>` as cargo
    /// leaves it, so that `--bin-dir target/release` works too.
    pub(crate) fn of_group(folder: &Path, group: &str) -> anyhow::Result<Self> {
        let candidates = [folder.join(group).join("bootstrap"), folder.join(group)];
        match candidates.iter().position(|path| path.is_file()) {
            Some(found) => Ok(Self { path: candidates[found].clone(), is_deployed: found == 0 }),
            None => bail!("no {} and no {}: is the group built?", candidates[0].display(), candidates[1].display()),
        }
    }

    /// The processor it needs, when that is not the one we run on.
    pub(crate) fn foreign_processor(&self) -> anyhow::Result<Option<&'static str>> {
        let mut header = [0; 20];
        let mut file = fs::File::open(&self.path)?;
        if file.read_exact(&mut header).is_err() || !header.starts_with(b"\x7fELF") {
            return Ok(None); // a script runs anywhere
        }
        // e_machine of the ELF header, little-endian on both that Lambda has.
        let needs = match u16::from_le_bytes([header[18], header[19]]) {
            62 => "x86_64",
            183 => "aarch64",
            other => bail!("{} is for the processor type {other}, which Lambda does not have", self.path.display()),
        };
        Ok((needs != std::env::consts::ARCH).then_some(needs))
    }

    /// Strips a copy: a local build may still carry its symbols.
    pub(crate) fn size(&self, scratch: &Path) -> anyhow::Result<Size> {
        let stripped = scratch.join("stripped");
        let tool = Command::new("strip")
            .arg("-o")
            .args([&stripped, &self.path])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        // Without binutils, and for a foreign processor, as it is: deploy
        // builds are stripped by cargo.
        let measured = if tool.is_ok_and(|status| status.success()) { &stripped } else { &self.path };
        let bytes = fs::read(measured).with_context(|| format!("read {}", measured.display()))?;
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(&bytes)?;
        Ok(Size { stripped: bytes.len() as u64, gzip: gzip.finish()?.len() as u64 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_binary_is_for_our_own_processor() {
        let own = Artefact { path: std::env::current_exe().unwrap(), is_deployed: false };
        assert_eq!(own.foreign_processor().unwrap(), None);
    }

    #[test]
    fn a_binary_of_the_other_processor_is_recognised() {
        let folder = tempfile::tempdir().unwrap();
        let other = if cfg!(target_arch = "x86_64") { 183_u16 } else { 62 };
        let mut elf = b"\x7fELF".to_vec();
        elf.resize(18, 0);
        elf.extend(other.to_le_bytes());
        fs::write(folder.path().join("group"), elf).unwrap();
        let artefact = Artefact::of_group(folder.path(), "group").unwrap();
        assert!(artefact.foreign_processor().unwrap().is_some());
    }

    #[test]
    fn a_group_that_was_not_built_is_said_so() {
        let folder = tempfile::tempdir().unwrap();
        let error = Artefact::of_group(folder.path(), "buyers").err().unwrap();
        assert!(error.to_string().contains("is the group built?"));
    }
}
