// A faster path through the instructions that MicroPython executes most, with the results and cycles of rp2040js's own.
//
// rp2040js 1.4.1 finds an instruction by up to 70 comparisons. This decodes by the top five bits (ARMv6-M Architecture
// Reference Manual, A5.2), and leaves to rp2040js whatever is rare or touches anything but RAM and flash.

const FLASH = 0x10000000, RAM = 0x20000000, SP = 13, LR = 14, PC = 15;

export function speedUp(mcu) {
  const { core, flash16, flashView, sramView } = mcu;
  const registers = core.registers, slow = core.executeInstruction;
  const ram16 = new Uint16Array(sramView.buffer), ramEnd = RAM + sramView.byteLength, flashEnd = FLASH + flashView.byteLength;

  const inRam = (address, size) => address >= RAM && address + size <= ramEnd;

  // The bytes that hold a readable address, and the address's offset in them.
  let view, offset;
  function readable(address, size) {
    if (inRam(address, size)) {
      view = sramView;
      offset = address - RAM;
      return true;
    }
    view = flashView;
    offset = address - FLASH;
    return address >= FLASH && address + size <= flashEnd;
  }

  function done(pc, cycles) {
    registers[PC] = pc;
    core.cycles += cycles;
    return cycles;
  }

  function setResult(value) {
    core.N = value < 0;
    core.Z = value === 0;
  }

  function add(a, b) {
    const sum = a + b, value = sum | 0;
    setResult(value);
    core.C = sum > 0xffffffff;
    core.V = ((a ^ value) & (b ^ value)) < 0;
    return value;
  }

  function subtract(a, b) {
    const value = (a - b) | 0;
    setResult(value);
    core.C = a >= b;
    core.V = ((a ^ b) & (a ^ value)) < 0;
    return value;
  }

  // LSL, LSR, ASR by an immediate
  function shift(kind, opcode) {
    const input = registers[(opcode >> 3) & 7], count = (opcode >> 6) & 31;
    let value;
    if (kind === 0) {
      value = input << count;
      if (count) core.C = ((input >>> (32 - count)) & 1) === 1;
    } else if (kind === 1) {
      value = count ? (input >>> count) | 0 : 0;
      core.C = ((input >>> (count ? count - 1 : 31)) & 1) === 1;
    } else {
      value = input >> (count || 31);
      core.C = ((input >>> (count ? count - 1 : 31)) & 1) === 1;
    }
    registers[opcode & 7] = value;
    setResult(value);
  }

  // ADD, SUB of registers or with a 3-bit immediate
  function addOrSubtract(opcode) {
    const field = (opcode >> 6) & 7, a = registers[(opcode >> 3) & 7], b = opcode & 0x400 ? field : registers[field];
    registers[opcode & 7] = opcode & 0x200 ? subtract(a, b) : add(a, b);
  }

  // The commoner half of the data-processing instructions; returns whether this was one.
  function process(opcode) {
    const a = registers[opcode & 7], b = registers[(opcode >> 3) & 7];
    let value;
    switch ((opcode >> 6) & 15) {
      case 0:
        value = a & b;
        break;
      case 1:
        value = a ^ b;
        break;
      case 8:
        setResult(a & b);
        return true;
      case 10:
        subtract(a, b);
        return true;
      case 12:
        value = a | b;
        break;
      case 13:
        value = Math.imul(a, b);
        break;
      case 14:
        value = a & ~b;
        break;
      case 15:
        value = ~b;
        break;
      default:
        return false;
    }
    registers[opcode & 7] = value;
    setResult(value);
    return true;
  }

  // Instructions on high registers: MOV and BX
  function high(opcode, pc) {
    const source = (opcode >> 3) & 15, target = ((opcode >> 4) & 8) | (opcode & 7);
    if (opcode >> 8 === 0x46 && source < PC && target < SP) {
      registers[target] = registers[source];
      return done(pc + 2, 1);
    }
    if ((opcode & 0xff87) === 0x4700 && source < PC) {
      registers[PC] = pc + 2;
      core.BXWritePC(registers[source]);
      core.cycles += 2;
      return 2;
    }
    return slow.call(core);
  }

  function load(address, size, target, pc) {
    if (!readable(address, size)) return slow.call(core);
    if (size === 4) registers[target] = view.getUint32(offset, true);
    else if (size === 2) registers[target] = view.getUint16(offset, true);
    else registers[target] = view.getUint8(offset);
    return done(pc + 2, 2);
  }

  function store(address, size, source, pc) {
    if (!inRam(address, size)) return slow.call(core);
    if (size === 4) sramView.setUint32(address - RAM, registers[source], true);
    else if (size === 2) sramView.setUint16(address - RAM, registers[source], true);
    else sramView.setUint8(address - RAM, registers[source]);
    return done(pc + 2, 2);
  }

  function transferByRegisters(opcode, pc) {
    const address = (registers[(opcode >> 6) & 7] + registers[(opcode >> 3) & 7]) >>> 0, register = opcode & 7;
    switch ((opcode >> 9) & 7) {
      case 0:
        return store(address, 4, register, pc);
      case 1:
        return store(address, 2, register, pc);
      case 2:
        return store(address, 1, register, pc);
      case 4:
        return load(address, 4, register, pc);
      case 5:
        return load(address, 2, register, pc);
      case 6:
        return load(address, 1, register, pc);
      default:
        return slow.call(core); // with sign
    }
  }

  function countBits(bits) {
    let count = 0;
    for (; bits; bits &= bits - 1) count++;
    return count;
  }

  function push(opcode, pc) {
    const count = countBits(opcode & 0xff), size = 4 * (count + ((opcode >> 8) & 1));
    let address = registers[SP] - size;
    if (!inRam(address, size)) return slow.call(core);
    registers[SP] = address;
    for (let register = 0; register < 8; register++) {
      if (!(opcode & (1 << register))) continue;
      sramView.setUint32(address - RAM, registers[register], true);
      address += 4;
    }
    if (opcode & 0x100) sramView.setUint32(address - RAM, registers[LR], true);
    return done(pc + 2, 1 + count);
  }

  function pop(opcode, pc) {
    const count = countBits(opcode & 0xff), toPc = (opcode >> 8) & 1;
    let address = registers[SP];
    if (!inRam(address, 4 * (count + toPc))) return slow.call(core);
    for (let register = 0; register < 8; register++) {
      if (!(opcode & (1 << register))) continue;
      registers[register] = sramView.getUint32(address - RAM, true);
      address += 4;
    }
    registers[SP] = address + 4 * toPc;
    const cycles = done(pc + 2, 1 + count + 2 * toPc);
    if (toPc) core.BXWritePC(sramView.getUint32(address - RAM, true));
    return cycles;
  }

  function miscellaneous(opcode, pc) {
    if ((opcode & 0xfe00) === 0xb400) return push(opcode, pc);
    if ((opcode & 0xfe00) === 0xbc00) return pop(opcode, pc);
    if ((opcode & 0xff80) === 0xb280) {
      registers[opcode & 7] = registers[(opcode >> 3) & 7] & (opcode & 0x40 ? 0xff : 0xffff); // UXTB, UXTH
      return done(pc + 2, 1);
    }
    return slow.call(core);
  }

  function branchIf(opcode, pc) {
    const condition = (opcode >> 8) & 15;
    if (condition > 13) return slow.call(core);
    return core.checkCondition(condition) ? done(pc + 4 + ((opcode << 24) >> 23), 2) : done(pc + 2, 1);
  }

  function call(opcode, second, pc) {
    if (second >> 14 !== 3 || !(second & 0x1000)) return slow.call(core);
    const sign = (opcode >> 10) & 1;
    const high2 = ((1 ^ sign ^ (second >> 13)) & 1) << 1 | ((1 ^ sign ^ (second >> 11)) & 1);
    const target = (sign ? 0xff000000 : 0) | (high2 << 22) | ((opcode & 0x3ff) << 12) | ((second & 0x7ff) << 1);
    registers[LR] = (pc + 4) | 1;
    return done(pc + 4 + target, 3);
  }

  core.executeInstruction = function executeInstruction() {
    if (core.interruptsUpdated && core.checkForInterrupts()) core.waiting = false;
    const pc = registers[PC];
    const code = pc >= RAM ? ram16 : flash16, at = (pc - (pc >= RAM ? RAM : FLASH)) >> 1;
    if (pc & 1 || pc < FLASH || at + 1 >= code.length) return slow.call(core);
    const opcode = code[at], low = (opcode >> 8) & 7, base = registers[(opcode >> 3) & 7];
    const scaled = (opcode >> 6) & 31, byte = opcode & 0xff;
    switch (opcode >> 11) {
      case 0:
      case 1:
      case 2:
        shift(opcode >> 11, opcode);
        return done(pc + 2, 1);
      case 3:
        addOrSubtract(opcode);
        return done(pc + 2, 1);
      case 4:
        registers[low] = byte;
        setResult(byte);
        return done(pc + 2, 1);
      case 5:
        subtract(registers[low], byte);
        return done(pc + 2, 1);
      case 6:
        registers[low] = add(registers[low], byte);
        return done(pc + 2, 1);
      case 7:
        registers[low] = subtract(registers[low], byte);
        return done(pc + 2, 1);
      case 8:
        if (opcode & 0x400) return high(opcode, pc);
        return process(opcode) ? done(pc + 2, 1) : slow.call(core);
      case 9:
        return load((((pc + 4) & ~3) >>> 0) + byte * 4, 4, low, pc);
      case 10:
      case 11:
        return transferByRegisters(opcode, pc);
      case 12:
        return store((base + scaled * 4) >>> 0, 4, opcode & 7, pc);
      case 13:
        return load((base + scaled * 4) >>> 0, 4, opcode & 7, pc);
      case 14:
        return store((base + scaled) >>> 0, 1, opcode & 7, pc);
      case 15:
        return load((base + scaled) >>> 0, 1, opcode & 7, pc);
      case 16:
        return store((base + scaled * 2) >>> 0, 2, opcode & 7, pc);
      case 17:
        return load((base + scaled * 2) >>> 0, 2, opcode & 7, pc);
      case 18:
        return store((registers[SP] + byte * 4) >>> 0, 4, low, pc);
      case 19:
        return load((registers[SP] + byte * 4) >>> 0, 4, low, pc);
      case 22:
      case 23:
        return miscellaneous(opcode, pc);
      case 26:
      case 27:
        return branchIf(opcode, pc);
      case 28:
        return done(pc + 4 + ((opcode << 21) >> 20), 2);
      case 30:
        return call(opcode, code[at + 1], pc);
      default:
        return slow.call(core);
    }
  };
}
