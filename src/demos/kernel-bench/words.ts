/** Numbers as people read them. */

/** Three digits: 1230, 12.3, 0.012. */
export function number(value: number): string {
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return Number(value.toFixed(Math.min(digits, 12))).toLocaleString('en', {
    maximumFractionDigits: Math.min(digits, 12),
    useGrouping: false,
  });
}

/** 64 MiB, 2 GiB. */
export function bytes(value: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  let amount = value;
  while (amount >= 1024 && unit < units.length - 1) {
    amount /= 1024;
    unit++;
  }
  return `${number(amount)} ${units[unit]}`;
}
