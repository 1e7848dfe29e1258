import { numberText } from '../data/format';
import { reasonOf } from '../data/reason';
import type { Trial } from '../gen/ofsweep/v1/sweep_pb';
import { StateBadge } from '../parts/state_badge';
import { hrefOf } from '../state/route';
import type { SweepData } from './sweep_data';

export interface TrialsOrder {
  // undefined: the order of the sweep.
  by: string | undefined;
  isDescending: boolean;
}

// By what, and its title; none where it does not sort.
const COLUMNS: [string | undefined, string, isNumber: boolean][] = [
  [undefined, 'Trial', false],
  ['state', 'State', false],
  ['step', 'Step', true],
  ['train_loss', 'train loss', true],
  ['eval_loss', 'eval loss', true],
  ['kurtosis_max', 'kurtosis', true],
  ['attempts', 'Attempts', true],
  ['worker', 'Worker', false],
  [undefined, 'Why', false],
];

export function TrialsTable({ trials, sweep, order, onSort }: { trials: Trial[]; sweep: SweepData; order: TrialsOrder; onSort(by: string): void }) {
  const running = new Map(sweep.running.map((progress) => [progress.trialId, progress]));
  return (
    <div class="scroll card" tabIndex={0} role="region" aria-label="Trials">
      <table>
        <thead>
          <tr>
            {COLUMNS.map(([by, title, isNumber]) => (
              <th
                key={title}
                scope="col"
                class={isNumber ? 'number' : ''}
                aria-sort={by === undefined ? undefined : order.by !== by ? 'none' : order.isDescending ? 'descending' : 'ascending'}
              >
                {by === undefined ? (
                  title
                ) : (
                  <button type="button" class="sort" onClick={() => onSort(by)}>
                    {title}
                    <span aria-hidden="true">{order.by !== by ? '' : order.isDescending ? ' ↓' : ' ↑'}</span>
                  </button>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {trials.map((trial) => {
            const live = running.get(trial.trialId);
            return (
              <tr key={trial.trialId}>
                <th scope="row" class="trial-name">
                  <a href={hrefOf({ page: 'trial', sweep: sweep.name, trial: trial.trialId })}>{trial.label || trial.trialId}</a>
                  <small title={trial.trialId}>
                    <code>{trial.trialId.slice(0, 8)}</code>
                  </small>
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
