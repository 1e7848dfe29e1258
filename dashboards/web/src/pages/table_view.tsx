import { useState } from 'preact/hooks';
import { service } from '../api/client';
import { csvText } from '../data/csv';
import { type Order, SWEEP_KEY, baselineFrom, baselinesOf, gridOf, suggestedAxes, suggestedAxesOfSeveral } from '../data/table';
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
  const suggested = (isOfSeveral ? suggestedAxesOfSeveral : suggestedAxes)(varied.filter((key) => key !== best));
  const rows = readList(params, 'rows') ?? suggested.rows;
  const cols = readList(params, 'cols') ?? suggested.cols;
  const metrics = readList(params, 'm') ?? [];
  const pool = readList(params, 'pool') ?? [];
  const dropDiverged = params.has('drop');
  const baseline = baselineFrom(params.get('base') ?? undefined, [...rows, ...cols]);
  const order: Order = { column: readNumber(params, 'sort'), isDescending: params.has('desc') };
  const { data, problem } = useResource(
    sweep.trials && (others.data || !isOfSeveral)
      ? JSON.stringify([furtherSweeps, rows, cols, metrics, pool, dropDiverged, baseline, best])
      : undefined,
    (signal) =>
      service.getAblationTable({ sweep: sweep.name, furtherSweeps, rows, cols, metrics, pool, dropDiverged, baseline, best }, { signal }),
    { version: sweep.points, scope: sweep.name },
  );
  const keys = [...new Set([...varied, ...(data?.confounded ?? []), ...rows, ...cols])].map((value) => ({ value }));
  const unpooled = varied.filter((key) => key !== 'seed' && key !== best && !rows.includes(key) && !cols.includes(key));
  const tunable = varied.filter((key) => key !== 'seed' && key !== SWEEP_KEY);
  const [based] = Object.entries(baseline).map(([key, value]) => `${key}=${value}`);
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
          onChange={(next) => change({ rows: next, cols: without(cols, next, suggested.cols), sort: undefined })}
        />
        <Picker
          label="Columns"
          options={keys}
          chosen={cols}
          onChange={(next) => change({ cols: next, rows: without(rows, next, suggested.rows), sort: undefined })}
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
          {problem.violations.some(({ field }) => field === 'pool') && (
            <p>
              <button type="button" onClick={() => change({ rows: [...rows, ...unpooled.filter((key) => !pool.includes(key))] })}>
                Make {unpooled.join(', ')} a row
              </button>{' '}
              <button type="button" onClick={() => change({ pool: [...new Set([...pool, ...unpooled])] })}>
                Average over it
              </button>
            </p>
          )}
        </ProblemNote>
      )}
      {data && <TableRemarks table={data} />}
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

// A key is a row or a column: what was made one is no longer the other. undefined: as it was by default.
function without(keys: readonly string[], taken: readonly string[], suggested: readonly string[]): string[] | undefined {
  const left = keys.filter((key) => !taken.includes(key));
  return left.join() === suggested.join() ? undefined : left;
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
