import { useState } from 'preact/hooks';
import { SceneCanvas } from '../charts/scene_canvas';
import { armOfTrial } from '../data/arms';
import { csvText } from '../data/csv';
import { plural } from '../data/format';
import {
  type Brushes,
  type ParallelLayout,
  type Strand,
  axisOf,
  isBrushed,
  nearestStrand,
  parallelLayout,
  parallelScene,
} from '../data/parallel';
import { DARK_INK, LIGHT_INK } from '../data/scene';
import { hasOutcome, leftOutText } from '../data/states';
import type { Trial } from '../gen/ofsweep/v1/sweep_pb';
import { Controls } from '../parts/controls';
import { ExportMenu } from '../parts/export_menu';
import { Picker, Select } from '../parts/picker';
import { useStore, useWidth } from '../state/hooks';
import { change, go } from '../state/location';
import { readList } from '../state/params';
import { isDark } from '../state/theme';
import { NothingMeasured } from './nothing_measured';
import { hasLogAxis, resultColumns } from './results';
import { type SweepData, armKeys } from './sweep_data';

const HEIGHT = 460;
const DEFAULT_RESULTS = ['eval_loss', 'kurtosis_max', 'w8a4_perplexity'];
// How near to an axis a press is one on it.
const GRIP = 14;

export function ParallelView({ sweep, params }: { sweep: SweepData; params: URLSearchParams }) {
  const dark = useStore(isDark);
  const [holder, width] = useWidth<HTMLDivElement>();
  const [near, setNear] = useState<Strand>();
  const [drag, setDrag] = useState<{ key: string; from: number; to: number }>();
  if (!sweep.trials) return <p class="loading">Reading results…</p>;
  const trials = sweep.trials.trials.filter(hasOutcome);
  const leftOut = leftOutText(sweep.trials.trials);
  const columns = resultColumns(trials);
  const options = [...sweep.varied, ...columns];
  const chosen = (readList(params, 'axes') ?? [...armKeys(sweep), ...DEFAULT_RESULTS.filter((name) => columns.includes(name))]).filter(
    (key) => options.includes(key),
  );
  if (trials.length === 0 || options.length === 0) {
    return <NothingMeasured sweep={sweep} title="No trials to compare" hope="A line appears with the end of each trial." />;
  }

  const strands = trials.map((trial) => strandOf(trial, chosen, columns, sweep.varied));
  const axes = chosen.map((key, i) =>
    axisOf(
      key,
      strands.map((strand) => strand.values[i]),
      { isResult: columns.includes(key), isLog: columns.includes(key) && hasLogAxis(key, sweep.series ?? []) },
    ),
  );
  const size = { width: Math.max(width, chosen.length * 90), height: HEIGHT };
  const layout = parallelLayout(axes, strands, size);
  const stored = readBrushes(params);
  const brushes: Brushes = drag ? new Map([...stored, [drag.key, ordered(drag.from, drag.to)]]) : stored;
  const inBrushes = strands.filter((strand) => isBrushed(layout, strand, brushes));
  const colorKey = params.get('color') ?? (chosen.includes('kurtosis_max') ? 'kurtosis_max' : chosen[chosen.length - 1]);
  const colorAxis = Math.max(0, chosen.indexOf(colorKey));
  const scene = (look: { size: typeof size; dark: boolean }) =>
    parallelScene(parallelLayout(axes, strands, look.size), strands, {
      size: look.size,
      ink: look.dark ? DARK_INK : LIGHT_INK,
      isDark: look.dark,
      brushes,
      colorAxis,
      near: near?.id,
    });

  const press = (at: [number, number]) => {
    const axis = layout.axes.find(({ x }) => Math.abs(x - at[0]) <= GRIP);
    const share = axis && shareAt(layout, at[1]);
    if (axis && share !== undefined) setDrag({ key: axis.axis.key, from: share, to: share });
    else if (near) go({ page: 'trial', sweep: sweep.name, trial: near.id });
  };
  const move = (at: [number, number] | undefined) => {
    if (drag && at) setDrag({ ...drag, to: shareAt(layout, at[1]) });
    else setNear(at && nearestStrand(layout, inBrushes, at));
  };
  const release = () => {
    if (!drag) return;
    const [low, high] = ordered(drag.from, drag.to);
    const next = new Map(stored);
    // A press without a drag takes the brush away.
    if (high - low < 0.01) next.delete(drag.key);
    else next.set(drag.key, [low, high]);
    setDrag(undefined);
    changeBrushes(next);
  };
  return (
    <>
      <Controls>
        <Picker label="Axes" options={options.map((value) => ({ value }))} chosen={chosen} onChange={(keys) => change({ axes: keys })} />
        <Select
          label="Colour"
          options={chosen.map((value) => ({ value }))}
          value={chosen[colorAxis]}
          onChange={(color) => change({ color })}
        />
        <BrushFields keys={chosen} brushes={stored} />
      </Controls>
      {sweep.trials.isCut && <p class="warning">The sweep has more trials: these are of its first {sweep.trials.trials.length}.</p>}
      <section class="card panel-card" aria-label="Parallel coordinates">
        <header>
          <h2>
            {plural(inBrushes.length, 'trial')} {brushes.size > 0 && <small>of {trials.length}</small>}
          </h2>
          <output class="readout">{near?.label}</output>
          <ExportMenu
            fileName={`${sweep.name}-parallel`}
            csv={() =>
              csvText(
                ['trial', 'label', ...chosen],
                inBrushes.map((strand) => [strand.id, strand.label, ...strand.values]),
              )
            }
            scene={() => scene({ size: { width: Math.max(640, chosen.length * 120), height: HEIGHT }, dark: false })}
          />
        </header>
        <div
          ref={holder}
          class={near ? 'scene scroll clickable' : 'scene scroll'}
          tabIndex={0}
          role="region"
          aria-label="Parallel coordinates, scrollable"
        >
          {width > 0 && chosen.length > 1 && (
            <SceneCanvas
              scene={scene({ size, dark })}
              label={`${strands.length} trials over ${chosen.join(', ')}; the views Table and Trials list them`}
              onPoint={move}
              onPress={press}
              onRelease={release}
              class="parallel"
            />
          )}
          {chosen.length < 2 && <p class="faint">Choose two axes or more: one has nothing beside it.</p>}
        </div>
        <p class="faint">
          Drag along an axis to keep what passes there; press it to let go. NaN and what is missing (none) stand below an axis, ∞ above, and
          between NaN and a logarithmic axis what is not positive (≤ 0). A click on a line opens its trial. Dashed: trials that diverged, with their last values.{leftOut && ` ${leftOut}.`}
        </p>
      </section>
    </>
  );
}

// The brushes for those who do not drag.
function BrushFields({ keys, brushes }: { keys: readonly string[]; brushes: Brushes }) {
  const [key, setKey] = useState(keys[0]);
  const [low, high] = brushes.get(key) ?? [0, 1];
  const set = (range: [number, number]) => {
    const next = new Map(brushes);
    if (range[0] <= 0 && range[1] >= 1) next.delete(key);
    else next.set(key, range);
    changeBrushes(next);
  };
  const percent = (share: number) => Math.round(Math.min(1, Math.max(0, share)) * 100);
  return (
    <>
      <Select label="Keep on" options={keys.map((value) => ({ value }))} value={key} onChange={setKey} />
      <label class="control">
        <span class="control-label">from %</span>
        <input
          class="short"
          type="number"
          min="0"
          max="100"
          value={percent(low)}
          onChange={(event) => set(ordered(Number(event.currentTarget.value) / 100, high))}
        />
      </label>
      <label class="control">
        <span class="control-label">to %</span>
        <input
          class="short"
          type="number"
          min="0"
          max="100"
          value={percent(high)}
          onChange={(event) => set(ordered(low, Number(event.currentTarget.value) / 100))}
        />
      </label>
      {brushes.size > 0 && (
        <button type="button" onClick={() => changeBrushes(new Map())}>
          keep all
        </button>
      )}
    </>
  );
}

function strandOf(trial: Trial, axes: readonly string[], columns: readonly string[], varied: readonly string[]): Strand {
  const arm = armOfTrial(trial, varied);
  const values = axes.map((key) => (columns.includes(key) ? trial.results[key] : asNumber(arm[key])));
  return { id: trial.trialId, label: trial.label, isDiverged: trial.state === 'diverged', values };
}

function changeBrushes(brushes: Brushes): void {
  const items = [...brushes].map(([key, [low, high]]) => `${key}:${low.toFixed(3)}:${high.toFixed(3)}`);
  change({ keep: items.length > 0 ? items : undefined });
}

function readBrushes(params: URLSearchParams): Brushes {
  const brushes = new Map<string, [number, number]>();
  for (const item of readList(params, 'keep') ?? []) {
    const [key, low, high] = item.split(':');
    if (Number.isFinite(Number(low)) && Number.isFinite(Number(high))) brushes.set(key, ordered(Number(low), Number(high)));
  }
  return brushes;
}

function shareAt(layout: ParallelLayout, y: number): number {
  return Math.min(1.05, Math.max(-0.08, (layout.bottom - y) / (layout.bottom - layout.top)));
}

function ordered(a: number, b: number): [number, number] {
  return a < b ? [a, b] : [b, a];
}

function asNumber(text: string | undefined): number | string | undefined {
  return text !== undefined && text !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}
