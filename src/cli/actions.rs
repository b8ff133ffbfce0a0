//! `isendpro actions`: what there is, and all about one.

use serde_json::Value;

use super::Usage;
use crate::catalog::{COMPONENT, describe};
use crate::component::Handler;

/// Arguments of `actions`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The action to tell about
    name: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Lists the actions, or tells about one.
pub fn main(args: &Args) -> anyhow::Result<u8> {
    let text = match &args.name {
        None if args.json => {
            let all: Vec<Value> = COMPONENT.handlers.iter().map(describe).collect();
            format!("{:#}\n", Value::from(all))
        }
        None => list(),
        Some(name) if args.json => format!("{:#}\n", describe(find(name)?)),
        Some(name) => about(find(name)?),
    };
    super::print(&text)?;
    Ok(0)
}

/// The action of this name, whatever its case.
pub fn find(name: &str) -> Result<&'static Handler, Usage> {
    if let Some(handler) =
        COMPONENT.handlers.iter().find(|it| it.meta.name.eq_ignore_ascii_case(name))
    {
        return Ok(handler);
    }
    let likeness = |it: &str| strsim::jaro_winkler(&it.to_lowercase(), &name.to_lowercase());
    let nearest = COMPONENT
        .handlers
        .iter()
        .map(|it| it.meta.name)
        .filter(|it| likeness(it) > 0.75)
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let hint = nearest.map_or_else(|| ";".to_owned(), |it| format!("; did you mean {it}?"));
    Err(Usage(format!("there is no action \"{name}\"{hint} `isendpro actions` lists them")))
}

fn list() -> String {
    let mut text = String::new();
    for handler in COMPONENT.handlers {
        text += &format!("{:<20}{}\n", handler.meta.name, handler.meta.title);
    }
    text + "\n`isendpro actions NAME` tells about one.\n"
}

fn about(handler: &Handler) -> String {
    let described = describe(handler);
    let meta = &handler.meta;
    let mut text = format!("{}: {}\n\n{}\n", meta.name, meta.title, meta.description);
    text += &properties("Fields of a message", &described["metadata"]["in"]["properties"]);
    text += &options(&described["fields"]);
    text += &properties("Fields of a result", &described["metadata"]["out"]["properties"]);
    for example in meta.examples {
        text += &format!("\n{}:\n  {}\n", example.title, example.body);
    }
    text
}

fn properties(title: &str, properties: &Value) -> String {
    let Some(properties) = properties.as_object().filter(|it| !it.is_empty()) else {
        return String::new();
    };
    let mut text = format!("\n{title}:\n");
    for (name, field) in properties {
        let kind = field["type"].as_str().unwrap_or("any");
        let required = if field["required"] == true { ", required" } else { "" };
        let values = field["enum"].as_array().map(|it| values(it)).unwrap_or_default();
        let title = field["title"].as_str().unwrap_or_default();
        let title = title.strip_suffix(&format!(" ({name})")).unwrap_or(title);
        text += &format!("  {name:<26}{kind}{required}{values}: {title}\n");
        text += &indented(&field["description"]);
    }
    text
}

fn options(fields: &Value) -> String {
    let Some(fields) = fields.as_object().filter(|it| !it.is_empty()) else { return String::new() };
    let mut text = "\nSettings (--set NAME=VALUE):\n".to_owned();
    for (name, field) in fields {
        let model = field["model"].as_object();
        let names =
            model.map(|it| it.keys().map(|it| Value::from(it.as_str())).collect::<Vec<_>>());
        let values = names.map(|it| values(&it)).unwrap_or_default();
        let default = match &field["default"] {
            Value::Null => String::new(),
            Value::String(text) => format!(" [{text}]"),
            other => format!(" [{other}]"),
        };
        let label = field["label"].as_str().unwrap_or_default();
        let label = label.strip_suffix(&format!(" ({name})")).unwrap_or(label);
        text += &format!("  {name:<26}{label}{values}{default}\n");
        text += &indented(&field["help"]["description"]);
    }
    text
}

fn values(values: &[Value]) -> String {
    let names: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
    format!(" ({})", names.join(", "))
}

/// A help text below what it is about, in the width of a terminal.
fn indented(help: &Value) -> String {
    const MARGIN: &str = "                            ";
    let Some(help) = help.as_str() else { return String::new() };
    let options = textwrap::Options::new(88).initial_indent(MARGIN).subsequent_indent(MARGIN);
    textwrap::fill(help, options) + "\n"
}
