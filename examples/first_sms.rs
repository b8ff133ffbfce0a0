//! Your first SMS in five minutes, without an account:
//!
//! ```text
//! cargo run --example first_sms
//! ```
//!
//! With an account, the same program sends a real one:
//!
//! ```text
//! ISENDPRO_KEYID=... RECIPIENT=0680010203 cargo run --example first_sms
//! ```

#![allow(clippy::print_stdout, reason = "a guide talks")]

use isendpro_connector::isendpro::request::{Credit, Sms};
use isendpro_connector::isendpro::{Client, KeyId, Outcome};
use isendpro_connector::simulator;
use isendpro_connector::sms::{number, region::Region, text};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // 1. A key, from "Mon compte > Mon API" in your account; without one, a simulated account.
    let key = std::env::var("ISENDPRO_KEYID").ok().and_then(KeyId::new);
    let simulator = simulator::start(simulator::Options::default()).await?;
    let (client, key) = match key {
        Some(key) => (Client::builder().build()?, key),
        None => {
            let key = KeyId::new("simulated-account").ok_or("blank")?;
            (Client::builder().server(simulator.url()).build()?, key)
        }
    };

    // 2. Does the account work? The question is free.
    let credit = client.call(&key, &Credit::default()).await.into_reply()?;
    println!("credit: {} EUR", credit.entries[0].text("credit").unwrap_or_default());

    // 3. Numbers come as people write them; the API wants 33680010203.
    let written = std::env::var("RECIPIENT").unwrap_or_else(|_| "06 80 01 02 03".into());
    let number = number::read(&written, Region::FR).map_err(|why| format!("{written}: {why}"))?;

    // 4. Send. One call is one request: nothing is ever repeated behind your back.
    let text = text::repair("Bonjour ! Bienvenue chez iSendPro…")?.text.into_owned();
    let sms = Sms { num: number.tel, sms: text, tracker: Some("first1".into()), ..Sms::default() };
    match client.call(&key, &sms).await {
        // Answered is not yet accepted: the answer may refuse the number.
        Outcome::Answered(reply) => {
            for entry in &reply.entries {
                let tel = entry.tel().unwrap_or_default();
                let message = entry.message().unwrap_or_default();
                match entry.code() {
                    Some(0) => println!("accepted for {tel}: {message}"),
                    code => println!("refused for {tel}, code {code:?}: {message}"),
                }
            }
        }
        Outcome::Refused(why) => println!("refused, nothing was sent: {why}"),
        Outcome::NotSent(why) => println!("not sent, try again: {why}"),
        // The only one that needs a person: look for the tracker in the campaign report.
        Outcome::InDoubt(why) => println!("it may have been sent, do not repeat it: {why}"),
    }

    // 5. What the simulator took.
    for sent in simulator.sent() {
        println!("in the simulator's ledger: {} part(s) to {}", sent.parts, sent.tel);
    }
    simulator.stop().await;
    Ok(())
}
