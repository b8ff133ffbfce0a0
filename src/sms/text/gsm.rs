//! The GSM alphabet: 3GPP TS 23.038, the default alphabet (section 6.2.1) and its extension
//! table (section 6.2.1.1). The national tables (Turkish, Portuguese...) are not used here.

/// Septets by byte, if that is a character of ASCII which the alphabet has, and 0 if not: most
/// characters of most texts are found here.
const BYTES: [u8; 256] = bytes();

/// Septets that a character takes: 1 in the default alphabet, 2 in the extension table.
pub(super) const fn septets(c: char) -> Option<usize> {
    match cost(c) {
        0 => None,
        cost => Some(cost as usize),
    }
}

/// Septets that a whole text takes; `None` if a character is not in the alphabet.
pub(super) fn total(text: &str) -> Option<usize> {
    let (mut septets, mut rest) = (0, text);
    loop {
        let mut plain = 0;
        for byte in rest.bytes() {
            let cost = BYTES[usize::from(byte)];
            if cost == 0 {
                break;
            }
            septets += usize::from(cost);
            plain += 1;
        }
        let mut beyond = rest[plain..].chars();
        match beyond.next() {
            None => return Some(septets),
            Some(c) => septets += self::septets(c)?,
        }
        rest = beyond.as_str();
    }
}

/// The length in bytes of the longest beginning of `text` that goes as it is: GSM without carriage
/// returns. Those are in the alphabet, but always half of a line end: they would be billed, and show
/// nothing.
pub(super) fn prefix(text: &str) -> usize {
    let is_plain = |it: &u8| *it != b'\r' && BYTES[usize::from(*it)] != 0;
    let mut rest = text;
    loop {
        let plain = rest.bytes().take_while(is_plain).count();
        let mut beyond = rest[plain..].chars();
        match beyond.next() {
            Some(c) if !c.is_ascii() && beyond_ascii(c) != 0 => rest = beyond.as_str(),
            _ => return text.len() - rest.len() + plain,
        }
    }
}

const fn cost(c: char) -> u8 {
    if c.is_ascii() { BYTES[c as usize] } else { beyond_ascii(c) }
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

const fn bytes() -> [u8; 256] {
    let mut table = [0; 256];
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
    fn a_text_takes_what_its_characters_take() {
        for text in ["", "a", "[a]", "été €", "\r\n", "é", "€€a", "Ω^", "’", "a’", "é\t", "a\u{80}"]
        {
            let each: Option<usize> = text.chars().map(septets).sum();
            assert_eq!(total(text), each, "{text}");
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
