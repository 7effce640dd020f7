//! Long passwords that are tried first: words that everybody thinks of, rows of keys, counting, repeats.

/// The fewest characters that must differ from each other.
const DIFFERENT: usize = 5;

/// Words and rows that common passwords are built of, with nothing but digits and signs around them.
const WORDS: &[&str] = &[
    "abcdefghijklmnopqrstuvwxyz",
    "administrator",
    "admin",
    "agent",
    "asdfghjkl",
    "babbage",
    "baseball",
    "batman",
    "changeme",
    "company",
    "computer",
    "customer",
    "default",
    "desk",
    "dragon",
    "football",
    "forever",
    "guest",
    "hello",
    "helpdesk",
    "iloveyou",
    "internet",
    "letmein",
    "login",
    "master",
    "monkey",
    "mypassword",
    "pass",
    "passw0rd",
    "password",
    "pa$$word",
    "p@ssw0rd",
    "p@ssword",
    "princess",
    "qazwsx",
    "qwerty",
    "qwertyuiop",
    "qwertz",
    "qwertzuiop",
    "secret",
    "service",
    "sunshine",
    "superman",
    "support",
    "temp",
    "test",
    "trustno1",
    "user",
    "welcome",
    "winter",
    "spring",
    "summer",
    "autumn",
    "word",
    "zaq",
    "zxcvbnm",
    "correcthorsebatterystaple",
    "correct horse battery staple",
];

/// Paths that a finger takes over the keys.
const WALKS: &[&str] = &[
    "1q2w3e4r5t6y7u8i9o0p",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "qazwsxedcrfvtgbyhnujmikolp",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "!@#$%^&*()_+",
];

/// Whether a password (in small letters) is one of the first that anybody tries.
pub(super) fn is_common(password: &str) -> bool {
    let mut letters: Vec<char> = password.chars().collect();
    letters.sort_unstable();
    letters.dedup();
    letters.len() < DIFFERENT
        || is_counting(password)
        || is_repeated(password)
        || WALKS.iter().any(|walk| walk.contains(password))
        || is_built_of_words(password)
}

/// `123456789012`, `abcdefghijkl`, `987654321098`.
fn is_counting(password: &str) -> bool {
    let codes: Vec<u32> = password.chars().map(u32::from).collect();
    let steps = |by: i64| {
        let pairs = codes.windows(2);
        pairs.filter(|pair| i64::from(pair[1]) - i64::from(pair[0]) == by).count()
    };
    // A break or two: 9 to 0, or a sign at the end.
    let most = codes.len().saturating_sub(3);
    steps(1) >= most || steps(-1) >= most
}

/// The same few characters over and over.
fn is_repeated(password: &str) -> bool {
    let letters: Vec<char> = password.chars().collect();
    (1..=4).any(|period| letters.iter().zip(letters.iter().skip(period)).all(|(one, later)| one == later))
}

/// `password2026!`, `welcome-welcome1`: common words with digits and signs between them.
fn is_built_of_words(password: &str) -> bool {
    let mut left = password.to_owned();
    let mut words: Vec<_> = WORDS.to_vec();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    for word in words {
        left = left.replace(word, " ");
    }
    !left.chars().any(char::is_alphabetic)
}
