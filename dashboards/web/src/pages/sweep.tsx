import { Code } from '@connectrpc/connect';
import { useEffect, useRef, useState } from 'preact/hooks';
import { service } from '../api/client';
import { type Trials, listTrials } from '../api/trials';
import { endedOf, shareOfSteps, totalOf } from '../data/states';
import { EmptyNote } from '../parts/empty_note';
import { ProblemNote } from '../parts/problem_note';
import { useResource, useTitle } from '../state/hooks';
import { hrefAsLeft } from '../state/location';
import { type SweepView, hrefOf } from '../state/route';
import { CurvesView } from './curves/curves_view';
import { LayersView } from './layers_view';
import { ParallelView } from './parallel_view';
import { ScatterView } from './scatter_view';
import type { SweepData } from './sweep_data';
import { SweepHeader } from './sweep_header';
import { TableView } from './table_view';
import { TrialsView } from './trials_view';
import { restAfter, timed, useThrottled } from './throttle';
import { useWatch } from './use_watch';

const VIEWS: [SweepView, string, (props: { sweep: SweepData; params: URLSearchParams }) => preact.JSX.Element][] = [
  ['curves', 'Curves', CurvesView],
  ['layers', 'Layers', LayersView],
  ['scatter', 'Loss against kurtosis', ScatterView],
  ['parallel', 'Parallel coordinates', ParallelView],
  ['table', 'Table', TableView],
  ['trials', 'Trials', TrialsView],
];

export function SweepPage({ name, view, params }: { name: string; view: SweepView; params: URLSearchParams }) {
  const [turn, setTurn] = useState(0);
  const { message, problem } = useWatch(name, turn);
  // An update adds trials, and may vary more.
  const watched = message?.sweep;
  const size = totalOf(watched?.trials);
  const stored = useResource(name, (signal) => service.getSweep({ name }, { signal }), { version: `${turn} ${size}` });

  const share = watched && shareOfSteps(watched);
  useTitle(watched?.state === 'active' && share !== undefined ? `${Math.floor(100 * share)} % ${name}` : name);

  const counts = watched?.trials;
  const ended = endedOf(counts);
  // Measured points have come when steps were done; trials have changed when counts have.
  const points = useThrottled(`${watched?.stepsDone ?? 0} ${ended}`, 4_000);
  const cost = useRef(0);
  const states = useThrottled(`${ended} ${counts?.running ?? 0} ${turn}`, restAfter(cost.current));
  const trials = useResource<Trials>(name, (signal, show) => timed(cost, () => listTrials(name, signal, show)), { version: states });
  const series = useResource(name, (signal) => service.listSeries({ sweep: name }, { signal }), { version: states });
  const varied = stored.data?.sweep?.varied ?? [];

  const missing = stored.problem ?? problem;
  if (missing?.code === Code.NotFound) {
    return (
      <EmptyNote isPage title={`There is no sweep “${name}”`}>
        <p>It may have been deleted, or the link names it wrongly.</p>
        <p>
          <a href={hrefOf({ page: 'sweeps' })}>All sweeps</a>
        </p>
      </EmptyNote>
    );
  }
  // A trial's label is read by what varies.
  const known = stored.data && trials.data;
  const sweep: SweepData = { name, trials: known, series: series.data?.metrics, varied, points, running: message?.running ?? [] };
  const View = VIEWS.find(([known]) => known === view)![2];
  const failure = stored.problem ?? trials.problem ?? series.problem;
  return (
    <>
      <SweepHeader name={name} stored={stored.data?.sweep} watched={watched} onAct={() => setTurn((count) => count + 1)} />
      <ViewTabs name={name} view={view} />
      {failure && failure.code !== Code.Unavailable && <ProblemNote problem={failure} />}
      <View key={view} sweep={sweep} params={params} />
    </>
  );
}

function ViewTabs({ name, view }: { name: string; view: SweepView }) {
  const tabs = useRef<HTMLElement>(null);
  // On a small screen they do not all fit.
  useEffect(() => tabs.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' }), [view]);
  return (
    <nav class="views" aria-label="Views of the sweep" ref={tabs}>
      {VIEWS.map(([known, title]) => (
        <a key={known} href={hrefAsLeft({ page: 'sweep', sweep: name, view: known })} aria-current={known === view ? 'page' : undefined}>
          {title}
        </a>
      ))}
    </nav>
  );
}
