//! Numbers, as identities have them.

use std::borrow::Cow;

use serde_json::Number;

/// Up to here each whole number has a float of its own.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A number as digits: `2`, `2.0` and `0.2e1` are one number.
///
/// Journals were begun when numbers were floats, and a number that a float shows in full keeps the
/// form of then. Any other, such as a whole number of twenty digits, has all of its digits: two of
/// them are two numbers, although they have the same float.
pub fn canonical(number: &Number) -> Cow<'_, str> {
    let text = number.as_str();
    if is_whole(text) {
        return Cow::Borrowed(text);
    }
    let Some(exact) = exactly(text) else { return Cow::Borrowed(text) };
    match float(text).filter(|float| is_in_full(&exact, text, *float)) {
        Some(float) if float.fract() == 0.0 && float.abs() < EXACT => {
            #[expect(clippy::cast_possible_truncation, reason = "it is whole, and in bounds")]
            let whole = float as i64;
            Cow::Owned(whole.to_string())
        }
        Some(float) => {
            Number::from_f64(float).map_or(Cow::Borrowed(text), |it| it.to_string().into())
        }
        None => Cow::Owned(exact),
    }
}

/// Whether a float tells a number from all others: it has few digits, or is written as the nearest
/// float is. That of the journals may be a neighbour of that one.
fn is_in_full(exact: &str, text: &str, float: f64) -> bool {
    let significant = exact.split('e').next().unwrap_or_default().trim_start_matches('-');
    let nearest = || text.parse().ok().and_then(Number::from_f64);
    let is_zero = significant == "0";
    (float != 0.0 || is_zero) && significant.len() <= 15
        || nearest().is_some_and(|it| exactly(it.as_str()).as_deref() == Some(exact))
}

/// A number as the first journals have it: as a float is written, if it is not whole, or too large.
pub fn formerly(number: &Number) -> Number {
    let text = number.as_str();
    let float = if is_whole(text) { None } else { float(text) };
    float.and_then(Number::from_f64).unwrap_or_else(|| number.clone())
}

/// Whether it is a whole number of at most 64 bits, which has one form.
fn is_whole(text: &str) -> bool {
    text != "-0" && (text.parse::<u64>().is_ok() || text.parse::<i64>().is_ok())
}

/// The float that a number was read as when numbers were floats. It may be another than the nearest
/// one, where there are many digits.
fn float(text: &str) -> Option<f64> {
    serde_json::from_str(text).ok()
}

/// All digits of a number, and where its point is: the same for all ways of writing it. `None` for an
/// exponent without bounds.
fn exactly(text: &str) -> Option<String> {
    let (sign, text) = text.strip_prefix('-').map_or(("", text), |it| ("-", it));
    let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    let significant = digits.trim_end_matches('0');
    if significant.is_empty() {
        return Some("0".to_owned());
    }
    let length = |it: &str| i64::try_from(it.len()).ok();
    let zeros = length(digits)? - length(significant)?;
    let exponent = exponent.parse::<i64>().ok()?.checked_sub(length(fraction)?)?;
    Some(format!("{sign}{significant}e{}", exponent.checked_add(zeros)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::exact;

    fn of(text: &str) -> String {
        let serde_json::Value::Number(number) = exact::parse(text).unwrap() else {
            panic!("{text}")
        };
        canonical(&number).into_owned()
    }

    #[test]
    fn all_ways_of_writing_a_number_are_one() {
        for same in [
            &["0", "-0", "0.0", "-0.00", "0e7", "-0e-9"][..],
            &["2", "2.0", "0.2e1", "20e-1", "200E-2"],
            &["-15", "-15.0", "-1.5e1", "-1.5E+1"],
            &["19.9", "19.90", "1.99e1", "1990e-2"],
            &["0.0000001", "1e-7", "0.1E-6"],
            &["20261128000000000001", "2026112800000000000.1e1", "20261128000000000001.00"],
            &["20261128000000000000", "2.0261128e19", "20261128000000000000.0"],
            &["123456789012345678901234567890", "1.2345678901234567890123456789e29"],
            &["1e400", "10e399", "0.1E+401"],
            &["-1e-400", "-10e-401"],
            &["0.30000000000000004", "0.300000000000000040", "30000000000000004e-17"],
        ] {
            for one in same {
                assert_eq!(of(one), of(same[0]), "{one}");
            }
        }
    }

    #[test]
    fn numbers_that_share_a_float_are_two() {
        for (one, other) in [
            ("20261128000000000001", "20261128000000000003"),
            ("20261128000000000001", "20261128000000000000"),
            ("18446744073709551616", "18446744073709551617"),
            ("-9223372036854775809", "-9223372036854775810"),
            ("9007199254740992.5", "9007199254740992"),
            ("0.1", "0.10000000000000000001"),
            ("19.90", "19.9000000000000000001"),
            ("1e400", "1e401"),
            ("1e400", "-1e400"),
            ("1e-400", "0"),
            ("1e99999999999999999999", "1e99999999999999999998"),
            ("3.14159265358979323846", "3.14159265358979323847"),
        ] {
            assert_ne!(of(one), of(other), "{one} {other}");
        }
    }
}
