//! Traces of messages for an OpenTelemetry collector, where one is wanted and the build can.

use tracing_subscriber::{Layer, Registry};

/// The variables of OpenTelemetry that say where the collector is.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];

/// What hears all spans and events before anything is logged.
pub type Listener = Box<dyn Layer<Registry> + Send + Sync>;

/// Whether the environment names a collector.
fn wanted() -> bool {
    ENDPOINTS.iter().any(|it| std::env::var_os(it).is_some_and(|it| !it.is_empty()))
}

/// Says that a collector is named in vain, if so.
pub fn complain() {
    if cfg!(not(feature = "otel")) && wanted() {
        tracing::warn!("no traces are sent: this was built without the feature otel");
    }
}

/// Sends spans to the collector, if one is named.
#[cfg(not(feature = "otel"))]
#[allow(clippy::unnecessary_wraps, reason = "the other one may fail")]
pub fn listener() -> anyhow::Result<Option<Listener>> {
    Ok(None)
}

/// Sends what was not sent yet.
#[cfg(not(feature = "otel"))]
pub fn finish() {}

#[cfg(feature = "otel")]
pub use otel::{finish, listener};

#[cfg(feature = "otel")]
mod otel {
    use std::sync::OnceLock;
    use std::time::Duration;

    use opentelemetry::trace::TracerProvider as _;
    use opentelemetry_otlp::SpanExporter;
    use opentelemetry_sdk::Resource;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing::{Level, Metadata};
    use tracing_subscriber::Layer as _;
    use tracing_subscriber::filter::filter_fn;

    use super::{ENDPOINTS, Listener, wanted};
    use crate::cli::Usage;

    /// How long the last spans may take: a platform kills what does not end.
    const LONGEST: Duration = Duration::from_secs(2);

    static PROVIDER: OnceLock<SdkTracerProvider> = OnceLock::new();

    /// Sends spans to the collector, if one is named.
    pub fn listener() -> anyhow::Result<Option<Listener>> {
        if !wanted() {
            return Ok(None);
        }
        // The exporter's HTTP client looks for one.
        rustls::crypto::ring::default_provider().install_default().ok();
        let built = SpanExporter::builder().with_http().build();
        // Its own words hold the address, which may hold a password.
        let exporter = built.map_err(|_| {
            Usage(format!("{} and OTEL_EXPORTER_OTLP_*: are not understood", ENDPOINTS.join(", ")))
        })?;
        let mut resource = Resource::builder();
        if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
            resource = resource.with_service_name(env!("CARGO_PKG_NAME"));
        }
        let provider = SdkTracerProvider::builder()
            .with_resource(resource.build())
            .with_batch_exporter(exporter)
            .build();
        let tracer = PROVIDER.get_or_init(|| provider).tracer(env!("CARGO_PKG_NAME"));
        let layer = tracing_opentelemetry::layer().with_tracer(tracer);
        Ok(Some(layer.with_filter(filter_fn(of_interest)).boxed()))
    }

    /// Our own, since other crates trace what they send.
    fn of_interest(it: &Metadata<'_>) -> bool {
        let most = if it.is_span() { Level::DEBUG } else { Level::INFO };
        it.target().starts_with(env!("CARGO_CRATE_NAME")) && *it.level() <= most
    }

    /// Sends what was not sent yet.
    pub fn finish() {
        if let Some(provider) = PROVIDER.get()
            && let Err(error) = provider.shutdown_with_timeout(LONGEST)
        {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}
