//! The table for people and the numbers for programs.

use std::fmt::Write;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::artefact::Size;
use crate::endpoint::{Tally, Units};
use crate::measure::{Figures, Phase};

/// One function and answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Row {
    /// The binary's name.
    pub(crate) group: String,
    /// The function's name.
    pub(crate) function: String,
    /// Which answer; empty for the only one.
    pub(crate) answer: &'static str,
    /// Bytes of the binary.
    pub(crate) size_bytes: Size,
    /// At a full core.
    pub(crate) full_core: Figures,
    /// At the shares of these memory sizes; none where they cannot be enforced.
    pub(crate) at_512_mb: Option<Figures>,
    /// See [`Row::at_512_mb`].
    pub(crate) at_128_mb: Option<Figures>,
}

/// All rows and how they came about.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    runs: u16,
    warm_invocations_per_run: u16,
    unix_time: u64,
    processor: String,
    cores: usize,
    load_before: String,
    /// As measured.
    pub(crate) rows: Vec<Row>,
}

impl Report {
    /// Before the first measurement, so that the load is that of others.
    pub(crate) fn begin(runs: u16, warm: u16) -> Self {
        let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Self {
            runs,
            warm_invocations_per_run: warm,
            unix_time: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
            processor: model.map_or(std::env::consts::ARCH, |(_, model)| model).trim().to_owned(),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            load_before: load.split(' ').next().unwrap_or_default().to_owned(),
            rows: Vec::new(),
        }
    }

    /// The table, in markdown.
    pub(crate) fn markdown(&self) -> String {
        let mut table = String::from(
            "| group | function | size (gzip) MB | → `/next` ms | first call ms at full / 512 / 128 MB | warm call ms at \
             full / 512 / 128 MB | first ÷ warm | CPU ms init, first, warm | M instructions init, first, warm | peak RSS MB \
             | AWS calls | capacity units |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n",
        );
        for row in &self.rows {
            row.write(&mut table);
        }
        let _ = writeln!(
            table,
            "\nMedians of {} processes with {} warm calls each. {}, {} cores, load {} before. A call: event handed out → \
             answer received, AWS played by a TLS 1.3 server on the same machine. Init is never throttled; calls get the \
             CPU share of the memory size; a warm call follows a pause of 25 ms. Capacity units include those of indexes.",
            self.runs, self.warm_invocations_per_run, self.processor, self.cores, self.load_before
        );
        table
    }
}

impl Row {
    fn write(&self, table: &mut String) {
        let full = &self.full_core;
        let shares = [Some(full), self.at_512_mb.as_ref(), self.at_128_mb.as_ref()];
        let at_shares = |phase: fn(&Figures) -> &Phase| {
            shares
                .map(|figures| figures.map_or("n/a".to_owned(), |figures| short(phase(figures).wall_ms.median)))
                .join(" / ")
        };
        let phases = [&full.init, &full.first, &full.warm];
        let instructions = phases.map(|phase| phase.instructions.map(|count| short(count.median / 1e6)));
        let function = match self.answer {
            "" => self.function.clone(),
            answer => format!("{}, {answer}", self.function),
        };
        let cells = [
            self.group.clone(),
            function,
            format!("{} ({})", megabytes(self.size_bytes.stripped), megabytes(self.size_bytes.gzip)),
            short(full.init.wall_ms.median),
            at_shares(|figures| &figures.first),
            at_shares(|figures| &figures.warm),
            short(full.first.wall_ms.median / full.warm.wall_ms.median),
            phases.map(|phase| short(phase.cpu_ms.median)).join(", "),
            if instructions.iter().all(Option::is_none) {
                "n/a".to_owned()
            } else {
                instructions.map(Option::unwrap_or_default).join(", ")
            },
            short(full.peak_bytes.median / 1e6),
            by_phase(phases, calls),
            by_phase(phases, |tally| units(tally.units)),
        ];
        let _ = writeln!(table, "| {} |", cells.join(" | "));
    }
}

/// Names only the phases that have something to say, and the first call only
/// where it differs from a warm one. `~`: not the same in each run.
fn by_phase(phases: [&Phase; 3], show: fn(&Tally) -> String) -> String {
    let [init, first, warm] = phases.map(|phase| {
        let shown = show(&phase.aws);
        if phase.aws_is_constant || shown.is_empty() { shown } else { format!("~{shown}") }
    });
    let mut parts = Vec::new();
    if !init.is_empty() {
        parts.push(format!("init: {init}"));
    }
    let named = |shown: &str| if shown.is_empty() { "none".to_owned() } else { shown.to_owned() };
    if first == warm {
        parts.push(named(&warm));
    } else {
        parts.extend([format!("first: {}", named(&first)), format!("warm: {}", named(&warm))]);
    }
    parts.join("; ")
}

fn calls(tally: &Tally) -> String {
    if tally.calls.is_empty() { String::new() } else { tally.shown_calls() }
}

fn units(units: Units) -> String {
    let parts = [(units.read, "read"), (units.write, "write")];
    let parts = parts.iter().filter(|(count, _)| *count > 0.0).map(|(count, kind)| format!("{count} {kind}"));
    parts.collect::<Vec<_>>().join(", ")
}

/// Decimal megabytes, as AWS counts deployment packages.
#[expect(clippy::cast_precision_loss, reason = "binaries are smaller than 2^52 bytes")]
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{:.2}", bytes as f64 / 1e6)
}

/// As many digits as mean something.
fn short(number: f64) -> String {
    match number {
        ..10.0 => format!("{number:.2}"),
        ..100.0 => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::Summary;

    fn phase(calls: &[(&str, u32)], write: f64) -> Phase {
        let calls = calls.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        let one = Summary::of([1.0]).unwrap();
        Phase {
            wall_ms: one,
            cpu_ms: one,
            instructions: None,
            aws: Tally { calls, units: Units { read: 0.0, write } },
            aws_is_constant: true,
        }
    }

    #[test]
    fn phases_are_named_only_where_they_differ() {
        let (nothing, write) = (phase(&[], 0.0), phase(&[("TransactWriteItems", 1)], 6.0));
        assert_eq!(by_phase([&nothing, &write, &write], calls), "TransactWriteItems");
        assert_eq!(by_phase([&nothing, &write, &write], |tally| units(tally.units)), "6 write");
        let first = phase(&[("GetItem", 2), ("PutItem", 1)], 1.0);
        assert_eq!(
            by_phase([&first, &first, &nothing], calls),
            "init: 2 × GetItem, PutItem; first: 2 × GetItem, PutItem; warm: none"
        );
    }

    #[test]
    fn three_digits_are_enough() {
        assert_eq!([0.123, 12.34, 1234.5].map(short), ["0.12", "12.3", "1234"]);
    }
}
