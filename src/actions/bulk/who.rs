//! Who is to get which text.

use super::super::send_sms_multi::{Input, Recipient};
use super::super::sending;
use crate::component::{Error, Item};

/// The recipients of a message, and the texts: one for all, or one for each.
///
/// # Errors
/// Names the field when recipients, texts and trackers do not fit together.
pub fn recipients_of(input: &Input) -> Result<(Vec<Item>, Vec<String>), Error> {
    match (input.recipients.is_empty(), input.num.is_empty()) {
        (false, false) => {
            Err(Error::invalid("recipients", "stands beside num; give one of the two"))
        }
        (false, true) => from_recipients(input),
        (true, false) => from_lists(input),
        (true, true) if input.repertoire_id.is_some() => {
            check_texts(input, 1)?;
            Ok((Vec::new(), input.sms.clone()))
        }
        (true, true) => Err(Error::invalid("num", "is missing or empty")
            .hint("give num, recipients or repertoireId")),
    }
}

fn from_lists(input: &Input) -> Result<(Vec<Item>, Vec<String>), Error> {
    // A directory's numbers have no text of their own.
    check_texts(input, if input.repertoire_id.is_some() { 1 } else { input.num.len() })?;
    let (trackers, count) = (&input.tracker, input.num.len());
    if !trackers.is_empty() && trackers.len() != count {
        let said = format!("{} trackers for {count} recipients; give one for each", trackers.len());
        return Err(Error::invalid("tracker", said));
    }
    for (index, tracker) in trackers.iter().enumerate().filter(|(_, it)| !it.is_empty()) {
        sending::check_tracker(&format!("tracker[{index}]"), tracker)?;
    }
    let item = |(index, num): (usize, &String)| Item {
        index,
        num: num.clone(),
        tracker: trackers.get(index).filter(|it| !it.is_empty()).cloned(),
        ..Item::default()
    };
    Ok((input.num.iter().enumerate().map(item).collect(), input.sms.clone()))
}

fn from_recipients(input: &Input) -> Result<(Vec<Item>, Vec<String>), Error> {
    if input.sms.len() > 1 {
        return Err(Error::invalid("sms", "may hold only the one common text beside recipients"));
    }
    if !input.tracker.is_empty() {
        return Err(Error::invalid("tracker", "stands beside recipients; give it in each of them"));
    }
    let (mut items, mut texts) = (Vec::new(), Vec::new());
    for (index, recipient) in input.recipients.iter().enumerate() {
        let field = |name: &str| format!("recipients[{index}].{name}");
        let text = recipient.sms.as_ref().or(input.sms.first());
        let text = text.ok_or_else(|| {
            Error::invalid(field("sms"), "is missing, and there is no common text")
        })?;
        sending::check_blank(&field("sms"), text)?;
        if let Some(tracker) = &recipient.tracker {
            sending::check_tracker(&field("tracker"), tracker)?;
        }
        let Recipient { num, tracker, meta, .. } = recipient.clone();
        items.push(Item { index, num, tracker, meta, ..Item::default() });
        texts.push(text.clone());
    }
    let same = texts.windows(2).all(|it| it[0] == it[1]);
    if same || input.repertoire_id.is_some() {
        if !same {
            return Err(Error::invalid(
                "recipients",
                "have texts of their own beside a directory, whose numbers have none",
            ));
        }
        texts.truncate(1);
    }
    Ok((items, texts))
}

fn check_texts(input: &Input, recipients: usize) -> Result<(), Error> {
    let texts = input.sms.len();
    if texts == 0 {
        return Err(Error::invalid("sms", "is missing or empty"));
    }
    if texts != 1 && texts != recipients {
        let said =
            format!("{texts} texts for {recipients} recipients; give one for all, or one for each");
        return Err(Error::invalid("sms", said));
    }
    for (index, text) in input.sms.iter().enumerate() {
        let field = if texts == 1 { "sms".to_owned() } else { format!("sms[{index}]") };
        sending::check_blank(&field, text)?;
    }
    Ok(())
}
