//! The multipart form of an upload (RFC 7578): `type`, `documentDate`, `file`.

use std::convert::Infallible;

use domain::{Instant, MOST_MULTIPART, Reader, Statement, Violations};
use futures_util::stream;
use http_edge::{Call, Problem};
use multer::bytes::Bytes;
use multer::{Field, Multipart};
use serde_json::{Map, Value};

/// What the form may have beside its file, in bytes: texts, names and boundaries.
const BESIDE: u64 = 16 * 1024;

/// What a file is called that came without a name.
const UNNAMED: &str = "document";

/// A form, read and in order.
pub(crate) struct Form {
    /// What is stated about the document, or every rule that it breaks.
    pub(crate) statement: Result<Statement, Violations>,
    /// The media type that the file came with, unless it came with none or one that says nothing.
    pub(crate) declared: Option<String>,
    /// The file.
    pub(crate) file: Bytes,
}

/// The parts, as they came.
#[derive(Default)]
struct Parts {
    texts: Map<String, Value>,
    file: Option<(Option<String>, Bytes)>,
}

impl Form {
    /// Reads the form in the body.
    ///
    /// # Errors
    /// 415, 413, 400, in this order.
    pub(crate) async fn read(call: &mut Call) -> Result<Self, Problem> {
        let boundary = multer::parse_boundary(call.content_type())
            .map_err(|_| Problem::unsupported_media_type("multipart/form-data; boundary=…"))?;
        let body = call.take_body(MOST_MULTIPART + BESIDE)?;
        let whole = stream::iter([Ok::<_, Infallible>(Bytes::from(body))]);
        let mut form = Multipart::new(whole, boundary);
        let mut parts = Parts::default();
        while let Some(field) = form.next_field().await.map_err(|_| unreadable())? {
            parts.add(field).await?;
        }
        Ok(parts.form(call.at))
    }
}

impl Parts {
    async fn add(&mut self, field: Field<'_>) -> Result<(), Problem> {
        let name = field.name().unwrap_or_default().to_owned();
        let again = || Problem::malformed(format!("The form has more than one part `{name}`."));
        match name.as_str() {
            "file" => {
                let file_name = field.file_name().unwrap_or(UNNAMED).to_owned();
                let declared = field.content_type().map(|mime| mime.essence_str().to_owned());
                let declared = declared.filter(|declared| declared != "application/octet-stream");
                let bytes = whole(field).await?;
                if bytes.len() as u64 > MOST_MULTIPART {
                    return Err(Problem::payload_too_large(MOST_MULTIPART));
                }
                if self.file.replace((declared, bytes)).is_some() {
                    return Err(again());
                }
                self.texts.insert(name, file_name.into());
            }
            "type" | "documentDate" => {
                let text = field.bytes().await.map_err(|_| unreadable())?;
                let text = std::str::from_utf8(&text).map_err(|_| unreadable())?;
                if self.texts.insert(name.clone(), text.into()).is_some() {
                    return Err(again());
                }
            }
            // Clients may be newer.
            _ => {}
        }
        Ok(())
    }

    fn form(self, now: Instant) -> Form {
        let texts = Value::Object(self.texts);
        let reader = Reader::default();
        let root = reader.root(&texts);
        let statement = Statement::read(&root, &root.field("file"), now);
        let statement = reader.finish(statement);
        // Without a file there is no name of it, and that is refused.
        let (declared, file) = self.file.unwrap_or_default();
        Form { statement, declared, file }
    }
}

/// The bytes of a part: of a body that is there as a whole they are one piece, and that is not copied.
async fn whole(mut part: Field<'_>) -> Result<Bytes, Problem> {
    let mut pieces = Vec::new();
    while let Some(piece) = part.chunk().await.map_err(|_| unreadable())? {
        pieces.push(piece);
    }
    Ok(match pieces.len() {
        0 | 1 => pieces.pop().unwrap_or_default(),
        _ => pieces.concat().into(),
    })
}

fn unreadable() -> Problem {
    Problem::malformed("The body is not the multipart form that its `Content-Type` says.")
}
