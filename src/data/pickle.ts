/**
 * Python pickles as inert data. A pickle is a program for a small stack machine, and Python's own reader will call
 * whatever function it names. This one builds lists, tuples, bytes, text, numbers, booleans, None and NumPy arrays
 * of bytes, and nothing else: the few globals that those need (`_codecs.encode`, numpy's `_reconstruct`, `dtype`,
 * `ndarray`, `scalar` and `_frombuffer`) are recognised by name and stand for what they would make; any other name
 * is an error. No code is looked up, let alone run.
 *
 * Opcodes of the protocols 0 to 5, as Python 2 and 3 write them: CPython's Lib/pickletools.py.
 */
import { DataError } from './errors.ts';
import { callGlobal, isCallable, PickleParts, setState } from './pickle-globals.ts';
import { PickleGlobal, type PickleValue } from './pickle-values.ts';

/** More opcodes than this are no list of images: LFW's .bin has about 40,000. */
const MAX_OPCODES = 5_000_000;
/** Digits and names on a line of protocol 0; text and bytes may be as long as the file. */
const MAX_LINE = 1000;

/** One character per byte. (TextDecoder's latin1 is Windows-1252, which is not that.) */
function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192)
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}

/** Stands on the stack where a group of values begins. */
const MARK = Symbol('mark');
type StackItem = PickleValue | typeof MARK;

/**
 * The value that a pickle builds. Bytes are views of `bytes`, except where the pickle holds them as text. Python 2's
 * `str` arrives as bytes, tuples as arrays. `name` is for messages.
 *
 * Work and memory are linear in the file. Throws a DataError for what is no pickle, is cut short, asks for anything
 * beyond inert data, or has more than 5 million opcodes.
 */
export function readPickle(bytes: Uint8Array, name: string): PickleValue {
  return new PickleReader(bytes, name).read();
}

class PickleReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #name: string;
  readonly #parts: PickleParts;
  readonly #stack: StackItem[] = [];
  readonly #memo = new Map<number, PickleValue>();
  #at = 0;
  /** Of the opcode that is being carried out, for messages. */
  #opcodeAt = 0;

  constructor(bytes: Uint8Array, name: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#name = name;
    this.#parts = new PickleParts(bytes.length, (problem) => this.#error(problem));
  }

  read(): PickleValue {
    for (let count = 0; count < MAX_OPCODES; count++) {
      this.#opcodeAt = this.#at;
      const opcode = this.#byte();
      if (opcode === 0x2e /* STOP */) return this.#finish();
      this.#execute(opcode);
    }
    throw this.#error(`more than ${MAX_OPCODES} opcodes, far more than a list of images has`);
  }

  #finish(): PickleValue {
    const value = this.#pop();
    if (this.#stack.length > 0) throw this.#error(`${this.#stack.length} values are left over at its end`);
    if (this.#at !== this.#bytes.length) {
      throw this.#error(`${this.#bytes.length - this.#at} bytes follow its end`);
    }
    return value;
  }

  #execute(opcode: number): void {
    const stack = this.#stack;
    switch (opcode) {
      case 0x80 /* PROTO */:
        {
          const protocol = this.#byte();
          if (protocol > 5) throw this.#error(`protocol ${protocol}; expected 0 to 5`);
          break;
        }
      case 0x95 /* FRAME */:
        this.#length8(); // frames only help to read ahead
        break;

      case 0x28 /* MARK */:
        stack.push(MARK);
        break;
      case 0x30 /* POP */:
        if (stack.pop() === undefined) throw this.#error('takes a value from an empty stack');
        break;
      case 0x31 /* POP_MARK */:
        this.#popToMark();
        break;
      case 0x32 /* DUP */:
        {
          const top = this.#pop();
          stack.push(top, top);
          break;
        }

      case 0x4e /* NONE */:
        stack.push(null);
        break;
      case 0x88 /* NEWTRUE */:
        stack.push(true);
        break;
      case 0x89 /* NEWFALSE */:
        stack.push(false);
        break;
      case 0x49 /* INT */:
        {
          const text = this.#line();
          stack.push(text === '01' ? true : text === '00' ? false : this.#number(text, /^[+-]?\d{1,16}$/));
          break;
        }
      case 0x4c /* LONG */:
        stack.push(this.#number(this.#line().replace(/L$/, ''), /^[+-]?\d{1,16}$/));
        break;
      case 0x46 /* FLOAT */:
        stack.push(this.#number(this.#line(), /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i));
        break;
      case 0x4a /* BININT */:
        stack.push(this.#view.getInt32(this.#take(4), true));
        break;
      case 0x4b /* BININT1 */:
        stack.push(this.#byte());
        break;
      case 0x4d /* BININT2 */:
        stack.push(this.#view.getUint16(this.#take(2), true));
        break;
      case 0x8a /* LONG1 */:
        stack.push(this.#long(this.#byte()));
        break;
      case 0x8b /* LONG4 */:
        stack.push(this.#long(this.#length4()));
        break;
      case 0x47 /* BINFLOAT */:
        stack.push(this.#view.getFloat64(this.#take(8)));
        break;

      case 0x53 /* STRING */:
        stack.push(this.#quoted());
        break;
      case 0x54 /* BINSTRING */:
      case 0x42 /* BINBYTES */:
        stack.push(this.#slice(this.#length4()));
        break;
      case 0x55 /* SHORT_BINSTRING */:
      case 0x43 /* SHORT_BINBYTES */:
        stack.push(this.#slice(this.#byte()));
        break;
      case 0x8e /* BINBYTES8 */:
      case 0x96 /* BYTEARRAY8 */:
        stack.push(this.#slice(this.#length8()));
        break;
      case 0x56 /* UNICODE */:
        stack.push(this.#rawUnicode());
        break;
      case 0x58 /* BINUNICODE */:
        stack.push(this.#text(this.#length4()));
        break;
      case 0x8c /* SHORT_BINUNICODE */:
        stack.push(this.#text(this.#byte()));
        break;
      case 0x8d /* BINUNICODE8 */:
        stack.push(this.#text(this.#length8()));
        break;

      case 0x5d /* EMPTY_LIST */:
      case 0x29 /* EMPTY_TUPLE */:
        stack.push([]);
        break;
      case 0x6c /* LIST */:
      case 0x74 /* TUPLE */:
        stack.push(this.#popToMark());
        break;
      case 0x85 /* TUPLE1 */:
      case 0x86 /* TUPLE2 */:
      case 0x87 /* TUPLE3 */:
        {
          const items: PickleValue[] = [];
          for (let i = 0x84; i < opcode; i++) items.unshift(this.#pop());
          stack.push(items);
          break;
        }
      case 0x61 /* APPEND */:
        {
          const item = this.#pop();
          this.#list().push(item);
          break;
        }
      case 0x65 /* APPENDS */:
        {
          const items = this.#popToMark();
          const list = this.#list();
          for (const item of items) list.push(item);
          break;
        }

      case 0x70 /* PUT */:
        this.#store(this.#memoIndex());
        break;
      case 0x71 /* BINPUT */:
        this.#store(this.#byte());
        break;
      case 0x72 /* LONG_BINPUT */:
        this.#store(this.#length4());
        break;
      case 0x94 /* MEMOIZE */:
        this.#store(this.#memo.size);
        break;
      case 0x67 /* GET */:
        this.#recall(this.#memoIndex());
        break;
      case 0x68 /* BINGET */:
        this.#recall(this.#byte());
        break;
      case 0x6a /* LONG_BINGET */:
        this.#recall(this.#length4());
        break;

      case 0x63 /* GLOBAL */:
        {
          const module = this.#line();
          this.#global(module, this.#line());
          break;
        }
      case 0x93 /* STACK_GLOBAL */:
        {
          const [global, module] = [this.#pop(), this.#pop()];
          if (typeof module !== 'string' || typeof global !== 'string') {
            throw this.#error('names a global by something that is no text');
          }
          this.#global(module, global);
          break;
        }
      case 0x52 /* REDUCE */:
        {
          const [given, callable] = [this.#pop(), this.#pop()];
          if (!(callable instanceof PickleGlobal) || !Array.isArray(given)) {
            throw this.#error('calls something that is no function');
          }
          stack.push(callGlobal(callable, given, this.#parts));
          break;
        }
      case 0x62 /* BUILD */:
        {
          const state = this.#pop();
          setState(this.#peek(), state, this.#parts);
          break;
        }
      default: {
        const shown =
          opcode > 32 && opcode < 127 ? `'${String.fromCharCode(opcode)}'` : `0x${opcode.toString(16)}`;
        throw this.#error(
          this.#opcodeAt === 0
            ? `begins with ${shown}, as no pickle does`
            : `asks for opcode ${shown}, which inert lists of images have no need of`,
        );
      }
    }
  }

  #global(module: string, global: string): void {
    if (!isCallable(module, global)) {
      throw this.#error(
        `names the global ${module}.${global}; only NumPy arrays and bytes are built, and nothing is ever called. ` +
          'A file that asks for other things may mean harm: do not open it with Python',
      );
    }
    this.#stack.push(new PickleGlobal(module, global));
  }

  #pop(): PickleValue {
    const value = this.#stack.pop();
    if (value === undefined || value === MARK) throw this.#error('takes a value that is not there');
    return value;
  }

  #peek(): PickleValue {
    const value = this.#stack.at(-1);
    if (value === undefined || value === MARK) throw this.#error('looks at a value that is not there');
    return value;
  }

  /** What was pushed since the last mark, which goes too. */
  #popToMark(): PickleValue[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) throw this.#error('ends a group that never began');
    const items = this.#stack.splice(mark);
    items.shift();
    return items as PickleValue[]; // behind the last mark there is no other
  }

  #list(): PickleValue[] {
    const list = this.#peek();
    if (!Array.isArray(list)) throw this.#error('appends to something that is no list');
    return list;
  }

  #store(index: number): void {
    this.#memo.set(index, this.#peek());
  }

  #recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.#error(`recalls value ${index}, which was never stored`);
    this.#stack.push(value);
  }

  #memoIndex(): number {
    return this.#number(this.#line(), /^\d{1,9}$/);
  }

  /** Moves past `length` bytes and returns where they begin. */
  #take(length: number): number {
    const at = this.#at;
    if (length > this.#bytes.length - at) {
      throw this.#error(`wants ${length} bytes and ${this.#bytes.length - at} are left; is the file whole?`);
    }
    this.#at += length;
    return at;
  }

  #byte(): number {
    return this.#bytes[this.#take(1)]!;
  }

  #length4(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  #length8(): number {
    const at = this.#take(8);
    return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 2 ** 32;
  }

  #slice(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  #text(length: number): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.#slice(length));
    } catch (thrown) {
      if (thrown instanceof DataError) throw thrown;
      throw this.#error('has text that is not UTF-8');
    }
  }

  /** Up to the next line feed, which is passed over. */
  #lineBytes(): Uint8Array {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw this.#error('has a line that does not end; is the file whole?');
    const line = this.#bytes.subarray(this.#at, end);
    this.#at = end + 1;
    return line;
  }

  /** A short line of ASCII: a number, or part of a name. */
  #line(): string {
    const line = this.#lineBytes();
    if (line.length > MAX_LINE)
      throw this.#error(`has a line of ${line.length} bytes; expected a number or name`);
    return latin1(line);
  }

  #number(text: string, form: RegExp): number {
    const value = form.test(text) ? Number(text) : Number.NaN;
    if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) {
      throw this.#error(`has ${JSON.stringify(text.slice(0, 40))} in place of a number`);
    }
    return value;
  }

  /** Little-endian two's complement. */
  #long(length: number): number {
    const bytes = this.#slice(length);
    if (length > 8) throw this.#error(`has a whole number of ${length} bytes; expected at most 8`);
    let value = 0n;
    for (const [i, byte] of bytes.entries()) value += BigInt(byte) << BigInt(8 * i);
    const signed = Number(BigInt.asIntN(8 * length, value));
    if (!Number.isSafeInteger(signed)) throw this.#error('has a whole number beyond 2^53');
    return signed;
  }

  /** Python 2's `repr` of a string: quotes, and escapes for what cannot be seen. */
  #quoted(): Uint8Array {
    const line = this.#lineBytes();
    const quote = line[0];
    if (line.length < 2 || (quote !== 0x27 && quote !== 0x22) || line.at(-1) !== quote) {
      throw this.#error('has a string without its quotes');
    }
    const inner = line.subarray(1, -1);
    if (!inner.includes(0x5c)) return inner;
    const out = new Uint8Array(inner.length);
    let length = 0;
    for (let i = 0; i < inner.length; i++) {
      if (inner[i] !== 0x5c) {
        out[length++] = inner[i]!;
        continue;
      }
      const letter = String.fromCharCode(inner[++i] ?? 0);
      if (letter === 'x') {
        const hex = latin1(inner.subarray(i + 1, i + 3));
        if (!/^[0-9a-f]{2}$/i.test(hex))
          throw this.#error(`has the escape \\x${hex}; expected two hex digits`);
        out[length++] = Number.parseInt(hex, 16);
        i += 2;
      } else {
        const escaped = ESCAPES[letter];
        if (escaped === undefined) throw this.#error(`has the unknown escape \\${letter}`);
        out[length++] = escaped;
      }
    }
    return out.slice(0, length);
  }

  /** Protocol 0's text: Latin-1 bytes, and \uXXXX or \UXXXXXXXX for the rest. */
  #rawUnicode(): string {
    return latin1(this.#lineBytes()).replace(
      /\\u([0-9a-f]{4})|\\U([0-9a-f]{8})/gi,
      (_, short?: string, long?: string) => {
        const code = Number.parseInt(short ?? long ?? '', 16);
        if (code > 0x10ffff) throw this.#error(`has a character beyond Unicode, \\U${long}`);
        return String.fromCodePoint(code);
      },
    );
  }

  #error(problem: string): DataError {
    return new DataError(
      `${this.#name}: not the inert pickle that was expected: at byte ${this.#opcodeAt} it ${problem}`,
    );
  }
}

const ESCAPES: Readonly<Record<string, number>> = {
  '\\': 0x5c,
  "'": 0x27,
  '"': 0x22,
  n: 0x0a,
  r: 0x0d,
  t: 0x09,
};
