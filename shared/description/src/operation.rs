//! One endpoint, as its own code describes it.

use http_edge::Kind;
use schemars::JsonSchema;

use crate::answer::Shown;
use crate::parameters::Query;
use crate::schemas::{SchemaOf, of};

/// An endpoint: its name, method and path, what it takes and what it answers.
pub struct Operation {
    pub(crate) function: &'static str,
    pub(crate) id: &'static str,
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) details: Option<&'static str>,
    pub(crate) query: Vec<Query>,
    pub(crate) if_match: bool,
    pub(crate) if_none_match: bool,
    pub(crate) discloses: bool,
    pub(crate) body: Option<Body>,
    pub(crate) answers: Vec<Shown>,
    pub(crate) refusals: Vec<Refusal>,
}

/// What is sent.
pub(crate) struct Body {
    pub(crate) media_types: &'static [&'static str],
    pub(crate) required: bool,
    pub(crate) schema: SchemaOf,
    /// Of a form: the media types of its part `file`.
    pub(crate) file_types: Option<&'static str>,
}

/// A problem that only this endpoint knows of.
pub(crate) struct Refusal {
    pub(crate) kind: Kind,
    /// What it shows as `currentResource`.
    pub(crate) current: Option<SchemaOf>,
}

impl Operation {
    /// `GET`, by that function, with a sentence that says what it does.
    #[must_use]
    pub const fn get(function: &'static str, path: &'static str, summary: &'static str) -> Self {
        Self::new("get", function, path, summary)
    }

    /// `POST`.
    #[must_use]
    pub const fn post(function: &'static str, path: &'static str, summary: &'static str) -> Self {
        Self::new("post", function, path, summary)
    }

    /// `PATCH`.
    #[must_use]
    pub const fn patch(function: &'static str, path: &'static str, summary: &'static str) -> Self {
        Self::new("patch", function, path, summary)
    }

    /// `DELETE`.
    #[must_use]
    pub const fn delete(function: &'static str, path: &'static str, summary: &'static str) -> Self {
        Self::new("delete", function, path, summary)
    }

    const fn new(method: &'static str, function: &'static str, path: &'static str, summary: &'static str) -> Self {
        Self {
            function,
            id: function,
            method,
            path,
            summary,
            details: None,
            query: Vec::new(),
            if_match: false,
            if_none_match: false,
            discloses: false,
            body: None,
            answers: Vec::new(),
            refusals: Vec::new(),
        }
    }

    /// Of a function with several routes: a name of its own, which begins with the function's.
    #[must_use]
    pub fn named(self, id: &'static str) -> Self {
        Self { id, ..self }
    }

    /// What the sentence leaves open; Markdown.
    #[must_use]
    pub fn details(self, details: &'static str) -> Self {
        Self { details: Some(details), ..self }
    }

    /// Takes a query parameter of that type; none is required.
    #[must_use]
    pub fn query<T: JsonSchema>(mut self, name: &'static str, description: &'static str) -> Self {
        self.query.push(Query { name, description, schema: of::<T> });
        self
    }

    /// Takes `cursor` and `size`, and answers pages.
    #[must_use]
    pub fn paged(self) -> Self {
        self.query::<String>("cursor", "`nextCursor` of the page before.")
            .query::<domain::PageSize>("size", "Most items of a page.")
    }

    /// Takes the version to change in `If-Match`.
    #[must_use]
    pub fn if_match(self) -> Self {
        Self { if_match: true, ..self }
    }

    /// Takes `If-None-Match`, and answers 304 to who has it already.
    #[must_use]
    pub fn if_none_match(self) -> Self {
        let known = Shown::nothing(304, "The client has it already.").etag();
        Self { if_none_match: true, ..self }.answers(known)
    }

    /// Shows personal data, and takes `X-Purpose`.
    #[must_use]
    pub fn discloses(self) -> Self {
        Self { discloses: true, ..self }
    }

    /// Takes a JSON body.
    #[must_use]
    pub fn body<T: JsonSchema>(self) -> Self {
        let body = Body { media_types: &["application/json"], required: true, schema: of::<T>, file_types: None };
        Self { body: Some(body), ..self }
    }

    /// Takes a multipart form (RFC 7578) whose part `file` has one of these media types.
    #[must_use]
    pub fn form<T: JsonSchema>(self, file_types: &'static str) -> Self {
        let media_types = &["multipart/form-data"];
        let body = Body { media_types, required: true, schema: of::<T>, file_types: Some(file_types) };
        Self { body: Some(body), ..self }
    }

    /// Takes a JSON body, or none.
    #[must_use]
    pub fn optional_body<T: JsonSchema>(self) -> Self {
        let body = Body { media_types: &["application/json"], required: false, schema: of::<T>, file_types: None };
        Self { body: Some(body), ..self }
    }

    /// Takes a JSON Merge Patch.
    #[must_use]
    pub fn merge_patch<T: JsonSchema>(self) -> Self {
        let media_types = &["application/merge-patch+json", "application/json"];
        Self { body: Some(Body { media_types, required: true, schema: of::<T>, file_types: None }), ..self }
    }

    /// Answers so when all is well.
    #[must_use]
    pub fn answers(mut self, answer: Shown) -> Self {
        self.answers.push(answer);
        self
    }

    /// Refuses with this problem, beside those that follow from what it is and takes.
    #[must_use]
    pub fn refuses(mut self, kind: Kind) -> Self {
        self.refusals.push(Refusal { kind, current: None });
        self
    }

    /// Refuses with this problem, which shows the resource as it is.
    #[must_use]
    pub fn refuses_showing<T: JsonSchema>(mut self, kind: Kind) -> Self {
        self.refusals.push(Refusal { kind, current: Some(of::<T>) });
        self
    }

    /// The names in braces in its path.
    pub(crate) fn path_parameters(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
    }
}
