/** What an attack on a given network is told. */
import type { AttackName } from '../../attacks/index.ts';
import type { MatchingRule } from '../../evaluation/index.ts';
import type { FaceNetwork } from '../../models/face-network.ts';
import type { StudyConfig } from '../study/config.ts';
import type { Measuring } from '../study/measuring.ts';
import type { TestFaces } from '../study/test-faces.ts';

/** A network and where it came from. */
export interface GivenNetwork {
  readonly network: FaceNetwork;
  /** For people: the file's name. */
  readonly name: string;
  /** Changes when any weight does. */
  readonly fingerprint: string;
}

export interface AttackStudyTask extends Measuring {
  readonly defence: GivenNetwork;
  /** Examples are crafted on it and shown to the defence: black-box. */
  readonly surrogate?: GivenNetwork | undefined;
  readonly faces: TestFaces;
  /** Towards another person, or away from one's own. */
  readonly goal: 'impersonate' | 'dodge';
  /** Images of the target whose mean features are the target: 1 is the pair's own image alone. */
  readonly targetImages: number;
  readonly rule: MatchingRule;
  readonly far: number;
  /** Instead of the one that `far` gives. */
  readonly threshold?: number | undefined;
  readonly pairs: number;
  readonly methods: readonly [AttackName, ...AttackName[]];
  readonly settings: StudyConfig['attack']['settings'];
  readonly batchSize: number;
  readonly distances: readonly number[];
}
