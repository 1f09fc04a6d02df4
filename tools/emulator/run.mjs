// run.mjs FIRMWARE.uf2 SCRIPT.py [--pace N] [--flash FILE] [--cut N [--share S]] [--verbose]
//
// Boots the firmware, runs the script in the raw REPL, prints what it prints. Exit status: 0, 1 for an uncaught
// exception (its traceback goes to standard error), 2 for wrong use or a board that does not answer or restarts, 3 for a
// power cut.
//
// --cut N cuts the power in the N-th operation of the script that erases or programs flash, of which a share S from 0 to
// 1 is done (default: 0.5); with --flash the file then has what the flash holds. With --cut 0 the power stays, and the
// number of the operations goes to standard error at the end.

import { boardFromOptions, fail, parseCommand, readScript } from './command.mjs';
import { Repl } from './repl.mjs';

const POWER_CUT = 3;
const usage = 'run.mjs FIRMWARE.uf2 SCRIPT.py [--pace N] [--flash FILE] [--cut N [--share S]] [--verbose]';
const string = { type: 'string' };
const { positionals, values } = parseCommand(usage, 2, { cut: string, share: { ...string, default: '0.5' } });
const cut = Number(values.cut ?? 0), share = Number(values.share);
if (!Number.isInteger(cut) || cut < 0 || !(share >= 0 && share <= 1)) fail(`usage: ${usage}`);
const script = readScript(positionals[1]);
const pico = boardFromOptions(positionals[0], { pace: 'Infinity', ...values });
const repl = new Repl(pico);
await repl.enter();
pico.on('reset', () => fail('the board has restarted'));
const before = pico.flashOperations;
if (cut) {
  pico.once('cut', () => process.exit(POWER_CUT));
  pico.cutPower(cut, share);
}
const { error } = await repl.exec(script, { onOutput: (text) => process.stdout.write(text, 'latin1') });
process.stderr.write(error, 'latin1');
if (values.cut !== undefined) process.stderr.write(`${pico.flashOperations - before} flash operations\n`);
process.exit(error ? 1 : 0);
