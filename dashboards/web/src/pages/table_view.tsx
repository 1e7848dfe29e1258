import { useState } from 'preact/hooks';
import { service } from '../api/client';
import { askTable } from '../api/table';
import { csvText } from '../data/csv';
import { type Order, SWEEP_KEY, baselinesOf, gridOf } from '../data/table';
import type { GetAblationTableResponse } from '../gen/ofsweep/v1/results_pb';
import type { Sweep } from '../gen/ofsweep/v1/sweep_pb';
import { Controls } from '../parts/controls';
import { EmptyNote } from '../parts/empty_note';
import { save } from '../parts/export_menu';
import { Picker, Select, Toggle } from '../parts/picker';
import { ProblemNote } from '../parts/problem_note';
import { useResource } from '../state/hooks';
import { change } from '../state/location';
import { readList, readNumber } from '../state/params';
import { AblationGrid } from './ablation_grid';
import { resultColumns } from './results';
import type { SweepData } from './sweep_data';
import { TableRemarks } from './table_remarks';

export function TableView({ sweep, params }: { sweep: SweepData; params: URLSearchParams }) {
  const best = params.get('best') ?? '';
  const furtherSweeps = (readList(params, 'with') ?? []).filter((name) => name !== sweep.name);
  const isOfSeveral = furtherSweeps.length > 0;
  const others = useResource('sweeps', (signal) => service.listSweeps({ pageSize: MOST_SWEEPS }, { signal }));
  const varied = isOfSeveral ? variedBy(sweep, furtherSweeps, others.data?.sweeps ?? []) : sweep.varied;
  const asked = { rows: readList(params, 'rows') ?? [], cols: readList(params, 'cols') ?? [] };
  const metrics = readList(params, 'm') ?? [];
  const pool = readList(params, 'pool') ?? [];
  const dropDiverged = params.has('drop');
  const baseline = params.get('base') ?? undefined;
  const order: Order = { column: readNumber(params, 'sort'), isDescending: params.has('desc') };
  // Axes that the link does not name are the coordinator's choice.
  const request = { furtherSweeps, ...asked, chooseCols: !params.has('cols'), metrics, pool, dropDiverged, best };
  const { data, problem } = useResource(
    sweep.trials ? JSON.stringify([request, baseline]) : undefined,
    (signal) => askTable({ sweep: sweep.name, ...request }, baseline, signal),
    { version: sweep.points, scope: sweep.name },
  );
  const rows = asked.rows.length > 0 ? asked.rows : (data?.rows ?? []);
  const cols = params.has('cols') ? asked.cols : (data?.cols ?? []);
  const keys = [...new Set([...varied, ...(data?.confounded ?? []), ...rows, ...cols])].map((value) => ({ value }));
  const unpooled = rows.length === 0 ? [] : varied.filter((key) => key !== 'seed' && key !== best && !rows.includes(key) && !cols.includes(key));
  const tunable = varied.filter((key) => key !== 'seed' && key !== SWEEP_KEY);
  // One that is refused stays to be seen, and changed.
  const [based] = data ? Object.entries(data.baseline).map(([key, value]) => `${key}=${value}`) : [baseline];
  const baselines = [...new Set([...(based ? [based] : []), ...(data ? baselinesOf(data) : [])])];
  const columns = [...new Set([...resultColumns(sweep.trials?.trials ?? []), ...metrics])].map((value) => ({ value }));
  return (
    <>
      <Controls>
        {((others.data?.sweeps.length ?? 0) > 1 || isOfSeveral) && (
          <Picker
            label="With"
            options={[...new Set([...(others.data?.sweeps ?? []).map(({ name }) => name), ...furtherSweeps])]
              .filter((name) => name !== sweep.name)
              .map((value) => ({ value }))}
            chosen={furtherSweeps}
            onChange={(next) => change({ with: next.length > 0 ? next : undefined, sort: undefined })}
            none="no other sweep"
          />
        )}
        <Picker
          label="Rows"
          options={keys}
          chosen={rows}
          none="chosen by what varies"
          onChange={(next) => change({ rows: next.length > 0 ? next : undefined, cols: without(cols, next), sort: undefined })}
        />
        <Picker
          label="Columns"
          options={keys}
          chosen={cols}
          onChange={(next) => change({ cols: next, rows: without(rows, next), sort: undefined })}
        />
        <Picker
          label="Metrics"
          options={columns}
          chosen={metrics.length > 0 ? metrics : (data?.metrics ?? [])}
          onChange={(m) => change({ m: m.length > 0 ? m : undefined })}
        />
        <MetricField add={(metric) => change({ m: [...(metrics.length > 0 ? metrics : (data?.metrics ?? [])), metric] })} />
        {(unpooled.length > 0 || pool.length > 0) && (
          <Picker
            label="Pool"
            options={[...new Set([...unpooled, ...pool])].map((value) => ({ value }))}
            chosen={pool}
            onChange={(next) => change({ pool: next.length > 0 ? next : undefined })}
            none="the seed alone"
          />
        )}
        {(tunable.length > 1 || best) && (
          <Select
            label="Best of"
            options={[
              { value: '', label: 'none' },
              ...[...new Set([...tunable, ...(best ? [best] : [])])].map((value) => ({
                value,
                hint: `Each cell at the ${value} with its lowest mean eval_loss`,
              })),
            ]}
            value={best}
            onChange={(key) =>
              change({
                best: key || undefined,
                rows: params.has('rows') ? rows.filter((other) => other !== key) : undefined,
                cols: params.has('cols') ? cols.filter((other) => other !== key) : undefined,
                pool: pool.some((other) => other !== key) ? pool.filter((other) => other !== key) : undefined,
                sort: undefined,
              })
            }
          />
        )}
        <Select
          label="Baseline"
          options={[{ value: '', label: 'none' }, ...baselines.map((value) => ({ value }))]}
          value={based ?? ''}
          onChange={(base) => change({ base: base || undefined })}
        />
        <Toggle
          label="drop diverged"
          hint="Means of the other trials alone; diverged ones are still counted"
          checked={dropDiverged}
          onChange={(on) => change({ drop: on || undefined })}
        />
        {data && (
          <button type="button" onClick={() => save(new Blob([tableCsv(data)], { type: 'text/csv' }), `${sweep.name}-table.csv`)}>
            ↓ CSV
          </button>
        )}
      </Controls>
      {problem && !data && (
        <ProblemNote problem={problem}>
          {problem.violations.some(({ field }) => field === 'pool') && <PoolChoice varied={without(varied, ['seed', best])} rows={rows} cols={cols} pool={pool} />}
        </ProblemNote>
      )}
      {data && <TableRemarks table={data} series={sweep.series ?? []} />}
      {data?.cells.length === 0 && <EmptyNote title="No trial is in this table" />}
      {data && data.cells.length > 0 && (
        <div class="grids">
          {data.metrics.map((metric, i) => (
            <AblationGrid
              key={metric}
              metric={metric}
              table={data}
              grid={gridOf(data.cells, i)}
              order={order}
              series={sweep.series ?? []}
            />
          ))}
        </div>
      )}
    </>
  );
}

const MOST_SWEEPS = 1_000;

// What one of the sweeps varies, and which of them it is.
function variedBy(sweep: SweepData, further: readonly string[], sweeps: readonly Sweep[]): string[] {
  const theirs = sweeps.filter(({ name }) => further.includes(name)).flatMap(({ varied }) => varied);
  return [...new Set([...sweep.varied, ...theirs, SWEEP_KEY])];
}

// A key is a row or a column: what was made one is no longer the other.
function without(keys: readonly string[], taken: readonly string[]): string[] {
  return keys.filter((key) => !taken.includes(key));
}

// What to do where a cell's trials differ in a key. Of axes that the coordinator chose only the sweep can be missing, since they hold all that varies.
function PoolChoice({ varied, rows, cols, pool }: Record<'varied' | 'rows' | 'cols' | 'pool', readonly string[]>) {
  const left = without(varied, [...rows, ...cols, ...pool]);
  const missing = rows.length === 0 && left.includes(SWEEP_KEY) ? [SWEEP_KEY] : left;
  return (
    <p>
      <button type="button" onClick={() => change({ rows: rows.length === 0 ? [...new Set([...missing, ...left])] : [...rows, ...missing] })}>
        Make {missing.join(', ')} a row
      </button>{' '}
      <button type="button" onClick={() => change({ pool: [...pool, ...missing] })}>
        Average over it
      </button>
    </p>
  );
}

// Any metric at any site, as the command line takes it.
function MetricField({ add }: { add(metric: string): void }) {
  const [text, setText] = useState('');
  return (
    <form
      class="control"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim()) add(text.trim());
        setText('');
      }}
    >
      <label>
        <span class="control-label">Another metric</span>
        <input
          type="text"
          value={text}
          placeholder="kurtosis@block.3:max"
          onInput={(event) => setText(event.currentTarget.value)}
          title="METRIC, METRIC@SITE or METRIC@SITE.LAYER; behind it :last or :max. Enter adds it."
        />
      </label>
    </form>
  );
}

function tableCsv(table: GetAblationTableResponse): string {
  const compares = Object.keys(table.baseline).length > 0;
  const header = [
    ...table.rows,
    ...table.cols,
    ...(table.best ? [table.best] : []),
    'trials',
    'diverged',
    'failed',
    'missing',
    'mixed',
    ...table.metrics.flatMap((metric) => [
      metric,
      `${metric}_std`,
      `${metric}_n`,
      ...(compares ? [`${metric}_difference`, `${metric}_low`, `${metric}_high`, `${metric}_adjusted_p`, `${metric}_pairs`] : []),
    ]),
  ];
  const rows = table.cells.map((cell) => [
    ...cell.rowValues,
    ...cell.colValues,
    ...(table.best ? [cell.bestValue] : []),
    cell.trials,
    cell.diverged,
    cell.failed,
    cell.missing,
    cell.mixed.join(' '),
    ...cell.statistics.flatMap(({ mean, standardDeviation, count, difference }) => [
      mean,
      standardDeviation,
      count,
      ...(compares ? [difference?.mean, difference?.low, difference?.high, difference?.adjustedP, difference?.pairs] : []),
    ]),
  ]);
  return csvText(header, rows);
}
