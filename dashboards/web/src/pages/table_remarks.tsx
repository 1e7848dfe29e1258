import { bestMean, betterOf, gridOf } from '../data/table';
import type { GetAblationTableResponse, MeasuredMetric } from '../gen/ofsweep/v1/results_pb';

// What a reader has to know before comparing two cells.
export function TableRemarks({ table, series }: { table: GetAblationTableResponse; series: readonly MeasuredMetric[] }) {
  const mixed = new Set(table.cells.flatMap((cell) => cell.mixed));
  const best = ['lower', 'higher']
    .map((better) => {
      const hasBest = (metric: string, i: number) => betterOf(metric, series) === better && bestMean(gridOf(table.cells, i), better) !== undefined;
      return [better, table.metrics.filter(hasBest)] as const;
    })
    .filter(([, metrics]) => metrics.length > 0);
  return (
    <ul class="remarks">
      <li>
        A cell is mean ± sample standard deviation (trials){table.pooled.length > 0 && <>, over {names(table.pooled)}</>}
        {table.best && (
          <>
            , of the <code>{table.best}</code> with the lowest mean eval_loss
          </>
        )}
        .{' '}
        {table.dropDiverged ? 'Diverged trials are counted and left out of the means.' : 'Diverged trials count with their last values.'}
      </li>
      {best.length > 0 && (
        <li>
          <span class="best-key" /> marks the{' '}
          {best.map(([better, metrics], i) => (
            <>
              {i > 0 && ', and the '}
              {better === 'lower' ? 'lowest' : 'highest'} {names(metrics)}
            </>
          ))}
          , of cells in which no trial diverged.
        </li>
      )}
      {Object.entries(table.baseline).map(([key, value]) => (
        <li key={key}>
          Δ is the difference from{' '}
          <code>
            {key}={value}
          </code>
          , seed by seed: its mean with a 95 % interval (percentile bootstrap; few seeds make it too narrow), p of a paired permutation test
          adjusted for the whole table (none with fewer than 6 pairs), and the number of pairs.
        </li>
      ))}
      {table.state !== 'finished' && <li class="warning">The sweep is {table.state}: trials are missing, and the means will change.</li>}
      {table.uneven.length > 0 && (
        <li class="warning">
          Cells average over different values of {names(table.uneven)}: their means are of different mixtures, and not comparable by
          themselves.
        </li>
      )}
      {table.confounded.length > 0 && (
        <li class="warning">
          {names(table.confounded)} {table.confounded.length > 1 ? 'are' : 'is'} neither row nor column and differ
          {table.confounded.length > 1 ? '' : 's'} from cell to cell: what sets two cells apart may be this.
        </li>
      )}
      {mixed.size > 0 && <li class="warning">Cells marked ≠ hold trials that were made differently, in {names([...mixed])}.</li>}
    </ul>
  );
}

function names(keys: readonly string[]) {
  return keys.map((key, i) => (
    <>
      {i > 0 && ', '}
      <code>{key}</code>
    </>
  ));
}
