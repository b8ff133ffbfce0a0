//! How many parts a text is billed as: GSM 03.38 and UCS-2, the mention STOP
//! included. Called by sends and by comptage.

/// Most parts that one message may have.
pub(super) const MOST_PARTS: usize = 6;
/// Characters that the mention "STOP XXXXX" takes at the end of a text.
const STOP: usize = 12;

/// The length of a text as it is billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Length {
    /// Septets, or UTF-16 units with UCS-2, STOP included.
    pub characters: usize,
    /// SMS parts, at least 1; may be over [`MOST_PARTS`].
    pub parts: usize,
}

/// Measures a text. `Err` names the first character that the GSM alphabet
/// lacks; with `ucs2` there is none.
pub(super) fn measure(text: &str, ucs2: bool, stop: bool) -> Result<Length, char> {
    let mut weights = Vec::with_capacity(text.len() + STOP);
    for c in text.chars() {
        weights.push(if ucs2 { c.len_utf16() } else { septets(c).ok_or(c)? });
    }
    if stop {
        weights.extend([1; STOP]);
    }
    Ok(if ucs2 { pack(&weights, 70, 67) } else { pack(&weights, 160, 153) })
}

/// Fills parts one after the other: an escaped character or a surrogate pair is
/// never cut in two, so a part may end one unit short.
fn pack(weights: &[usize], single: usize, part: usize) -> Length {
    let characters = weights.iter().sum();
    if characters <= single {
        return Length { characters, parts: 1 };
    }
    let (mut parts, mut used) = (1, 0);
    for weight in weights {
        if used + weight > part {
            parts += 1;
            used = 0;
        }
        used += weight;
    }
    Length { characters, parts }
}

/// 1 for the default alphabet, 2 for its extension table.
fn septets(c: char) -> Option<usize> {
    match c {
        '\n' | '\r' | ' '..='Z' | '_' | 'a'..='z' => Some(1),
        '^' | '{' | '}' | '\\' | '[' | '~' | ']' | '|' | '€' | '\u{c}' => Some(2),
        _ => "£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà".contains(c).then_some(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> usize {
        measure(text, false, false).unwrap().parts
    }

    #[test]
    fn gsm_texts_hold_160_then_153_a_part() {
        assert_eq!(parts(&"a".repeat(160)), 1);
        assert_eq!(parts(&"a".repeat(161)), 2);
        assert_eq!(parts(&"a".repeat(306)), 2);
        assert_eq!(parts(&"a".repeat(307)), 3);
        assert_eq!(parts(&"a".repeat(918)), 6);
        assert_eq!(parts(&"a".repeat(919)), 7);
    }

    #[test]
    fn extension_characters_count_twice_and_are_not_cut() {
        assert_eq!(parts(&"€".repeat(80)), 1);
        assert_eq!(parts(&"€".repeat(81)), 2);
        // 76 pairs fit in 153 septets; the odd one stays empty.
        assert_eq!(parts(&"€".repeat(153)), 3);
    }

    #[test]
    fn stop_takes_twelve() {
        let length = measure(&"a".repeat(148), false, true).unwrap();
        assert_eq!((length.characters, length.parts), (160, 1));
        assert_eq!(measure(&"a".repeat(149), false, true).unwrap().parts, 2);
    }

    #[test]
    fn ucs2_texts_hold_70_then_67_a_part() {
        let ucs2 = |text: &str| measure(text, true, false).unwrap().parts;
        assert_eq!(ucs2(&"ж".repeat(70)), 1);
        assert_eq!(ucs2(&"ж".repeat(71)), 2);
        assert_eq!(ucs2(&"😀".repeat(35)), 1);
        assert_eq!(ucs2(&"😀".repeat(67)), 3);
    }

    #[test]
    fn the_default_table_has_127_characters_without_the_escape() {
        let count = ('\0'..='\u{ffff}').filter(|c| septets(*c) == Some(1)).count();
        assert_eq!(count, 127);
        let count = ('\0'..='\u{ffff}').filter(|c| septets(*c) == Some(2)).count();
        assert_eq!(count, 10);
        assert_eq!(measure("forêt", false, false), Err('ê'));
        assert_eq!(measure("a`b", false, false), Err('`'));
    }
}
