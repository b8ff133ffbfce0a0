//! Characters that show nothing. Texts, numbers and addresses share this one list.

/// Whether a character shows nothing by itself: joiners, soft hyphen, byte order mark, marks of
/// direction, variation selectors, tags. They come along when text is copied from a web page, a
/// telephone or a word processor. Control characters are not among them: those are damage.
pub fn is_invisible(c: char) -> bool {
    // Nearly all characters are below the first of them.
    c >= '\u{ad}'
        && matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}'
                | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0001}' | '\u{e0020}'..='\u{e007f}'
                | '\u{e0100}'..='\u{e01ef}'
        )
}
