//! Web and mail addresses in a text: with a letter replaced they would lead elsewhere.

use super::{gsm, table};

/// Endings that make a word an address although nothing else does: `fête.fr`, but not
/// `prête.Merci`, where a blank is missing.
const ENDINGS: [&str; 14] =
    ["be", "biz", "bzh", "ch", "com", "eu", "fr", "gp", "info", "io", "nc", "net", "org", "re"];

/// Whether a word holds an address that has something else than GSM in it. What cannot be seen does
/// not count: it is left out.
pub(super) fn is_fragile(word: &str) -> bool {
    let foreign = |c: char| gsm::septets(c).is_none() && !table::is_invisible(c);
    // Nearly all words have no dot and no colon, which any address has.
    if !word.bytes().any(|it| matches!(it, b'.' | b':')) || !word.contains(foreign) {
        return false;
    }
    let address = within(word);
    address.contains(foreign) && is_address(&address.to_lowercase())
}

/// The part of a word that can be an address, without the signs around it.
///
/// An elision, a quote, a bracket, a dash or an arrow may stand before it (`d’exemple.fr`), and
/// behind it. Within its path, an apostrophe or a dash is part of it; a quote, a bracket or an
/// arrow ends it.
fn within(word: &str) -> &str {
    let address = &word[start(word)..];
    let host = address.split_once("://").map_or(0, |(scheme, _)| scheme.len() + "://".len());
    let end_of_host =
        address[host..].find(|c| !is_in_host(c)).map_or(address.len(), |it| host + it);
    let (host, rest) = address.split_at(end_of_host);
    let length = match rest.chars().next() {
        Some('/' | '?' | '#') => rest.find(ends).unwrap_or(rest.len()),
        _ => 0,
    };
    let all = &address[..host.len() + length];
    all.trim_end_matches(|c: char| {
        !c.is_alphanumeric() && !matches!(c, '/' | '=' | '%' | '-' | '_')
    })
}

/// Where the address in a word begins, if it holds one.
fn start(word: &str) -> usize {
    if let Some(colon) = word.find("://") {
        let scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        return word[..colon].trim_end_matches(scheme).len();
    }
    let path = word.find(['/', '?', '#']).unwrap_or(word.len());
    let dot = word[..path].find('.').unwrap_or(path);
    word[..dot].trim_end_matches(is_in_host).len()
}

/// Characters of a host, of a port, and of what a mail address has before it.
fn is_in_host(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '@' | ':') || is_part_of_letter(c)
}

fn is_part_of_letter(c: char) -> bool {
    table::is_mark(c) || table::is_invisible(c)
}

/// Quotes, brackets, arrows and dots that no address holds.
fn ends(c: char) -> bool {
    matches!(
        c,
        '“' | '”' | '„' | '‟' | '«' | '»' | '‹' | '›' | '…' | '⟨' | '⟩' | '【' | '】' | '「' | '」'
            | '《' | '》' | '（' | '）' | '\u{2190}'..='\u{21ff}' | '\u{27f0}'..='\u{27ff}'
            | '\u{2794}'..='\u{27be}'
    )
}

fn is_address(word: &str) -> bool {
    let host = word.split(['/', '?', '#']).next().unwrap_or(word);
    let dotted = host.rsplit_once('.');
    let ending = dotted.map_or("", |(_, it)| it.split(':').next().unwrap_or(it));
    let plausible = ending.len() >= 2 && ending.bytes().all(|it| it.is_ascii_alphabetic());
    word.contains("://")
        || word.starts_with("www.")
        || (plausible && (host.contains('@') || host.len() < word.len()))
        || ENDINGS.contains(&ending)
}

#[cfg(test)]
mod tests {
    use super::is_fragile;

    #[test]
    fn signs_around_an_address_are_no_part_of_it() {
        for word in [
            "d’exemple.fr",
            "l’https://exemple.fr/a",
            "‘www.exemple.fr’",
            "“exemple.fr/a”,",
            "«exemple.fr»",
            "–exemple.fr–",
            "—https://exemple.fr/été—",
            "→exemple.fr/promo←",
            "⇒www.exemple.fr",
            "lien:→https://exemple.fr/a?b=c",
            "【exemple.fr/a】ici",
            "exemple.fr’s",
            "exemple.fr—merci",
            "exemple.fr/a”…suite",
            "info@exemple.fr’",
            "d’info@exemple.fr»",
            "jusqu’à:http://exemple.fr/x",
            "aujourd’hui–exemple.fr:8080/a",
            "https://exemple.fr/a…",
            "👉https://exemple.fr/a👈",
        ] {
            assert!(!is_fragile(word), "{word}");
        }
    }

    #[test]
    fn what_cannot_be_seen_is_no_part_of_it_either() {
        for word in [
            "https://exemple.fr/pro\u{200b}mo",
            "\u{feff}exemple.fr",
            "exem\u{ad}ple.fr/a",
            "www.exemple\u{2060}.fr",
            "info\u{200c}@exemple.fr",
            "https:\u{200b}//exemple.fr/été",
            "\u{202a}https://exemple.fr\u{202c}",
            "exemple.fr\u{200e}",
            "exemple.\u{200d}fr/a",
            "https://exemple.fr/?a\u{feff}=1",
        ] {
            assert!(!is_fragile(word), "{word:?}");
        }
    }

    #[test]
    fn a_letter_in_it_is() {
        for word in [
            "d’hôtel.fr",
            "“www.forêt.fr”",
            "→https://ex.fr/forêt",
            "https://ex.fr/l’offre",
            "https://ex.fr/a–b",
            "ex.fr/à’été",
            "jérôme.noël@exemple.fr",
            "l’exemple.fr/fête",
            "ho\u{302}tel.fr",
            "fo\u{200b}rêt.fr",
            "https://ex.fr/👍/a",
        ] {
            assert!(is_fragile(word), "{word}");
        }
    }
}
