//! The formats that a document may have.

use std::fmt;
use std::str::FromStr;

/// A format that a document may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaType {
    /// ISO 32000, versions 1.0 to 2.0.
    Pdf,
    /// ITU T.81, with or without JFIF and Exif.
    Jpeg,
    /// W3C PNG (ISO/IEC 15948).
    Png,
    /// ISO/IEC 23008-12 with HEVC pictures: what phones call HEIC. AVIF is none.
    Heic,
    /// RFC 9649.
    Webp,
}

/// A declared media type is none of those that are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be application/pdf, image/jpeg, image/png, image/heic or image/webp")]
pub struct NotAccepted;

impl MediaType {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Pdf, Self::Jpeg, Self::Png, Self::Heic, Self::Webp];

    /// As `Content-Type` says it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Heic => "image/heic",
            Self::Webp => "image/webp",
        }
    }

    /// As people say it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pdf => "PDF",
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Heic => "HEIC",
            Self::Webp => "WebP",
        }
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for MediaType {
    type Err = NotAccepted;

    /// Reads a declared type: case does not matter and parameters say nothing about these formats (RFC 9110, 8.3.1).
    /// `image/heif` is HEIC too: it is the type of the container, and what Android and some browsers send for it.
    fn from_str(text: &str) -> Result<Self, NotAccepted> {
        let essence = text.split(';').next().unwrap_or_default().trim_matches([' ', '\t']);
        if essence.eq_ignore_ascii_case("image/heif") {
            return Ok(Self::Heic);
        }
        Self::ALL.into_iter().find(|kind| essence.eq_ignore_ascii_case(kind.as_str())).ok_or(NotAccepted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_read_as_it_is_written() {
        for kind in MediaType::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
    }

    #[test]
    fn a_declared_type_may_have_any_case_and_parameters() {
        assert_eq!("Application/PDF; version=1.7".parse(), Ok(MediaType::Pdf));
        assert_eq!("image/heif".parse(), Ok(MediaType::Heic));
    }

    #[test]
    fn another_type_is_not_accepted() {
        for text in [
            "",
            "image",
            "image/*",
            "image/gif",
            "image/avif",
            "image/svg+xml",
            "text/html",
            "image/jpeg2",
            "a;image/png",
        ] {
            assert_eq!(text.parse::<MediaType>(), Err(NotAccepted), "{text}");
        }
    }
}
