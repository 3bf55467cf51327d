/** What the numbers of a panel mean, for someone who has never heard of them. */
import type { PanelKind } from './settings.ts';
import type { PanelSnapshot } from './snapshot.ts';

export const TITLES: Readonly<Record<PanelKind, string>> = {
  separate: 'Separate weight vectors',
  shared: 'Shared weight vectors',
  diverse: 'Shared, and asked to differ',
};

export const ABOUT: Readonly<Record<PanelKind, string>> = {
  separate: 'Every member has arrows of its own, as in an ordinary ensemble.',
  shared: 'All members must hit the same arrows. Nothing else is asked.',
  diverse: 'The same arrows for all, and a reward for pointing apart.',
};

/** Below this training is going on, and its numbers say little. */
const LEARNT = 0.9;

const whole = (angle: number) => `${Math.round(angle)}°`;

/** One or two sentences on how the panel stands. */
export function verdict({ kind, accuracy, memberAngle, volume, ownAngle }: PanelSnapshot): string {
  if (accuracy < LEARNT)
    return `Still learning: ${Math.round(accuracy * 100)} % of the faces are recognised.`;
  switch (kind) {
    case 'separate':
      return (
        `The members point ${whole(memberAngle)} apart, by chance alone (90° on average), and nobody asked them to: ` +
        'each has turned the world its own way. Asking for more distance asks for what is there already.'
      );
    case 'shared':
      return memberAngle < 10
        ? `The members agree within ${whole(memberAngle)}. Now their directions can be compared, but whatever fools one fools the others.`
        : `The members are ${whole(memberAngle)} apart and draw together, since all aim at the same arrows.`;
    case 'diverse':
      return volume < 0.1
        ? 'The members nearly agree: the reward for differing is too small to be seen.'
        : `The members point ${whole(memberAngle)} apart, ${whole(ownAngle)} from the shared arrow, on different sides of it, ` +
            'and still recognise the faces. To fool all of them a change must push in several directions at once.';
  }
}
