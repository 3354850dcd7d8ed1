//! What an endpoint answers when all is well.

use schemars::JsonSchema;

use crate::schemas::{SchemaOf, of};

/// An answer below 400.
pub struct Shown {
    pub(crate) status: u16,
    pub(crate) description: &'static str,
    pub(crate) content: Option<(&'static str, Option<SchemaOf>)>,
    pub(crate) headers: Vec<&'static str>,
    pub(crate) identifies: Vec<(&'static str, &'static str)>,
}

impl Shown {
    /// A resource as JSON.
    #[must_use]
    pub fn json<T: JsonSchema>(status: u16, description: &'static str) -> Self {
        Self { content: Some(("application/json", Some(of::<T>))), ..Self::nothing(status, description) }
    }

    /// Something else than a resource.
    #[must_use]
    pub fn file(media_type: &'static str, description: &'static str) -> Self {
        Self { content: Some((media_type, None)), ..Self::nothing(200, description) }
    }

    /// No body.
    #[must_use]
    pub const fn nothing(status: u16, description: &'static str) -> Self {
        Self { status, description, content: None, headers: Vec::new(), identifies: Vec::new() }
    }

    /// With an `ETag`.
    #[must_use]
    pub fn etag(self) -> Self {
        self.with("ETag")
    }

    /// With a `Location`.
    #[must_use]
    pub fn location(self) -> Self {
        self.with("Location")
    }

    /// With this header.
    #[must_use]
    pub fn with(mut self, header: &'static str) -> Self {
        self.headers.push(header);
        self
    }

    /// Names something that other operations take in their path: a link leads to each of them. The place is a JSON
    /// pointer into the body, e.g. `/uuid`.
    #[must_use]
    pub fn identifies(mut self, parameter: &'static str, place: &'static str) -> Self {
        self.identifies.push((parameter, place));
        self
    }
}
