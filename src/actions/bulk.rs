//! Bulk messages: from one message to the requests that carry it, and what to retry.

mod directory;
mod who;

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

pub use self::directory::{Directory, unlisted};
use super::fate::{RecipientResult, Sent};
use super::recipients;
use super::send_sms_multi::{Input, Recipient};
use super::sending::{self, Content, Order, Sending, Terms, Time};
use crate::component::{Deadline, Effect, Error, Item, Oddities, Part, Plan, Status};
use crate::isendpro::request::SmsMulti;
use crate::sms::number::Number;
use crate::sms::region::Region;
use crate::sms::text::Encoding;

/// One request of a bulk message.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The request, with what each recipient gets.
    pub sending: Sending<SmsMulti>,
    /// What a directory's numbers get, if the request goes to one.
    pub directory: Option<Arc<Content>>,
    /// The message as it came, without its recipients; with its text, if it is one for all.
    pub input: Arc<Input>,
}

impl Batch {
    /// Leaves recipients out, and the directory.
    pub fn narrow(&mut self, keep: &[bool], directory: bool) {
        let Sending { request, contents, .. } = &mut self.sending;
        if request.sms.len() == keep.len() && keep.len() > 1 {
            recipients::retain(&mut request.sms, keep);
        }
        recipients::retain(&mut request.num, keep);
        recipients::retain(&mut request.tracker, keep);
        recipients::retain(contents, keep);
        if !directory {
            request.repertoire_id = None;
            self.directory = None;
        }
    }
}

/// What a recipient gets.
pub struct Detail {
    /// The text.
    pub content: Arc<Content>,
    /// When; `None` for at once.
    pub at: Option<Timestamp>,
    /// The user's tracker. One of ours stays with this message: in another it would lie.
    pub tracker: Option<String>,
}

/// The requests of a message. There are several when it has more recipients than fit into one, when
/// some get their SMS at another time or in another encoding, which the API takes once for all
/// recipients of a request, or when somebody gets several texts: the API answers by number.
///
/// # Errors
/// When recipients, texts and trackers do not fit together, there are too many recipients, or the
/// one text of all can be sent to nobody.
pub fn plan(mut input: Input, mut order: Order<'_>) -> Result<Plan<Batch>, Error> {
    let (items, texts) = who::recipients_of(&input)?;
    order
        .rules
        .check_count(if input.num.is_empty() { "recipients" } else { "num" }, items.len())?;
    (input.num, input.recipients, input.tracker, input.faults) = Default::default();
    input.sms = texts.iter().filter(|_| texts.len() == 1).cloned().collect();
    let mut warnings = std::mem::take(&mut order.warnings);
    let mut oddities = order.oddities;
    if let [common] = texts.as_slice() {
        warnings.extend(sending::doubts("sms", common, &mut oddities));
    }
    let mut letters =
        Letters { order: &order, texts, common: [None, None], refusal: None, oddities };
    let (callable, settled) = recipients::sort_out(
        items,
        order.national,
        |item, number| letters.letter(item, number),
        Letter::says,
    );
    let deferred = callable.iter().filter(|(_, letter)| letter.time.deferred).count();
    if deferred > 0 {
        let plural = if deferred == 1 { "" } else { "s" };
        warnings.push(format!("{deferred} recipient{plural}: {}", sending::DEFERRED));
    }
    let mut groups: Vec<Group> = Vec::new();
    for (item, letter) in callable {
        let group = group(&mut groups, &letter, item.nth);
        group.items.push(item);
        group.contents.push(letter.content);
    }
    if input.repertoire_id.is_some() {
        let letter = letters.to("sms", 0, Some(Region::FR))?;
        warnings.push(UNKNOWN_NUMBERS.to_owned());
        warnings
            .extend(letter.time.deferred.then(|| format!("the directory: {}", sending::DEFERRED)));
        let group = group(&mut groups, &letter, 0);
        group.directory = Some(letter.content);
    }
    if let (true, Some(refusal)) = (groups.is_empty(), letters.refusal) {
        return Err(refusal);
    }
    let oddities = letters.oddities;
    // Whoever gets several texts gets them in their order.
    groups.sort_by_key(|it| it.nth);
    let input = Arc::new(input);
    let most = order.rules.batch_size();
    let batches = groups.into_iter().flat_map(|it| it.split(most));
    let parts = batches.map(|it| it.into_part(&input, &order)).collect();
    Ok(Plan { parts, settled, warnings, oddities })
}

/// What is said of a directory: only iSendPro knows its numbers.
const UNKNOWN_NUMBERS: &str = "a directory's numbers are not known here: they are neither counted \
    nor priced, and taken for numbers of metropolitan France";

/// What one recipient gets, and when.
struct Letter {
    content: Arc<Content>,
    time: Time,
}

impl Letter {
    /// Whether it says the same.
    fn says(&self, other: &Self) -> bool {
        self.content.text == other.content.text
    }
}

/// The texts of a message: one for all, or one for each recipient.
struct Letters<'o, 'r> {
    order: &'o Order<'r>,
    texts: Vec<String>,
    /// The one text of all, as it is sent within metropolitan France, and abroad.
    common: [Option<Result<Arc<Content>, Error>>; 2],
    /// Why the one text of all cannot be sent to some.
    refusal: Option<Error>,
    /// What looks like a mistake, counted.
    oddities: Oddities,
}

impl Letters<'_, '_> {
    fn letter(&mut self, item: &mut Item, number: &Number) -> Result<Letter, Error> {
        if let Some(tracker) = &item.tracker {
            sending::check_tracker("tracker", tracker)?;
        }
        let letter = self.to("sms", item.index, number.region)?;
        item.units = letter.content.parts;
        if let (Some(own), true) = (self.texts.get(item.index), self.texts.len() > 1) {
            item.warnings.extend(sending::doubts("sms", own, &mut self.oddities));
        }
        item.warnings.extend(self.order.unicode_doubt(&letter.content, number.region));
        Ok(letter)
    }

    fn to(&mut self, field: &str, index: usize, region: Option<Region>) -> Result<Letter, Error> {
        let content = match self.texts.as_slice() {
            [common] => {
                let abroad = usize::from(sending::is_abroad(region));
                let made = || self.order.content(field, common, region).map(Arc::new);
                let content = self.common[abroad].get_or_insert_with(made).clone();
                content.inspect_err(|it| self.refusal = Some(it.clone()))?
            }
            each => {
                let text = each.get(index).map_or("", String::as_str);
                Arc::new(self.order.content(field, text, region)?)
            }
        };
        Ok(Letter { content, time: self.order.time(region)? })
    }
}

/// Recipients of one request.
struct Group {
    /// How many texts those of this group get before this one.
    nth: usize,
    encoding: Encoding,
    at: Option<Timestamp>,
    until: Option<Deadline>,
    items: Vec<Item>,
    contents: Vec<Arc<Content>>,
    /// What a directory's numbers get, if this request goes to them too.
    directory: Option<Arc<Content>>,
}

/// The group that a letter goes with: the same encoding, the same time, and as many letters before it
/// to the same number; made if there is none.
fn group<'g>(groups: &'g mut Vec<Group>, letter: &Letter, nth: usize) -> &'g mut Group {
    let (encoding, Time { at, until, .. }) = (letter.content.encoding, letter.time);
    let place = groups.iter().position(|it| (it.encoding, it.at, it.nth) == (encoding, at, nth));
    let place = place.unwrap_or_else(|| {
        let (items, contents) = (Vec::new(), Vec::new());
        groups.push(Group { nth, encoding, at, until, items, contents, directory: None });
        groups.len() - 1
    });
    let group = &mut groups[place];
    // Where the hours end first, they end for the whole request.
    let earlier = until.filter(|it| group.until.is_none_or(|known| it.at < known.at));
    group.until = earlier.or(group.until);
    group
}

impl Group {
    /// The same in groups of so many recipients at most. The directory goes with the first.
    fn split(mut self, most: usize) -> Vec<Self> {
        let mut groups = Vec::new();
        while self.items.len() > most {
            let rest = Self {
                items: self.items.split_off(most),
                contents: self.contents.split_off(most),
                directory: None,
                ..self
            };
            groups.push(std::mem::replace(&mut self, rest));
        }
        groups.push(self);
        groups
    }

    fn into_part(self, input: &Arc<Input>, order: &Order<'_>) -> Part<Batch> {
        let Self { encoding, at, until, items, contents, directory, .. } = self;
        let all = || contents.iter().chain(&directory);
        let parts = all().map(|it| it.parts).max().unwrap_or(1);
        let first = all().next();
        let same = all().all(|it| first.is_some_and(|first| it.text == first.text));
        let sms = if same {
            first.map(|it| it.text.clone()).into_iter().collect()
        } else {
            contents.iter().map(|it| it.text.clone()).collect()
        };
        let tracker = trackers(&items);
        let Terms { emetteur, date_envoi, gmt_zone, nostop } = order.terms(at);
        let request = SmsMulti {
            num: items.iter().map(|it| it.tel.clone()).collect(),
            sms,
            repertoire_id: input.repertoire_id.clone().filter(|_| directory.is_some()),
            tracker,
            emetteur,
            smslong: u16::try_from(parts).ok(),
            date_envoi,
            gmt_zone,
            nostop,
            ucs2: encoding == Encoding::Ucs2,
            num_azur: input.num_azur,
            sandbox: input.sandbox,
        };
        let sending = Sending { request, contents, at };
        let batch = Batch { sending, directory, input: Arc::clone(input) };
        let directory = batch.directory.is_some();
        Part {
            until,
            uncounted: directory,
            whole: directory,
            ..Part::new(Effect::Once, items, batch)
        }
    }
}

/// The trackers of a request, one for each recipient; none at all if nobody has one.
pub fn trackers(items: &[Item]) -> Vec<String> {
    if items.iter().all(|it| it.tracker.is_none()) {
        return Vec::new();
    }
    items.iter().map(|it| it.tracker.clone().unwrap_or_default()).collect()
}

/// What each called recipient gets, by its place in the message.
pub fn details(plan: &Plan<Batch>) -> HashMap<usize, Detail> {
    let of_part = |part: &Part<Batch>| {
        let Sending { contents, at, .. } = &part.request.sending;
        let detail = |(item, content): (&Item, &Arc<Content>)| {
            let (content, tracker) = (Arc::clone(content), item.own_tracker().map(str::to_owned));
            (item.index, Detail { content, at: *at, tracker })
        };
        part.items.iter().zip(contents).map(detail).collect::<Vec<_>>()
    };
    plan.parts.iter().flat_map(of_part).collect()
}

/// A message with just the recipients that were not sent, to be given to the same action again: with
/// its directory, if nothing was sent to that.
pub fn retry(
    input: &Input,
    results: &[RecipientResult<Sent>],
    details: &HashMap<usize, Detail>,
    with_directory: bool,
) -> Option<Value> {
    let unsent = results.iter().filter(|it| it.fate.fate.status == Status::NotSent);
    let recipients: Vec<Recipient> = unsent
        .map(|it| {
            let detail = details.get(&it.index);
            let text = detail.filter(|_| input.sms.is_empty());
            Recipient {
                num: it.fate.fate.num.clone(),
                sms: text.map(|it| it.content.text.clone()),
                tracker: detail.and_then(|it| it.tracker.clone()),
                meta: it.meta.clone(),
            }
        })
        .collect();
    let with_directory = with_directory && input.repertoire_id.is_some();
    if recipients.is_empty() && !with_directory {
        return None;
    }
    let mut message =
        if recipients.is_empty() { json!({}) } else { json!({ "recipients": recipients }) };
    for (place, recipient) in recipients.into_iter().enumerate() {
        // Past serde, which has forms of its own for numbers.
        if let Some(meta) = recipient.meta {
            message["recipients"][place]["meta"] = meta;
        }
    }
    let mut settings = super::answer::fields(input);
    if !with_directory {
        settings.shift_remove("repertoireId");
    }
    message.as_object_mut()?.append(&mut settings);
    Some(message)
}
