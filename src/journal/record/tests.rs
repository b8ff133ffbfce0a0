use proptest::prelude::*;

use super::*;
use crate::component::{Seal, WHOLE};

fn secret() -> Secret {
    Secret::new(&[3; 32], Seal::default())
}

fn at(microseconds: i64) -> Timestamp {
    Timestamp::from_microsecond(microseconds).unwrap()
}

fn claimed(attempt: u64) -> Record {
    let slot = Slot { index: WHOLE, tel: "33612345678", tracker: Some("t") };
    let wanted = Wanted {
        message: MessageKey([1; 32]),
        scope: Scope([2; 16]),
        action: "sendSms",
        account: None,
        slots: &[slot],
        resend: false,
        lasts: crate::journal::laws::LASTS,
        progress: None,
    };
    let by = Claimant { owner: Owner([4; 16]), attempt, now: at(1_000_000) };
    Record { mark: secret().mark(slot.tel), ..Record::claimed(by, &wanted, &slot, &secret()) }
}

fn in_state(state: State) -> Record {
    Record { state, ..claimed(7) }
}

fn kept() -> Kept {
    Kept { at: at(0), code: Some(0), parts: Some(2), data: Some("{}".into()) }
}

const STATES: [State; 4] = [State::Claimed, State::Accepted, State::Refused, State::Unknown];

#[test]
fn each_outcome_of_each_state_by_its_own_and_by_another_attempt() {
    let outcomes = [
        Fallout::Accepted(kept()),
        Fallout::Refused { code: Some(11) },
        Fallout::Released,
        Fallout::Unknown,
    ];
    // What becomes of each outcome: a state, `x` for removed, `-` for kept.
    let table = [
        (State::Claimed, 7, "ARxU"),
        (State::Claimed, 8, "A---"),
        (State::Accepted, 7, "----"),
        (State::Accepted, 8, "----"),
        (State::Refused, 7, "A---"),
        (State::Refused, 8, "A---"),
        (State::Unknown, 7, "A---"),
        (State::Unknown, 8, "A---"),
    ];
    for (state, attempt, expected) in table {
        let became: String = outcomes
            .iter()
            .map(|it| match in_state(state).settle(attempt, it, at(5)) {
                Change::Keep => '-',
                Change::Remove => 'x',
                Change::Write(record) => char::from(record.encode()[1]),
            })
            .collect();
        assert_eq!(became, expected, "{state:?} by attempt {attempt}");
    }
}

#[test]
fn what_was_accepted_late_belongs_to_the_late_attempt() {
    let Change::Write(record) = claimed(7).settle(6, &Fallout::Accepted(kept()), at(5)) else {
        panic!("it is written")
    };
    assert_eq!((record.attempt, record.settled, record.parts), (6, Some(at(5)), Some(2)));
    assert_eq!(record.claimed, at(1_000_000), "the claim's time counts");
}

#[test]
fn each_state_stands_as_it_must() {
    let letter = |it| match it {
        Standing::Free => 'f',
        Standing::Busy => 'b',
        Standing::Known(Known::Accepted(_)) => 'a',
        Standing::Known(Known::Unknown { .. }) => 'u',
        Standing::Known(Known::Refused { .. } | Known::Changed { .. }) => '!',
    };
    // Alive and first, alive and again, dead and first, dead and again.
    let cases = [(true, false), (true, true), (false, false), (false, true)];
    for (state, expected) in STATES.into_iter().zip(["bbuf", "aaaa", "ffff", "ufuf"]) {
        let stands: String =
            cases.iter().map(|it| letter(in_state(state).standing(it.0, it.1))).collect();
        assert_eq!(stands, expected, "{state:?}");
    }
}

#[test]
fn a_person_settles_what_is_in_doubt() {
    for (state, alive, expected) in [
        (State::Claimed, true, false),
        (State::Claimed, false, true),
        (State::Unknown, true, true),
        (State::Accepted, false, false),
        (State::Refused, false, false),
    ] {
        let change = in_state(state).accept(alive, at(5));
        let accepted = matches!(&change, Change::Write(it) if it.state == State::Accepted);
        assert_eq!(accepted, expected, "{state:?}");
        assert!(accepted || change == Change::Keep);
    }
}

#[test]
fn a_mark_is_keyed_and_short() {
    let mark = secret().mark("33612345678").unwrap();
    assert_eq!(mark.last_digits, "78");
    let other = Secret::new(&[4; 32], Seal::default());
    assert_ne!(mark.hash, other.mark("33612345678").unwrap().hash);
    assert_ne!(mark.hash, secret().mark("33612345679").unwrap().hash);
    assert_eq!(secret().mark(""), None);
    assert_eq!(secret().mark("7").unwrap().last_digits, "7");
    assert_eq!(secret().mark("aé").unwrap().last_digits, "aé");
    let seal = Seal::new(&[5; 32]);
    let sealed = Secret::new(&[3; 32], seal.clone());
    for tel in ["33612345678", "33712345678", "32470123456", "262692112233", "447700900123", "7"] {
        let (plain, sealed) = (secret().mark(tel).unwrap(), sealed.mark(tel).unwrap());
        assert_eq!(sealed, Mark { hash: seal.of(plain.hash), ..plain.clone() });
        let record = Record { mark: Some(plain), ..claimed(7) };
        assert_eq!(record.sealed(&seal).mark, Some(sealed));
    }
}

#[test]
fn this_is_how_both_versions_are_written_for_ever() {
    let record = Record { settled: Some(at(2)), code: Some(-1), parts: Some(2), ..claimed(7) };
    let record = Record { data: Some("{}".into()), ..record };
    let written = record.encode();
    let mut expected = vec![1, b'C'];
    expected.extend([4; 16]);
    expected.extend([0, 0, 0, 0, 0, 0, 0, 7]);
    expected.extend([0, 0, 0, 0, 0, 0x0f, 0x42, 0x40]);
    expected.extend([0, 0, 0, 0, 0, 0, 0, 2]);
    expected.extend([2; 16]);
    expected.push(0b1_1111);
    expected.extend(b"\0\0\0\x07sendSms");
    expected.extend([0xff; 8]);
    expected.extend([0, 0, 0, 2]);
    expected.extend(b"\0\0\0\x01t");
    expected.extend(record.mark.as_ref().unwrap().hash);
    expected.extend(b"\0\0\0\x0278");
    expected.extend(b"\0\0\0\x02{}");
    assert_eq!(written, expected);
    assert_eq!(Record::decode(&expected), Ok(record.clone()));
    // With an account.
    let record = Record { account: Some(AccountMark([5; 8])), ..record };
    (expected[0], expected[58]) = (2, 0b101_1111);
    expected.extend([5; 8]);
    assert_eq!(record.encode(), expected);
    assert_eq!(Record::decode(&expected), Ok(record));
    // No version writes the other's.
    expected[0] = 1;
    assert_eq!(Record::decode(&expected), Err(Unreadable::Damaged));
}

#[test]
fn another_version_is_named_and_damage_is_no_guess() {
    let mut written = claimed(7).encode();
    for cut in 1..written.len() {
        assert_eq!(Record::decode(&written[..cut]), Err(Unreadable::Damaged), "cut at {cut}");
    }
    assert_eq!(Record::decode(&[]), Err(Unreadable::Damaged));
    written.push(0);
    assert_eq!(Record::decode(&written), Err(Unreadable::Damaged));
    written[0] = 9;
    assert_eq!(Record::decode(&written), Err(Unreadable::Version(9)));
    let said = Unreadable::Version(9).to_string();
    assert!(said.contains("version 9"), "{said}");
}

prop_compose! {
    fn record()(
        (state, owner, attempt) in (0..4_usize, any::<[u8; 16]>(), any::<u64>()),
        times in (any::<i32>(), prop::option::of(any::<i32>())),
        (scope, action) in (any::<[u8; 16]>(), any::<String>()),
        tracker in prop::option::of(any::<String>()),
        mark in prop::option::of((any::<[u8; 8]>(), any::<String>())),
        (code, parts) in (any::<Option<i64>>(), any::<Option<u32>>()),
        data in prop::option::of(any::<String>()),
        account in any::<Option<[u8; 8]>>(),
    ) -> Record {
        Record {
            state: STATES[state],
            owner: Owner(owner),
            attempt,
            resent: attempt.is_multiple_of(2),
            claimed: at(times.0.into()),
            settled: times.1.map(|it| at(it.into())),
            scope: Scope(scope),
            action,
            tracker,
            mark: mark.map(|(hash, last_digits)| Mark { hash, last_digits }),
            code,
            parts,
            data: data.map(Into::into),
            account: account.map(AccountMark),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(record in record()) {
        prop_assert_eq!(Record::decode(&record.encode()), Ok(record));
    }

    #[test]
    fn nothing_that_is_read_is_misread(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(record) = Record::decode(&bytes) {
            prop_assert_eq!(record.encode(), bytes);
        }
    }

    #[test]
    fn a_changed_byte_never_panics(record in record(), place in any::<usize>(), byte in any::<u8>()) {
        let mut bytes = record.encode();
        let place = place % bytes.len();
        bytes[place] = byte;
        if let Ok(read) = Record::decode(&bytes) {
            prop_assert_eq!(read.encode(), bytes);
        }
    }
}
