import { useState } from 'preact/hooks';
import { queryCurves } from '../api/curves';
import { SceneCanvas } from '../charts/scene_canvas';
import { armId, armLabel } from '../data/arms';
import { BELOW_COLOR, INFINITE_COLOR, NAN_COLOR } from '../data/color';
import { csvText } from '../data/csv';
import type { MeasuredCurve } from '../data/curve';
import { axisValueText, countOfText, numberText, plural } from '../data/format';
import { type HeatMap, colorBar, heatAt, heatMapOf, heatScene } from '../data/heat';
import { type Scale, createScale, domainOf } from '../data/scale';
import { DARK_INK, LIGHT_INK } from '../data/scene';
import { Controls } from '../parts/controls';
import { EmptyNote } from '../parts/empty_note';
import { ExportMenu } from '../parts/export_menu';
import { Markdown } from '../parts/markdown';
import { MissingNote } from '../parts/missing_note';
import { Picker, Select } from '../parts/picker';
import { ProblemNote } from '../parts/problem_note';
import { useResource, useStore, useWidth } from '../state/hooks';
import { change } from '../state/location';
import { readList } from '../state/params';
import { isDark } from '../state/theme';
import { NothingMeasured } from './nothing_measured';
import { type SweepData, armKeys } from './sweep_data';

const MOST_MAPS = 24;
const HEIGHT = 210;

export function LayersView({ sweep, params }: { sweep: SweepData; params: URLSearchParams }) {
  const layered = (sweep.series ?? []).filter((metric) => metric.sites.some((site) => site.layers.length > 0));
  const metric = layered.find(({ name }) => name === (params.get('m') ?? 'kurtosis')) ?? layered[0];
  const sites = metric?.sites.filter((site) => site.layers.length > 0) ?? [];
  const site = sites.find(({ name }) => name === (params.get('site') ?? 'block')) ?? sites[0];
  const missing = [
    ...(params.has('m') && params.get('m') !== metric?.name ? [`metric ${params.get('m')}`] : []),
    ...(params.has('site') && params.get('site') !== site?.name ? [`site ${params.get('site')}`] : []),
  ];
  const arms = armKeys(sweep);
  const groupBy = readList(params, 'by') ?? (arms.length > 0 ? arms : ['model.block']);
  const dark = useStore(isDark);
  const ready = metric && site && sweep.trials && groupBy.length > 0;
  const { data, problem } = useResource(
    ready ? JSON.stringify([metric.name, site.name, groupBy]) : undefined,
    (signal) =>
      queryCurves(
        {
          sweep: sweep.name,
          metrics: [metric.name],
          sites: [site.name],
          groupBy,
          mean: metric.logAxis ? 'geometric' : '',
          peaks: true,
          maxBuckets: 200,
        },
        signal,
      ),
    { version: sweep.points, scope: sweep.name },
  );
  if (!sweep.series || !sweep.trials) return <p class="loading">Reading what was measured…</p>;
  if (!metric || !site) {
    return <NothingMeasured sweep={sweep} title="Nothing has been measured by layer" hope="Maps appear with the first measured step of the first trial." />;
  }

  const maps = new Map<string, MeasuredCurve[]>();
  for (const curve of data ?? []) {
    const id = armId(curve.arm, groupBy);
    maps.set(id, [...(maps.get(id) ?? []), curve]);
  }
  const shown = [...maps.values()].slice(0, MOST_MAPS);
  const isLog = metric.logAxis;
  const colors = createScale(
    isLog,
    domainOf(
      shown.flat().flatMap((curve) => curve.values),
      isLog,
      0,
    ),
    [0, 1],
    5,
  );
  const lastStep = Math.max(...shown.flat().map((curve) => curve.steps.at(-1) ?? 0));
  const title = `${metric.name}, ${site.name}`;
  return (
    <>
      <Controls>
        <Select
          label="Metric"
          options={layered.map(({ name, meaning }) => ({ value: name, hint: meaning }))}
          value={metric.name}
          onChange={(m) => change({ m })}
        />
        <Select
          label="Site"
          options={sites.map(({ name, meaning }) => ({ value: name, hint: meaning }))}
          value={site.name}
          onChange={(name) => change({ site: name })}
        />
        <Picker
          label="Group by"
          options={[...new Set([...sweep.varied, ...groupBy])].map((value) => ({ value }))}
          chosen={groupBy}
          onChange={(by) => change({ by })}
        />
      </Controls>
      <div class="color-bar">
        <SceneCanvas
          scene={colorBar(colors, 260, dark ? DARK_INK : LIGHT_INK)}
          label={`Colours from ${numberText(colors.domain[0])} to ${numberText(colors.domain[1])}`}
        />
        <small>
          <ColorKey color={NAN_COLOR} /> NaN <ColorKey color={INFINITE_COLOR} /> ∞ <ColorKey color={BELOW_COLOR} />{' '}
          {isLog ? 'not positive · logarithmic' : '−∞'}
        </small>
      </div>
      <MissingNote names={missing} />
      <p class="meaning">
        <b>{title}</b>: <Markdown text={metric.meaning} />. {isLog ? 'Geometric' : 'Arithmetic'} means over the trials of a group
        {isLog && ', NaN where a trial has NaN or what is not positive'}; of steps that share a column, the largest.
      </p>
      {problem && !data && <ProblemNote problem={problem} />}
      {data && shown.length === 0 && <EmptyNote title="No points here" />}
      <div class="panels">
        {shown.map((curves) => (
          <HeatCard
            key={armId(curves[0].arm, groupBy)}
            name={`${sweep.name} ${title}`}
            label={armLabel(curves[0].arm, groupBy)}
            mean={meanText(curves[0].trials, isLog)}
            map={heatMapOf(curves, lastStep)}
            colors={colors}
            isDark={dark}
          />
        ))}
      </div>
      {maps.size > MOST_MAPS && <p class="faint">{maps.size - MOST_MAPS} more groups are not drawn: group by fewer keys.</p>}
    </>
  );
}

function ColorKey({ color }: { color: string }) {
  return <i class="color-key" style={{ background: color }} />;
}

function HeatCard({
  name,
  label,
  mean,
  map,
  colors,
  isDark: dark,
}: {
  name: string;
  label: string;
  mean: string;
  map: HeatMap;
  colors: Scale;
  isDark: boolean;
}) {
  const [holder, width] = useWidth<HTMLDivElement>();
  const [at, setAt] = useState<[number, number]>();
  const frame = { width, height: HEIGHT, colors, ink: dark ? DARK_INK : LIGHT_INK };
  const cell = at && heatAt(map, frame, at);
  const fileName = `${name} ${label}`.replace(/[^\w.-]+/g, '-');
  return (
    <section class="card panel-card" aria-label={label}>
      <header>
        <h2>
          {label} <small>{mean}</small>
        </h2>
        <output class="readout">
          {cell &&
            `layer ${cell.layer}, step ${cell.step}: ${axisValueText(cell.value, colors.isLog)} (${countOfText(cell.count, map.curves[0].trials)})`}
        </output>
        <ExportMenu
          fileName={fileName}
          csv={() =>
            csvText(
              ['layer', 'step', 'value'],
              map.curves.flatMap((curve) => curve.steps.map((step, i) => [curve.layer, step, curve.values[i]])),
            )
          }
          scene={() => heatScene(map, { width: 640, height: 300, colors, ink: LIGHT_INK, title: `${name}: ${label}, ${mean}` })}
        />
      </header>
      <div ref={holder} class="scene">
        {width > 0 && <SceneCanvas scene={heatScene(map, frame)} label={describe(`${label}, ${mean}`, map)} onPoint={setAt} />}
      </div>
    </section>
  );
}

// What the cells of a map are.
export function meanText(trials: number, isGeometric: boolean): string {
  return trials === 1 ? '1 trial' : `${isGeometric ? 'geometric' : 'arithmetic'} mean of ${plural(trials, 'trial')}`;
}

function describe(label: string, { curves }: HeatMap): string {
  const ends = curves.map((curve) => `layer ${curve.layer} ${numberText(curve.values.at(-1), 3)}`);
  return `${label}: layers by steps. At the last step ${ends.join(', ')}`;
}
