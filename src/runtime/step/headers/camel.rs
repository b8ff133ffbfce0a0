//! The names of variables, as headers.

/// The name of a variable as a header: `FLOW_VERSION` becomes `flowVersion`. The rules are those of
/// lodash's `camelCase`, since readers know the names that a Node step writes.
pub fn camel_case(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some(next) = rest.first() {
        let length = if next.is_ascii_alphanumeric() { word(rest) } else { 0 };
        for (place, letter) in rest[..length].iter().enumerate() {
            let upper = place == 0 && !camel.is_empty();
            let case = if upper { u8::to_ascii_uppercase } else { u8::to_ascii_lowercase };
            camel.push(char::from(case(letter)));
        }
        rest = &rest[length.max(1)..];
    }
    camel
}

/// The length of the word that a text of ASCII letters and digits begins with.
fn word(text: &[u8]) -> usize {
    let run = |from: usize, kind: fn(&u8) -> bool| {
        from + text[from..].iter().take_while(|it| kind(it)).count()
    };
    if text[0].is_ascii_digit() {
        let digits = run(0, u8::is_ascii_digit);
        return if is_ordinal(&text[digits - 1..]) { digits + 2 } else { digits };
    }
    let upper = run(0, u8::is_ascii_uppercase);
    let followed = text.get(upper).is_some_and(u8::is_ascii_lowercase);
    match (upper, followed) {
        (0 | 1, _) => run(upper, u8::is_ascii_lowercase),
        // The last capital begins the next word: XMLHttp is XML, Http.
        (_, true) => upper - 1,
        (_, false) => upper,
    }
}

/// Whether a text begins with 1st, 2nd, 3rd, 4th and so on, as a word in one case.
fn is_ordinal(text: &[u8]) -> bool {
    let (ending, next) = match text {
        [_, first, second, rest @ ..] => ([*first, *second], rest.first()),
        _ => return false,
    };
    let (lower, upper) = match text[0] {
        b'1' => (b"st", b"ST"),
        b'2' => (b"nd", b"ND"),
        b'3' => (b"rd", b"RD"),
        _ => (b"th", b"TH"),
    };
    let ends =
        |other: fn(&u8) -> bool| next.is_none_or(|it| !it.is_ascii_alphanumeric() || other(it));
    (ending == *upper && ends(u8::is_ascii_lowercase))
        || (ending == *lower && ends(u8::is_ascii_uppercase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_lodash_writes_them() {
        for (name, expected) in [
            ("TENANT_ID", "tenantId"),
            ("FLOW_VERSION", "flowVersion"),
            ("foo", "foo"),
            ("Foo", "foo"),
            ("FOO", "foo"),
            ("fooBar", "fooBar"),
            ("XMLHttpRequest", "xmlHttpRequest"),
            ("API2_URL", "api2Url"),
            ("OAUTH2CLIENT", "oauth2Client"),
            ("FOO1bar", "foo1Bar"),
            ("foo1BAR", "foo1Bar"),
            ("STEP_1ST_ID", "step1stId"),
            ("A_2ND", "a2nd"),
            ("A_11TH_B", "a11ThB"),
            ("A_4TH_B", "a4thB"),
            ("A_3rdX", "a3rdX"),
            ("A_3RDX", "a3Rdx"),
            ("A_1st_b", "a1stB"),
            ("1STs", "1stS"),
            ("21ST", "21st"),
            ("2ND2", "2Nd2"),
            ("__A__B__", "aB"),
            ("A1", "a1"),
            ("1A", "1A"),
            ("a_b-c.d", "aBCD"),
            ("AB1C", "ab1C"),
            ("E_MAIL2GO", "eMail2Go"),
            ("HTTPServer2x", "httpServer2X"),
            ("_", ""),
        ] {
            assert_eq!(camel_case(name), expected, "{name}");
        }
    }
}
