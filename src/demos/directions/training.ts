/**
 * The live training: three ensembles on the same few faces, from the same initial weights, in lockstep. They differ in
 * their weight vectors alone (one set a member, or one for all), and the third in its loss.
 *
 * M members, N images, K people, E = M features.
 */
import {
  adam,
  add,
  type Engine,
  gradients,
  input,
  type ParameterSet,
  type Program,
  scalarInput,
  slice,
  type Tensor,
} from '../../engine/index.ts';
import { diversity, totalLoss } from '../../losses/diversity.ts';
import { softmaxHead } from '../../losses/softmax.ts';
import { Classifier } from '../../models/classifier.ts';
import { Extractor } from './extractor.ts';
import { type DemoFaces, drawFaces } from './faces.ts';
import {
  type DirectionsSettings,
  FACE_SIZE,
  HIDDEN,
  IMAGES,
  PANELS,
  type PanelKind,
  PEOPLE,
  type StepSettings,
} from './settings.ts';
import { measurePanel, type PanelValues, type Snapshot } from './snapshot.ts';

const PIXELS = FACE_SIZE * FACE_SIZE * 3;

type StepProgram = Program<'pixels' | 'labels' | 'rate' | 'lambda', 'loss'>;
type LookProgram = Program<'pixels' | 'labels', string>;

export class DirectionsTraining {
  readonly settings: DirectionsSettings;
  readonly faces: DemoFaces;
  /** Steps done. */
  steps = 0;
  readonly #engine: Engine;
  readonly #sets: readonly ParameterSet[];
  readonly #step: StepProgram;
  readonly #look: LookProgram;

  private constructor(
    engine: Engine,
    settings: DirectionsSettings,
    faces: DemoFaces,
    sets: readonly ParameterSet[],
    programs: { readonly step: StepProgram; readonly look: LookProgram },
  ) {
    this.settings = settings;
    this.faces = faces;
    this.#engine = engine;
    this.#sets = sets;
    this.#step = programs.step;
    this.#look = programs.look;
  }

  /** Draws the faces and compiles; nothing is trained yet. */
  static async create(engine: Engine, settings: DirectionsSettings): Promise<DirectionsTraining> {
    const { members, seed } = settings;
    const faces = await drawFaces(seed);
    const extractor = new Extractor({
      members,
      ensembles: PANELS.length,
      pixels: PIXELS,
      hidden: HIDDEN,
      features: members,
      seed,
    });
    // One name for all, because initial values follow from it: what is shared starts as member 0's own.
    const heads = PANELS.map((kind) => ({
      kind,
      classifier: new Classifier({
        classes: PEOPLE,
        embeddingSize: members,
        members,
        shared: kind !== 'separate',
        seed,
      }),
    }));
    const trained = [extractor.parameters, ...heads.map(({ classifier }) => classifier.parameters)];
    const optimizers = trained.map((set) => adam(set));
    const images = { pixels: input([1, IMAGES, PIXELS]), labels: input([IMAGES], 'i32') };
    const head = softmaxHead();
    const forward = (pixels: Tensor, labels: Tensor) => {
      const all = extractor.forward(pixels);
      return heads.map(({ kind, classifier }, panel) => {
        const features = slice(all, [panel * members, 0, 0], [(panel + 1) * members, IMAGES, members]);
        const weights = classifier.weights();
        const { loss, correct } = head({ features, weights, labels });
        return { kind, features, weights, loss, correct };
      });
    };
    const step = await engine.compile({
      name: 'directions: step',
      inputs: { ...images, rate: scalarInput(), lambda: scalarInput() },
      trace: ({ pixels, labels, rate, lambda }) => {
        const [separate, shared, diverse] = forward(pixels, labels).map(({ kind, features, loss }) =>
          kind === 'diverse' ? totalLoss(loss, diversity(features), lambda) : totalLoss(loss),
        );
        const loss = add(add(separate!, shared!), diverse!);
        const paths = trained.flatMap((set) => set.paths.map((path) => ({ set, path })));
        const slopes = gradients(
          loss,
          paths.map(({ set, path }) => set.tensor(path)),
        );
        const updates = optimizers.flatMap((optimizer, i) => {
          const own = paths.flatMap(({ set, path }, at) =>
            set === trained[i] ? [[path, slopes[at]!] as const] : [],
          );
          return optimizer.step(new Map(own), rate);
        });
        return { outputs: { loss }, updates };
      },
    });
    const look = await engine.compile({
      name: 'directions: look',
      inputs: images,
      trace: ({ pixels, labels }) => ({
        outputs: Object.fromEntries(
          forward(pixels, labels).flatMap(({ kind, features, weights, loss, correct }) => [
            [`${kind} features`, features],
            [`${kind} weights`, weights],
            [`${kind} losses`, loss],
            [`${kind} correct`, correct],
          ]),
        ),
        updates: [],
      }),
    });
    const state = optimizers.flatMap((optimizer) => optimizer.state);
    return new DirectionsTraining(engine, settings, faces, [...trained, ...state], { step, look });
  }

  /** Takes one step of all three ensembles; it is submitted, not waited for. */
  step({ learningRate, diversityWeight }: StepSettings): void {
    const { pixels, labels } = this.faces;
    this.#step.run({ pixels, labels, rate: learningRate, lambda: diversityWeight });
    this.steps++;
  }

  /** Features, weight vectors and numbers as they are after the steps so far. */
  async look(): Promise<Snapshot> {
    const { pixels, labels } = this.faces;
    const step = this.steps;
    const values = await this.#look.run({ pixels, labels }).read();
    const read = (kind: PanelKind, what: string) => values[`${kind} ${what}`] as Float32Array;
    const panels = PANELS.map((kind) => {
      const own: PanelValues = {
        kind,
        features: read(kind, 'features'),
        weights: read(kind, 'weights'),
        losses: read(kind, 'losses'),
        correct: read(kind, 'correct'),
      };
      return measurePanel(own, this.settings.members, labels);
    });
    return { step, members: this.settings.members, panels };
  }

  /** Gives all memory back. */
  free(): void {
    this.#step.free();
    this.#look.free();
    for (const set of this.#sets) this.#engine.free(set.flat);
  }
}
