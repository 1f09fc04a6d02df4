// A scenario: the networks around the board and what happens to them, from a JSON file such as
//
//   {
//     "networks": [{"ssid": "home", "password": "correct horse", "channel": 6, "strength": -50}],
//     "events": [{"at": 20, "ssid": "home", "present": false}, {"at": 60, "ssid": "home", "present": true}]
//   }
//
// `at` is in seconds of the board's time after power-on. What a network has is in air.mjs. Without a scenario there is
// one network.

import fs from 'node:fs';

export const DEFAULT = { networks: [{ ssid: 'emulator', password: 'emulated radio' }], events: [] };
const MICROSECONDS = 1e6, KEYS = ['networks', 'events'];

/** Reads a scenario's file; throws an Error that says what is wrong with it. */
export function readScenario(file) {
  const scenario = JSON.parse(fs.readFileSync(file, 'utf8'));
  for (const key of Object.keys(scenario)) {
    if (!KEYS.includes(key)) throw new Error(`a scenario has "networks" and "events", not "${key}"`);
  }
  for (const key of KEYS) {
    if (!Array.isArray(scenario[key] ?? [])) throw new Error(`"${key}" must be a list`);
  }
  return { networks: [], events: [], ...scenario };
}

/** Puts the networks of *scenario* into *air* and lets its events happen at their times, also after a reset of *pico*. */
export function play({ networks, events }, air, pico) {
  for (const network of networks) air.add(network);
  const coming = new Set(events);
  for (const { at, ...change } of coming) {
    if (!(at >= 0)) throw new Error(`"at" must be a number of seconds, not ${JSON.stringify(at)}`);
    air.check(change);
  }
  const schedule = () => {
    for (const event of coming) {
      const { at, ...change } = event;
      pico.after(Math.max(0, at * MICROSECONDS - pico.simulatedMicroseconds), () => {
        coming.delete(event);
        air.change(change);
      });
    }
  };
  schedule();
  pico.on('reset', schedule);
}
