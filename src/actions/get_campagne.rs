//! `getCampagne`: the report of what was sent between two dates.

use jiff::{Timestamp, ToSpan, Zoned};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rows::{self, EmitBehaviour, Rows};
use crate::component::Session;
use crate::component::{Error, Example, Kind, Meta, Outlet, Report};
use crate::isendpro::request::{Campagne, RapportCampagne};
use crate::sms::schedule;

/// The zone in which yesterday is meant. The API does not say in which one it reads the dates;
/// it is a French service.
const ZONE: &str = "Europe/Paris";

/// The action.
pub struct GetCampagne;

/// Which time.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Input {
    /// Start
    ///
    /// YYYY-MM-DD hh:mm. Not needed when the step says which period.
    pub date_deb: Option<String>,
    /// End
    ///
    /// YYYY-MM-DD hh:mm.
    pub date_fin: Option<String>,
    /// Report
    ///
    /// Goes before that of the step.
    #[serde(rename = "rapportCampagne")]
    pub rapport_campagne: Option<RapportCampagne>,
}

/// The step's fields.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Options {
    /// Period
    ///
    /// Dates in a message go first.
    #[schemars(extend("viewClass" = "SelectView"))]
    pub period: Period,
    /// Report
    ///
    /// 2 has a row for each send of a request, with its SMS (Envois prevus) and their parts (SMS
    /// Long). iSendPro does not publish it: unproven.
    #[schemars(extend("viewClass" = "SelectView"))]
    pub rapport_campagne: RapportCampagne,
    /// Results
    #[schemars(extend("viewClass" = "SelectView"))]
    pub emit_behaviour: EmitBehaviour,
}

/// Which time a report covers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Period {
    /// From the message
    #[default]
    Message,
    /// Yesterday
    Yesterday,
    /// The last 24 hours
    Last24Hours,
}

impl Report for GetCampagne {
    type Input = Input;
    type Options = Options;
    type Output = Rows;

    const META: Meta = Meta {
        name: "getCampagne",
        title: "Get the report of sent messages",
        description: "Gets the report of the messages sent between two dates, row by row or as a \
                      file.",
        source: "src/actions/get_campagne.rs",
        deed: "done",
        constants: &[],
        examples: &[Example {
            title: "A fortnight",
            body: r#"{"date_deb":"2026-07-01 00:00","date_fin":"2026-07-14 23:59"}"#,
        }],
    };

    fn emits_many(options: &Options) -> bool {
        options.emit_behaviour.emits_many()
    }

    fn check(input: &Input, options: &Options, now: Timestamp) -> Result<(), Error> {
        request(input, options, now).map(|_| ())
    }

    async fn read(
        api: &Session,
        input: &Input,
        options: &Options,
        now: Timestamp,
        out: &Outlet<'_>,
    ) -> Result<(), Error> {
        rows::fetch(api, &request(input, options, now)?, options.emit_behaviour, out).await
    }
}

fn request(input: &Input, options: &Options, now: Timestamp) -> Result<Campagne, Error> {
    let rapport_campagne = input.rapport_campagne.unwrap_or(options.rapport_campagne);
    Ok(Campagne { rapport_campagne, ..dates(input, options, now)? })
}

/// The published report of the time that is meant.
fn dates(input: &Input, options: &Options, now: Timestamp) -> Result<Campagne, Error> {
    let (start, end) = match (&input.date_deb, &input.date_fin) {
        (None, None) => return period(options.period, now),
        (None, Some(_)) => return Err(Error::invalid("date_deb", "is missing beside date_fin")),
        (Some(_), None) => return Err(Error::invalid("date_fin", "is missing beside date_deb")),
        (Some(start), Some(end)) => (start, end),
    };
    let read = |field, text: &str| {
        schedule::date(text)
            .ok_or_else(|| Error::invalid(field, "must be a date in the form YYYY-MM-DD hh:mm"))
    };
    if read("date_deb", start)? > read("date_fin", end)? {
        return Err(Error::invalid("date_fin", "is before date_deb"));
    }
    Ok(Campagne::new(start.trim(), end.trim()))
}

fn period(period: Period, now: Timestamp) -> Result<Campagne, Error> {
    let here = now.in_tz(ZONE).map_err(|it| Error::new(Kind::Internal, it.to_string()))?;
    let text = |date: &Zoned| date.strftime(schedule::FORM).to_string();
    let failed = |it: jiff::Error| Error::new(Kind::Internal, it.to_string());
    match period {
        Period::Message => Err(Error::invalid("date_deb", "is missing")
            .hint("give date_deb and date_fin, or set period to yesterday or last24Hours")),
        Period::Yesterday => {
            let day = here.date().yesterday().map_err(failed)?;
            Ok(Campagne::new(format!("{day} 00:00"), format!("{day} 23:59")))
        }
        Period::Last24Hours => {
            let start = here.checked_sub(24.hours()).map_err(failed)?;
            Ok(Campagne::new(text(&start), text(&here)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(input: &Input, period: Period) -> Result<(String, String), String> {
        let options = Options { period, ..Options::default() };
        let now = "2026-03-29T10:30:00Z".parse().unwrap();
        request(input, &options, now)
            .map(|it| (it.date_deb, it.date_fin))
            .map_err(|it| it.field.unwrap().into())
    }

    #[test]
    fn periods_are_those_of_french_clocks() {
        // The clocks went forward that night: 24 hours are 24 hours.
        let pair = |a: &str, b: &str| Ok((a.to_owned(), b.to_owned()));
        assert_eq!(
            asked(&Input::default(), Period::Yesterday),
            pair("2026-03-28 00:00", "2026-03-28 23:59")
        );
        assert_eq!(
            asked(&Input::default(), Period::Last24Hours),
            pair("2026-03-28 11:30", "2026-03-29 12:30")
        );
    }

    #[test]
    fn wrong_dates_are_named() {
        let input = |start: Option<&str>, end: Option<&str>| Input {
            date_deb: start.map(str::to_owned),
            date_fin: end.map(str::to_owned),
            rapport_campagne: None,
        };
        let field = |start, end| asked(&input(start, end), Period::Message).unwrap_err();
        assert_eq!(field(None, None), "date_deb");
        assert_eq!(field(Some("2026-01-01 00:00"), None), "date_fin");
        assert_eq!(field(Some("2026-01-01"), Some("2026-01-02 00:00")), "date_deb");
        assert_eq!(field(Some("2026-01-03 00:00"), Some("2026-01-02 00:00")), "date_fin");
    }

    #[test]
    fn the_message_chooses_the_report_before_the_step() {
        use RapportCampagne::{Published, Sends};
        let now = "2026-03-29T10:30:00Z".parse().unwrap();
        for (message, step, expected) in [
            (None, Published, Published),
            (None, Sends, Sends),
            (Some(Published), Sends, Published),
            (Some(Sends), Published, Sends),
        ] {
            let input = Input { rapport_campagne: message, ..Input::default() };
            let options =
                Options { period: Period::Yesterday, rapport_campagne: step, ..Options::default() };
            let campagne = request(&input, &options, now).unwrap();
            assert_eq!(campagne.rapport_campagne, expected);
            assert_eq!(campagne.date_deb, "2026-03-28 00:00");
        }
    }
}
