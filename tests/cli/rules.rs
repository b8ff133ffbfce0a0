//! Numbers, texts and times through the real binary. All dates are relative to today.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp, ToSpan as _, Zoned};
use serde_json::{Value, json};

use crate::cli::{Simulator, isendpro};

/// What a dry run tells of these messages, in their order.
fn plan(action: &str, args: &[&str], messages: &[Value]) -> Vec<Value> {
    let input: Vec<_> = messages.iter().map(Value::to_string).collect();
    let finished = isendpro(&["run", action, "--dry-run"]).args(args).run(input.join("\n"));
    assert_eq!(finished.stderr, "");
    finished.lines()
}

fn message(num: &Value, more: &Value) -> Value {
    let mut body = json!({"num": num, "sms": "Bonjour"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn set<'a>(settings: &[&'a str]) -> Vec<&'a str> {
    settings.iter().flat_map(|it| ["--set", it]).collect()
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn in_paris(days: impl Into<Span>) -> Zoned {
    Timestamp::now().to_zoned(zone("Europe/Paris")).checked_add(days.into()).unwrap()
}

fn instant(text: &Value) -> Timestamp {
    text.as_str().unwrap_or_else(|| panic!("no date: {text}")).parse().unwrap()
}

#[test]
fn a_number_is_the_same_however_it_is_written() {
    let table = [
        ("33680010203", r#"["0680010203", "06 80 01 02 03", "06.80.01.02.03", "06-80-01-02-03"]"#),
        ("33680010203", r#"["+33 (0)6 80 01 02 03", "(+33) 680010203", "0033680010203"]"#),
        ("33680010203", r#"["680010203", 680010203, 33680010203, "'0680010203"]"#),
        ("33680010203", r#"["\u00a006\u202f80 01 02 03\t", "\u202a+33680010203\u202c"]"#),
        ("262692112233", r#"["0692112233", "+262 692 11 22 33", "692112233"]"#),
        ("590690112233", r#"["0690112233", "00590690112233"]"#),
        ("596696451234", r#"["0696 45 12 34"]"#),
        ("594694201234", r#"["0694.20.12.34"]"#),
        ("68987123456", r#"["+689 87 12 34 56"]"#),
        ("32470123456", r#"["+32 470 12 34 56", "tel:0032470123456"]"#),
        ("41791234567", r#"["+41 (0)79 123 45 67"]"#),
    ];
    let numbers = table.map(|(_, written)| crate::cli::json(written).as_array().unwrap().clone());
    let input: Vec<_> = numbers.iter().flatten().map(|it| message(it, &json!({}))).collect();
    let tels = table.iter().zip(&numbers).flat_map(|((tel, _), it)| vec![tel; it.len()]);
    for (told, tel) in plan("sendSms", &[], &input).iter().zip(tels) {
        assert_eq!((&told["status"], &told["tel"]), (&json!("planned"), &json!(tel)), "{told}");
    }
}

#[test]
fn national_numbers_are_those_of_the_region() {
    let belgian = message(&json!("0470 12 34 56"), &json!({}));
    let own = message(&json!("0680010203"), &json!({"region": "fr"}));
    let dry = || isendpro(&["run", "sendSms", "--dry-run"]);
    let flag = ["--set", "region=BE"];
    for cli in [dry().env("ISENDPRO_REGION", "BE"), dry().env("ISENDPRO_REGION", "RE").args(&flag)]
    {
        let lines = cli.run(format!("{belgian}\n{own}")).quiet(0);
        assert_eq!([&lines[0]["tel"], &lines[1]["tel"]], ["32470123456", "33680010203"]);
    }
    let french = dry().run(belgian.to_string()).quiet(3);
    assert_eq!(french[0]["error"]["reason"], "landline");
    dry().args(&["--set", "region=Belgium"]).run("").says(2, &["region", "two letters"]);
}

#[test]
fn a_range_that_nobody_knows_is_sent_to_with_a_warning() {
    let simulator = Simulator::start(&[]);
    let input = r#"{"num":"0700112233","sms":"a"}"#;
    let told = &simulator.run("sendSms", "k", &[]).run(input).quiet(0)[0];
    assert_eq!(told["status"], "accepted");
    assert!(told["warnings"][0].as_str().unwrap().starts_with("num: "), "{told}");
    assert_eq!(simulator.total(), 1);
}

/// Every way to say a date means one instant, and that is when the message is due.
#[test]
fn a_message_is_due_at_the_instant_that_its_date_says() {
    let simulator = Simulator::start(&[]);
    let day = in_paris(40.days()).date();
    let at = day.at(10, 0, 0, 0);
    let plain = at.strftime("%Y-%m-%d %H:%M").to_string();
    let iso = at.strftime("%Y-%m-%dT%H:%M").to_string();
    let mut table = vec![
        (json!({"date_envoi": plain}), "Europe/Paris"),
        (json!({"date_envoi": iso}), "Europe/Paris"),
        (json!({"date_envoi": format!("{iso}:00Z")}), "UTC"),
        (json!({"date_envoi": format!("{iso}+05:45")}), "Asia/Kathmandu"),
        (json!({"date_envoi": format!("{iso}Z"), "gmt_zone": "Europe/Paris"}), "UTC"),
    ];
    for zone in ["Indian/Reunion", "Pacific/Noumea", "America/St_Johns", "UTC"] {
        table.push((json!({"date_envoi": plain, "gmt_zone": zone}), zone));
    }
    let input: Vec<_> =
        table.iter().map(|(more, _)| message(&json!("0680010001"), more).to_string()).collect();
    let lines =
        simulator.run("sendSms", "k", &["--concurrency", "1"]).run(input.join("\n")).quiet(0);
    let sent = simulator.sent();
    assert_eq!(sent.len(), table.len());
    for (((asked, place), taken), told) in table.iter().zip(&sent).zip(&lines) {
        let expected = at.to_zoned(zone(place)).unwrap().timestamp();
        assert_eq!(
            (instant(&taken["due"]), instant(&told["sendAt"])),
            (expected, expected),
            "{asked}"
        );
    }
}

/// The next change of this kind of the clocks in the zone, at least two hours ahead.
fn change(zone: &TimeZone, forward: bool) -> Timestamp {
    let mut before = Timestamp::now() + SignedDuration::from_hours(2);
    loop {
        let change = zone.following(before).next().unwrap().timestamp();
        let earlier = zone.to_offset(change - SignedDuration::from_secs(1));
        if (zone.to_offset(change) > earlier) == forward {
            return change;
        }
        before = change;
    }
}

#[test]
fn a_time_that_clocks_skip_is_an_error_and_one_that_they_repeat_a_warning() {
    // Of a zone of the north and one of the south, one changes its clocks within half a year.
    let soonest = |forward: bool| {
        let zones = ["Europe/Paris", "Australia/Sydney"].map(|it| (change(&zone(it), forward), it));
        zones.into_iter().min().unwrap()
    };
    let ask = |(change, name): (Timestamp, &str), offset: jiff::tz::Offset| {
        let local = offset.to_datetime(change + SignedDuration::from_mins(30));
        let date = local.strftime("%Y-%m-%d %H:%M").to_string();
        let body = json!({"date_envoi": date, "gmt_zone": name});
        plan("sendSms", &[], &[message(&json!("0680010001"), &body)]).remove(0)
    };
    let gap = soonest(true);
    let skipped = ask(gap, zone(gap.1).to_offset(gap.0 - SignedDuration::from_secs(1)));
    assert_eq!(skipped["error"]["field"], "date_envoi", "{skipped}");
    assert!(
        skipped["error"]["message"].as_str().unwrap().contains("does not exist in"),
        "{skipped}"
    );
    let fold = soonest(false);
    let repeated = ask(fold, zone(fold.1).to_offset(fold.0));
    assert!(repeated["warnings"][0].as_str().unwrap().contains("exists twice"), "{repeated}");
    // The earlier of the two.
    assert_eq!(instant(&repeated["sendAt"]), fold.0 - SignedDuration::from_mins(30));
}

/// A Monday in a week without holidays, at least nine days ahead: in these months there are none.
fn ordinary_monday() -> Date {
    let mut day = in_paris(9.days()).date();
    while day.weekday() != Weekday::Monday
        || ![2, 9, 10].contains(&day.month())
        || !(3..=27).contains(&day.day())
    {
        day = day.tomorrow().unwrap();
    }
    day
}

#[test]
fn marketing_waits_for_the_hours_of_the_recipient() {
    let monday = ordinary_monday();
    let (france, reunion, antilles) = ("0680010001", "0692110001", "0690110001");
    let today = in_paris(0.days()).date();
    let christmas = jiff::civil::date(today.year(), 12, 25);
    let holiday =
        if today.month() == 12 { today.last_of_year().tomorrow().unwrap() } else { christmas };
    let after = if holiday.tomorrow().unwrap().weekday() == Weekday::Sunday { 2 } else { 1 };
    // Whom, the day and hour asked for in France, and the opening where the recipient is.
    let table = [
        (france, monday - 1.day(), 10, Some((monday, "Europe/Paris"))),
        (france, monday, 7, Some((monday, "Europe/Paris"))),
        (france, monday, 8, None),
        (france, monday, 19, None),
        (france, monday, 20, Some((monday + 1.day(), "Europe/Paris"))),
        (france, monday, 23, Some((monday + 1.day(), "Europe/Paris"))),
        (france, monday - 2.days(), 21, Some((monday, "Europe/Paris"))),
        (reunion, monday, 10, None),
        (reunion, monday, 18, Some((monday + 1.day(), "Indian/Reunion"))),
        (antilles, monday, 10, Some((monday, "America/Guadeloupe"))),
        (france, holiday, 10, Some((holiday + after.days(), "Europe/Paris"))),
    ];
    let body = |(num, day, hour, _): &(&str, Date, i8, Option<(Date, &str)>)| {
        message(&json!(num), &json!({"date_envoi": format!("{day} {hour:02}:00")}))
    };
    let input: Vec<_> = table.iter().map(body).collect();
    let told = plan("sendSms", &set(&["kind=marketing"]), &input);
    let free = plan("sendSms", &set(&["kind=transactional"]), &input);
    for (((row, asked), told), free) in table.iter().zip(&input).zip(&told).zip(&free) {
        let wanted = row.1.at(row.2, 0, 0, 0).to_zoned(zone("Europe/Paris")).unwrap();
        let expected = row.3.map_or(wanted.clone(), |(day, place)| {
            day.at(8, 0, 0, 0).to_zoned(zone(place)).unwrap()
        });
        assert_eq!(instant(&told["sendAt"]), expected.timestamp(), "{asked}");
        assert_eq!(told["warnings"].is_array(), row.3.is_some(), "{told}");
        assert_eq!(instant(&free["sendAt"]), wanted.timestamp(), "{asked}");
    }
}

/// Whether it is night there now.
fn night(place: &str) -> bool {
    !(8..20).contains(&Timestamp::now().to_zoned(zone(place)).hour())
}

/// It is always night somewhere in France.
#[test]
fn marketing_without_a_date_waits_for_the_morning_where_it_is_night() {
    let places = [
        ("0680010001", "Europe/Paris"),
        ("+689 87120001", "Pacific/Tahiti"),
        ("+687 750001", "Pacific/Noumea"),
    ];
    let before = places.map(|(_, place)| night(place));
    let body = message(&json!(places.map(|(num, _)| num)), &json!({}));
    let told = plan("sendSmsMulti", &set(&["kind=marketing"]), &[body]).remove(0);
    let after = places.map(|(_, place)| night(place));
    for (place, (_, name)) in places.iter().enumerate() {
        if before[place] && after[place] {
            let opening = instant(&told["results"][place]["sendAt"]);
            let local = opening.to_zoned(zone(name)).datetime();
            assert_eq!((local.hour(), local.minute()), (8, 0), "{name}: {told}");
            assert!(opening > Timestamp::now(), "{name}: {told}");
        }
    }
    assert!(told["warnings"].to_string().contains("where the recipient is"), "{told}");
}

#[test]
fn a_recipient_without_a_number_is_refused_alone() {
    let body =
        r#"{"recipients":[{"num":"","sms":"a"},{"num":"0680010001","sms":"b"},{"sms":"c"}]}"#;
    let simulator = Simulator::start(&[]);
    let ran = simulator.run("sendSmsMulti", "main", &[]).run(body);
    let result = &ran.lines()[0];
    assert_eq!((&result["accepted"], &result["refused"]), (&1.into(), &2.into()), "{result}");
    assert_eq!(result["results"][2]["reason"], "badNumber");
    assert_eq!(simulator.total(), 1);
}
