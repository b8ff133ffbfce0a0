//! The GSM alphabet: 3GPP TS 23.038, the default alphabet (section 6.2.1) and its extension
//! table (section 6.2.1.1). The national tables (Turkish, Portuguese...) are not used here.

/// Septets by ASCII character, 0 for those that the alphabet lacks: most characters of most
/// texts are found here.
const ASCII: [u8; 128] = ascii();

/// Septets that a character takes: 1 in the default alphabet, 2 in the extension table.
pub(super) const fn septets(c: char) -> Option<usize> {
    match cost(c) {
        0 => None,
        cost => Some(cost as usize),
    }
}

/// Whether a character of ASCII goes as it is. The carriage return is in the alphabet, but always
/// half of a line end: it would be billed, and shows nothing.
const PLAIN: [bool; 128] = plain();

/// The length in bytes of the longest beginning of `text` that goes as it is: GSM without carriage
/// returns.
pub(super) fn prefix(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let length = if byte.is_ascii() {
            usize::from(PLAIN[usize::from(byte)])
        } else {
            text[at..].chars().next().filter(|c| beyond_ascii(*c) != 0).map_or(0, char::len_utf8)
        };
        if length == 0 {
            break;
        }
        at += length;
    }
    at
}

const fn cost(c: char) -> u8 {
    if c.is_ascii() { ASCII[c as usize] } else { beyond_ascii(c) }
}

#[expect(clippy::match_same_arms, reason = "a line for each kind of character")]
const fn beyond_ascii(c: char) -> u8 {
    match c {
        '€' => 2,
        '¡' | '£' | '¤' | '¥' | '§' | '¿' => 1,
        'Ä' | 'Å' | 'Æ' | 'Ç' | 'É' | 'Ñ' | 'Ö' | 'Ø' | 'Ü' | 'ß' => 1,
        'à' | 'ä' | 'å' | 'æ' | 'è' | 'é' | 'ì' | 'ñ' | 'ò' | 'ö' | 'ø' | 'ù' | 'ü' => {
            1
        }
        'Γ' | 'Δ' | 'Θ' | 'Λ' | 'Ξ' | 'Π' | 'Σ' | 'Φ' | 'Ψ' | 'Ω' => 1,
        _ => 0,
    }
}

const fn ascii() -> [u8; 128] {
    let mut table = [0; 128];
    let mut code = 0_u8;
    while code < 128 {
        table[code as usize] = match code {
            b'\n' | b'\r' | b' '..=b'Z' | b'_' | b'a'..=b'z' => 1,
            b'\x0c' | b'^' | b'{' | b'}' | b'\\' | b'[' | b'~' | b']' | b'|' => 2,
            _ => 0,
        };
        code += 1;
    }
    table
}

const fn plain() -> [bool; 128] {
    let mut table = [false; 128];
    let mut code = 0;
    while code < 128 {
        table[code] = ASCII[code] != 0 && code != b'\r' as usize;
        code += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Both tables in the order of the standard, the escape left out.
    const DEFAULT: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
        ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
    const EXTENSION: &str = "\u{c}^{}\\[~]|€";

    #[test]
    fn the_tables_are_those_of_the_standard() {
        for (table, cost, count) in [(DEFAULT, 1, 127), (EXTENSION, 2, 10)] {
            let found: BTreeSet<char> =
                ('\0'..=char::MAX).filter(|c| septets(*c) == Some(cost)).collect();
            assert_eq!(found, table.chars().collect());
            assert_eq!(found.len(), count);
        }
    }

    #[test]
    fn french_letters_are_only_half_there() {
        for c in "éèàùäöüñÇÉæÆøØ".chars() {
            assert_eq!(septets(c), Some(1), "{c}");
        }
        for c in "`çêâîôûëïœŒÈÀÊ’…\t\u{1b}\u{a0}".chars() {
            assert_eq!(septets(c), None, "{c}");
        }
    }

    #[test]
    fn the_prefix_ends_before_the_first_other_character() {
        for (text, expected) in
            [("", 0), ("été €", 9), ("été’", 5), ("’", 0), ("[a]\t", 3), ("a\r\n", 1)]
        {
            assert_eq!(prefix(text), expected, "{text}");
        }
    }
}
