//! However the runner ends, nothing that it started outlives it.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use local::Stack;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

/// An ephemeral stack with a function process running.
struct Runner {
    process: Child,
    folder: PathBuf,
}

impl Runner {
    async fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_local"))
            .args(["up", "--ephemeral"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let runs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.local/run");
        let folder = loop {
            assert!(process.try_wait().unwrap().is_none(), "the runner ended early");
            let prefix = format!("{}-", process.id());
            let own = |folder: &PathBuf| folder.file_name().unwrap().to_str().unwrap().starts_with(&prefix);
            let mut runs = fs::read_dir(&runs).into_iter().flatten().flatten().map(|run| run.path());
            match runs.find(own) {
                Some(folder) if folder.join("stack.json").exists() => break folder,
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        };
        let stack = Stack::read(&folder.join("stack.json")).unwrap();
        let answer = stack.deployment().invoke("get-me", &json!({})).await;
        assert!(answer.is_ok(), "{answer:?}");
        Self { process, folder }
    }

    /// Guard, emulator, at least one function.
    fn descendants(&self) -> Vec<u32> {
        let descendants = descendants_of(self.process.id());
        assert!(descendants.len() >= 3, "{descendants:?}");
        descendants
    }
}

/// Process id to parent's id, of all processes that have not ended.
fn parents() -> BTreeMap<u32, u32> {
    let ids = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let parent = |id: u32| {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        let alive = fields.next()? != "Z";
        alive.then_some((id, fields.next()?.parse().ok()?))
    };
    ids.filter_map(parent).collect()
}

fn descendants_of(ancestor: u32) -> Vec<u32> {
    let parents = parents();
    let descends =
        |id: u32| std::iter::successors(Some(id), |id| parents.get(id).copied()).skip(1).any(|id| id == ancestor);
    parents.keys().copied().filter(|id| descends(*id)).collect()
}

async fn assert_all_end(processes: &[u32]) {
    let begun = Instant::now();
    loop {
        let alive: Vec<_> = processes.iter().filter(|id| parents().contains_key(id)).collect();
        if alive.is_empty() {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "still there: {alive:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn kill(process: u32, signal: Signal) {
    kill_process(Pid::from_raw(process.cast_signed()).unwrap(), signal).unwrap();
}

/// Removes what a killed runner could not; whoever starts a stack at this moment may be quicker.
fn tidy(folder: &Path) {
    if let Err(error) = fs::remove_dir_all(folder) {
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    }
}

#[tokio::test]
async fn a_killed_runner_leaves_no_process() {
    let mut runner = Runner::start().await;
    let descendants = runner.descendants();
    kill(runner.process.id(), Signal::KILL);
    runner.process.wait().unwrap();
    assert_all_end(&descendants).await;
    tidy(&runner.folder);
}

#[tokio::test]
async fn an_ended_runner_leaves_neither_process_nor_file() {
    let mut runner = Runner::start().await;
    let descendants = runner.descendants();
    kill(runner.process.id(), Signal::TERM);
    assert!(runner.process.wait().unwrap().success());
    assert_all_end(&descendants).await;
    assert!(!runner.folder.exists());
}

#[tokio::test]
async fn a_killed_guard_takes_the_stack_with_it_and_the_runner_says_so() {
    let mut runner = Runner::start().await;
    let descendants = runner.descendants();
    let guard = parents().into_iter().find(|(_, parent)| *parent == runner.process.id()).unwrap().0;
    kill(guard, Signal::KILL);
    assert!(!runner.process.wait().unwrap().success());
    assert_all_end(&descendants).await;
    tidy(&runner.folder);
}
