import { service } from '../api/client';
import { matchesWords } from '../data/arms';
import { countText } from '../data/format';
import { TRIAL_STATES } from '../data/states';
import { sortTrials } from '../data/trial_order';
import { Controls } from '../parts/controls';
import { EmptyNote } from '../parts/empty_note';
import { FilterField } from '../parts/filter_field';
import { Picker, Select } from '../parts/picker';
import { ProblemNote } from '../parts/problem_note';
import { useResource } from '../state/hooks';
import { change } from '../state/location';
import { readList } from '../state/params';
import { resultColumns } from './results';
import { type SweepData, armKeys } from './sweep_data';
import { type TrialsOrder, TrialsTable } from './trials_table';

const PAGE_SIZE = 200;
// A sorted list has no pages.
const MOST_SORTED = 500;

export function TrialsView({ sweep, params }: { sweep: SweepData; params: URLSearchParams }) {
  const states = readList(params, 'state') ?? [];
  const pageToken = params.get('page') ?? '';
  const filter = params.get('q') ?? '';
  const key = JSON.stringify([sweep.name, states, pageToken]);
  const { data, problem } = useResource(
    key,
    (signal) => service.listTrials({ sweep: sweep.name, states, pageSize: PAGE_SIZE, pageToken, omitConfig: true }, { signal }),
    { version: sweep.points, scope: key },
  );
  const order: TrialsOrder = { by: params.get('sort') ?? undefined, isDescending: params.has('desc') };
  // A page of the list is in the sweep's order: sorted are all trials that the views share.
  const all = order.by === undefined ? undefined : sweep.trials;
  const listed = all ? all.trials.filter(({ state }) => states.length === 0 || states.includes(state)) : data?.trials;
  const matching = listed?.filter((trial) => matchesWords(`${trial.label} ${trial.trialId} ${trial.worker}`, filter));
  const trials = matching && order.by !== undefined ? sortTrials(matching, order.by, order.isDescending).slice(0, MOST_SORTED) : matching;
  const sort = (by: string | undefined) => {
    const isSame = order.by === by;
    change({ sort: isSame && order.isDescending ? undefined : by, desc: isSame && !order.isDescending ? true : undefined, page: undefined });
  };
  const sortable = ['state', ...armKeys(sweep), 'seed', ...resultColumns(sweep.trials?.trials ?? []), 'step', 'worker'];
  return (
    <>
      <Controls>
        <Picker
          label="States"
          options={TRIAL_STATES.map((value) => ({ value }))}
          chosen={states}
          none="all"
          onChange={(state) => change({ state: state.length > 0 ? state : undefined, page: undefined })}
        />
        <FilterField
          label={order.by === undefined ? 'Filter of this page' : 'Filter'}
          value={filter}
          placeholder="op seed=0"
          onChange={(q) => change({ q: q || undefined }, { replace: true })}
        />
        <Select
          label="Sort by"
          options={[{ value: '', label: 'the order of the sweep' }, ...[...new Set([...sortable, order.by ?? 'state'])].map((value) => ({ value }))]}
          value={order.by ?? ''}
          onChange={(by) => change({ sort: by || undefined, desc: undefined, page: undefined })}
        />
      </Controls>
      {problem && !data && <ProblemNote problem={problem} />}
      {trials?.length === 0 && <EmptyNote title={states.length > 0 || filter ? 'No trial matches' : 'No trials here'} />}
      {trials && trials.length > 0 && <TrialsTable trials={trials} sweep={sweep} order={order} onSort={sort} />}
      {matching && trials && trials.length < matching.length && (
        <p class="faint">
          The first {countText(trials.length)} of {countText(matching.length)} trials: a filter leaves fewer.
        </p>
      )}
      {all?.isCut && <p class="warning">The sweep has more trials: sorted are its first {countText(all.trials.length)}.</p>}
      {order.by === undefined && (pageToken || data?.nextPageToken) && (
        <nav class="pages" aria-label="Pages of the list">
          {pageToken && (
            <button type="button" onClick={() => change({ page: undefined })}>
              « first
            </button>
          )}
          {data?.nextPageToken && (
            <button type="button" onClick={() => change({ page: data.nextPageToken })}>
              next ›
            </button>
          )}
        </nav>
      )}
    </>
  );
}
