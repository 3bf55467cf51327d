/** `facet verify`: how well a network, or an ensemble of several, tells whether two images show one person. */
import { type Command, Option } from 'commander';
import { openPairs } from '../../data/index.ts';
import {
  MATCHING_RULES,
  type MatchingRule,
  THRESHOLD_CHOICES,
  type ThresholdChoice,
} from '../../evaluation/index.ts';
import { nodeDataHost } from '../../platform/node-images.ts';
import { adapterOption } from '../adapter-option.ts';
import {
  addBatchOption,
  addWeightsOptions,
  openNetworks,
  openOptions,
  type WeightsOptions,
} from '../networks/open.ts';
import { imagesOf, type PairVerification, verifyPairs } from '../networks/verify-pairs.ts';
import { type EmbedderOptions, withEmbedder } from '../networks/with-embedder.ts';

interface Options extends WeightsOptions, EmbedderOptions {
  readonly images?: string;
  readonly pairs: string;
  readonly matching: MatchingRule;
  readonly thresholds: ThresholdChoice;
}

/** Adds `facet verify` to the program. */
export function registerVerify(program: Command): void {
  const command = program
    .command('verify')
    .description('verify pairs of faces with trained weights: accuracy over folds, TAR at FAR, EER')
    .requiredOption(
      '--pairs <list>',
      'LFW’s pairs.txt, an InsightFace .bin, CFP’s Protocol, AgeDB’s or a CSV list (docs/weights.md)',
    )
    .option('--images <set>', 'the images that the list names: a tar or folder; a .bin brings its own')
    .option('--flip', 'add the features of each image’s mirror image')
    .addOption(
      new Option(
        '--matching <rule>',
        'how an ensemble compares: its members’ mean or least cosine, or that of all features in a row',
      )
        .choices(MATCHING_RULES)
        .default('mean'),
    )
    .addOption(
      new Option(
        '--thresholds <choice>',
        'where each fold’s threshold is looked for: among cosines in steps of 0.001, on InsightFace’s grid of distances, or exactly',
      )
        .choices(THRESHOLD_CHOICES)
        .default('grid'),
    )
    .option('--json', 'print the result as JSON, and no progress');
  addBatchOption(addWeightsOptions(command)).addOption(adapterOption()).action(verifyCommand);
}

async function verifyCommand(options: Options): Promise<void> {
  const network = await openNetworks(options.weights, openOptions(options));
  const set = await openPairs(
    options.pairs,
    nodeDataHost,
    options.images === undefined ? {} : { images: options.images },
  );
  try {
    const images = imagesOf(set).length;
    const { adapter, result } = await withEmbedder(network, images, options, async (embedder, name) => ({
      adapter: name,
      result: await verifyPairs(embedder, set, options.matching, options.thresholds),
    }));
    const about: About = {
      weights: network.description,
      members: network.members,
      embeddingSize: network.embeddingSize,
      inputSize: network.inputSize[0],
      set: set.name,
      format: set.format,
      flip: options.flip ?? false,
      matching: options.matching,
      thresholds: options.thresholds,
      adapter,
    };
    process.stdout.write(options.json ? `${asJson(about, result)}\n` : asText(about, result));
  } finally {
    await set.close();
  }
}

/** What was asked for, for the report. */
interface About {
  readonly weights: string;
  readonly members: number;
  readonly embeddingSize: number;
  readonly inputSize: number;
  readonly set: string;
  readonly format: string;
  readonly flip: boolean;
  readonly matching: MatchingRule;
  readonly thresholds: ThresholdChoice;
  readonly adapter: string;
}

/** Passes over an image each second: a mirrored image counts as one of its own. */
function imagesPerSecond({ flip }: About, { images, seconds }: PairVerification): number {
  return (images * (flip ? 2 : 1)) / seconds;
}

function asJson(about: About, result: PairVerification): string {
  const { verification, pairs, folds, images, seconds, skipped, lostPairs } = result;
  const { accuracy, deviation, standardError, tarAtFar, eer, auc } = verification;
  const report = {
    ...about,
    pairs,
    folds,
    images,
    accuracy,
    deviation,
    standardError,
    perFold: verification.folds,
    tarAtFar,
    eer,
    auc,
    seconds,
    imagesPerSecond: imagesPerSecond(about, result),
    damagedImages: skipped,
    lostPairs,
  };
  return JSON.stringify(report, null, 2);
}

function asText(about: About, result: PairVerification): string {
  const { verification, pairs, folds, images, seconds, skipped, lostPairs } = result;
  const { accuracy, deviation, tarAtFar, eer, auc } = verification;
  const percent = (share: number, digits = 2) => `${(100 * share).toFixed(digits)} %`;
  const mirrored = about.flip ? ', each with its mirror image' : '';
  const members = about.members === 1 ? '' : `, ${about.members} members matched by ${about.matching}`;
  const lines = [
    `${about.weights}: ${about.embeddingSize} features of ${about.inputSize}×${about.inputSize} pixels${members}`,
    `${about.set} (${about.format}): ${pairs} pairs in ${folds} folds, ${images} images${mirrored}`,
    '',
    `accuracy         ${percent(accuracy)} ± ${percent(deviation)} (deviation over folds, thresholds: ${about.thresholds})`,
    ...tarAtFar.map(
      ({ far, tar, resolved }) =>
        `TAR at FAR ${far.toExponential(0)}  ${percent(tar)}${resolved ? '' : ' (too few pairs of two people to resolve it)'}`,
    ),
    `EER              ${percent(eer)}`,
    `AUC              ${auc.toFixed(5)}`,
    '',
    `${imagesPerSecond(about, result).toFixed(1)} images/s on ${about.adapter} (${seconds.toFixed(1)} s)`,
    ...(skipped.length > 0
      ? [
          `${skipped.length} damaged images and the ${lostPairs} pairs that name them were left out: ${skipped
            .slice(0, 3)
            .map(({ name, reason }) => `${name} (${reason})`)
            .join(', ')}${skipped.length > 3 ? ', …' : ''}`,
        ]
      : []),
  ];
  return `${lines.join('\n')}\n`;
}
