//! How large a picture may say it is.

/// The most pixels of a picture: 2^28, a gibibyte once decoded to four bytes each, and about where browsers give up.
///
/// A few bytes can announce terabytes ("decompression bomb"). Nobody decodes here, but a reviewer's browser will.
/// Phones have sensors of 200 megapixels, and an A4 page at 1200 dpi has 139.
pub(crate) const MOST_PIXELS: u64 = 1 << 28;

/// Whether a picture of that width and height is too large to show.
pub(crate) fn too_many(width: u32, height: u32) -> bool {
    u64::from(width) * u64::from(height) > MOST_PIXELS
}
