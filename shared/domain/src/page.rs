//! Pages of lists: as many items as were asked for, and a cursor to go on from.

use std::str::FromStr;

use schemars::JsonSchema;

/// How many items a page may have: 1 to 100, 20 unless said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(inline, transparent, extend("default" = 20))]
pub struct PageSize(#[schemars(range(min = 1, max = 100))] u8);

impl PageSize {
    /// The largest page.
    pub const MOST: Self = Self(100);

    /// As a number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl Default for PageSize {
    fn default() -> Self {
        Self(20)
    }
}

impl FromStr for PageSize {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(size @ 1..=100) => Ok(Self(size)),
            _ => Err("must be a whole number from 1 to 100"),
        }
    }
}

/// Items, and the cursor of the next page unless this is the last one. A page may be short, even empty, and have a
/// next one: filters are applied after as many items as were asked for were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T, C> {
    /// The items.
    pub items: Vec<T>,
    /// Where to go on.
    pub next: Option<C>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_1_to_100_items() {
        assert_eq!("1".parse::<PageSize>().map(PageSize::get), Ok(1));
        assert_eq!("100".parse::<PageSize>().map(PageSize::get), Ok(100));
        for text in ["0", "101", "-1", "", "ten", "1.5", "300"] {
            assert!(text.parse::<PageSize>().is_err(), "{text}");
        }
    }
}
