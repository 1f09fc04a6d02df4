// What the board keeps when its power goes: reading a UF2 into flash, and erasing and programming flash at run time.

const FLASH_BASE = 0x10000000;
const UF2_BLOCK = 512, UF2_MAGIC_START = 0x0a324655, UF2_MAGIC_SECOND = 0x9e5d5157, UF2_NOT_MAIN_FLASH = 1;
const ROM_FUNCTION_TABLE = 0x14; // address of the halfword that points to the boot ROM's function table
const BREAKPOINT = 0xbe00, ERASE = 1, PROGRAM = 2;

/** Copies the blocks of a UF2 file (Microsoft's UF2 specification) into *flash*; returns the image's end offset. */
export function writeUf2(file, flash) {
  let end = 0;
  for (let at = 0; at + UF2_BLOCK <= file.length; at += UF2_BLOCK) {
    if (file.readUInt32LE(at) !== UF2_MAGIC_START || file.readUInt32LE(at + 4) !== UF2_MAGIC_SECOND) {
      throw new Error(`not a UF2 file: bad block at byte ${at}`);
    }
    const offset = file.readUInt32LE(at + 12) - FLASH_BASE, length = file.readUInt32LE(at + 16);
    if (file.readUInt32LE(at + 8) & UF2_NOT_MAIN_FLASH || offset < 0 || offset + length > flash.length) continue;
    flash.set(file.subarray(at + 32, at + 32 + length), offset);
    end = Math.max(end, offset + length);
  }
  if (!end) throw new Error('the UF2 file holds nothing for the flash of an RP2040');
  return end;
}

function romFunction(rom, name) {
  for (let entry = rom.getUint16(ROM_FUNCTION_TABLE, true); rom.getUint16(entry, true); entry += 4) {
    if (rom.getUint16(entry, true) === (name.charCodeAt(0) | (name.charCodeAt(1) << 8))) {
      return rom.getUint16(entry + 2, true) & ~1;
    }
  }
  throw new Error(`the boot ROM has no function ${name}`);
}

/**
 * Makes flash writable. rp2040js 1.4.1 has no model of the flash chip behind the SSI, so the boot ROM's
 * flash_range_erase(offset, count) and flash_range_program(offset, data, count) become breakpoints served here.
 *
 * *onWrite* is called before each of these operations, as onWrite(finish), where finish(share) does a part of it, from 0
 * to 1: it may end the program there, as a power cut does.
 */
export function emulateFlashWrites(mcu, onWrite = (finish) => finish(1)) {
  const rom = new DataView(mcu.bootrom.buffer);
  rom.setUint16(romFunction(rom, 'RE'), BREAKPOINT | ERASE, true);
  rom.setUint16(romFunction(rom, 'RP'), BREAKPOINT | PROGRAM, true);
  mcu.onBreak = (code) => {
    const [offset, second, third] = mcu.core.registers;
    if (code === ERASE) {
      onWrite((share) => mcu.flash.fill(0xff, offset, offset + Math.floor(second * share)));
    } else if (code === PROGRAM) {
      onWrite((share) => {
        for (let i = 0; i < Math.floor(third * share); i++) mcu.flash[offset + i] &= mcu.readUint8((second + i) >>> 0);
      });
    } else {
      throw new Error(`the firmware stopped at breakpoint ${code}, PC 0x${mcu.core.PC.toString(16)}`);
    }
    mcu.core.PC = mcu.core.LR & ~1;
  };
}
