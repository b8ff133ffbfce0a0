'use strict';

/**
 * Emits what the body of the message says: `{"emit": [["data", {...}], ["error", "why"], ...]}`.
 * A body without it comes back as it is.
 */
exports.process = async function process(message) {
    // A copy: the runtime writes into what is emitted, which must not be a part of what came in.
    const { body } = structuredClone(message);
    const events = body.emit || [['data', { body }]];
    for (const [event, value] of events) {
        const reason = event === 'error' || event === 'rebound';
        await this.emit(event, reason ? new Error(value) : value);
    }
};
