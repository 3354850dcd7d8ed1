//! Lists of ours: `{data, pagination: {size, nextCursor}}`.

use domain::PageSize;
use schemars::JsonSchema;
use serde::Serialize;

/// A page as clients see it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "{T}Page")]
pub struct Listed<T> {
    /// Perhaps fewer than asked for, even none, with more to come: filters apply after `size` items were read.
    data: Vec<T>,
    pagination: Pagination,
}

/// Where in a list a page stands.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Pagination {
    /// Most items of a page, as asked for.
    #[schemars(range(min = 1, max = 100))]
    size: u8,
    /// The `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

impl<T> Listed<T> {
    /// These items, of a page of that size, and what leads to the next.
    pub fn of(data: Vec<T>, size: PageSize, next: Option<impl ToString>) -> Self {
        let next_cursor = next.map(|cursor| cursor.to_string());
        Self { data, pagination: Pagination { size: size.get(), next_cursor } }
    }
}
