//! Where everything lives: all of it under `.local/`, nothing outside the checkout.

use std::fs::{self, TryLockError};
use std::path::{Path, PathBuf};

use crate::failure::{Doing as _, Failure};
use crate::process::Process;

/// The folders and files of one stack.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    /// What all stacks of this checkout share: venv, packed functions, secrets.
    shared: PathBuf,
    /// What belongs to this stack alone.
    own: PathBuf,
}

/// The root of the workspace.
pub(crate) fn workspace() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).expect("this package lies two folders deep").to_path_buf()
}

impl Places {
    /// The stack that `cargo local` starts.
    pub(crate) fn permanent() -> Self {
        let shared = workspace().join(".local");
        Self { own: shared.clone(), shared }
    }

    /// A stack that leaves nothing behind; `run` tells it from others.
    pub(crate) fn ephemeral(run: &str) -> Self {
        let shared = workspace().join(".local");
        Self { own: shared.join("run").join(run), shared }
    }

    pub(crate) fn own(&self) -> &Path {
        &self.own
    }

    pub(crate) fn venv(&self) -> PathBuf {
        self.shared.join("venv")
    }

    pub(crate) fn functions(&self) -> PathBuf {
        self.shared.join("functions")
    }

    pub(crate) fn secrets(&self) -> PathBuf {
        self.shared.join("client-secrets.json")
    }

    /// Held while preparing what stacks share.
    pub(crate) fn shared_lock(&self) -> PathBuf {
        self.shared.join("preparing.lock")
    }

    /// Held by the runner for as long as its stack lives.
    pub(crate) fn running_lock(&self) -> PathBuf {
        self.own.join("running.lock")
    }

    /// Whether a runner holds that lock. (Its process id alone may be another's by now.)
    pub(crate) fn has_runner(&self) -> bool {
        let lock = fs::File::open(self.running_lock());
        lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    pub(crate) fn stack_file(&self) -> PathBuf {
        self.own.join("stack.json")
    }

    /// The emulator's saved state.
    pub(crate) fn state(&self) -> PathBuf {
        self.own.join("state")
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.own.join("logs")
    }

    pub(crate) fn temporary(&self) -> PathBuf {
        self.own.join("tmp")
    }

    /// Makes the folders that others expect to be there.
    pub(crate) fn make(&self) -> Result<(), Failure> {
        for folder in [self.functions(), self.logs(), self.temporary()] {
            fs::create_dir_all(&folder).doing(format!("making {}", folder.display()))?;
        }
        Ok(())
    }

    /// Removes the folders of ephemeral stacks whose process is gone.
    pub(crate) fn remove_abandoned_runs(&self) {
        let Ok(runs) = fs::read_dir(self.shared.join("run")) else { return };
        for run in runs.flatten() {
            let name = run.file_name();
            let process = name.to_str().and_then(|name| Process::find(name.split('-').next()?.parse().ok()?));
            if process.is_none_or(|process| name.to_str() != Some(process.name().as_str())) {
                let _ = fs::remove_dir_all(run.path());
            }
        }
    }

    /// Removes one of the folders above; it need not exist.
    pub(crate) fn remove(folder: &Path) -> Result<(), Failure> {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).doing(format!("removing {}", folder.display()))
            }
            _ => Ok(()),
        }
    }
}
