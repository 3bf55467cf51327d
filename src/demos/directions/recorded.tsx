/** A training that was recorded in Node by the same code: for browsers without WebGPU. One plays it, or scrubs through it. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { Button, Slider } from '../shared/controls.tsx';
import { RecordedGate, recordedJson, useRecorded } from '../shared/recorded.tsx';
import { MembersChoice } from './knobs.tsx';
import { openRecording, type RecordedFile, type Recording } from './recording.ts';
import type { Members } from './settings.ts';
import { curvePoint } from './state.ts';
import { People, View } from './view.tsx';

const FRAME_MS = 250;

const loadRecorded = async () =>
  openRecording(await recordedJson<RecordedFile>('../recorded/directions.json'));

export function Recorded() {
  const recorded = useRecorded(loadRecorded);
  return (
    <RecordedGate recorded={recorded}>{(recordings) => <Players recordings={recordings} />}</RecordedGate>
  );
}

/** A recording for each number of members. */
function Players({ recordings }: { readonly recordings: readonly Recording[] }) {
  const [members, setMembers] = useState<Members>(2);
  const recording = recordings.find((each) => each.members === members);
  if (!recording) return null;
  return <Player key={members} recording={recording} onMembers={setMembers} />;
}

interface PlayerProps {
  readonly recording: Recording;
  readonly onMembers: (members: Members) => void;
}

function Player({ recording, onMembers }: PlayerProps) {
  const { snapshots, adapter, portraits } = recording;
  const last = snapshots.length - 1;
  // Plays by itself, unless less motion is wanted: then the end is what says most.
  const [calm] = useState(() => matchMedia('(prefers-reduced-motion: reduce)').matches);
  const [at, setAt] = useState(calm ? last : 0);
  const [playing, setPlaying] = useState(!calm);
  const [person, setPerson] = useState<number>();
  const curves = useMemo(() => snapshots.map(curvePoint), [snapshots]);
  useEffect(() => {
    if (!playing) return;
    const timer = setInterval(() => setAt((now) => Math.min(last, now + 1)), FRAME_MS);
    return () => clearInterval(timer);
  }, [playing, last]);
  useEffect(() => {
    if (at === last) setPlaying(false);
  }, [at, last]);
  const snapshot = snapshots[at]!;
  return (
    <>
      <section class="panel" aria-label="Controls">
        <div class="row">
          <Button
            primary
            onClick={() => {
              if (!playing && at === last) setAt(0);
              setPlaying(!playing);
            }}
          >
            {playing ? 'Pause' : 'Play'}
          </Button>
          <p class="hint">Recorded on {adapter}.</p>
        </div>
        <div class="trio">
          <Slider
            label="Moment"
            hint="Drag through the training."
            value={at}
            min={0}
            max={last}
            step={1}
            format={(now) => `step ${snapshots[now]?.step ?? 0}`}
            onInput={(now) => {
              setPlaying(false);
              setAt(now);
            }}
          />
          <MembersChoice members={recording.members} onMembers={onMembers} />
        </div>
        <People
          portraits={portraits}
          person={person}
          onChoose={(who) => setPerson(person === who ? undefined : who)}
        />
      </section>
      <View
        snapshot={snapshot}
        curves={curves.slice(0, at + 1)}
        steps={snapshots[last]!.step}
        person={person}
      />
    </>
  );
}
