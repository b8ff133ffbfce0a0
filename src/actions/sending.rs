//! What the sends, and the count before a send, check alike.

use crate::component::Error;
use crate::isendpro::request::Sms;
use crate::sms::schedule;

use super::recipients;

/// A message with its number as it is called and the account's default sender, checked.
///
/// # Errors
/// Names the field that is wrong.
pub fn checked(mut message: Sms, default_sender: Option<&str>) -> Result<Sms, Error> {
    message.num = recipients::called("num", &message.num)?;
    check_text("sms", &message.sms)?;
    if let Some(tracker) = &message.tracker {
        check_tracker("tracker", tracker)?;
    }
    message.emetteur = sender(message.emetteur, default_sender)?;
    check_settings(message.smslong, message.date_envoi.as_deref(), message.gmt_zone.as_deref())?;
    Ok(message)
}

/// The sender: the message's, else the account's.
pub fn sender(own: Option<String>, default: Option<&str>) -> Result<Option<String>, Error> {
    let sender = own.or_else(|| default.map(str::to_owned));
    match &sender {
        Some(it) if it.trim().is_empty() => {
            Err(Error::invalid("emetteur", "holds only blanks; leave it out or give a name"))
        }
        Some(it) if it.chars().all(|it| it.is_ascii_digit()) => {
            Err(Error::invalid("emetteur", "holds only digits; iSendPro wants a name with letters"))
        }
        _ => Ok(sender),
    }
}

/// What a person should know of a sender outside the documented rules; it is sent as it is.
pub fn sender_warning(sender: Option<&str>) -> Option<String> {
    let sender = sender?;
    let length = sender.chars().count();
    let plain = sender.chars().all(|it| it.is_ascii_alphanumeric() || it == ' ');
    (!(4..=11).contains(&length) || !plain).then(|| {
        "emetteur: iSendPro documents 4 to 11 letters, digits or blanks; this one is outside of that"
            .to_owned()
    })
}

/// Settings that all sends share.
pub fn check_settings(
    smslong: Option<u16>,
    date_envoi: Option<&str>,
    gmt_zone: Option<&str>,
) -> Result<(), Error> {
    if smslong.is_some_and(|it| !matches!(it, 1..=6 | 999)) {
        return Err(Error::invalid(
            "smslong",
            "must be from 1 to 6, or 999 for as many parts as needed",
        ));
    }
    if date_envoi.is_some_and(|it| schedule::date(it).is_none()) {
        return Err(Error::invalid("date_envoi", "must be a date in the form YYYY-MM-DD hh:mm"));
    }
    if let Some(meant) = gmt_zone.and_then(|it| schedule::known_zone(it).err()) {
        let meant = meant.map_or_else(String::new, |it| format!("; use {it}"));
        return Err(Error::invalid(
            "gmt_zone",
            format!("is not a zone that iSendPro knows{meant}"),
        )
        .hint("French time is Europe/Brussels there"));
    }
    Ok(())
}

/// A text must say something.
pub fn check_text(field: &str, text: &str) -> Result<(), Error> {
    if text.trim().is_empty() {
        return Err(Error::invalid(field, "holds no text"));
    }
    Ok(())
}

/// A tracker is up to 49 letters and digits.
pub fn check_tracker(field: &str, tracker: &str) -> Result<(), Error> {
    let fits =
        (1..50).contains(&tracker.len()) && tracker.chars().all(|it| it.is_ascii_alphanumeric());
    if fits { Ok(()) } else { Err(Error::invalid(field, "must be 1 to 49 letters and digits")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> Sms {
        Sms { num: "06 80 01 02 03".into(), sms: "Bonjour".into(), ..Sms::default() }
    }

    #[test]
    fn a_message_takes_the_accounts_sender() {
        let checked = checked(message(), Some("Garage")).unwrap();
        assert_eq!(
            (checked.num.as_str(), checked.emetteur.as_deref()),
            ("33680010203", Some("Garage"))
        );
    }

    #[test]
    fn every_wrong_field_is_named() {
        type Change = fn(&mut Sms);
        let cases: [(&str, Change); 8] = [
            ("num", |it| it.num = "0142000000".into()),
            ("sms", |it| it.sms = " \n".into()),
            ("emetteur", |it| it.emetteur = Some("  ".into())),
            ("emetteur", |it| it.emetteur = Some("36180".into())),
            ("smslong", |it| it.smslong = Some(7)),
            ("date_envoi", |it| it.date_envoi = Some("tomorrow".into())),
            ("gmt_zone", |it| it.gmt_zone = Some("Europe/Paris".into())),
            ("tracker", |it| it.tracker = Some("a-b".into())),
        ];
        for (field, change) in cases {
            let mut wrong = message();
            change(&mut wrong);
            let error = checked(wrong, None).unwrap_err();
            assert_eq!(error.field.as_deref(), Some(field), "{error}");
        }
    }

    #[test]
    fn a_sender_outside_the_rules_is_only_warned_of() {
        assert!(sender_warning(Some("SO-SHOOTING")).is_some());
        assert!(sender_warning(Some("abc")).is_some());
        assert!(sender_warning(Some("Garage 24")).is_none() && sender_warning(None).is_none());
    }
}
