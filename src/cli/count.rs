//! `isendpro count`: what a text costs, before anything is sent.

use std::io::Read as _;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::Usage;
use crate::printable;
use crate::sms::text::{self, Breaking, Doubt, Encoding, Length};

/// Most bytes of a text.
const MOST: u64 = 10 * 1024 * 1024;

/// Different characters that a person is told of; JSON has all of them.
const SHOWN: usize = 20;

/// Arguments of `count`.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// The text; without it, all of stdin is one text
    text: Option<String>,
    /// Count the STOP mention that iSendPro adds when a message has a sender: 12 characters
    #[arg(long)]
    stop: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  isendpro count 'Votre commande est prête'
  isendpro count --stop --json < text.txt

Nothing is called. The action comptage asks iSendPro itself.";

/// Counts one text.
pub fn main(args: &Args) -> anyhow::Result<u8> {
    let text = match &args.text {
        Some(text) => text.clone(),
        None => from_stdin()?,
    };
    if text.is_empty() {
        return Err(Usage("there is no text; give it as an argument, or on stdin".into()).into());
    }
    let mention = if args.stop { text::STOP } else { 0 };
    let counted = Counted::new(&text, mention).context("counting the text")?;
    let json = || format!("{}\n", printable::json(&counted.to_json().to_string()));
    let told = if args.json { json() } else { counted.in_words() };
    super::print(&told)?;
    Ok(0)
}

/// The end of the last line is the file's, not the text's.
fn from_stdin() -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    std::io::stdin().take(MOST + 1).read_to_end(&mut bytes).context("reading stdin")?;
    if bytes.len() as u64 > MOST {
        return Err(Usage(format!("the text is longer than {MOST} bytes")).into());
    }
    let mut text = String::from_utf8(bytes)
        .map_err(|_| Usage("the text is not UTF-8; convert it first, with iconv".to_owned()))?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

/// A text, counted in each way in which it could be sent.
struct Counted {
    /// As it stands, in the GSM alphabet if that has all of it.
    as_it_is: Length,
    /// With the replacements, if it needs any and they are possible.
    repaired: Option<(String, Length)>,
    /// Why it cannot be made GSM.
    refused: Option<String>,
    /// What was meant by a text that was decoded wrongly.
    meant: Option<String>,
    breaking: Vec<Breaking>,
    /// What looks like a mistake.
    doubts: Vec<String>,
}

impl Counted {
    fn new(text: &str, mention: usize) -> Option<Self> {
        let gsm = text::measure(text, Encoding::Gsm7, mention);
        let meant = text::garbled(text);
        // What stands for what in a text that nobody meant is of no use.
        let breaking = if meant.is_some() { Vec::new() } else { text::breaking(text) };
        let mut repaired = None;
        let refused = match text::repair(text) {
            _ if meant.is_some() => {
                Some("the text was decoded wrongly: its UTF-8 was read as Windows-1252".to_owned())
            }
            Err(bad) => Some(bad.to_string()),
            Ok(it) if it.changes.is_empty() => None,
            Ok(it) if it.text.trim().is_empty() => Some("nothing is left of the text".to_owned()),
            Ok(_) if text::has_fragile_address(text) => {
                Some("the text has an address with letters that an SMS cannot show".to_owned())
            }
            Ok(it) => {
                let length = text::measure(&it.text, Encoding::Gsm7, mention);
                repaired = length.map(|length| (it.text.into_owned(), length));
                None
            }
        };
        let doubts = text::doubts(text).iter().map(Doubt::to_string).collect();
        let as_it_is = gsm.or_else(|| text::measure(text, Encoding::Ucs2, mention))?;
        Some(Self { as_it_is, repaired, refused, meant, breaking, doubts })
    }

    fn in_words(&self) -> String {
        let doubts = self.doubts.iter().map(|it| line("warning", it));
        self.lengths_in_words() + &doubts.collect::<String>()
    }

    fn lengths_in_words(&self) -> String {
        let Some((text, length)) = &self.repaired else {
            let mut words = parts("parts", &self.as_it_is);
            words += &line("characters", &self.as_it_is.characters.to_string());
            words += &self.broken();
            if let Some(refused) = &self.refused {
                words += &line("in GSM-7", &format!("not possible: {refused}"));
            }
            if let Some(meant) = &self.meant {
                words += &line("meant", meant);
            }
            return words;
        };
        let mut words = parts("parts", length);
        words += &line("characters", &length.characters.to_string());
        words += &self.broken();
        words += &line("text", text);
        words += &parts("as it is", &self.as_it_is);
        words
    }

    /// What the GSM alphabet lacks, and what becomes of it.
    fn broken(&self) -> String {
        let more = self.breaking.len().saturating_sub(SHOWN);
        let more = (more > 0).then(|| line("not GSM-7", &format!("and {more} others")));
        let each = self.breaking.iter().take(SHOWN).map(|found| {
            let becomes = match found.to.as_deref() {
                None => "cannot be replaced".to_owned(),
                Some("") => "is left out".to_owned(),
                Some(to) => format!("becomes {to}"),
            };
            let shown: String = found.text.chars().map(visible).collect();
            line("not GSM-7", &format!("{shown} ({} x) {becomes}", found.count))
        });
        each.chain(more).collect()
    }

    fn to_json(&self) -> Value {
        let mut json = length(&self.as_it_is);
        json["breaking"] = self
            .breaking
            .iter()
            .map(|it| json!({"text": it.text, "count": it.count, "to": it.to}))
            .collect();
        if let Some((text, repaired)) = &self.repaired {
            json["repaired"] = length(repaired);
            json["repaired"]["text"] = text.as_str().into();
        }
        if let Some(refused) = &self.refused {
            json["refused"] = refused.as_str().into();
        }
        if let Some(meant) = &self.meant {
            json["meant"] = meant.as_str().into();
        }
        if !self.doubts.is_empty() {
            json["warnings"] = self.doubts.as_slice().into();
        }
        json
    }
}

fn line(name: &str, value: &str) -> String {
    format!("{name:<12}{value}\n")
}

/// What shows nothing is told by its code point.
fn visible(character: char) -> String {
    if text::is_invisible(character) || character.is_whitespace() {
        format!("U+{:04X}", u32::from(character))
    } else {
        character.to_string()
    }
}

/// For example `2 in GSM-7 (300 used, 6 left)`.
fn parts(name: &str, length: &Length) -> String {
    let Length { encoding, units, parts, left, .. } = length;
    let over = if *parts > text::MOST_PARTS { "; iSendPro takes 6 at most" } else { "" };
    line(name, &format!("{parts} in {encoding} ({units} used, {left} left){over}"))
}

fn length(length: &Length) -> Value {
    json!({
        "encoding": length.encoding.as_str(),
        "characters": length.characters,
        "units": length.units,
        "parts": length.parts,
        "left": length.left,
    })
}
