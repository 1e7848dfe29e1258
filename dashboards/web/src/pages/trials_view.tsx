import { service } from '../api/client';
import { matchesWords } from '../data/arms';
import { numberText } from '../data/format';
import { reasonOf } from '../data/reason';
import { TRIAL_STATES } from '../data/states';
import type { Trial } from '../gen/ofsweep/v1/sweep_pb';
import { Controls } from '../parts/controls';
import { EmptyNote } from '../parts/empty_note';
import { FilterField } from '../parts/filter_field';
import { Picker } from '../parts/picker';
import { ProblemNote } from '../parts/problem_note';
import { StateBadge } from '../parts/state_badge';
import { useResource } from '../state/hooks';
import { change } from '../state/location';
import { readList } from '../state/params';
import { hrefOf } from '../state/route';
import type { SweepData } from './sweep_data';

const PAGE_SIZE = 200;

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
  const trials = data?.trials.filter((trial) => matchesWords(`${trial.label} ${trial.trialId} ${trial.worker}`, filter));
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
          label="Filter of this page"
          value={filter}
          placeholder="op seed=0"
          onChange={(q) => change({ q: q || undefined }, { replace: true })}
        />
      </Controls>
      {problem && !data && <ProblemNote problem={problem} />}
      {trials?.length === 0 && <EmptyNote title={states.length > 0 || filter ? 'No trial matches' : 'No trials here'} />}
      {trials && trials.length > 0 && <TrialsTable trials={trials} sweep={sweep} />}
      {(pageToken || data?.nextPageToken) && (
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

function TrialsTable({ trials, sweep }: { trials: Trial[]; sweep: SweepData }) {
  const running = new Map(sweep.running.map((progress) => [progress.trialId, progress]));
  return (
    <div class="scroll card" tabIndex={0} role="region" aria-label="Trials">
      <table>
        <thead>
          <tr>
            <th scope="col">Trial</th>
            <th scope="col">State</th>
            <th scope="col" class="number">
              Step
            </th>
            <th scope="col" class="number">
              train loss
            </th>
            <th scope="col" class="number">
              eval loss
            </th>
            <th scope="col" class="number">
              kurtosis
            </th>
            <th scope="col" class="number">
              Attempts
            </th>
            <th scope="col">Worker</th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {trials.map((trial) => {
            const live = running.get(trial.trialId);
            return (
              <tr key={trial.trialId}>
                <th scope="row">
                  <a href={hrefOf({ page: 'trial', sweep: sweep.name, trial: trial.trialId })}>{trial.label || trial.trialId}</a>
                </th>
                <td>
                  <StateBadge state={trial.state} />
                </td>
                <td class="number">
                  {live?.step ?? trial.step} / {trial.targetSteps}
                </td>
                <td class="number">{numberText(live?.trainLoss ?? trial.results.train_loss)}</td>
                <td class="number">{numberText(trial.results.eval_loss)}</td>
                <td class="number">{numberText(live?.kurtosisMax ?? trial.results.kurtosis_max)}</td>
                <td class="number">{trial.attempts}</td>
                <td class="no-break">{trial.worker}</td>
                <td class="why">{reasonOf(trial) || live?.doing}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
