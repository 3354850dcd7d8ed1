//! One kind of failure: a sentence for the person at the terminal.
//!
//! Nothing here reacts to a failure except by stopping, so what counts is that
//! the sentence names the thing that is missing, taken or broken, and where to look.

use std::fmt;

/// Why the stack cannot be started, reached or changed.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

/// Says what was being done when something failed.
pub(crate) trait Doing<T> {
    fn doing(self, what: impl fmt::Display) -> Result<T, Failure>;
}

impl<T, E: std::error::Error> Doing<T> for Result<T, E> {
    fn doing(self, what: impl fmt::Display) -> Result<T, Failure> {
        self.map_err(|error| {
            let mut sentence = format!("{what}: {error}");
            let mut source = error.source();
            while let Some(cause) = source {
                let cause_text = cause.to_string();
                if !sentence.contains(&cause_text) {
                    sentence = format!("{sentence}: {cause_text}");
                }
                source = cause.source();
            }
            Failure(sentence)
        })
    }
}
