//! The command, over a function that shares no code with it (`function.py`).

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// A project of one group with this one function.
struct Project(TempDir);

impl Project {
    fn with(function: &str) -> Self {
        Self::with_variable(function, "ANY")
    }

    /// That variable is set, too.
    fn with_variable(function: &str, variable: &str) -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        let template = format!(
            "Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      GlobalSecondaryIndexes:
        - IndexName: due
          KeySchema: [{{ AttributeName: dueShard, KeyType: HASH }}, {{ AttributeName: dueAt, KeyType: RANGE }}]
          Projection: {{ ProjectionType: KEYS_ONLY }}
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Handler: {function}
      CodeUri: ../target/lambda/group/
      Environment:
        Variables:
          {{ TABLE_NAME: !Ref Table, LIMITS_TABLE_NAME: !Ref LimitsTable, {variable}: 1, PID_FILE: {} }}
",
            project.path("pid")
        );
        fs::write(project.path("template.yaml"), template).unwrap();
        fs::write(project.path(&format!("{function}.json")), r#"{ "greeting": "hello ${SELLER}" }"#).unwrap();
        fs::create_dir(project.path("group")).unwrap();
        let bootstrap = project.path("group/bootstrap");
        fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/function.py"), &bootstrap).unwrap();
        fs::set_permissions(&bootstrap, fs::Permissions::from_mode(0o755)).unwrap();
        project
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn bench(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
        let folder = self.path("");
        command.args(["--template", &self.path("template.yaml"), "--events", &folder, "--bin-dir", &folder]);
        command.args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.bench(arguments).output().unwrap()
    }
}

#[test]
fn check_passes_a_function_that_answers_and_calls_as_it_should() {
    let output = Project::with("get-buyer").run(&["--check"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "ok    group/get-buyer\n");
    assert!(output.status.success());
}

#[test]
fn check_fails_on_one_more_call_and_shows_both_lists() {
    let output = Project::with_variable("get-buyer", "FORGETFUL").run(&["--check"]);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "FAIL  group/get-buyer: made other AWS calls in a warm invocation: expected GetItem, \
         UpdateItem of limits, found BatchGetItem, 2 × GetItem, UpdateItem of limits\n"
    );
    assert!(!output.status.success());
}

#[test]
fn check_fails_on_a_function_whose_calls_nobody_listed() {
    let output = Project::with("reads").run(&["--check"]);
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.starts_with("FAIL  group/reads: has no list of AWS calls"), "{shown}");
    assert!(!output.status.success());
}

#[test]
fn check_fails_on_another_status_and_shows_it() {
    let output = Project::with("refuses").run(&["--check"]);
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.starts_with("FAIL  group/refuses") && shown.contains(r#"{"statusCode":500}"#), "{shown}");
    assert!(!output.status.success());
}

#[test]
fn check_fails_on_a_function_that_cannot_start_and_shows_its_last_words() {
    let output = Project::with("crashes").run(&["--check"]);
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains("exit status: 1") && shown.contains("the table is on fire"), "{shown}");
    assert!(!output.status.success());
}

#[test]
fn check_skips_a_binary_for_the_other_processor() {
    let project = Project::with("reads");
    let mut elf = b"\x7fELF".to_vec();
    elf.resize(18, 0);
    elf.extend(if cfg!(target_arch = "x86_64") { 183_u16 } else { 62 }.to_le_bytes());
    fs::write(project.path("group/bootstrap"), elf).unwrap();
    let output = project.run(&["--check"]);
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("skip  group/reads: built for "));
    assert!(output.status.success());
}

#[test]
fn a_measurement_is_a_table_and_a_file_with_each_call_and_unit_counted() {
    let project = Project::with("reads");
    let output = project.run(&["--runs", "2", "--warm", "2", "--json", &project.path("out.json")]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(table.lines().nth(2).unwrap().starts_with("| group | reads | "), "{table}");
    assert!(table.contains("| GetItem | 0.5 read |"), "{table}");

    let report: Value = serde_json::from_slice(&fs::read(project.path("out.json")).unwrap()).unwrap();
    let figures = &report["rows"][0]["fullCore"];
    assert_eq!(figures["warm"]["aws"]["calls"]["GetItem"], 1);
    assert_eq!(figures["init"]["aws"]["calls"], serde_json::json!({}));
    for phase in ["init", "first", "warm"] {
        let cpu = figures[phase]["cpuMs"]["median"].as_f64().unwrap();
        let wall = figures[phase]["wallMs"]["median"].as_f64().unwrap();
        assert!(0.0 < cpu && cpu < wall * 1.5, "{phase}: {cpu} ms of {wall}");
    }
    // An interpreter: more than a small binary, less than a big machine.
    let peak = figures["peakBytes"]["median"].as_f64().unwrap();
    assert!((5e6..200e6).contains(&peak), "{peak}");
}

#[test]
fn at_128_mb_a_call_takes_many_times_its_cpu_time() {
    let project = Project::with("reads");
    let output = project.run(&["--runs", "2", "--warm", "1", "--json", &project.path("out.json")]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&fs::read(project.path("out.json")).unwrap()).unwrap();
    let first = |number: &str| report["rows"][0]["at128Mb"]["first"][number]["median"].as_f64();
    // Where cgroups cannot be written, there is nothing to see.
    if let (Some(wall), Some(cpu)) = (first("wallMs"), first("cpuMs")) {
        // 7 % of a core, less what the first period lends.
        assert!(wall > 4.0 * cpu, "{wall} ms for {cpu} ms of CPU time");
    }
}

#[test]
fn a_killed_bench_takes_its_function_with_it() {
    let project = Project::with("hangs");
    let mut bench = project.bench(&["--check"]).spawn().unwrap();
    let patience = Instant::now() + Duration::from_secs(20);
    let pid = loop {
        match fs::read_to_string(project.path("pid")) {
            Ok(pid) if !pid.is_empty() => break pid,
            _ => assert!(Instant::now() < patience, "the function did not start"),
        }
        sleep(Duration::from_millis(20));
    };
    assert!(is_alive(&pid));
    bench.kill().unwrap();
    bench.wait().unwrap();
    while is_alive(&pid) {
        assert!(Instant::now() < patience, "process {pid} was left behind");
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_function_that_the_template_does_not_have_is_named() {
    let output = Project::with("reads").run(&["--function", "raeds"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("the template has no function raeds"));
    assert!(!output.status.success());
}

/// A zombie is dead: its parent only has not looked yet.
fn is_alive(pid: &str) -> bool {
    fs::read_to_string(Path::new("/proc").join(pid).join("stat"))
        .is_ok_and(|stat| !stat.rsplit(") ").next().unwrap_or_default().starts_with('Z'))
}
