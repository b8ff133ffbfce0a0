//! What is written for characters that the GSM alphabet lacks: French taste first.
//!
//! What a decomposition by Unicode's own data (NFKD) tells well enough needs no line: `ń`, `ﬁ`,
//! `²`, `①`, fullwidth letters. The ranges are those of the code charts of the Unicode standard
//! and of its `emoji-data.txt`.

pub(super) use crate::sms::invisible::is_invisible;

/// What is written for a character, in letters of the GSM alphabet.
pub(super) fn replacement(c: char) -> Option<&'static str> {
    punctuation(c)
        .or_else(|| letter(c))
        .or_else(|| sign(c))
        .or_else(|| arrow(c))
        .or_else(|| enclosed(c))
}

/// Quotation marks, dashes, dots, blanks.
#[expect(clippy::match_same_arms, reason = "the lines keep to one matter each")]
fn punctuation(c: char) -> Option<&'static str> {
    let text = match c {
        '’' | '‘' | '‚' | '‛' | '′' | '‵' | '`' | '´' | '‹' | '›' => "'",
        'ʹ' | 'ʻ' | 'ʼ' | 'ʽ' | 'ʾ' | 'ʿ' | 'ˈ' | 'ˊ' | 'ˋ' | '΄' | '᾽' | '᾿' | '❛' | '❜' => {
            "'"
        }
        '“' | '”' | '„' | '‟' | '«' | '»' | '″' | '‶' | '¨' | 'ʺ' | '˝' | '❝' | '❞' => {
            "\""
        }
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '⁃' | '¯' | '‾' => "-",
        '•' | '·' | '‣' | '∙' | '⋅' | '‧' | '➖' => "-",
        '…' | '⋯' => "...",
        '⁄' | '∕' | '÷' | '➗' => "/",
        '¸' => ",",
        '‗' => "_",
        '¦' | '∣' => "|",
        '‖' => "||",
        'ˆ' => "^",
        '˜' | '∼' | '≈' | '≃' => "~",
        '∶' => ":",
        '‽' => "?!",
        '❓' | '❔' => "?",
        '❗' | '❕' => "!",
        '※' | '∗' => "*",
        '∖' => "\\",
        '⟨' => "<",
        '⟩' => ">",
        '†' | '➕' => "+",
        '‡' => "++",
        '\u{2028}' | '\u{2029}' => "\n",
        _ if is_blank(c) => " ",
        _ => return None,
    };
    Some(text)
}

/// Letters: those of French, although they decompose, as they are everywhere; then those that
/// Unicode does not decompose, the hooked ones among them of West Africa, `ə` of Azeri.
#[expect(clippy::match_same_arms, reason = "the lines keep to one matter each")]
fn letter(c: char) -> Option<&'static str> {
    let text = match c {
        'œ' => "oe",
        'Œ' => "OE",
        'ç' => "c",
        'â' => "a",
        'ê' | 'ë' => "e",
        'î' | 'ï' => "i",
        'ô' => "o",
        'û' => "u",
        'ÿ' => "y",
        'À' | 'Â' => "A",
        'È' | 'Ê' | 'Ë' => "E",
        'Î' | 'Ï' => "I",
        'Ô' => "O",
        'Ù' | 'Û' => "U",
        'Ÿ' => "Y",
        'ẞ' => "SS",
        'ı' | 'ɩ' => "i",
        'Ɩ' => "I",
        'ȷ' => "j",
        'ł' => "l",
        'Ł' => "L",
        'ŀ' => "l",
        'Ŀ' => "L",
        'đ' | 'ð' | 'ɖ' | 'ɗ' => "d",
        'Đ' | 'Ð' | 'Ɖ' | 'Ɗ' => "D",
        'þ' => "th",
        'Þ' => "TH",
        'ħ' => "h",
        'Ħ' => "H",
        'ŋ' => "ng",
        'Ŋ' => "NG",
        'ŧ' | 'ƭ' => "t",
        'Ŧ' | 'Ƭ' => "T",
        'ĸ' | 'ƙ' => "k",
        'Ƙ' => "K",
        'ɓ' => "b",
        'Ɓ' => "B",
        'ƒ' => "f",
        'Ƒ' => "F",
        'ɣ' => "g",
        'Ɣ' => "G",
        'ɲ' => "ny",
        'Ɲ' => "NY",
        'ɔ' => "o",
        'Ɔ' => "O",
        'ɛ' | 'ə' => "e",
        'Ɛ' | 'Ə' => "E",
        'ʋ' => "v",
        'Ʋ' => "V",
        'ƴ' => "y",
        'Ƴ' => "Y",
        'ƶ' => "z",
        'Ƶ' => "Z",
        _ => return None,
    };
    Some(text)
}

/// Signs of arithmetic, units, money, trade.
fn sign(c: char) -> Option<&'static str> {
    let text = match c {
        '×' | '✕' | '✖' => "x",
        '±' => "+/-",
        '∓' => "-/+",
        '≤' | '⩽' | '≦' => "<=",
        '≥' | '⩾' | '≧' => ">=",
        '≠' => "<>",
        '≪' => "<<",
        '≫' => ">>",
        '∆' => "Δ",
        '∑' => "Σ",
        '∏' => "Π",
        'µ' => "u",
        '⌀' | '∅' => "Ø",
        '‰' => "o/oo",
        '°' | '˚' => "deg",
        '℃' => "deg C",
        '℉' => "deg F",
        '¼' => "1/4",
        '½' => "1/2",
        '¾' => "3/4",
        '¢' | '￠' => "c",
        '💲' => "$",
        '♯' => "#",
        '♭' => "b",
        '©' => "(c)",
        '®' => "(R)",
        '™' => "TM",
        _ => return None,
    };
    Some(text)
}

/// Arrows of text. Those that point up, down or askew are ornaments, like 👆 and 📉.
fn arrow(c: char) -> Option<&'static str> {
    let text = match c {
        '→' | '⟶' | '➔' | '➙' | '➛' | '➜' | '➝' | '➞' | '➡' => "->",
        '←' | '⟵' | '⬅' => "<-",
        '↔' | '⟷' | '⬌' => "<->",
        '⇒' | '⟹' => "=>",
        '⇐' | '⟸' => "<=",
        '⇔' | '⟺' => "<=>",
        _ => return None,
    };
    Some(text)
}

/// Numbers and letters in a filled or second shape, as which they are emoji or dingbats; those in
/// plain circles decompose.
fn enclosed(c: char) -> Option<&'static str> {
    const NUMBERS: [&str; 21] = [
        "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16",
        "17", "18", "19", "20",
    ];
    const WORDS: [&str; 10] = ["CL", "COOL", "FREE", "ID", "NEW", "NG", "OK", "SOS", "UP!", "VS"];
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let from = |first: char| (c as usize).saturating_sub(first as usize);
    match c {
        '⓿' | '🄋' | '🄌' => Some("0"),
        '❶'..='❿' => Some(NUMBERS[1 + from('❶')]),
        '➀'..='➉' => Some(NUMBERS[1 + from('➀')]),
        '➊'..='➓' => Some(NUMBERS[1 + from('➊')]),
        '⓵'..='⓾' => Some(NUMBERS[1 + from('⓵')]),
        '⓫'..='⓴' => Some(NUMBERS[11 + from('⓫')]),
        '🔟' => Some("10"),
        '🅐'..='🅩' => LETTERS.get(from('🅐')..=from('🅐')),
        '🅰'..='🆉' => LETTERS.get(from('🅰')..=from('🅰')),
        '🆎' => Some("AB"),
        '🆑'..='🆚' => Some(WORDS[from('🆑')]),
        _ => None,
    }
}

/// How a replacement gets on with its neighbours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Manner {
    /// Stands where the character stood.
    Plain,
    /// A number of its own, which must not run into the digits beside it: `1½` is no `11/2`, and
    /// `①20 €` no `120 €`.
    Number,
    /// A power or a mark of a footnote, which must not run into the digits before it: `10²` is
    /// `10^2`.
    Power,
    /// A unit, of which the replacement is a word: `20°C` is `20 deg C`.
    Unit,
    /// `°` or `º`, a unit (`20°C`), or the `o` of `n°`.
    Degree,
}

/// How the replacement of a character gets on with its neighbours.
#[expect(clippy::match_same_arms, reason = "the lines keep to one matter each")]
pub(super) fn manner(c: char) -> Manner {
    match c {
        '°' | 'º' | '˚' => Manner::Degree,
        '℃' | '℉' | '‰' => Manner::Unit,
        '¼'..='¾' | '⅐'..='⅞' | '↉' => Manner::Number,
        '①'..='⒛' | '⓪'..='⓿' | '❶'..='➓' | '🄀'..='🄌' | '🔟' => Manner::Number,
        _ if is_power(c) => Manner::Power,
        _ => Manner::Plain,
    }
}

/// Digits and signs that stand raised.
pub(super) fn is_power(c: char) -> bool {
    matches!(c, '²' | '³' | '¹' | '⁰' | '⁴'..='⁾')
}

/// Blanks of all widths that the GSM alphabet lacks, the tab among them.
pub(super) fn is_blank(c: char) -> bool {
    matches!(
        c,
        '\t' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{2800}' | '\u{3000}'
    )
}

/// Blanks and line ends: at the end of a text they show nothing, and would be billed.
fn is_end(c: char) -> bool {
    matches!(c, ' ' | '\n' | '\r' | '\u{c}' | '\u{2028}' | '\u{2029}') || is_blank(c)
}

/// Whether a text ends in blanks or line ends.
pub(super) fn ends_blank(text: &str) -> bool {
    text.ends_with(is_end)
}

/// A text without the blanks and line ends at its end.
pub(super) fn without_end(text: &str) -> &str {
    text.trim_end_matches(is_end)
}

/// Whether a text is as good without the character.
pub(super) fn is_left_out(c: char) -> bool {
    (is_accent(c) || is_invisible(c) || is_ornament(c)) && replacement(c).is_none()
}

/// Characters that choose the look of the one before them, such as an emoji in colour.
pub(super) fn is_variation_selector(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}')
}

/// Accents of Latin letters, without the strokes across a letter (see [`is_mark`]), the iota below
/// and the small letters above one.
pub(super) fn is_accent(c: char) -> bool {
    matches!(
        c,
        '\u{300}'..='\u{333}' | '\u{339}'..='\u{344}' | '\u{346}'..='\u{362}'
            | '\u{fe20}'..='\u{fe2f}'
    )
}

/// Marks that stand on the character before them. Strokes are among them, which cannot be left
/// out: `≮` without its stroke means the contrary, and a price struck out would be one again.
pub(super) fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{fe20}'..='\u{fe2f}')
}

/// Emoji, pictographs and ornaments. Blocks of pictographs are taken whole, so that emoji of
/// years to come, which phones know before this table does, are no surprise.
pub(super) fn is_ornament(c: char) -> bool {
    matches!(
        c,
        '\u{20dd}'..='\u{20df}' | '\u{20e2}'..='\u{20e4}' // frames, such as that of a keycap
            | '¶'
            | 'ℹ'
            // arrows but those with a stroke
            | '\u{2190}'..='\u{2199}' | '\u{219c}'..='\u{21ad}' | '\u{21af}'..='\u{21cc}'
            | '\u{21d0}'..='\u{21ff}'
            | '\u{231a}'..='\u{231b}' // clocks
            | '\u{2328}' // keyboard
            | '\u{23cf}' // eject
            | '\u{23e9}'..='\u{23fe}' // player keys, clocks
            | '\u{2500}'..='\u{259f}' // boxes and blocks
            | '\u{25a0}'..='\u{25ff}' // shapes
            | '\u{2600}'..='\u{26ff}' // miscellaneous symbols
            | '\u{2700}'..='\u{2775}' | '\u{2794}'..='\u{27bf}' // dingbats but their numbers
            | '\u{2934}'..='\u{2935}'
            | '\u{2b00}'..='\u{2bff}' // symbols and arrows
            | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}'
            | '\u{fffc}' // stands for a picture that did not come along
            | '\u{1f000}'..='\u{1f0ff}' // tiles, dominoes, cards
            | '\u{1f1e6}'..='\u{1f1ff}' // letters of flags
            | '\u{1f201}'..='\u{1f202}' | '\u{1f21a}' | '\u{1f22f}' | '\u{1f232}'..='\u{1f23a}'
            | '\u{1f250}'..='\u{1f251}' | '\u{1f260}'..='\u{1f265}'
            | '\u{1f300}'..='\u{1f6ff}' // pictographs, faces, transport
            | '\u{1f780}'..='\u{1f8ff}' // more shapes and arrows
            | '\u{1f900}'..='\u{1faff}' // more pictographs
    )
}
