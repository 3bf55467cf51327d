/**
 * Attacks on face recognition: images that a network embeds as somebody else, or no longer as their own person.
 *
 * An attack strives for an `Objective` (LOTS: features like the target's; `away(lots())` for dodging), within a
 * `Projection` or ball, until a `StoppingRule` (`accepted`, `rejected`, `within`) counts a pair as fooled. The attacked
 * network is any function from pixels to the features of all members of an ensemble. Pairs go through a batch of slots
 * on the device; none looks at another, so results do not depend on the batch's size or on the order of pairs.
 *
 * The usual way in is the catalogue, by name and with settings as plain data:
 *
 *     const results = await runAttack(engine, 'i-fgsm', { stepSize: 0.5 / 255 }, {
 *       embed: (pixels) => embed(network, pixels),   // [1, B, H, W, 3] in [0, 1] → [M, B, E]
 *       members: 3, embeddingSize: 128, imageSize: [56, 56],
 *       stopping: accepted(threshold),               // dodging: rejected(threshold), objective: away(lots())
 *       batchSize: 32, keepImages: true,
 *     }, pairs, { signal, seed: 1, onResult: (result, index) => … });
 *
 *     pairs:   { name, source: H·W·3 pixels in [0, 1], targets: M·E features }, any iterable; `meanTarget` for several
 *              images of the target
 *     results: { name, success, iterations, evaluations, trials, distance, l2, linf, rms, found, milestones, image? } per
 *              pair, in the order of the pairs. Where it succeeded these tell of the smallest perturbation that did, else of
 *              the image that came nearest. `found` is what a search found: { epsilon } of BIM, { c } of C&W.
 *
 *     ATTACK_NAMES                   every name
 *     ATTACKS[name]                  { paper, summary, source, comparedBy, settings }: comparedBy is the norm by which its
 *                                    perturbations are best compared; settings has each setting's default and meaning
 *     buildAttack(name, given)       checks settings (RangeError naming the one that is wrong) and fills in defaults:
 *                                    { attack, maxSteps, settings }; the latter to be written beside results
 *     onStep, watch                  an attack step by step, each with its image and features; the run waits for who looks
 *     compileAttack(…)               as runAttack without pairs: an `AttackRunner`, whose run(pairs, options) may be
 *                                    called again, and whose free() gives its memory back
 *
 * Every attack is also a function of its own (`ifgsm`, `bim`, …) that takes the projection or ball where it has one, for
 * `AttackRunner.compile`. docs/attacks.md describes the attacks, docs/add-an-attack.md how to add one.
 */
export { type ApgdOptions, apgd } from './apgd.ts';
export * from './attack.ts';
export { BALLS, type Ball } from './ball.ts';
export { type BimOptions, bim } from './bim.ts';
export * from './catalogue.ts';
export { type MeanCurve, meanCurve } from './curves.ts';
export { type CwOptions, cw } from './cw.ts';
export { away } from './dodging.ts';
export { type IfgsmOptions, ifgsm } from './ifgsm.ts';
export { lots } from './lots.ts';
export { type MifgsmOptions, mifgsm } from './mifgsm.ts';
export { type PgdOptions, pgd } from './pgd.ts';
export { l2Ball, linfBall, pixelRange } from './projections.ts';
export type { Radius } from './radius.ts';
export * from './run.ts';
export * from './search.ts';
export type { GivenSettings, Setting, SettingTable } from './settings.ts';
export { withStartNoise } from './start.ts';
export { accepted, COSINE_MARGIN, rejected, within } from './stopping.ts';
export { meanTarget } from './targets.ts';
