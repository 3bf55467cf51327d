/** Example images: source, adversarial, perturbation, target. */
import { counted, fixed, PIXEL_STEPS, escapeMarkup as text } from './format.ts';
import type { Example, Results } from './results.ts';

/** The first example of each defence, and the others folded away. */
export function examples(results: Results): string {
  const firsts = results.examples.filter(
    (one, i) => results.examples.findIndex((other) => other.defence === one.defence) === i,
  );
  const others = results.examples.filter((one) => !firsts.includes(one));
  const dodging = results.goal === 'dodge';
  const grid = (list: readonly Example[]) =>
    `<div class="examples">${list.map((one) => example(one, dodging)).join('\n')}</div>`;
  if (firsts.length === 0) return '';
  const more =
    others.length === 0
      ? ''
      : `<details><summary>${counted(others.length, 'more example')}</summary>${grid(others)}</details>`;
  return grid(firsts) + more;
}

interface Face {
  readonly image: string;
  readonly alt: string;
  readonly title: string;
  readonly about: string;
  readonly pixels?: boolean;
}

function example(shown: Example, dodging: boolean): string {
  const faces: Face[] = [
    {
      image: shown.source.image,
      alt: `Source image, ${shown.source.name}`,
      title: 'Source',
      about: shown.source.name,
    },
    {
      image: shown.adversarial,
      alt: 'Adversarial image',
      title: 'Adversarial',
      // To be taken for the target is what an impersonation is after, and what dodging is to end.
      about: `${shown.success === dodging ? 'not taken' : 'taken'} for ${shown.target.name}`,
    },
    {
      image: shown.perturbation,
      alt: 'Perturbation',
      title: 'Perturbation',
      about: `× ${shown.amplification}, around grey`,
      pixels: true,
    },
    {
      image: shown.target.image,
      alt: `${dodging ? 'The same person' : 'Target image'}, ${shown.target.name}`,
      title: dodging ? 'Same person' : 'Target',
      about: shown.target.name,
    },
  ];
  const items = faces.map(
    (f) =>
      `<li><img src="${text(f.image)}" alt="${text(f.alt)}"${f.pixels ? ' class="pixels"' : ''}>` +
      `<span><strong>${f.title}</strong></span><span>${text(f.about)}</span></li>`,
  );
  const steps = (size: number) => `${fixed(size * PIXEL_STEPS, 2)}/255`;
  return (
    `<figure class="example"><ul class="faces">${items.join('')}</ul><figcaption><strong>${text(shown.attack)} on ${text(shown.defence)}</strong>` +
    ` (seed ${shown.seed}): ${shown.success ? 'fooled' : 'not fooled'} after ${counted(shown.iterations, 'step')}, ` +
    `L∞ ${steps(shown.linf)}, RMS ${steps(shown.rms)}, L2 ${fixed(shown.l2, 2)} in [0, 1] pixels.</figcaption></figure>`
  );
}
