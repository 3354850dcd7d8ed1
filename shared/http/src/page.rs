//! Lists of ours: `{data, pagination: {size, nextCursor}}`.

use domain::PageSize;
use serde::Serialize;

/// A page as clients see it.
#[derive(Serialize)]
pub struct Listed<T> {
    data: Vec<T>,
    pagination: Pagination,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Pagination {
    size: u8,
    /// Absent on the last page.
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
