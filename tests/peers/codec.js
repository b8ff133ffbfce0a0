'use strict';

/**
 * The cipher of the platform's Node runtime. A line of JSON in, a line of JSON out:
 *   {"encrypt": any, "protocol": 1 | 2, "password": text, "iv": text} -> {"payload": base64}
 *   {"decrypt": base64, "protocol": ...}                              -> {"message": any} or {"error": text}
 * `payload` and `decrypt` are the bytes of an AMQP message, which of protocol 1 are base64 already.
 */
process.env.NODE_ENV = 'test'; // or it logs to stdout

const Encryptor = require('elasticio-sailor-nodejs/lib/encryptor.js');
const answerLines = require('./lines.js');

function answer({ encrypt, decrypt, protocol, password, iv }) {
    const encryptor = new Encryptor(password, iv);
    const encoding = protocol < 2 ? 'base64' : undefined;
    if (decrypt === undefined) {
        return { payload: encryptor.encryptMessageContent(encrypt, encoding).toString('base64') };
    }
    return { message: encryptor.decryptMessageContent(Buffer.from(decrypt, 'base64'), encoding) };
}

answerLines(answer);
