//! Mail addresses as names to sign in with.

/// The address as it is stored and compared: without blanks around it, in small letters.
///
/// # Errors
/// What is wrong, for people. Only the form is checked; whether mail arrives, only mail can tell.
pub fn parse(text: &str) -> Result<String, &'static str> {
    let email = text.trim().to_lowercase();
    let (local, domain) = email.rsplit_once('@').ok_or("a mail address has an @, such as ann@example.com")?;
    if local.is_empty() || domain.is_empty() {
        return Err("a mail address has something on both sides of the @, such as ann@example.com");
    }
    if email.chars().any(|letter| letter.is_whitespace() || letter.is_control() || "<>,;\"".contains(letter)) {
        return Err("a mail address alone, without blanks, commas or brackets, such as ann@example.com");
    }
    if email.len() > 254 {
        return Err("a mail address has at most 254 characters");
    }
    Ok(email)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_has_one_spelling() {
        assert_eq!(parse(" Ann@Example.COM "), Ok("ann@example.com".to_owned()));
        for wrong in [
            "ann",
            "@example.com",
            "ann@",
            "Ann <ann@example.com>",
            "a b@example.com",
            "a@b,c@d",
            "a\n@b",
            &format!("a@{}", "b".repeat(260)),
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
