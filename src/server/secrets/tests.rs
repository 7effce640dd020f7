use tempfile::TempDir;

use super::*;

fn key(byte: u8) -> SecretKey {
    SecretKey([byte; KEY_LENGTH])
}

#[test]
fn what_was_encrypted_opens_again_and_never_looks_the_same_twice() {
    let first = key(1).encrypt(b"the key", "ai_agent:1:api_key").expect("encrypts");
    let second = key(1).encrypt(b"the key", "ai_agent:1:api_key").expect("encrypts");
    assert_ne!(first, second);
    assert!(!first.windows(7).any(|part| part == b"the key"));
    assert_eq!(key(1).decrypt(&first, "ai_agent:1:api_key").as_deref(), Ok(&b"the key"[..]));
    let empty = key(1).encrypt(b"", "").expect("encrypts");
    assert_eq!(key(1).decrypt(&empty, "").as_deref(), Ok(&b""[..]));
}

#[test]
fn what_was_moved_changed_or_made_elsewhere_does_not_open() {
    let sealed = key(1).encrypt(b"the key", "here").expect("encrypts");
    assert_eq!(key(1).decrypt(&sealed, "there"), Err(DecryptError::Tampered));
    assert_eq!(key(2).decrypt(&sealed, "here"), Err(DecryptError::OtherKey));
    let mut changed = sealed.clone();
    *changed.last_mut().expect("not empty") ^= 1;
    assert_eq!(key(1).decrypt(&changed, "here"), Err(DecryptError::Tampered));
    let mut newer = sealed.clone();
    newer[0] = 2;
    assert_eq!(key(1).decrypt(&newer, "here"), Err(DecryptError::Malformed));
    for length in [0, 1, HEADER_LENGTH, HEADER_LENGTH + NONCE_LENGTH - 1] {
        assert_eq!(key(1).decrypt(&sealed[..length], "here"), Err(DecryptError::Malformed), "{length}");
    }
    assert_eq!(key(1).decrypt(&sealed[..HEADER_LENGTH + NONCE_LENGTH], "here"), Err(DecryptError::Tampered));
}

#[test]
fn derived_keys_are_steady_and_differ() {
    assert_eq!(key(1).cookie_key(), key(1).cookie_key());
    assert_ne!(key(1).cookie_key(), key(2).cookie_key());
    assert_ne!(key(1).id(), key(2).id());
    assert_ne!(key(1).derive(b"babbage.encryption.key.1")[..], key(1).cookie_key()[..]);
    assert_ne!(key(1).cookie_key()[..32], [0; 32], "derived, not blank");
    assert_ne!(key(1).cookie_key()[..32], key(1).cookie_key()[32..]);
}

#[test]
fn a_key_is_made_once_and_only_its_owner_reads_it() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("new/data/secret.key");
    let made = SecretKey::load_or_create(&path).expect("made");
    assert_eq!(SecretKey::load_or_create(&path).expect("read").0, made.0);
    let permissions = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!((permissions(&path), permissions(path.parent().expect("a folder"))), (0o600, 0o700));
    let left = fs::read_dir(path.parent().expect("a folder")).expect("a folder").count();
    assert_eq!(left, 1, "no draft is left behind");
}

#[test]
fn many_starts_at_once_agree_on_one_key() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("secret.key");
    let keys: Vec<_> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| SecretKey::load_or_create(&path).expect("a key").0)).collect();
        starts.into_iter().map(|start| start.join().expect("no panic")).collect()
    });
    assert!(keys.iter().all(|key| *key == keys[0]));
}

#[test]
fn a_broken_or_open_key_file_is_refused_not_replaced() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("secret.key");
    SecretKey::load_or_create(&path).expect("made");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("chmod");
    assert!(matches!(SecretKey::load_or_create(&path), Err(SecretKeyError::Exposed { .. })));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("chmod");
    fs::write(&path, "short").expect("written");
    assert!(matches!(SecretKey::load_or_create(&path), Err(SecretKeyError::Malformed { .. })));
    assert_eq!(fs::read_to_string(&path).expect("there"), "short");
}

#[test]
fn debug_hides_the_value() {
    let key = SecretKey::from_base64("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=").expect("a key");
    assert_eq!(format!("{key:?}"), "SecretKey");
    assert!(SecretKey::from_base64("MDEyMzQ1").is_err() && SecretKey::from_base64("?").is_err());
}
