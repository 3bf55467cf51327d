/** What it is all about, in four pictures: recorded by the attack lab. */
import { useEffect, useState } from 'preact/hooks';
import type { FirstScreen } from '../attack-lab/first-screen.ts';
import { amplified, unit } from '../attack-lab/perturbation.ts';
import { fromBase64 } from '../attack-lab/record.ts';
import { Picture } from '../shared/picture.tsx';

const AMPLIFICATION = 10;

export function Example() {
  const [screen, setScreen] = useState<FirstScreen>();
  useEffect(() => {
    fetch(new URL('./recorded/first-screen.json', document.baseURI))
      .then((response) => (response.ok ? (response.json() as Promise<FirstScreen>) : undefined))
      // Without it the page says the same in words.
      .then(setScreen, () => {});
  }, []);
  const rgb = screen && {
    source: fromBase64(screen.source),
    changed: fromBase64(screen.changed),
    target: fromBase64(screen.target),
  };
  const change = rgb && amplified(unit(rgb.changed), unit(rgb.source), AMPLIFICATION);
  const size = screen?.size ?? 56;
  const score = (value: number | undefined) => (value === undefined ? '' : value.toFixed(2));
  const pictures = [
    {
      rgb: rgb?.source,
      alt: 'A face',
      words: `A face. How like it is to the target, to a network: ${score(screen?.before.ensemble)}`,
    },
    {
      rgb: change,
      alt: 'Coloured stripes',
      words: `A change to its pixels, shown ${AMPLIFICATION} times as strong`,
    },
    {
      rgb: rgb?.changed,
      alt: 'The same face, changed a little',
      words: `Both together: ${score(screen?.after.ensemble)}. Above ${score(screen?.threshold)} it counts as …`,
    },
    { rgb: rgb?.target, alt: 'The face of another person', words: '… this person, the target' },
  ];
  return (
    <div class="example">
      {pictures.map(({ rgb: picture, alt, words }) => (
        <figure key={alt}>
          <Picture rgb={picture} width={size} height={size} alt={alt} />
          <figcaption>{screen ? words : '…'}</figcaption>
        </figure>
      ))}
    </div>
  );
}
