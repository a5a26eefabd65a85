//! Letters: case, accents, and what is left of a text in a name that any system takes.

pub(super) fn to_lower(text: &str) -> Option<String> {
    if text.is_ascii() {
        return text.bytes().any(|b| b.is_ascii_uppercase()).then(|| text.to_ascii_lowercase());
    }
    Some(text.to_lowercase())
}

pub(super) fn to_upper(text: &str) -> Option<String> {
    if text.is_ascii() {
        return text.bytes().any(|b| b.is_ascii_lowercase()).then(|| text.to_ascii_uppercase());
    }
    Some(text.to_uppercase())
}

pub(super) fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for c in text.chars() {
        if inside {
            out.extend(c.to_lowercase());
        } else {
            out.extend(c.to_uppercase());
        }
        // A combining mark belongs to the letter before it.
        inside = c.is_alphanumeric() || (inside && matches!(c, '\u{300}'..='\u{36F}'));
    }
    out
}

/// Letters that have no decomposition into a plain letter and a mark.
const PLAIN: [(char, &str); 22] = [
    ('ß', "ss"),
    ('ẞ', "SS"),
    ('æ', "ae"),
    ('Æ', "AE"),
    ('œ', "oe"),
    ('Œ', "OE"),
    ('ø', "o"),
    ('Ø', "O"),
    ('ł', "l"),
    ('Ł', "L"),
    ('đ', "d"),
    ('Đ', "D"),
    ('ð', "d"),
    ('Ð', "D"),
    ('þ', "th"),
    ('Þ', "Th"),
    ('ı', "i"),
    ('ħ', "h"),
    ('Ħ', "H"),
    ('ŋ', "n"),
    ('Ŋ', "N"),
    ('ŧ', "t"),
];

/// Accents off Latin and Greek letters. In other scripts a mark makes another letter (й is not и), so they stay.
pub(super) fn unaccent(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut strips = false;
    for c in icu_normalizer::DecomposingNormalizerBorrowed::new_nfd().normalize(text).chars() {
        match c {
            '\u{300}'..='\u{36F}' if strips => continue,
            '\u{300}'..='\u{36F}' => {}
            c => strips = matches!(c, 'A'..='Z' | 'a'..='z' | '\u{80}'..='\u{24F}' | '\u{370}'..='\u{3FF}' | '\u{1E00}'..='\u{1FFF}'),
        }
        match PLAIN.iter().find(|(letter, _)| *letter == c) {
            Some((_, plain)) => out.push_str(plain),
            None => out.push(c),
        }
    }
    Some(icu_normalizer::ComposingNormalizerBorrowed::new_nfc().normalize(&out).into_owned())
}

pub(super) fn slug(text: &str) -> String {
    let plain = unaccent(text);
    let mut out = String::with_capacity(text.len());
    for c in plain.as_deref().unwrap_or(text).chars() {
        if c.is_alphanumeric() {
            out.extend(c.to_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.truncate(out.trim_end_matches('-').len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_go_and_letters_of_other_scripts_stay() {
        for (text, plain) in [
            ("Ünïcödé", "Unicode"),
            ("Άννα", "Αννα"),
            ("Сергей", "Сергей"),
            ("が", "が"),
            ("한글", "한글"),
            ("Łódź", "Lodz"),
            ("a\u{301}", "a"),
        ] {
            assert_eq!(unaccent(text).as_deref(), Some(plain));
        }
    }
}
