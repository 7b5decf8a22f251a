//! Finding the word that was meant.

use syn::Ident;

/// The error about a word that isn't one of these.
pub fn unknown(word: &Ident, words: &[&str]) -> syn::Error {
    let typed = word.to_string();
    let nearest = words
        .iter()
        .map(|known| (distance(&typed, known), known))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, known)| *distance <= known.len().div_ceil(3));
    let hint = match nearest {
        Some((_, nearest)) => format!("did you mean `{nearest}`?"),
        None => format!("here it may be `{}`", words.join("`, `")),
    };
    syn::Error::new_spanned(word, format!("unknown option `{typed}`; {hint}"))
}

/// Levenshtein's distance: how many letters have to be added, left out or exchanged.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, other) in other.iter().enumerate() {
            let exchanged = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = exchanged.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn a_distance_counts_letters() {
        assert_eq!(distance("name", "name"), 0);
        assert_eq!(distance("nme", "name"), 1);
        assert_eq!(distance("", "name"), 4);
        assert_eq!(distance("verison", "version"), 2);
    }
}
