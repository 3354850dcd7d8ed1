//! What the template tells every HTTP function.

use aws::{NotSet, required};

/// From the environment; each a parameter of the template.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// `TABLE_NAME`: the table.
    pub(crate) table: String,
    /// `LIMITS_TABLE_NAME`: the table of rate counters.
    pub(crate) limits_table: String,
    /// `ISSUER`: whose tokens are believed; equals their `iss`.
    pub(crate) issuer: String,
    /// `REQUIRED_DPA_VERSION`: the data processing agreement in force, `YYYY-MM`.
    pub(crate) required_dpa_version: String,
}

impl Settings {
    /// Reads them.
    ///
    /// # Errors
    /// The first that is missing.
    pub(crate) fn from_env() -> Result<Self, NotSet> {
        Ok(Self {
            table: required("TABLE_NAME")?,
            limits_table: required("LIMITS_TABLE_NAME")?,
            issuer: required("ISSUER")?,
            required_dpa_version: required("REQUIRED_DPA_VERSION")?,
        })
    }
}
