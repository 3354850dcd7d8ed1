//! The CPU share that Lambda gives to a memory size.
//!
//! Lambda gives one vCPU at 1,769 MB and less in proportion, by the kernel's
//! CFS bandwidth control over periods of 20 ms; init runs at full speed. The
//! same control is used here: a cgroup per memory size, which a process joins
//! at the moment its first event is handed out. Both versions of the interface
//! are known; where neither may be written, the throttled columns are n/a.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use nix::unistd::Pid;

/// One full vCPU, in MB of configured memory (AWS Lambda developer guide,
/// "Configure Lambda function memory").
pub(crate) const MEMORY_OF_A_FULL_CORE: u32 = 1769;

const PERIOD_MICROSECONDS: u32 = 20_000;
const NAME: &str = "onboarding-bench";

/// A cgroup with a CPU quota; removed when dropped.
pub(crate) struct Throttle {
    folder: PathBuf,
}

impl Throttle {
    /// The share of `memory` MB, or `None` where cgroups cannot be written.
    pub(crate) fn for_memory(memory: u32) -> Option<Self> {
        let membership = fs::read_to_string("/proc/self/cgroup").ok()?;
        let parents = parents(Path::new("/sys/fs/cgroup"), &membership);
        parents.iter().find_map(|parent| {
            sweep(&parent.folder);
            Self::below(parent, memory).ok()
        })
    }

    /// Moves all threads of a process under the quota.
    pub(crate) fn admit(&self, process: Pid) -> io::Result<()> {
        fs::write(self.folder.join("cgroup.procs"), process.to_string())
    }

    fn below(parent: &Parent, memory: u32) -> io::Result<Self> {
        let folder = parent.folder.join(format!("{NAME}-{}-{memory}", std::process::id()));
        fs::create_dir(&folder)?;
        let throttle = Self { folder };
        let quota = quota_microseconds(memory);
        match parent.version {
            Version::One => {
                fs::write(throttle.folder.join("cpu.cfs_period_us"), PERIOD_MICROSECONDS.to_string())?;
                fs::write(throttle.folder.join("cpu.cfs_quota_us"), quota.to_string())?;
            }
            // Fails where the parent does not hand the cpu controller down.
            Version::Two => fs::write(throttle.folder.join("cpu.max"), format!("{quota} {PERIOD_MICROSECONDS}"))?,
        }
        Ok(throttle)
    }
}

impl Drop for Throttle {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.folder);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

#[derive(Debug, PartialEq, Eq)]
struct Parent {
    version: Version,
    folder: PathBuf,
}

/// Where a group may be made, best place first: below our own group, then at
/// the top (in a container the own path is often not visible).
fn parents(mount: &Path, membership: &str) -> Vec<Parent> {
    let mut found = Vec::new();
    for line in membership.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
        let (version, top) = if controllers.split(',').any(|name| name == "cpu") {
            (Version::One, mount.join(controllers))
        } else if controllers.is_empty() && mount.join("cgroup.controllers").exists() {
            (Version::Two, mount.to_path_buf())
        } else {
            continue;
        };
        let own = top.join(path.trim_start_matches('/'));
        // A version 2 group with processes in it cannot have groups below it
        // that are limited, so the one above is tried as well.
        let above = own.parent().filter(|above| above.starts_with(&top)).map(Path::to_path_buf);
        for folder in [Some(own), above, Some(top)].into_iter().flatten() {
            let parent = Parent { version, folder };
            if parent.folder.is_dir() && !found.contains(&parent) {
                found.push(parent);
            }
        }
    }
    found
}

/// Removes groups of benches that were killed before they could.
fn sweep(parent: &Path) {
    for folder in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = folder.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(NAME)?.split('-').nth(1));
        if owner.is_some_and(|owner| !Path::new("/proc").join(owner).exists()) {
            let _ = fs::remove_dir(folder.path());
        }
    }
}

fn quota_microseconds(memory: u32) -> u32 {
    PERIOD_MICROSECONDS * memory / MEMORY_OF_A_FULL_CORE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_memory_over_1769_of_a_20_ms_period() {
        assert_eq!(quota_microseconds(128), 1_447);
        assert_eq!(quota_microseconds(512), 5_788);
        assert_eq!(quota_microseconds(1769), 20_000);
    }

    #[test]
    fn version_1_is_found_by_its_cpu_controller_and_gets_quota_and_period() {
        let mount = tempfile::tempdir().unwrap();
        fs::create_dir_all(mount.path().join("cpu,cpuacct/docker/abc")).unwrap();
        let found = parents(mount.path(), "5:cpu,cpuacct:/docker/abc\n2:memory:/elsewhere\n0::/\n");
        assert_eq!(found[0].folder, mount.path().join("cpu,cpuacct/docker/abc"));

        let throttle = Throttle::below(&found[0], 128).unwrap();
        assert_eq!(fs::read_to_string(throttle.folder.join("cpu.cfs_period_us")).unwrap(), "20000");
        assert_eq!(fs::read_to_string(throttle.folder.join("cpu.cfs_quota_us")).unwrap(), "1447");
    }

    #[test]
    fn version_2_is_found_by_its_controllers_file_and_gets_cpu_max() {
        let mount = tempfile::tempdir().unwrap();
        fs::create_dir_all(mount.path().join("user.slice/session")).unwrap();
        fs::write(mount.path().join("cgroup.controllers"), "cpu memory").unwrap();
        let found = parents(mount.path(), "0::/user.slice/session\n");
        let folders: Vec<_> = found.iter().map(|parent| parent.folder.clone()).collect();
        assert_eq!(
            folders,
            [mount.path().join("user.slice/session"), mount.path().join("user.slice"), mount.path().to_path_buf()]
        );

        let throttle = Throttle::below(&found[0], 512).unwrap();
        assert_eq!(fs::read_to_string(throttle.folder.join("cpu.max")).unwrap(), "5788 20000");
    }

    #[test]
    fn without_a_cpu_controller_there_is_no_place() {
        let mount = tempfile::tempdir().unwrap();
        assert_eq!(parents(mount.path(), "4:memory:/x\n0::/\n"), []);
    }
}
