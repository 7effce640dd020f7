use super::*;

fn verdict(password: &str) -> Result<(), PasswordError> {
    check(password, "ann.lee@example.com", "Ann Lee")
}

#[test]
fn length_counts_characters_not_bytes() {
    assert_eq!(verdict("short"), Err(PasswordError::TooShort(5)));
    assert_eq!(verdict("äöüäöüßéèêñ"), Err(PasswordError::TooShort(11)));
    assert_eq!(verdict(&"lamp tree ".repeat(13)), Err(PasswordError::TooLong(130)));
    assert_eq!(verdict("quiet lamp öf"), Ok(()));
    assert_eq!(verdict(&"quiet lamp of rain 7 ".repeat(6)), Ok(()));
}

#[test]
fn a_persons_own_words_are_refused() {
    for password in ["ann.lee@example.com", "Ann.Lee@Example.com1", "annleeannlee", "Example12345", "lee-ann-2026!"] {
        assert_eq!(verdict(password), Err(PasswordError::Personal), "{password}");
    }
    // A name inside something longer is no harm.
    assert_eq!(verdict("ann likes quiet lamps"), Ok(()));
}

#[test]
fn the_first_guesses_are_refused() {
    for password in [
        "password1234",
        "Passwordpassword",
        "P@ssw0rd2026!",
        "123456789012",
        "1234567890123",
        "987654321098",
        "abcdefghijkl",
        "aaaaaaaaaaaaaaaa",
        "abcabcabcabc",
        "1q2w3e4r5t6y",
        "qwertyuiop12",
        "qwertyuiopasdfghjkl",
        "Welcome-Welcome1",
        "administrator",
        "changemechangeme",
        "iloveyou2026",
        "correct horse battery staple",
    ] {
        assert_eq!(verdict(password), Err(PasswordError::Common), "{password}");
    }
    for password in ["sixteen green boats", "xK4#mZ9qLw2v", "passwort ohne sinn", "20 kleine jägermeister"] {
        assert_eq!(verdict(password), Ok(()), "{password}");
    }
}

#[tokio::test]
async fn only_the_right_password_matches_and_nobody_never_does() {
    let word = SecretString::from("quiet lamp of rain");
    let kept = hash(&word).await.expect("hashes");
    let kept = kept.expose_secret();
    assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
    assert_ne!(hash(&word).await.expect("hashes").expose_secret(), kept, "each has its own salt");
    assert_eq!(verify(&word, Some(kept)).await, Ok(true));
    assert_eq!(verify(&"quiet lamp of rain ".into(), Some(kept)).await, Ok(false));
    assert_eq!(verify(&word, None).await, Ok(false));
    assert_eq!(verify(&word, Some("not a hash")).await, Ok(false));
    // What stands in for nobody costs the same.
    assert!(NOBODY.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
}
