//! What a message asks for all of its recipients, checked once.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::super::send_sms_multi::Input;
use super::content::{Content, TextRules};
use super::rules::{Purpose, Rules, national};
use crate::component::{Deadline, Error, Oddities, Reason};
use crate::isendpro::request::Sms;
use crate::sms::region::Region;
use crate::sms::schedule::{self, Requested};
use crate::sms::{sender, text};

/// Marketing that leaves at once leaves this long before the hours end.
const MARGIN: SignedDuration = SignedDuration::from_mins(2);

/// The settings of a message's own, beside recipients and texts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ask<'a> {
    pub emetteur: Option<&'a str>,
    pub smslong: Option<u16>,
    pub date_envoi: Option<&'a str>,
    pub gmt_zone: Option<&'a str>,
    pub nostop: bool,
    pub ucs2: bool,
    pub region: Option<&'a str>,
}

/// What a message asks for all of its recipients, checked against the rules.
#[derive(Debug)]
pub struct Order<'a> {
    /// The rules for its texts.
    pub texts: TextRules,
    /// The country whose national numbers are meant.
    pub national: Region,
    /// The rules of the step.
    pub rules: &'a Rules,
    /// What a person should know of the message as a whole.
    pub warnings: Vec<String>,
    /// What looks like a mistake in it, counted.
    pub oddities: Oddities,
    sender: Option<String>,
    nostop: bool,
    /// The time that the message asks for.
    requested: Option<Requested>,
    now: Timestamp,
}

/// When a recipient's message leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time {
    /// The instant; `None` for at once.
    pub at: Option<Timestamp>,
    /// Whether that is later than the message asked for, because marketing has to wait.
    pub deferred: bool,
    /// Until when the request may be made.
    pub until: Option<Deadline>,
}

/// The settings of a request, as the API takes them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    pub emetteur: Option<String>,
    pub date_envoi: Option<String>,
    pub gmt_zone: Option<String>,
    pub nostop: bool,
}

impl<'a> From<&'a Sms> for Ask<'a> {
    fn from(message: &'a Sms) -> Self {
        Self {
            emetteur: message.emetteur.as_deref(),
            smslong: message.smslong,
            date_envoi: message.date_envoi.as_deref(),
            gmt_zone: message.gmt_zone.as_deref(),
            nostop: message.nostop,
            ucs2: message.ucs2,
            region: message.region.as_deref(),
        }
    }
}

impl<'a> From<&'a Input> for Ask<'a> {
    fn from(message: &'a Input) -> Self {
        Self {
            emetteur: message.emetteur.as_deref(),
            smslong: message.smslong,
            date_envoi: message.date_envoi.as_deref(),
            gmt_zone: message.gmt_zone.as_deref(),
            nostop: message.nostop,
            ucs2: message.ucs2,
            region: message.region.as_deref(),
        }
    }
}

impl<'a> Order<'a> {
    /// Checks a message's settings.
    ///
    /// # Errors
    /// Names the field that is wrong.
    pub fn new(ask: Ask<'_>, rules: &'a Rules, now: Timestamp) -> Result<Self, Error> {
        check_smslong(ask.smslong)?;
        let sender = ask.emetteur.or(rules.account.sender.as_deref());
        sender.map_or(Ok(()), sender::check).map_err(|it| Error::invalid("emetteur", it))?;
        let odd_sender = sender.and_then(sender::doubt);
        let oddities =
            Oddities { odd_senders: u64::from(odd_sender.is_some()), ..Oddities::default() };
        let mut warnings: Vec<String> =
            odd_sender.map(|it| format!("emetteur: {it}")).into_iter().collect();
        let nostop = lifted(ask.nostop, rules)?;
        if nostop && sender.is_some() && !rules.account.stop_lifted {
            warnings.push(
                "nostop: counts only once iSendPro has lifted the STOP mention for your account; \
                 set stopLifted when it has. Until then the mention is counted as part of the text"
                    .to_owned(),
            );
        }
        let mention = sender.is_some() && !(nostop && rules.account.stop_lifted);
        let mention = if mention { text::STOP } else { 0 };
        let requested = requested(ask, rules, now)?;
        let odd_date = requested.as_ref().and_then(|it| it.warning.as_ref());
        warnings.extend(odd_date.map(|it| format!("date_envoi: {it}")));
        Ok(Self {
            texts: TextRules::new(rules, ask.smslong, ask.ucs2, mention),
            national: national(ask.region, rules.account.region)?,
            warnings,
            oddities,
            rules,
            sender: sender.map(str::to_owned),
            nostop,
            requested,
            now,
        })
    }

    /// The text as it will be sent to a recipient there.
    ///
    /// # Errors
    /// When it says nothing, holds what cannot be sent, or needs too many parts.
    pub fn content(
        &self,
        field: &str,
        text: &str,
        region: Option<Region>,
    ) -> Result<Content, Error> {
        self.texts.content(field, text, is_abroad(region))
    }

    /// What is said when Unicode was asked for where iSendPro does not send it.
    pub fn unicode_doubt(&self, content: &Content, region: Option<Region>) -> Option<String> {
        let refused = self.texts.unicode && !is_abroad(region) && !content.changes.is_empty();
        refused.then(|| {
            "ucs2: iSendPro sends Unicode only outside metropolitan France; the characters were \
             replaced instead"
                .to_owned()
        })
    }

    /// The time that the message asks for.
    pub fn asked(&self) -> Option<Timestamp> {
        self.requested.as_ref().map(|it| it.at)
    }

    /// When the message to a recipient there leaves.
    ///
    /// # Errors
    /// When it is marketing, and where the number is cannot be told.
    pub fn time(&self, region: Option<Region>) -> Result<Time, Error> {
        let asked = self.asked();
        if self.rules.kind != Some(Purpose::Marketing) {
            return Ok(Time { at: asked, deferred: false, until: asked.map(too_late_after) });
        }
        if region.is_none() {
            let said = "where this number is cannot be told from its range, and so neither when \
                        marketing may be sent to it";
            return Err(Error { reason: Some(Reason::Night), ..Error::invalid("num", said) });
        }
        let hours = self.rules.hours();
        let wanted = asked.unwrap_or(self.now);
        let mut open = hours.next_open(wanted, region);
        if asked.is_none() && open == wanted {
            // What leaves at once is still under way for a while.
            let arrival = wanted + MARGIN;
            let later = hours.next_open(arrival, region);
            open = if later == arrival { wanted } else { later };
        }
        if open != wanted {
            return Ok(Time { at: Some(open), deferred: true, until: Some(too_late_after(open)) });
        }
        let closing = || Deadline {
            at: hours.closes(wanted, region) - MARGIN / 2,
            reason: Reason::Night,
            why: "the hours in which marketing may be sent ended before this message could be",
        };
        let until = asked.map_or_else(closing, too_late_after);
        Ok(Time { at: asked, deferred: false, until: Some(until) })
    }

    /// The settings of a request that is to be sent at this instant.
    pub fn terms(&self, at: Option<Timestamp>) -> Terms {
        let wire = at.map(schedule::wire);
        let (date_envoi, gmt_zone) = wire.map(|it| (it.date_envoi, it.gmt_zone.to_owned())).unzip();
        Terms { emetteur: self.sender.clone(), date_envoi, gmt_zone, nostop: self.nostop }
    }
}

/// Whether a number is outside metropolitan France; if that is unclear, it is.
pub fn is_abroad(region: Option<Region>) -> bool {
    region.is_none_or(|it| !it.is_metropolitan())
}

/// An instant with its offset, as RFC 3339 writes it.
pub fn local(at: Timestamp, zone: TimeZone) -> String {
    at.to_zoned(zone).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// Whether the STOP mention is left out.
fn lifted(nostop: bool, rules: &Rules) -> Result<bool, Error> {
    match rules.kind {
        Some(Purpose::Marketing) if nostop => {
            Err(Error::invalid("nostop", "a marketing message keeps its STOP mention, by law")
                .hint("leave nostop out, or make the step transactional if it is not commercial"))
        }
        Some(Purpose::Marketing) => Ok(false),
        Some(Purpose::Transactional) => Ok(nostop || rules.account.stop_lifted),
        None => Ok(nostop),
    }
}

fn requested(ask: Ask<'_>, rules: &Rules, now: Timestamp) -> Result<Option<Requested>, Error> {
    let Some(date) = ask.date_envoi else {
        // Without a date it changes nothing, but a slip in it is worth knowing of.
        if let Some(name) = ask.gmt_zone {
            schedule::zone(name).map_err(|it| Error::invalid("gmt_zone", it))?;
        }
        return Ok(None);
    };
    schedule::requested(date, ask.gmt_zone, &rules.account.zone(), now).map(Some).map_err(|it| {
        Error { reason: it.is_past().then_some(Reason::TooLate), ..Error::invalid(it.field(), &it) }
    })
}

/// A date that passes while a message waits for its turn: nobody knows what iSendPro makes of it.
fn too_late_after(at: Timestamp) -> Deadline {
    Deadline {
        at: at + SignedDuration::from_secs(59),
        reason: Reason::TooLate,
        why: "the time of sending passed before this message could be handed over; plan it anew",
    }
}

fn check_smslong(smslong: Option<u16>) -> Result<(), Error> {
    if smslong.is_some_and(|it| !matches!(it, 1..=6 | 999)) {
        let said = "must be from 1 to 6, or 999 for as many parts as needed";
        return Err(Error::invalid("smslong", said));
    }
    Ok(())
}
