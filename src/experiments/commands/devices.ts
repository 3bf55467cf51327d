/** `facet devices`: the adapters of this machine, and what they can do. */
import type { Command } from 'commander';
import type { HostAdapter } from '../../platform/host.ts';
import { listAdapters, openAdapter } from '../../platform/node.ts';
import { adapterOption } from '../adapter-option.ts';

/** Limits that decide which kernels fit. */
const SHOWN_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupsPerDimension',
  'maxImmediateSize',
] as const;

const SHOWN_FEATURES = ['subgroups', 'shader-f16', 'timestamp-query'] as const;

interface DeviceReport {
  readonly description: string;
  readonly kind: string;
  readonly chosen: boolean;
  readonly vendor: string;
  readonly architecture: string;
  readonly subgroupSizes: readonly [number, number];
  readonly limits: Record<string, number>;
  readonly features: readonly string[];
}

/** Limits are accessors of the prototype, so spreading or JSON would lose them. */
function readLimits(limits: GPUSupportedLimits): Record<string, number> {
  const found: Record<string, number> = {};
  for (const name in limits) {
    const value: unknown = Reflect.get(limits, name);
    if (typeof value === 'number') found[name] = value;
  }
  return found;
}

function describe({ adapter, kind, description }: HostAdapter, chosen: boolean): DeviceReport {
  // Optional: hosts without subgroups leave them out.
  const { vendor, architecture, subgroupMinSize = 0, subgroupMaxSize = 0 } = adapter.info;
  return {
    description,
    kind,
    chosen,
    vendor,
    architecture,
    subgroupSizes: [subgroupMinSize, subgroupMaxSize],
    limits: readLimits(adapter.limits),
    features: [...adapter.features].sort(),
  };
}

const MIB = 2 ** 20;

function readable(value: number): string {
  return value >= MIB && value % MIB === 0 ? `${value / MIB} MiB` : value.toLocaleString('en');
}

function print(report: DeviceReport): string {
  const [low, high] = report.subgroupSizes;
  const rows: [string, string][] = [
    ...SHOWN_FEATURES.map((name): [string, string] => [name, report.features.includes(name) ? 'yes' : 'no']),
    ['subgroup size', low === high ? `${low}` : `${low} to ${high}`],
    ...SHOWN_LIMITS.map((name): [string, string] => [name, readable(report.limits[name] ?? 0)]),
  ];
  const heading = `${report.chosen ? '*' : ' '} ${report.description} (${report.kind})`;
  return [heading, ...rows.map(([name, value]) => `    ${name.padEnd(36)}${value}`)].join('\n');
}

/** Adds `facet devices` to the program. */
export function registerDevices(program: Command): void {
  program
    .command('devices')
    .description('list the adapters of this machine, with their limits and features')
    .option('--json', 'print everything there is to know, as JSON')
    .addOption(adapterOption('show which one this choice takes'))
    .action(async (options: { json?: boolean; adapter: string }) => {
      const chosen = await openAdapter({ preference: options.adapter });
      const adapters = await listAdapters();
      const reports = adapters.map((each) =>
        describe(each, each.kind === chosen.kind && each.description === chosen.description),
      );
      const text = options.json
        ? JSON.stringify(reports, null, 2)
        : `${reports.map(print).join('\n\n')}\n\n* what --adapter ${options.adapter} takes`;
      process.stdout.write(`${text}\n`);
    });
}
