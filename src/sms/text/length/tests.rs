use proptest::prelude::*;

use super::Encoding::{Gsm7, Ucs2};
use super::*;

/// Parts, units, and units left.
fn shape(text: &str, encoding: Encoding, mention: usize) -> (u32, usize, usize) {
    let length = measure(text, encoding, mention).unwrap();
    assert_eq!((length.encoding, length.characters), (encoding, text.chars().count()));
    (length.parts, length.units, length.left)
}

#[test]
fn gsm_parts_hold_160_then_153() {
    let cases = [
        (0, (1, 0, 160)),
        (1, (1, 1, 159)),
        (160, (1, 160, 0)),
        (161, (2, 161, 145)),
        (306, (2, 306, 0)),
        (307, (3, 307, 152)),
        (918, (6, 918, 0)),
        (919, (7, 919, 152)),
        (153 * 8 + 1, (9, 1225, 152)),
    ];
    for (count, expected) in cases {
        assert_eq!(shape(&"é".repeat(count), Gsm7, 0), expected, "{count}");
    }
}

#[test]
fn an_extension_pair_is_never_cut() {
    let a = |count: usize| "a".repeat(count);
    let cases = [
        ("€".repeat(80), (1, 160, 0)),
        ("€".repeat(81), (2, 162, 143)), // 76 pairs, then 5
        ("€".repeat(153), (3, 306, 151)),
        (a(158) + "€", (1, 160, 0)),
        (a(159) + "€", (2, 161, 145)),
        (a(151) + "€" + &a(153), (2, 306, 0)),
        (a(152) + "€" + &a(151), (2, 305, 0)),
        (a(152) + "€" + &a(152), (3, 306, 152)),
        (a(305) + "€", (3, 307, 151)),
        (a(304) + "€", (2, 306, 0)),
    ];
    for (text, expected) in cases {
        assert_eq!(shape(&text, Gsm7, 0), expected, "{text}");
    }
}

#[test]
fn ucs2_parts_hold_70_then_67_and_no_surrogate_pair_is_cut() {
    let a = |count: usize| "ж".repeat(count);
    let cases = [
        (String::new(), (1, 0, 70)),
        (a(70), (1, 70, 0)),
        (a(71), (2, 71, 63)),
        (a(134), (2, 134, 0)),
        (a(135), (3, 135, 66)),
        (a(402), (6, 402, 0)),
        (a(403), (7, 403, 66)),
        ("😀".repeat(35), (1, 70, 0)),
        ("😀".repeat(67), (3, 134, 65)), // 33 pairs a part
        (a(66) + "😀" + &a(65), (2, 133, 0)),
        (a(66) + "😀" + &a(66), (3, 134, 66)),
        (a(65) + "😀" + &a(67), (2, 134, 0)),
        ("€".repeat(70), (1, 70, 0)), // no pair in UCS-2
    ];
    for (text, expected) in cases {
        assert_eq!(shape(&text, Ucs2, 0), expected, "{text}");
    }
}

#[test]
fn the_mention_counts_at_the_end() {
    let a = |count: usize| "a".repeat(count);
    assert_eq!(shape("", Gsm7, STOP), (1, 12, 148));
    assert_eq!(shape(&a(148), Gsm7, STOP), (1, 160, 0));
    assert_eq!(shape(&a(149), Gsm7, STOP), (2, 161, 145));
    assert_eq!(shape(&a(294), Gsm7, STOP), (2, 306, 0));
    assert_eq!(shape(&a(295), Gsm7, STOP), (3, 307, 152));
    assert_eq!(shape(&a(906), Gsm7, STOP).0, MOST_PARTS);
    assert_eq!(shape(&a(907), Gsm7, STOP).0, MOST_PARTS + 1);
    assert_eq!(shape(&a(58), Ucs2, STOP), (1, 70, 0));
    assert_eq!(shape(&a(59), Ucs2, STOP), (2, 71, 63));
    assert_eq!(shape("", Gsm7, usize::MAX).1, usize::MAX);
}

#[test]
fn what_is_not_in_the_alphabet_has_no_length_in_it() {
    assert_eq!(measure("forêt", Gsm7, 0), None);
    assert_eq!(shape("forêt", Ucs2, 0), (1, 5, 65));
    assert_eq!([Gsm7.to_string(), Ucs2.to_string()], ["GSM-7", "UCS-2"]);
}

/// Fills parts as one would by hand: a list of the units in each.
fn by_hand(text: &str, encoding: Encoding, mention: usize) -> Vec<usize> {
    let (single, part, wide) = match encoding {
        Gsm7 => (160, 153, "\u{c}^{}\\[~]|€".to_owned()),
        Ucs2 => (70, 67, text.chars().filter(|c| *c > '\u{ffff}').collect()),
    };
    let mut widths: Vec<usize> =
        text.chars().map(|c| if wide.contains(c) { 2 } else { 1 }).collect();
    widths.extend(vec![1; mention]);
    if widths.iter().sum::<usize>() <= single {
        return vec![widths.iter().sum()];
    }
    let mut parts = vec![0];
    for width in widths {
        if parts.last().unwrap() + width > part {
            parts.push(0);
        }
        *parts.last_mut().unwrap() += width;
    }
    parts
}

proptest! {
    #[test]
    fn measuring_agrees_with_filling_by_hand(
        text in "([a-z€\\[]{0,60}|[^€]€){0,30}",
        emoji in "[a-zж😀]{0,450}",
        mention in 0..400_usize,
    ) {
        for (text, encoding, single, part) in [(text, Gsm7, 160, 153), (emoji, Ucs2, 70, 67)] {
            let Some(length) = measure(&text, encoding, mention) else {
                prop_assert!(!crate::sms::text::is_gsm(&text));
                continue;
            };
            let parts = by_hand(&text, encoding, mention);
            prop_assert_eq!(length.parts as usize, parts.len());
            prop_assert_eq!(length.units, parts.iter().sum::<usize>());
            let size = if parts.len() == 1 { single } else { part };
            prop_assert_eq!(length.left, size - parts.last().unwrap());
        }
    }
}
