import { Code } from '@connectrpc/connect';
import { useMemo, useState } from 'preact/hooks';
import { service } from '../api/client';
import { listTrials } from '../api/trials';
import { variedKeys } from '../data/arms';
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
import { useThrottled, useWatch } from './use_watch';

const VIEWS: [SweepView, string, (props: { sweep: SweepData; params: URLSearchParams }) => preact.JSX.Element][] = [
  ['curves', 'Curves', CurvesView],
  ['layers', 'Layers', LayersView],
  ['scatter', 'Loss against kurtosis', ScatterView],
  ['parallel', 'Parallel coordinates', ParallelView],
  ['table', 'Table', TableView],
  ['trials', 'Trials', TrialsView],
];

export function SweepPage({ name, view, params }: { name: string; view: SweepView; params: URLSearchParams }) {
  useTitle(name);
  const [turn, setTurn] = useState(0);
  const { message, problem } = useWatch(name, turn);
  const stored = useResource(name, (signal) => service.getSweep({ name }, { signal }), { version: turn });

  const counts = message?.sweep?.trials;
  const ended = counts && counts.completed + counts.diverged + counts.failed + counts.cancelled + counts.pruned;
  // Measured points have come when steps were done; trials have changed when counts have.
  const points = useThrottled(`${message?.stepsDone ?? 0} ${ended ?? 0}`, 4_000);
  const states = useThrottled(`${ended ?? 0} ${counts?.running ?? 0} ${turn}`, 4_000);
  const trials = useResource(name, (signal) => listTrials(name, signal), { version: states });
  const series = useResource(name, (signal) => service.listSeries({ sweep: name }, { signal }), { version: states });
  const varied = useMemo(() => variedKeys(trials.data?.trials ?? []), [trials.data]);

  const missing = stored.problem ?? problem;
  if (missing?.code === Code.NotFound) {
    return (
      <EmptyNote title={`There is no sweep “${name}”`}>
        <p>It may have been deleted, or the link is of another coordinator.</p>
        <p>
          <a href={hrefOf({ page: 'sweeps' })}>All sweeps</a>
        </p>
      </EmptyNote>
    );
  }
  const sweep: SweepData = { name, trials: trials.data, series: series.data?.metrics, varied, points, running: message?.running ?? [] };
  const View = VIEWS.find(([known]) => known === view)![2];
  const failure = stored.problem ?? trials.problem ?? series.problem;
  return (
    <>
      <SweepHeader name={name} stored={stored.data?.sweep} watched={message} onAct={() => setTurn((count) => count + 1)} />
      <nav class="views" aria-label="Views of the sweep">
        {VIEWS.map(([known, title]) => (
          <a key={known} href={hrefAsLeft({ page: 'sweep', sweep: name, view: known })} aria-current={known === view ? 'page' : undefined}>
            {title}
          </a>
        ))}
      </nav>
      {failure && failure.code !== Code.Unavailable && <ProblemNote problem={failure} />}
      <View key={view} sweep={sweep} params={params} />
    </>
  );
}
