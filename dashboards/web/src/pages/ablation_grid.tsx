import { cellText, countOfText, numberText, plural } from '../data/format';
import { type Grid, type GridCell, type Order, bestMean, betterOf, isEligible, shortName, sorted } from '../data/table';
import type { GetAblationTableResponse, MeasuredMetric, PairedDifference } from '../gen/ofsweep/v1/results_pb';
import { change } from '../state/location';

interface AblationGridProps {
  metric: string;
  table: GetAblationTableResponse;
  grid: Grid;
  order: Order;
  series: readonly MeasuredMetric[];
}

// One metric's cells.
export function AblationGrid({ metric, table, grid, order, series }: AblationGridProps) {
  const { rows, columns, cells } = sorted(grid, order);
  const best = bestMean(grid, betterOf(metric, series));
  const sort = (column: number) => {
    const isSame = order.column === column;
    change({ sort: isSame && order.isDescending ? undefined : column, desc: isSame && !order.isDescending ? true : undefined });
  };
  return (
    <section class="card grid-card">
      <div class="scroll" tabIndex={0} role="region" aria-label={`Table of ${metric}`}>
        <table>
          <caption>
            <b>{metric}</b>
            {table.cols.length > 0 && <span class="faint"> · columns: {table.cols.join(' × ')}</span>}
          </caption>
          <thead>
            <tr>
              {table.rows.map((key) => (
                <th key={key} scope="col">
                  {key}
                </th>
              ))}
              {columns.map((values, column) => (
                <th
                  key={values.join()}
                  scope="col"
                  class="number"
                  aria-sort={order.column === column ? (order.isDescending ? 'descending' : 'ascending') : 'none'}
                >
                  <button type="button" class="sort" onClick={() => sort(column)}>
                    {values.join(' · ') || metric}
                    <span aria-hidden="true">{order.column === column ? (order.isDescending ? ' ↓' : ' ↑') : ''}</span>
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((values, row) => (
              <tr key={values.join()}>
                {values.map((value, i) => (
                  <th key={i} scope="row">
                    {value}
                  </th>
                ))}
                {cells[row].map((cell, column) => (
                  <td key={column} class={cell && isEligible(cell) && cell.statistic.mean === best ? 'number best' : 'number'}>
                    {cell ? <Cell {...cell} bestKey={table.best} /> : <span class="faint">no trial</span>}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Cell({ cell, statistic, bestKey }: GridCell & { bestKey: string }) {
  const remarks = [
    cell.bestValue !== undefined && `${shortName(bestKey)}=${cell.bestValue}`,
    cell.diverged > 0 && `${cell.diverged} diverged`,
    cell.failed > 0 && `${cell.failed} failed`,
    cell.missing > 0 && `${cell.missing} missing`,
  ].filter((remark) => remark !== false);
  return (
    <>
      {statistic.mean === undefined ? '–' : cellText(statistic.mean)}
      {statistic.mean !== undefined && statistic.standardDeviation !== undefined && (
        <span class="faint"> ± {cellText(statistic.standardDeviation, statistic.mean)}</span>
      )}
      {statistic.mean !== undefined && <span class="faint"> ({countOfText(statistic.count, cell.trials)})</span>}
      {cell.mixed.length > 0 && (
        <abbr title={`These trials differ in ${cell.mixed.join(', ')}`} class="mixed">
          {' '}
          ≠
        </abbr>
      )}
      {statistic.mean === undefined && cell.trials > 0 && <small class="cell-remarks faint">{notMeasuredText(cell.trials)}</small>}
      {remarks.length > 0 && <small class="cell-remarks">{remarks.join(', ')}</small>}
      {statistic.difference && <small class="cell-remarks">{differenceText(statistic.difference)}</small>}
    </>
  );
}

function notMeasuredText(trials: number): string {
  return trials === 1 ? 'its trial has not measured it' : `none of ${plural(trials, 'trial')} has measured it`;
}

// "Δ −9.000 [−10.00, −8.000], p 0.062 (6)": from the baseline, with its interval, the adjusted p, and the number of pairs.
function differenceText({ mean, low, high, adjustedP, pairs }: PairedDifference): string {
  if (mean === undefined) return 'no pair with the baseline';
  const interval = low === undefined ? '' : ` [${cellText(low)}, ${cellText(high!)}]`;
  return `Δ ${cellText(mean)}${interval}, p ${numberText(adjustedP, 2)} (${pairs})`;
}
