//! The fields of a send, checked: whom to send which text, and how. Called by
//! sends and, for the text alone, by comptage.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::App;
use super::codes;
use super::directory;
use super::fields::Fields;
use super::number;
use super::reply::Refusal;
use super::schedule;
use super::text::{self, Length, MOST_PARTS};

/// A send that may go, but for the account and single recipients.
#[derive(Debug)]
pub(super) struct Message {
    /// Whom to send what.
    pub recipients: Vec<Recipient>,
    /// Sender, when one is set.
    pub emetteur: Option<Arc<str>>,
    /// Whether the texts are UCS-2.
    pub ucs2: bool,
    /// Whether nothing is to be billed.
    pub sandbox: bool,
    /// When to send, in milliseconds since 1970; `None` for at once.
    pub due: Option<i64>,
}

/// One recipient of a send.
#[derive(Debug)]
pub(super) struct Recipient {
    /// The number as it came.
    pub num: String,
    /// The number in international form; `None` when no such number can exist.
    pub tel: Option<String>,
    /// The text, shared where several get the same.
    pub sms: Arc<str>,
    /// Parts that the text takes, 1 to 6.
    pub parts: u8,
    /// What delivery reports repeat.
    pub tracker: Option<Box<str>>,
}

impl Message {
    /// The one recipient of `sms`.
    pub fn single(fields: &Fields) -> Result<Self, Refusal> {
        let num = fields.required("num")?;
        let sms = fields.required("sms")?;
        let tracker = fields.optional("tracker")?;
        Self::new(fields, vec![num.into_owned()], &[sms], tracker.as_slice())
    }

    /// The recipients of `smsmulti`: those of `num`, then those of the
    /// directory. Texts and trackers are one for all, or one for each.
    pub fn bulk(app: &App, key: &str, fields: &Fields) -> Result<Self, Refusal> {
        let nums = fields.list("num")?;
        let mut nums: Vec<String> = nums.into_iter().map(Cow::into_owned).collect();
        if let Some(id) = fields.optional("repertoireId")? {
            nums.extend(directory::numbers(app, key, &id)?);
        }
        if nums.is_empty() {
            return Err(Refusal::about(codes::MISSING, "num"));
        }
        let texts = fields.required_list("sms")?;
        let trackers = fields.list("tracker")?;
        Self::new(fields, nums, &texts, &trackers)
    }

    fn new(
        fields: &Fields,
        nums: Vec<String>,
        texts: &[Cow<'_, str>],
        trackers: &[Cow<'_, str>],
    ) -> Result<Self, Refusal> {
        let terms = Terms::read(fields)?;
        let texts = terms.texts(texts)?;
        let text_of = each_or_all(&texts, nums.len(), "sms")?;
        let tracker_of = each_or_all(trackers, nums.len(), "tracker")?;
        let mut recipients = Vec::with_capacity(nums.len());
        for (row, num) in nums.into_iter().enumerate() {
            let (sms, parts) = text_of(row).ok_or(codes::UNEVEN)?.clone();
            recipients.push(Recipient {
                tel: number::international(&num),
                num,
                sms,
                parts,
                tracker: tracker_of(row).map_or(Ok(None), |text| tracker(text))?,
            });
        }
        Ok(Self {
            recipients,
            emetteur: terms.emetteur.map(Arc::from),
            ucs2: terms.ucs2,
            sandbox: fields.choice("sandbox", &["0", "1"])? == Some("1"),
            due: terms.due,
        })
    }
}

/// The fields that a send and a count have in common.
#[derive(Debug)]
pub(super) struct Terms<'a> {
    emetteur: Option<Cow<'a, str>>,
    stop: bool,
    ucs2: bool,
    most_parts: Option<usize>,
    due: Option<i64>,
}

impl<'a> Terms<'a> {
    /// Reads and checks them.
    pub fn read(fields: &'a Fields) -> Result<Self, Refusal> {
        let emetteur = fields.optional("emetteur")?;
        if emetteur.as_deref().is_some_and(|name| !sender_fits(name)) {
            return Err(Refusal::about(codes::NOT_ALLOWED, "emetteur"));
        }
        fields.choice("numAzur", &["1"])?;
        let lifted = fields.choice("nostop", &["0", "1"])? == Some("1");
        Ok(Self {
            stop: emetteur.is_some() && !lifted,
            emetteur,
            ucs2: fields.choice("ucs2", &["0", "1"])? == Some("1"),
            most_parts: most_parts(fields)?,
            due: schedule::due(fields)?,
        })
    }

    /// Measures a text. Without `smslong` it may have `default` parts.
    pub fn measure(&self, text: &str, default: usize) -> Result<Length, Refusal> {
        let length = text::measure(text, self.ucs2, self.stop)
            .map_err(|c| Refusal::about(codes::BAD_CHARACTER, c.to_string()))?;
        let most = self.most_parts.unwrap_or(default);
        if length.parts > most.min(MOST_PARTS) {
            return Err(Refusal::about(codes::TOO_LONG, length.parts.to_string()));
        }
        Ok(length)
    }

    /// Measures the texts of a send, equal ones once.
    fn texts(&self, texts: &[Cow<'_, str>]) -> Result<Vec<(Arc<str>, u8)>, Refusal> {
        let mut known: HashMap<&str, (Arc<str>, u8)> = HashMap::new();
        let mut measured = Vec::with_capacity(texts.len());
        for text in texts {
            if text.is_empty() {
                return Err(Refusal::about(codes::MISSING, "sms"));
            }
            if let Some(same) = known.get(&**text) {
                measured.push(same.clone());
                continue;
            }
            let parts = self.measure(text, 1)?.parts;
            let entry = (Arc::from(&**text), u8::try_from(parts).unwrap_or(u8::MAX));
            measured.push(entry.clone());
            if texts.len() > 1 {
                known.insert(text, entry);
            }
        }
        Ok(measured)
    }
}

/// Looks up the value for a row: the only one, or one of as many as there are
/// rows. Any other count is refused; none is none for all.
fn each_or_all<'a, T>(
    values: &'a [T],
    rows: usize,
    name: &'static str,
) -> Result<impl Fn(usize) -> Option<&'a T>, Refusal> {
    if values.len() > 1 && values.len() != rows {
        return Err(Refusal::about(codes::UNEVEN, name));
    }
    Ok(move |row| values.get(if values.len() == 1 { 0 } else { row }))
}

/// 4 to 11 characters, not digits only. The documented set of characters is not
/// enforced: clients are known to use others.
fn sender_fits(name: &str) -> bool {
    (4..=11).contains(&name.chars().count()) && !name.bytes().all(|b| b.is_ascii_digit())
}

/// `None` without `smslong`; 999 means as many as are needed.
fn most_parts(fields: &Fields) -> Result<Option<usize>, Refusal> {
    let Some(text) = fields.optional("smslong")? else {
        return Ok(None);
    };
    match text.parse() {
        Ok(0) | Err(_) => Err(Refusal::about(codes::NOT_ALLOWED, "smslong")),
        Ok(most) => Ok(Some(most)),
    }
}

/// Letters and digits, fewer than 50.
fn tracker(text: &str) -> Result<Option<Box<str>>, Refusal> {
    if text.len() >= 50 || !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(Refusal::about(codes::NOT_ALLOWED, "tracker"));
    }
    Ok((!text.is_empty()).then(|| text.into()))
}
