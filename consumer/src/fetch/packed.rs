//! Files that are compressed: which those are, their names tell, as for Flink.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use flate2::read::{MultiGzDecoder, ZlibDecoder};

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    /// It is not.
    Plain,
    Gzip,
    Zlib,
}

impl Packing {
    /// What the name of a file says.
    ///
    /// # Errors
    /// It cannot be decompressed.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
        match extension.to_str().unwrap_or_default() {
            "gz" | "gzip" => Ok(Self::Gzip),
            "deflate" => Ok(Self::Zlib),
            other @ ("bz2" | "xz" | "zst" | "zstd") => Err(io::Error::other(format!(
                "what ends in .{other} cannot be decompressed; there is .gz and .deflate"
            ))),
            _ => Ok(Self::Plain),
        }
    }

    /// The bytes of a file as they were before.
    pub(super) fn unpacked(self, file: &File) -> Box<dyn Read + '_> {
        match self {
            Self::Plain => Box::new(file),
            Self::Gzip => Box::new(MultiGzDecoder::new(file)),
            Self::Zlib => Box::new(ZlibDecoder::new(file)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_tells_how_a_file_is_compressed() {
        for (name, expected) in [
            ("a.json", Some(Packing::Plain)),
            ("gz", Some(Packing::Plain)),
            ("a.json.gz", Some(Packing::Gzip)),
            ("a.GZIP", Some(Packing::Gzip)),
            ("a.deflate", Some(Packing::Zlib)),
            ("a.bz2", None),
            ("a.zst", None),
        ] {
            assert_eq!(Packing::of(Path::new(name)).ok(), expected, "{name}");
        }
    }
}
