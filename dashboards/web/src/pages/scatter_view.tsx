import { useMemo, useState } from 'preact/hooks';
import { SceneCanvas } from '../charts/scene_canvas';
import { armOfTrial, matchesWords } from '../data/arms';
import { styleOf } from '../data/color';
import { csvText } from '../data/csv';
import { axisValueText, countText, plural } from '../data/format';
import { type Dot, nearestDot, scatterOf } from '../data/scatter';
import { DARK_INK, LIGHT_INK } from '../data/scene';
import { hasOutcome, leftOutText } from '../data/states';
import type { Trial } from '../gen/ofsweep/v1/sweep_pb';
import { Controls } from '../parts/controls';
import { ExportMenu } from '../parts/export_menu';
import { MissingNote } from '../parts/missing_note';
import { Picker, Select } from '../parts/picker';
import { useStore, useWidth } from '../state/hooks';
import { change, go } from '../state/location';
import { readChoice, readList } from '../state/params';
import { isDark } from '../state/theme';
import { Legend } from './curves/legend';
import { type Group, groupsOf } from './curves/panels';
import { NothingMeasured } from './nothing_measured';
import { hasLogAxis, hasResults, resultColumns } from './results';
import { type SweepData, armKeys } from './sweep_data';

const AXES = ['auto', 'log', 'linear'] as const;

export function ScatterView({ sweep, params }: { sweep: SweepData; params: URLSearchParams }) {
  const dark = useStore(isDark);
  const [holder, width] = useWidth<HTMLDivElement>();
  const [focus, setFocus] = useState<string>();
  const [at, setAt] = useState<[number, number]>();
  const trials = sweep.trials?.trials ?? [];
  const columns = resultColumns(trials.filter(hasOutcome));
  const missing = ['x', 'y'].flatMap((axis) => params.get(axis) ?? []).filter((name) => !resultColumns(trials).includes(name));
  const x = columns.find((name) => name === (params.get('x') ?? 'kurtosis_max')) ?? columns[0];
  const y = columns.find((name) => name === (params.get('y') ?? 'eval_loss')) ?? columns[1] ?? columns[0];
  const groupBy = readList(params, 'by') ?? armKeys(sweep);
  const hidden = readList(params, 'hide') ?? [];
  const filter = params.get('q') ?? '';
  const groups = useMemo(
    () =>
      groupsOf(
        trials.map((trial) => ({ ...trial, arm: armOfTrial(trial, groupBy) })),
        groupBy,
        (index) => styleOf(index, dark),
      ),
    [trials, groupBy.join(), dark],
  );
  const matching = groups.filter((group) => matchesWords(`${group.id} ${group.label}`, filter));
  const shown = matching.filter((group) => !hidden.includes(group.id));
  if (!sweep.trials) return <p class="loading">Reading results…</p>;
  const { dots, caption } = dotsOf(trials, shown, x, y);
  if (!hasResults(columns)) return <NothingMeasured sweep={sweep} title="No trial has results" hope="A dot appears with the end of each trial." />;

  const series = sweep.series ?? [];
  const axis = (name: string, column: string) => {
    const chosen = readChoice(params, name, AXES, 'auto');
    return { name: column, isLog: chosen === 'auto' ? hasLogAxis(column, series) : chosen === 'log' };
  };
  const axes = { x: axis('xaxis', x), y: axis('yaxis', y) };
  const height = Math.round(Math.max(320, Math.min(480, width * 0.6)));
  const scatter = scatterOf(dots, axes, { width, height }, dark ? DARK_INK : LIGHT_INK, focus);
  const near = at && nearestDot(scatter.dots, at);
  const options = columns.map((value) => ({ value }));
  return (
    <>
      <Controls>
        <Select label="x" options={options} value={x} onChange={(name) => change({ x: name })} />
        <Select
          label="x axis"
          options={AXES.map((value) => ({ value }))}
          value={readChoice(params, 'xaxis', AXES, 'auto')}
          onChange={(kind) => change({ xaxis: kind === 'auto' ? undefined : kind })}
        />
        <Select label="y" options={options} value={y} onChange={(name) => change({ y: name })} />
        <Select
          label="y axis"
          options={AXES.map((value) => ({ value }))}
          value={readChoice(params, 'yaxis', AXES, 'auto')}
          onChange={(kind) => change({ yaxis: kind === 'auto' ? undefined : kind })}
        />
        <Picker
          label="Colour by"
          options={sweep.varied.map((value) => ({ value }))}
          chosen={groupBy}
          onChange={(by) => change({ by, hide: undefined })}
          none="trial"
        />
      </Controls>
      <MissingNote names={missing} />
      {sweep.trials.isCut && <p class="warning">The sweep has more trials: these are the first {trials.length}.</p>}
      <div class="with-legend">
        <Legend
          sweep={sweep.name}
          groups={matching}
          hidden={hidden}
          filter={filter}
          keys={groupBy}
          focus={focus}
          onFocus={setFocus}
          notDrawn={0}
          measured={dotsBy(shown, dots)}
          isOfDots
        />
        <section class="card panel-card" aria-label={`${y} against ${x}`}>
          <header>
            <h2>
              {y} against {x}
            </h2>
            <output class="readout">{near && `${near.label}: ${axisValueText(near.x, axes.x.isLog)}, ${axisValueText(near.y, axes.y.isLog)}`}</output>
            <ExportMenu
              fileName={`${sweep.name}-${y}-against-${x}`}
              csv={() =>
                csvText(
                  ['trial', 'label', x, y, 'diverged'],
                  dots.map((dot) => [dot.id, dot.label, dot.x, dot.y, String(dot.isDiverged)]),
                )
              }
              scene={() => scatterOf(dots, axes, { width: 640, height: 420 }, LIGHT_INK).scene}
            />
          </header>
          <div ref={holder} class={near ? 'scene clickable' : 'scene'}>
            {width > 0 && (
              <SceneCanvas
                scene={scatter.scene}
                label={`${y} against ${x} of ${dots.length} trials; the view “Trials” lists them`}
                onPoint={(place) => {
                  setAt(place);
                  setFocus(place && nearestDot(scatter.dots, place)?.group);
                }}
                onRelease={() => near && go({ page: 'trial', sweep: sweep.name, trial: near.id })}
              />
            )}
          </div>
          <p class="faint">
            A dot is a trial; a cross one that diverged, with its last values.
            {scatter.hasNotPositive && ' At ≤ 0 stands what is not positive, for which a logarithmic axis has no place.'} A click opens it.
            {` ${caption}`}
          </p>
        </section>
      </div>
    </>
  );
}

// A dot is of an outcome: what a trial that was cancelled, or runs, has measured so far looks like a result and is none.
export function dotsOf(
  trials: readonly Pick<Trial, 'trialId' | 'label' | 'results' | 'state'>[],
  groups: readonly Group[],
  x: string,
  y: string,
): { dots: Dot[]; caption: string } {
  const groupOf = new Map(groups.flatMap((group) => group.trialIds.map((id) => [id, group] as const)));
  const shown = trials.filter((trial) => groupOf.has(trial.trialId));
  const ended = shown.filter(hasOutcome);
  const dots = ended.flatMap(({ trialId: id, label, results, state }) => {
    const { id: group, style } = groupOf.get(id)!;
    const isDiverged = state === 'diverged';
    // One that diverged before it was evaluated is a result too, and stands beside the axis.
    if (!isDiverged && !(x in results && y in results)) return [];
    return [{ id, label, group, style, x: results[x], y: results[y], isDiverged }];
  });
  const lacks = ({ results }: Pick<Trial, 'results'>) => !(x in results && y in results);
  const lacking = ended.filter((trial) => trial.state === 'diverged' && lacks(trial)).length;
  const notDrawn = ended.length - dots.length;
  const names = [...new Set([x, y])].filter((name) => ended.some(({ results }) => !(name in results))).join(' or no ');
  const parts = [
    `${countText(dots.length - lacking)} of ${plural(shown.length, 'trial')} ${dots.length - lacking === 1 ? 'has' : 'have'} both values`,
    lacking > 0 && `${countText(lacking)} that diverged ${lacking === 1 ? 'has' : 'have'} no ${names}, and ${lacking === 1 ? 'stands' : 'stand'} at “none”`,
    notDrawn > 0 && `${countText(notDrawn)} that completed ${notDrawn === 1 ? 'has' : 'have'} no ${names}, and ${notDrawn === 1 ? 'is' : 'are'} not drawn`,
    leftOutText(shown),
  ];
  return { dots, caption: `${parts.filter((part) => part !== false && part !== '').join('; ')}.` };
}

function dotsBy(groups: readonly Group[], dots: readonly Dot[]): Map<string, number> {
  return new Map(groups.map(({ id }) => [id, dots.filter((dot) => dot.group === id).length]));
}
