/** What it is all about, in four pictures: recorded by the attack lab. */
import type { FirstScreen } from '../attack-lab/first-screen.ts';
import { amplified, unit } from '../attack-lab/perturbation.ts';
import { fromBase64 } from '../shared/base64.ts';
import { Picture } from '../shared/picture.tsx';
import { recordedJson, useRecorded } from '../shared/recorded.tsx';

const AMPLIFICATION = 10;

const loadRecorded = () => recordedJson<FirstScreen>('./recorded/first-screen.json');

export function Example() {
  // Without it the page says the same in words.
  const { value: screen } = useRecorded(loadRecorded);
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
