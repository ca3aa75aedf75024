//! What somebody probably meant to write.

/// The one of `known` that `name` was probably meant to be.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let bare = |text: &str| -> Vec<char> { text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect() };
    let wanted = bare(name);
    let near = |candidate: &str| {
        let candidate = bare(candidate);
        let contains =
            |long: &[char], short: &[char]| short.len() >= 4 && long.windows(short.len()).any(|w| w == short);
        let apart = distance(&wanted, &candidate);
        if contains(&wanted, &candidate) || contains(&candidate, &wanted) { apart.min(2) } else { apart }
    };
    let best = known.map(|candidate| (near(candidate), candidate)).min_by_key(|(distance, _)| *distance)?;
    (best.0 <= wanted.len().div_ceil(3).min(4)).then_some(best.1)
}

/// How many letters have to be put in, taken out or replaced (Levenshtein).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(left != right);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_misspelt_column_is_guessed_and_a_strange_one_is_not() {
        let known = ["email", "name", "email_verified", "password_hash", "accounts", "created_at"];
        let guess = |name| nearest(name, known.into_iter());
        assert_eq!(guess("emailverifed"), Some("email_verified"));
        assert_eq!(guess("E-Mail"), Some("email"));
        assert_eq!(guess("Password"), Some("password_hash"));
        assert_eq!(guess("acounts"), Some("accounts"));
        assert_eq!(guess("createdAt"), Some("created_at"));
        assert_eq!(guess("shoe size"), None);
    }
}
