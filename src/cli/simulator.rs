//! `isendpro simulator`: a local iSendPro.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::simulator::{Options, start};

/// Arguments of `simulator`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The port; 0 takes a free one
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The address to listen on
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,
    /// Milliseconds that every answer takes
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency: u64,
    /// Euros on a new account
    #[arg(long, value_name = "EUROS", default_value_t = 1000.0)]
    credit: f64,
    /// Answer reports with this many invented rows
    #[arg(long, value_name = "ROWS")]
    report_rows: Option<u64>,
    /// Answer the blacklist with this many invented rows
    #[arg(long, value_name = "ROWS")]
    blacklist_rows: Option<u64>,
}

fn cannot_listen(error: &std::io::Error, args: &Args) -> anyhow::Error {
    let (listen, port) = (args.listen, args.port);
    match error.kind() {
        ErrorKind::AddrInUse => anyhow::anyhow!(
            "port {port} of {listen} is taken by another process; give another --port, or 0 for any that \
             is free"
        ),
        _ => anyhow::anyhow!("cannot listen on {listen}:{port}: {error}"),
    }
}

/// Serves until it is interrupted. The address is printed as the first line.
pub fn main(args: &Args) -> anyhow::Result<u8> {
    super::logging::start(0, None)?;
    let options = Options {
        listen: SocketAddr::new(args.listen, args.port),
        latency: Duration::from_millis(args.latency),
        credit: args.credit,
        report_rows: args.report_rows,
        blacklist_rows: args.blacklist_rows,
        ..Options::default()
    };
    super::runtime()?.block_on(async {
        let mut signals = super::terminal::Signals::new()?;
        let simulator = start(options).await.map_err(|it| cannot_listen(&it, args))?;
        super::print(&format!("{}\n", simulator.url()))?;
        super::terminal::hint(&format!(
            "a simulated iSendPro; try: echo '{{\"num\":\"0680010203\",\"sms\":\"Bonjour\"}}' | \
             ISENDPRO_KEYID=any isendpro run sendSms --server {}",
            simulator.url()
        ));
        signals.next().await;
        simulator.stop().await;
        Ok(0)
    })
}
