'use strict';

/**
 * A mapping as the platform's own components evaluate it (@elastic.io/component-commons-library 4.0.3): on
 * the body, with what went before as `elasticio` and `$getPassthrough()`. A line of JSON in, a line out:
 *   {"expression": text, "body": any, "passthrough": any} -> {"result": any}, {} or {"error": text}
 */
const { createInterface } = require('readline');
const jsonata = require('jsonata');

function answer({ expression, body, passthrough }) {
    const compiled = jsonata(expression);
    compiled.assign('getPassthrough', () => passthrough);
    return { result: compiled.evaluate({ ...body, elasticio: passthrough }) };
}

createInterface({ input: process.stdin }).on('line', (line) => {
    let answered;
    try {
        answered = answer(JSON.parse(line));
    } catch (error) {
        answered = { error: error.message };
    }
    process.stdout.write(`${JSON.stringify(answered)}\n`);
});
