//! The headers of results, errors, answers and snapshots.
//!
//! Headers that came in with a message do not go out with its results, but for a short list: who began
//! it, whom to answer, and the flow's own `x-eio-meta-` headers.

use uuid::Uuid;

use super::Outgoing;
use crate::runtime::step::headers::Headers;

impl Outgoing<'_> {
    /// The headers that all of them have: the message that it results from, the settings' own headers, the
    /// ids of the step, the message's own id, and when the work on it began.
    pub(super) fn headers(&self, id: Uuid) -> Headers {
        let mut headers = Headers::default();
        for (name, value) in &self.settings.extra_headers {
            headers.text(name, value);
        }
        if let Some(incoming) = self.incoming {
            for (name, value) in &incoming.meta {
                headers.put(name, value.clone());
            }
            headers.text("threadId", &incoming.ids.thread);
            if let Some(parent) = &incoming.ids.message {
                headers.text("parentMessageId", parent);
            }
            if let Some(reply_to) = &incoming.reply_to {
                headers.text("reply_to", reply_to);
            }
        }
        let ids = &self.settings.ids;
        for (name, value) in [
            ("execId", &ids.exec),
            ("taskId", &ids.flow),
            ("workspaceId", &ids.workspace),
            ("containerId", &ids.container),
            ("userId", &ids.user),
            ("stepId", &ids.step),
            ("compId", &ids.comp),
            ("function", &ids.function),
        ] {
            headers.text(name, value);
        }
        headers.text("messageId", id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
        if self.incoming.is_some() {
            headers.moment("start", self.started);
        }
        headers
    }
}
