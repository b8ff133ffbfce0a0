//! Who is to get which text.

use super::super::send_sms_multi::{Input, Recipient};
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
    let item = |(index, num): (usize, &String)| Item {
        index,
        num: num.clone(),
        tracker: trackers.get(index).filter(|it| !it.is_empty()).cloned(),
        fault: input.faults.get(index).cloned().flatten(),
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
    let common = input.sms.first();
    let texted = |it: &Recipient| it.sms.is_some();
    if common.is_none() && !input.recipients.iter().any(texted) {
        return Err(Error::invalid(
            "sms",
            "is missing: no recipient has a text, and there is none for all",
        ));
    }
    for (index, recipient) in input.recipients.iter().enumerate() {
        let Recipient { num, sms, tracker, meta } = recipient.clone();
        let fault = input.faults.get(index).cloned().flatten();
        items.push(Item { index, num, tracker, meta, fault, ..Item::default() });
        // Without any, this recipient is refused, and the others are not.
        texts.push(sms.or_else(|| common.cloned()).unwrap_or_default());
    }
    // One that cannot be read has no say in it.
    let readable = items.iter().position(|it| it.fault.is_none()).unwrap_or_default();
    let same =
        items.iter().zip(&texts).all(|(item, it)| item.fault.is_some() || *it == texts[readable]);
    if same || input.repertoire_id.is_some() {
        if !same {
            return Err(Error::invalid(
                "recipients",
                "have texts of their own beside a directory, whose numbers have none",
            ));
        }
        texts = vec![texts.swap_remove(readable)];
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
    Ok(())
}
