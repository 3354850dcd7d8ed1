//! Calls and capacity units since someone last asked.

use std::collections::BTreeMap;

use serde::Serialize;

/// Capacity units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct Units {
    /// Read units.
    pub(crate) read: f64,
    /// Write units, those of indexes included.
    pub(crate) write: f64,
}

/// What a stretch of time cost.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Tally {
    /// Operation → number of requests.
    pub(crate) calls: BTreeMap<String, u32>,
    /// Their capacity units.
    pub(crate) units: Units,
}

impl Tally {
    /// One more call.
    pub(crate) fn add(&mut self, operation: &str, units: Units) {
        *self.calls.entry(operation.to_owned()).or_default() += 1;
        self.units.read += units.read;
        self.units.write += units.write;
    }

    /// The calls for people; `none` without any.
    pub(crate) fn shown_calls(&self) -> String {
        let calls = self.calls.iter().map(|(operation, count)| match count {
            1 => operation.clone(),
            _ => format!("{count} × {operation}"),
        });
        let shown = calls.collect::<Vec<_>>().join(", ");
        if shown.is_empty() { "none".to_owned() } else { shown }
    }
}
