//! The Python environment of the emulator, made once and then left alone.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use crate::failure::{Doing as _, Failure};
use crate::places::Places;

const REQUIREMENTS: &str = include_str!("../requirements.txt");

/// The oldest Python that the emulator runs on.
const OLDEST_PYTHON: (u32, u32) = (3, 10);

/// Makes `.local/venv` unless one with these very requirements is there;
/// answers its `python`. The first time takes about a minute.
pub(crate) fn prepare(places: &Places) -> Result<PathBuf, Failure> {
    let venv = places.venv();
    let python = venv.join("bin/python");
    let marker = venv.join("requirements.installed");
    if fs::read_to_string(&marker).is_ok_and(|installed| installed == REQUIREMENTS) && python.exists() {
        return Ok(python);
    }
    let system_python = find_python()?;
    eprintln!("Installing the AWS emulator into {} (once, about a minute) ...", venv.display());
    let made = Command::new(&system_python)
        .args(["-m", "venv", "--clear"])
        .arg(&venv)
        .output()
        .doing(format!("starting {system_python}"))?;
    if !made.status.success() {
        return Err(Failure::new(format!(
            "{system_python} cannot make virtual environments: its module venv (or ensurepip) is missing.\n\
             On Debian and Ubuntu: sudo apt-get install python3-venv\n\n{}{}",
            String::from_utf8_lossy(&made.stdout),
            String::from_utf8_lossy(&made.stderr),
        )));
    }
    let list = venv.join("requirements.txt");
    fs::write(&list, REQUIREMENTS).doing("writing the requirements")?;
    let log = places.logs().join("venv.log");
    let output = File::create(&log).doing(format!("writing {}", log.display()))?;
    // pip keeps its environment: it may need a proxy or a mirror.
    let installed = Command::new(&python)
        .args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off", "-r"])
        .arg(&list)
        .stderr(output.try_clone().doing("writing the log")?)
        .stdout(output)
        .status()
        .doing("starting pip")?;
    if !installed.success() {
        return Err(Failure::new(format!("pip could not install the AWS emulator; see {}", log.display())));
    }
    fs::write(&marker, REQUIREMENTS).doing("marking the venv as complete")?;
    eprintln!("The AWS emulator is installed.");
    Ok(python)
}

fn find_python() -> Result<String, Failure> {
    let mut too_old = None;
    for name in ["python3", "python"] {
        let print_version = "import sys; print(sys.version_info[0], sys.version_info[1])";
        let Ok(answer) = Command::new(name).args(["-c", print_version]).output() else { continue };
        let text = String::from_utf8_lossy(&answer.stdout);
        let mut numbers = text.split_whitespace().map_while(|number| number.parse::<u32>().ok());
        if let (Some(major), Some(minor)) = (numbers.next(), numbers.next()) {
            if (major, minor) >= OLDEST_PYTHON {
                return Ok(name.to_owned());
            }
            too_old = Some(format!("{name} is Python {major}.{minor}"));
        }
    }
    let (major, minor) = OLDEST_PYTHON;
    let found = too_old.unwrap_or_else(|| "there is no python3 on the PATH".to_owned());
    Err(Failure::new(format!("The AWS emulator needs Python {major}.{minor} or newer; {found}.")))
}
