'use strict';

const { createInterface } = require('readline');

/** Answers each line of JSON on stdin with one on stdout: what `answer` gives, or {"error": text}. */
module.exports = function answerLines(answer) {
    createInterface({ input: process.stdin }).on('line', (line) => {
        let answered;
        try {
            answered = answer(JSON.parse(line));
        } catch (error) {
            answered = { error: error.message };
        }
        process.stdout.write(`${JSON.stringify(answered)}\n`);
    });
};
