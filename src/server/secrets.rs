//! The desk's own key: it encrypts stored keys and signs cookies.
//!
//! The key itself encrypts nothing. Three values are derived from it, each under a name of its own: a key for
//! encryption, a key for cookies, and a short id that tells which key made a ciphertext.
//!
//! A ciphertext is: version (1 byte, `1`), key id (4 bytes), nonce (24 bytes), XChaCha20-Poly1305 text with tag. The context (for
//! example `ai_agent:<id>:api_key`) is authenticated with it, so that a ciphertext moved to another row or column does not open.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, AeadInPlace, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use rand::Rng;
use secrecy::zeroize::Zeroize;
use thiserror::Error;

use super::config::Config;

const VERSION: u8 = 1;
const KEY_LENGTH: usize = 32;
const ID_LENGTH: usize = 4;
const NONCE_LENGTH: usize = 24;
const HEADER_LENGTH: usize = 1 + ID_LENGTH;

/// 32 random bytes. Its value is in no output of any kind.
#[derive(Clone)]
pub struct SecretKey([u8; KEY_LENGTH]);

/// The text is not the base64 of 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not the base64 of 32 bytes")]
pub struct NotAKey;

/// The key could not be had.
#[derive(Debug, Error)]
pub enum SecretKeyError {
    /// The file or its folder cannot be read or written.
    #[error("{}: {source}. Is DATA_DIR writable by this user?", path.display())]
    File { path: PathBuf, source: io::Error },
    /// The file holds something else.
    #[error("{}: not the base64 of 32 bytes. Restore it from a backup, or set SECRET_KEY.", path.display())]
    Malformed { path: PathBuf },
    /// Others can read the file.
    #[error("{}: other users can read it. Run `chmod 600` on it.", path.display())]
    Exposed { path: PathBuf },
}

/// Why a ciphertext did not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecryptError {
    #[error("the stored secret is cut short or of an unknown version")]
    Malformed,
    /// Another `SECRET_KEY` made it.
    #[error("the stored secret was encrypted with another SECRET_KEY")]
    OtherKey,
    /// The bytes were changed, or they belong elsewhere.
    #[error("the stored secret was changed or belongs elsewhere")]
    Tampered,
}

/// Encryption refused the input: it is longer than 256 GB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("too long to encrypt")]
pub struct EncryptError;

impl SecretKey {
    /// `SECRET_KEY` if it is set, else the key in `DATA_DIR/secret.key`, which is made when it is missing. Blocks on the disk.
    pub fn load(config: &Config) -> Result<Self, SecretKeyError> {
        match &config.secret_key {
            Some(key) => Ok(key.clone()),
            None => Self::load_or_create(&config.data_dir.join("secret.key")),
        }
    }

    /// Reads a key written as base64.
    pub fn from_base64(text: &str) -> Result<Self, NotAKey> {
        let mut bytes = STANDARD.decode(text.trim()).map_err(|_| NotAKey)?;
        let key = <[u8; KEY_LENGTH]>::try_from(bytes.as_slice()).map(Self).map_err(|_| NotAKey);
        bytes.zeroize();
        key
    }

    /// A new random key.
    pub fn generate() -> Self {
        let mut key = [0; KEY_LENGTH];
        rand::rng().fill(&mut key);
        Self(key)
    }

    /// Encrypts with a fresh nonce. The same context opens it again.
    pub fn encrypt(&self, plain: &[u8], context: &str) -> Result<Vec<u8>, EncryptError> {
        let mut nonce = [0; NONCE_LENGTH];
        rand::rng().fill(&mut nonce);
        let payload = Payload { msg: plain, aad: context.as_bytes() };
        let sealed = self.cipher().encrypt(XNonce::from_slice(&nonce), payload).map_err(|_| EncryptError)?;
        Ok([&[VERSION][..], &self.id(), &nonce, &sealed].concat())
    }

    /// Opens what `encrypt` made with the same key and context.
    pub fn decrypt(&self, sealed: &[u8], context: &str) -> Result<Vec<u8>, DecryptError> {
        if sealed.first() != Some(&VERSION) || sealed.len() < HEADER_LENGTH + NONCE_LENGTH {
            return Err(DecryptError::Malformed);
        }
        let (header, rest) = sealed.split_at(HEADER_LENGTH);
        if header[1..] != self.id() {
            return Err(DecryptError::OtherKey);
        }
        let (nonce, msg) = rest.split_at(NONCE_LENGTH);
        let payload = Payload { msg, aad: context.as_bytes() };
        self.cipher().decrypt(XNonce::from_slice(nonce), payload).map_err(|_| DecryptError::Tampered)
    }

    /// 64 bytes to sign cookies with, always the same for one key.
    pub fn cookie_key(&self) -> [u8; 64] {
        self.derive(b"babbage.cookie.signing.1")
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        let mut derived = self.derive(b"babbage.encryption.key.1");
        let cipher = XChaCha20Poly1305::new(chacha20poly1305::Key::from_slice(&derived[..KEY_LENGTH]));
        derived.zeroize();
        cipher
    }

    fn id(&self) -> [u8; ID_LENGTH] {
        let derived = self.derive(b"babbage.key.identifier.1");
        [derived[0], derived[1], derived[2], derived[3]]
    }

    /// The cipher's key stream under a name as its nonce: a pseudo-random function of the name. Sound because the key
    /// encrypts nothing else, and because the names are constants that differ.
    fn derive(&self, name: &[u8; NONCE_LENGTH]) -> [u8; 64] {
        let cipher = XChaCha20Poly1305::new(chacha20poly1305::Key::from_slice(&self.0));
        let mut derived = [0; 64];
        // Only an input beyond 256 GB is refused; this one has 64 bytes.
        cipher.encrypt_in_place_detached(XNonce::from_slice(name), b"", &mut derived).expect("64 bytes can be encrypted");
        derived
    }

    fn load_or_create(path: &Path) -> Result<Self, SecretKeyError> {
        match Self::read(path) {
            Err(SecretKeyError::File { source, .. }) if source.kind() == ErrorKind::NotFound => {}
            read => return read,
        }
        let fault = |source| SecretKeyError::File { path: path.to_owned(), source };
        Self::generate().write_new(path).map_err(fault)?;
        // Whoever was first decides: another process may have put its key there in the meantime.
        Self::read(path)
    }

    fn read(path: &Path) -> Result<Self, SecretKeyError> {
        let fault = |source| SecretKeyError::File { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(fault)?;
        if file.metadata().map_err(fault)?.permissions().mode() & 0o077 != 0 {
            return Err(SecretKeyError::Exposed { path: path.to_owned() });
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(fault)?;
        let key = Self::from_base64(&text).map_err(|NotAKey| SecretKeyError::Malformed { path: path.to_owned() });
        text.zeroize();
        key
    }

    /// Puts the key in place as a whole or not at all; a key that is there already stays.
    fn write_new(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let draft = folder.join(format!(".secret.key.{}", uuid::Uuid::now_v7()));
        let written = self.write_draft(&draft).and_then(|()| put(&draft, path)).and_then(|()| File::open(folder)?.sync_all());
        // Gone already where the draft itself was moved into place.
        let _ = fs::remove_file(&draft);
        written
    }

    fn write_draft(&self, draft: &Path) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
        let mut text = STANDARD.encode(self.0);
        let written = writeln!(file, "{text}");
        text.zeroize();
        written?;
        // What root makes in somebody's data folder stays theirs, so that they can start without root later.
        let folder = fs::metadata(draft.parent().unwrap_or(draft))?;
        if rustix::process::geteuid().is_root() && folder.uid() != 0 {
            fchown(&file, Some(folder.uid()), Some(folder.gid()))?;
        }
        file.sync_all()
    }
}

/// Gives the draft its final name unless that is taken.
fn put(draft: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(draft, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        // Some file systems know no links.
        Err(_) if !path.exists() => fs::rename(draft, path),
        linked => linked,
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey")
    }
}

impl Drop for SecretKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests;
