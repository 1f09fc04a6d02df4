// run.mjs FIRMWARE.uf2 SCRIPT.py [--pace N] [--flash FILE] [--verbose]
//
// Boots the firmware, runs the script in the raw REPL, prints what it prints. Exit status: 0, 1 for an uncaught
// exception (its traceback goes to standard error), 2 for wrong use or a board that does not answer.

import { boardFromOptions, parseCommand, readScript } from './command.mjs';
import { Repl } from './repl.mjs';

const usage = 'run.mjs FIRMWARE.uf2 SCRIPT.py [--pace N] [--flash FILE] [--verbose]';
const { positionals, values } = parseCommand(usage, 2, {});
const script = readScript(positionals[1]);
const pico = boardFromOptions(positionals[0], { pace: 'Infinity', ...values });
const repl = new Repl(pico);
await repl.enter();
const { error } = await repl.exec(script, { onOutput: (text) => process.stdout.write(text, 'latin1') });
process.stderr.write(error, 'latin1');
process.exit(error ? 1 : 0);
