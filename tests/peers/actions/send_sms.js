'use strict';

/**
 * The least that a component on Node can do to send an SMS: one request, one message with the answer.
 * `server` is the address that the API's paths are below.
 */
exports.process = async function process(message, { server, keyid }) {
    const response = await fetch(`${server}/sms`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ keyid, ...message.body })
    });
    const answer = await response.text();
    if (!response.ok) {
        throw new Error(`HTTP ${response.status}: ${answer}`);
    }
    await this.emit('data', { body: JSON.parse(answer) });
};
