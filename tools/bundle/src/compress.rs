//! Compression once, here, instead of at every request.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::site::{beside, files_below};

/// What gets smaller. Pictures and sounds are compressed already.
const COMPRESSIBLE: [&str; 10] = ["css", "html", "ico", "js", "json", "svg", "txt", "wasm", "webmanifest", "xml"];

/// Writes `FILE.br` and `FILE.gz` beside each compressible file, unless that would not be smaller.
pub fn compress_folder(folder: &Path) -> Result<()> {
    for file in files_below(folder)?.iter().filter(|file| is_compressible(file)) {
        let plain = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        for (suffix, packed) in [("br", brotli(&plain)?), ("gz", gzip(&plain)?)] {
            if packed.len() < plain.len() {
                let target = beside(file, suffix);
                fs::write(&target, packed).with_context(|| format!("cannot write {}", target.display()))?;
            }
        }
    }
    Ok(())
}

fn is_compressible(file: &Path) -> bool {
    file.extension().and_then(|extension| extension.to_str()).is_some_and(|extension| COMPRESSIBLE.contains(&extension))
}

fn brotli(plain: &[u8]) -> Result<Vec<u8>> {
    let mut packed = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, size_hint: plain.len(), ..Default::default() };
    brotli::BrotliCompress(&mut &plain[..], &mut packed, &parameters).context("brotli failed")?;
    Ok(packed)
}

fn gzip(plain: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).context("gzip failed")?;
    encoder.finish().context("gzip failed")
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn both_forms_unpack_to_the_original() {
        let folder = crate::stamp::test_folder("compress");
        let plain = "a desk for people ".repeat(100);
        fs::write(folder.join("desk.js"), &plain).expect("write");
        fs::write(folder.join("sound.mp3"), &plain).expect("write");
        fs::write(folder.join("tiny.txt"), "x").expect("write");
        compress_folder(&folder).expect("compressed");

        let mut unpacked = String::new();
        let gz = fs::read(folder.join("desk.js.gz")).expect("gz");
        flate2::read::GzDecoder::new(&gz[..]).read_to_string(&mut unpacked).expect("gunzip");
        assert_eq!(unpacked, plain);
        let mut unpacked = Vec::new();
        let br = fs::read(folder.join("desk.js.br")).expect("br");
        brotli::BrotliDecompress(&mut &br[..], &mut unpacked).expect("unbrotli");
        assert_eq!(unpacked, plain.as_bytes());
        assert_eq!(files_below(&folder).expect("list").len(), 5, "neither sound nor tiny file is packed");
    }
}
