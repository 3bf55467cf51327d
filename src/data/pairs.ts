/** Pairs of faces for verification: is it the same person? Lists are read by lfw-pairs.ts or generated here. */
import { DataError } from './errors.ts';
import { type FaceSet, imagesPerIdentity } from './face-set.ts';
import { CounterRandom, STREAM } from './random.ts';

/** Two images of a set, by index. */
export interface FacePair {
  readonly a: number;
  readonly b: number;
  /** Whether both show one person. */
  readonly same: boolean;
  /** From 0. */
  readonly fold: number;
}

export interface PairList {
  readonly pairs: readonly FacePair[];
  /** Number of folds. */
  readonly folds: number;
}

export interface GeneratePairsOptions {
  readonly folds: number;
  /** Pairs in a fold, half of them of one person: an even number. */
  readonly pairsPerFold: number;
  /** Whole number from 0 to 2^53 − 1. */
  readonly seed: number;
}

/** A fold's identities, each with its images. */
type People = readonly (readonly number[])[];

/**
 * A balanced list of pairs of any set, in the manner of LFW: folds share no identity, no pair comes twice,
 * and identities count alike however many images they have. Same set, same options, same pairs.
 *
 * Throws a DataError that says what a fold can give where the set is too small.
 */
export function generatePairs(set: FaceSet, options: GeneratePairsOptions): PairList {
  const { folds, pairsPerFold, seed } = options;
  if (!Number.isInteger(folds) || folds < 1) {
    throw new DataError(`generatePairs: folds must be a positive whole number, got ${folds}`);
  }
  if (!Number.isInteger(pairsPerFold) || pairsPerFold < 2 || pairsPerFold % 2 !== 0) {
    throw new DataError(`generatePairs: pairsPerFold must be a positive even number, got ${pairsPerFold}`);
  }
  const need = pairsPerFold / 2;
  const pairs: FacePair[] = [];
  for (const [fold, people] of dealFolds(set, folds, seed).entries()) {
    const [same, different] = capacity(people);
    if (same < need || different < need) {
      throw new DataError(
        `generatePairs: ${set.name} is too small for ${folds} folds of ${need} same and ${need} different pairs: ` +
          `the ${people.length} identities of fold ${fold} give ${same} and ${different}; ask for fewer folds or pairs`,
      );
    }
    for (const isSame of [true, false]) {
      const stream = isSame ? STREAM.pairSame : STREAM.pairDifferent;
      const random = new CounterRandom(seed, stream, fold);
      const enough = isSame ? same : different;
      const draw = isSame ? sameDrawer(people, random) : differentDrawer(people, random);
      for (const [a, b] of distinctPairs(need, enough, people, isSame, draw, random)) {
        pairs.push({ a, b, same: isSame, fold });
      }
    }
  }
  return { pairs, folds };
}

/** Deals identities to folds in turn, those with several images first, so that same pairs are spread evenly. */
function dealFolds(set: FaceSet, folds: number, seed: number): People[] {
  const members: number[][] = set.identities.map(() => []);
  for (const [index, identity] of set.labels.entries()) members[identity]!.push(index);
  const counts = imagesPerIdentity(set);
  const order = new CounterRandom(seed, STREAM.pairFolds).shuffle(set.identities.map((_, i) => i));
  const several = order.filter((i) => counts[i]! > 1);
  const single = order.filter((i) => counts[i] === 1);
  const dealt: number[][][] = Array.from({ length: folds }, () => []);
  for (const [turn, identity] of [...several, ...single].entries()) {
    dealt[turn % folds]!.push(members[identity]!);
  }
  return dealt;
}

/** How many pairs of one person, and of two, there are. */
function capacity(people: People): [same: number, different: number] {
  let images = 0;
  let same = 0;
  for (const person of people) {
    images += person.length;
    same += (person.length * (person.length - 1)) / 2;
  }
  return [same, (images * (images - 1)) / 2 - same];
}

/** A person at random, then two of their images. */
function sameDrawer(people: People, random: CounterRandom): () => [number, number] {
  const several = people.filter((person) => person.length > 1);
  return () => {
    const person = several[random.below(several.length)]!;
    const first = random.below(person.length);
    const second = random.below(person.length - 1);
    return [person[first]!, person[second < first ? second : second + 1]!];
  };
}

/** Two people at random, then an image of each. */
function differentDrawer(people: People, random: CounterRandom): () => [number, number] {
  return () => {
    const first = random.below(people.length);
    const second = random.below(people.length - 1);
    const one = people[first]!;
    const other = people[second < first ? second : second + 1]!;
    return [one[random.below(one.length)]!, other[random.below(other.length)]!];
  };
}

/**
 * `need` pairs without repeats. Drawing and discarding repeats is quick while there is plenty; where most of
 * what exists is needed, or one rich identity holds most of it, the rest comes from a shuffled list of all.
 */
function distinctPairs(
  need: number,
  available: number,
  people: People,
  same: boolean,
  draw: () => [number, number],
  random: CounterRandom,
): [number, number][] {
  const taken = new Set<string>();
  const found: [number, number][] = [];
  const take = (x: number, y: number): void => {
    const pair: [number, number] = x < y ? [x, y] : [y, x];
    const key = pair.join(' ');
    if (taken.has(key)) return;
    taken.add(key);
    found.push(pair);
  };
  const tries = available >= 4 * need ? 64 * need : 0;
  for (let i = 0; i < tries && found.length < need; i++) take(...draw());
  if (found.length < need) {
    for (const [x, y] of random.shuffle(allPairs(people, same))) {
      if (found.length === need) break;
      take(x, y);
    }
  }
  return found;
}

function allPairs(people: People, same: boolean): [number, number][] {
  const all: [number, number][] = [];
  for (const [p, person] of people.entries()) {
    for (const [i, x] of person.entries()) {
      if (same) for (const y of person.slice(i + 1)) all.push([x, y]);
      else for (const other of people.slice(p + 1)) for (const y of other) all.push([x, y]);
    }
  }
  return all;
}
