/** The shipped defences in words. */
import type { NetworkManifestEntry } from '../../models/network-manifest.ts';

const NAMES: Readonly<Record<string, string>> = {
  single: 'Single network',
  ensemble: 'Plain ensemble',
  shared: 'Shared classifier',
  adp: 'ADP',
  advt: 'Adversarial training (AdvT)',
  diverse: 'Diverse features',
};

const WORDS: Readonly<Record<string, string>> = {
  single: 'One network, no defence.',
  ensemble: 'Networks that were trained side by side.',
  shared: 'Networks that share what identifies a person.',
  adp: 'Networks whose wrong guesses were pushed apart (Pang et al. 2019).',
  advt: 'One network that was shown attacked faces while it learned (Zhong and Deng 2019).',
  diverse:
    'Networks that share what identifies a person, but see different features in a face (Amada et al. 2021).',
};

/** For people: 'Diverse features'. */
export function defenceName(defence: string): string {
  return NAMES[defence] ?? defence;
}

/** What it is, and how good it is at telling people apart. */
export function defenceWords({
  defence,
  description,
  members,
  accuracy,
  threshold,
  medianRms,
}: NetworkManifestEntry): string {
  const what = WORDS[defence] ?? description;
  const many = members === 1 ? '' : ` ${members} networks.`;
  const fooled =
    medianRms === null
      ? ''
      : ` In the study, half of the attacks needed ${(255 * medianRms).toFixed(1)} grey levels or less.`;
  return `${what}${many} Right about ${(100 * accuracy).toFixed(0)} % of pairs of drawn faces; accepts above ${threshold.toFixed(3)}.${fooled}`;
}
