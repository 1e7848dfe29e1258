import { useEffect, useState } from 'preact/hooks';
import { tickText } from '../../data/format';
import type { MeasuredMetric } from '../../gen/ofsweep/v1/results_pb';
import { Controls } from '../../parts/controls';
import { Picker, Select, Toggle } from '../../parts/picker';
import { change } from '../../state/location';
import { parseRanges, rangesText } from '../../state/params';
import { type CurvesSettings, type XAxis, targetsOf } from './settings';

interface CurvesControlsProps {
  settings: CurvesSettings;
  series: readonly MeasuredMetric[];
  // That may group.
  keys: readonly string[];
}

export function CurvesControls({ settings, series, keys }: CurvesControlsProps) {
  const chosen = series.filter((metric) => settings.metrics.includes(metric.name));
  const sites = new Map(chosen.flatMap((metric) => metric.sites.map((site) => [site.name, site.meaning] as const)));
  sites.delete('');
  const axes = (['step', 'tokens', 'seconds'] as XAxis[]).filter((x) => x === 'step' || series.some((metric) => metric.name === x));
  return (
    <Controls>
      <Picker
        label="Metrics"
        options={series.map(({ name, meaning }) => ({ value: name, hint: meaning }))}
        chosen={settings.metrics}
        onChange={(metrics) => change({ m: metrics })}
      />
      {sites.size > 0 && (
        <Picker
          label="Sites"
          options={[...sites].map(([value, hint]) => ({ value, hint }))}
          chosen={settings.sites}
          onChange={(names) => change({ site: names })}
        />
      )}
      <LayersField settings={settings} series={series} />
      <Picker
        label="Group by"
        options={[...new Set([...keys, ...settings.groupBy])].map((value) => ({ value }))}
        chosen={settings.groupBy}
        onChange={(by) => change({ by, hide: undefined })}
        none="each trial"
      />
      {settings.groupBy.length > 0 && (
        <Select
          label="Mean"
          options={[{ value: 'arithmetic' }, { value: 'geometric' }]}
          value={settings.mean}
          onChange={(mean) => change({ mean: mean === 'arithmetic' ? undefined : mean })}
        />
      )}
      {axes.length > 1 && (
        <Select
          label="x axis"
          options={axes.map((value) => ({ value }))}
          value={settings.x}
          onChange={(x) => change({ x: x === 'step' ? undefined : x, zoom: undefined })}
        />
      )}
      <Select
        label="y axis"
        options={[{ value: 'auto' }, { value: 'log' }, { value: 'linear' }]}
        value={settings.y}
        onChange={(y) => change({ y: y === 'auto' ? undefined : y })}
      />
      <label class="control">
        <span class="control-label">Smoothing {settings.smoothing > 0 && settings.smoothing}</span>
        <input
          type="range"
          min="0"
          max="0.98"
          step="0.02"
          value={settings.smoothing}
          onInput={(event) => change({ smooth: Number(event.currentTarget.value) || undefined }, { replace: true })}
        />
      </label>
      {settings.groupBy.length > 0 && (
        <>
          <Toggle
            label="members"
            hint="Each trial, faint behind its group's mean"
            checked={settings.showsMembers}
            onChange={(on) => change({ members: on ? '1' : '0' })}
          />
          <Toggle
            label={settings.mean === 'geometric' ? '×÷ std' : '± std'}
            hint={
              settings.mean === 'geometric'
                ? 'The factor by which the trials of a group are spread: the exponential of the sample standard deviation of their logarithms'
                : 'The sample standard deviation over the trials of a group'
            }
            checked={settings.showsBand}
            onChange={(on) => change({ band: on ? undefined : '0' })}
          />
        </>
      )}
      <Toggle
        label="drop diverged"
        hint="Curves, means and counts of the other trials alone"
        checked={settings.dropDiverged}
        onChange={(on) => change({ drop: on || undefined })}
      />
      <ZoomField settings={settings} />
    </Controls>
  );
}

function LayersField({ settings, series }: Pick<CurvesControlsProps, 'settings' | 'series'>) {
  const all = new Set(targetsOf({ ...settings, layers: parseRanges('0-9999') }, series).flatMap((target) => target.layers));
  const shown = rangesText(targetsOf(settings, series).flatMap((target) => target.layers));
  const [text, setText] = useState(shown);
  useEffect(() => setText(shown), [shown]);
  if (all.size === 0) return null;
  return (
    <label class="control">
      <span class="control-label">
        Layers <small>of {rangesText([...all])}</small>
      </span>
      <input
        class="short"
        type="text"
        inputMode="numeric"
        value={text}
        title="Such as 0, 3-5; empty: some of them"
        onInput={(event) => setText(event.currentTarget.value)}
        onChange={(event) => {
          const layers = parseRanges(event.currentTarget.value);
          change({ layers: layers.length > 0 ? rangesText(layers) : undefined });
        }}
      />
    </label>
  );
}

// The zoom for those who do not drag.
function ZoomField({ settings }: { settings: CurvesSettings }) {
  const { zoom, x } = settings;
  const [from, to] = zoom ?? [undefined, undefined];
  const set = (text: string, end: 0 | 1) => {
    const next: (number | undefined)[] = [from, to];
    next[end] = text === '' ? undefined : Number(text);
    const [first = 0, last] = next;
    change({ zoom: last !== undefined && first < last ? [first, last] : undefined });
  };
  return (
    <fieldset class="control zoom">
      <legend class="control-label">From {x} … to</legend>
      <input
        class="short"
        type="number"
        min="0"
        aria-label={`From ${x}`}
        value={from === undefined ? '' : tickNumber(from)}
        placeholder="first"
        onChange={(event) => set(event.currentTarget.value, 0)}
      />
      <input
        class="short"
        type="number"
        min="0"
        aria-label={`To ${x}`}
        value={to === undefined ? '' : tickNumber(to)}
        placeholder="last"
        onChange={(event) => set(event.currentTarget.value, 1)}
      />
      {zoom && (
        <button
          type="button"
          onClick={() => change({ zoom: undefined })}
          aria-label={`Show all, not ${tickText(zoom[0])} to ${tickText(zoom[1])}`}
        >
          show all
        </button>
      )}
    </fieldset>
  );
}

function tickNumber(value: number): string {
  return String(Number(value.toPrecision(6)));
}
