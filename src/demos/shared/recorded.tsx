/** Results of the pages' own code, recorded in Node (src/demos/recorded): for browsers without WebGPU. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { messageOf } from '../../data/errors.ts';
import { ErrorMessage } from './messages.tsx';

/** On its way, there, or not to be had. */
export interface RecordedState<T> {
  readonly value?: T;
  readonly problem?: string;
}

/** A recorded file, by its address from the page: `../recorded/bench.json`. Throws where the server does not have it. */
export async function fetchRecorded(address: string): Promise<Response> {
  const response = await fetch(new URL(address, document.baseURI));
  if (!response.ok) throw new Error(`${address}: the server answered ${response.status}`);
  return response;
}

/** A recorded JSON. Its shape is not looked at: it is a file of ours. */
export async function recordedJson<T>(address: string): Promise<T> {
  return (await fetchRecorded(address)).json() as Promise<T>;
}

/** What `load` gives, asked for once; its errors are the recording's problem. `load` must be the same at every render. */
export function useRecorded<T>(load: () => Promise<T>): RecordedState<T> {
  const [state, setState] = useState<RecordedState<T>>({});
  useEffect(() => {
    load().then(
      (value) => setState({ value }),
      (error: unknown) => setState({ problem: messageOf(error) }),
    );
  }, [load]);
  return state;
}

interface RecordedGateProps<T> {
  readonly recorded: RecordedState<T>;
  readonly children: (value: T) => ComponentChildren;
}

/** What is shown of a recording, once it is there. */
export function RecordedGate<T>({ recorded: { value, problem }, children }: RecordedGateProps<T>) {
  if (problem !== undefined)
    return <ErrorMessage title="The recording could not be read" message={problem} />;
  if (value === undefined) return <p role="status">Reading the recording …</p>;
  return <>{children(value)}</>;
}
