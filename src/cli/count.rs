//! `isendpro count`: what a text costs, before anything is sent.

use std::io::Read as _;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::Usage;
use crate::sms::text::{self, Breaking, Encoding, Length};

/// Most bytes of a text.
const MOST: u64 = 10 * 1024 * 1024;

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
    let told = if args.json { format!("{}\n", counted.to_json()) } else { counted.in_words() };
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
    breaking: Vec<Breaking>,
}

impl Counted {
    fn new(text: &str, mention: usize) -> Option<Self> {
        let gsm = text::measure(text, Encoding::Gsm7, mention);
        let breaking = if gsm.is_some() { Vec::new() } else { text::breaking(text) };
        let (repaired, refused) = match text::repair(text) {
            _ if gsm.is_some() => (None, None),
            Err(bad) => (None, Some(bad.to_string())),
            Ok(it) => {
                let length = text::measure(&it.text, Encoding::Gsm7, mention);
                (length.map(|length| (it.text.into_owned(), length)), None)
            }
        };
        let as_it_is = gsm.or_else(|| text::measure(text, Encoding::Ucs2, mention))?;
        Some(Self { as_it_is, repaired, refused, breaking })
    }

    fn in_words(&self) -> String {
        let mut words = line("encoding", self.as_it_is.encoding.as_str());
        words += &line("characters", &self.as_it_is.characters.to_string());
        words += &line("parts", &parts(&self.as_it_is));
        for found in &self.breaking {
            let becomes = match found.to.as_deref() {
                None => "cannot be replaced".to_owned(),
                Some("") => "is left out".to_owned(),
                Some(to) => format!("becomes {to}"),
            };
            let shown: String = found.text.chars().map(visible).collect();
            words += &line("not GSM-7", &format!("{shown} ({} x), {becomes}", found.count));
        }
        if let Some((text, length)) = &self.repaired {
            words += &line("replaced", &format!("{} in GSM-7", parts(length)));
            words += &line("text", text);
        }
        if let Some(refused) = &self.refused {
            words += &line("replaced", &format!("not possible: {refused}"));
        }
        words
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
        json
    }
}

fn line(name: &str, value: &str) -> String {
    format!("{name:<12}{value}\n")
}

/// What shows nothing is told by its code point.
fn visible(character: char) -> String {
    let shows = !character.is_control() && !character.is_whitespace();
    let joins = matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}');
    if shows && !joins { character.to_string() } else { format!("U+{:04X}", u32::from(character)) }
}

/// For example `2 parts (300 of 306 units, 6 left)`.
fn parts(length: &Length) -> String {
    let plural = if length.parts == 1 { "" } else { "s" };
    let taken = length.units;
    let over = if length.parts > text::MOST_PARTS { "; iSendPro takes 6 at most" } else { "" };
    format!("{} part{plural} ({taken} units, {} left){over}", length.parts, length.left)
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
