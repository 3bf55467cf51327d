/**
 * Settings of attacks as data: a default, what it means, and what it must be. A table of them fills in and checks what a
 * person wrote in a configuration or on a command line, and can be printed.
 */

export type SettingValue = number | string | boolean;

export interface Setting<T extends SettingValue> {
  readonly default: T;
  /** What it is, with its symbol and unit. */
  readonly text: string;
  /** What is allowed, to follow "must be". */
  readonly expected: string;
  readonly allows: (value: unknown) => value is T;
}

export type SettingTable = Readonly<Record<string, Setting<SettingValue>>>;

export type SettingsOf<Table extends SettingTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Setting<infer T> ? T : never;
};

/** Checked settings: by their own types, and as plain data. */
export type FilledSettings<Table extends SettingTable> = SettingsOf<Table> &
  Readonly<Record<string, SettingValue>>;

/** As written by a person: any of the settings, by name. */
export type GivenSettings = Readonly<Record<string, unknown>>;

/** A number in a range; `over` excludes its lower end. */
export function range(
  fallback: number,
  text: string,
  { over, from = over ?? 0, to }: { over?: number; from?: number; to: number },
): Setting<number> {
  return {
    default: fallback,
    text,
    expected:
      over === undefined ? `a number from ${from} to ${to}` : `a number over ${over} and at most ${to}`,
    allows: (value): value is number =>
      typeof value === 'number' && value >= from && value <= to && value !== over,
  };
}

/** A whole number of at least 1. */
export function count(fallback: number, text: string): Setting<number> {
  return {
    default: fallback,
    text,
    expected: 'a whole number of at least 1',
    allows: (value): value is number => typeof value === 'number' && Number.isInteger(value) && value >= 1,
  };
}

/** A radius, or `search` for the smallest that suffices. */
export function radius(fallback: number | 'search', text: string): Setting<number | 'search'> {
  return {
    default: fallback,
    text: `${text}; 'search' finds the smallest that suffices for each pair`,
    expected: "a finite number over 0, or 'search'",
    allows: (value): value is number | 'search' =>
      value === 'search' || (typeof value === 'number' && value > 0 && Number.isFinite(value)),
  };
}

/** Yes or no. */
export function flag(fallback: boolean, text: string): Setting<boolean> {
  return {
    default: fallback,
    text,
    expected: 'true or false',
    allows: (value): value is boolean => typeof value === 'boolean',
  };
}

/**
 * The given settings, checked, with defaults for the rest. Throws a RangeError that names the attack and the setting,
 * says what it must be and what it is; for a name that is no setting, which there are.
 */
export function fillSettings<Table extends SettingTable>(
  attack: string,
  table: Table,
  given: GivenSettings,
): FilledSettings<Table> {
  for (const [name, value] of Object.entries(given)) {
    const setting = Object.hasOwn(table, name) ? table[name] : undefined;
    if (!setting) {
      throw new RangeError(
        `${attack}: there is no setting "${name}"; its settings are ${Object.keys(table).join(', ')}`,
      );
    }
    if (value !== undefined && !setting.allows(value)) {
      const got = typeof value === 'string' ? `'${value}'` : String(value);
      throw new RangeError(
        `${attack}: ${name} must be ${setting.expected}, got ${got}. It is ${setting.text}`,
      );
    }
  }
  const filled = Object.entries(table).map(([name, setting]) => [name, given[name] ?? setting.default]);
  // Every value was checked by its setting above, or is its default.
  return Object.fromEntries(filled) as FilledSettings<Table>;
}
