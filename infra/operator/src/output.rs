//! How an organisation is shown.

use domain::{Organisation, Seller};
use serde::Serialize;

/// An organisation with the sellers it acts for.
#[derive(Debug, Serialize)]
pub struct Shown {
    /// The organisation.
    #[serde(flatten)]
    pub organisation: Organisation,
    /// Its sellers.
    pub sellers: Vec<Seller>,
}
