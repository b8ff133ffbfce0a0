'use strict';

/**
 * A mapping as the platform's own components evaluate it (@elastic.io/component-commons-library 4.0.3): on
 * the body, with what went before as `elasticio` and `$getPassthrough()`. A line of JSON in, a line out:
 *   {"expression": text, "body": any, "passthrough": any} -> {"result": any}, {} or {"error": text}
 */
const jsonata = require('jsonata');
const answerLines = require('./lines.js');

function answer({ expression, body, passthrough }) {
    const compiled = jsonata(expression);
    compiled.assign('getPassthrough', () => passthrough);
    return { result: compiled.evaluate({ ...body, elasticio: passthrough }) };
}

answerLines(answer);
