import { useMemo, useRef, useState } from 'preact/hooks';
import { LineChart } from '../../charts/line_chart';
import { lineScene } from '../../charts/line_scene';
import { marksText } from '../../charts/undrawable';
import { armOfTrial, matchesWords } from '../../data/arms';
import { styleOf } from '../../data/color';
import { plural } from '../../data/format';
import type { MeasuredCurve } from '../../data/curve';
import { PARTIAL_TEXT, type Panel, isPartly } from '../../data/line';
import { LIGHT_INK } from '../../data/scene';
import { EmptyNote } from '../../parts/empty_note';
import { ExportMenu } from '../../parts/export_menu';
import { Markdown } from '../../parts/markdown';
import { MissingNote } from '../../parts/missing_note';
import { Popover } from '../../parts/picker';
import { ProblemNote } from '../../parts/problem_note';
import { useStore, useWidth } from '../../state/hooks';
import { change } from '../../state/location';
import { isDark } from '../../state/theme';
import { NothingMeasured } from '../nothing_measured';
import { type SweepData, armKeys } from '../sweep_data';
import { panelCsv } from './csv';
import { CurvesControls } from './curves_controls';
import { Legend } from './legend';
import { type Group, groupsOf, keptTrials, measuredOf, panelsOf, stepsOf } from './panels';
import { bucketsFor } from './buckets';
import { type CurvesSettings, limitTargets, missingOf, readCurvesSettings, targetsOf } from './settings';
import { useCurves } from './use_curves';

// More lines than these are neither told apart nor drawn in time.
const MOST_GROUPS = 60;
const MOST_PANELS = 36;

export function CurvesView({ sweep, params }: { sweep: SweepData; params: URLSearchParams }) {
  if (!sweep.trials || !sweep.series) return <p class="loading">Reading what was measured…</p>;
  if (sweep.series.length === 0) {
    return <NothingMeasured sweep={sweep} title="Nothing has been measured" hope="Curves appear with the first measured step of the first trial." />;
  }
  return <Curves sweep={sweep} params={params} />;
}

function Curves({ sweep, params }: { sweep: SweepData; params: URLSearchParams }) {
  const series = sweep.series!;
  const known = sweep.trials!.trials;
  const settings = readCurvesSettings(params, series, armKeys(sweep), known.length);
  const trials = useMemo(() => keptTrials(known, settings.dropDiverged), [known, settings.dropDiverged]);
  const { targets, leftOut } = limitTargets(targetsOf(settings, series), MOST_PANELS);
  const [focus, setFocus] = useState<string>();
  const dark = useStore(isDark);
  const [grid, width] = useWidth<HTMLDivElement>();

  const byKey = settings.groupBy.join();
  const groups = useMemo(
    () =>
      groupsOf(
        trials.map((trial) => ({ ...trial, arm: armOfTrial(trial, settings.groupBy) })),
        settings.groupBy,
        (index) => styleOf(index, dark),
      ),
    [trials, byKey, dark],
  );
  const matching = groups.filter((group) => matchesWords(`${group.id} ${group.label}`, settings.filter));
  const shown = matching.filter((group) => !settings.hidden.includes(group.id)).slice(0, MOST_GROUPS);
  // What will not be drawn need not be averaged and sent.
  const isPart = groups.length > MOST_GROUPS || trials.length < known.length;
  const asked = isPart ? shown.flatMap((group) => group.trialIds) : [];

  // Zooming asks for the steps in view, so that they come in the full resolution.
  const clocks = useRef<MeasuredCurve[]>([]);
  const steps = settings.zoom && stepRange(settings, clocks.current);
  const lines = Math.min(groups.length, MOST_GROUPS) + (settings.showsMembers ? trials.length : 0);
  const { data, problem, isLoading } = useCurves(sweep, settings, shown.length > 0 ? targets : [], asked, steps, bucketsFor(width, lines));
  if (data) clocks.current = data.groupClocks.length > 0 ? data.groupClocks : data.memberClocks;
  const panels = useMemo(
    () => (data ? panelsOf(data, { settings, series, groups: byId(shown), groupOfTrial: groupOfTrial(groups) }) : []),
    [data, groups, dark, params.toString()],
  );
  return (
    <>
      <CurvesControls settings={settings} series={series} keys={sweep.varied} />
      {problem && !data && <ProblemNote problem={problem} />}
      {asked.length > 0 && sweep.trials!.isCut && (
        <p class="warning">The sweep has more trials: groups are of the first {trials.length}.</p>
      )}
      <MissingNote names={missingOf(settings, series)} />
      {leftOut > 0 && <p class="warning">{plural(leftOut, 'more panel')} not drawn: choose fewer metrics, sites or layers.</p>}
      <div class="with-legend">
        <Legend
          sweep={sweep.name}
          groups={matching}
          hidden={settings.hidden}
          filter={settings.filter}
          keys={settings.groupBy}
          focus={focus}
          onFocus={setFocus}
          notDrawn={matching.length - settings.hidden.length - shown.length}
          measured={data && measuredOf(shown, data)}
          notes={notesOf(panels)}
        />
        <div class="panels" ref={grid} aria-busy={isLoading}>
          {panels.map((panel) => (
            <PanelCard key={panel.id} panel={panel} sweep={sweep.name} settings={settings} isDark={dark} focus={focus} onFocus={setFocus} />
          ))}
          {!data && !problem && shown.length > 0 && targets.length > 0 && <p class="loading">Reading curves…</p>}
          {(data || shown.length === 0 || targets.length === 0) && panels.length === 0 && (
            <NoCurves hasTrials={trials.length > 0} hasGroups={shown.length > 0} isChosen={settings.metrics.length > 0} />
          )}
        </div>
      </div>
    </>
  );
}

function PanelCard({
  panel,
  sweep,
  settings,
  isDark: dark,
  focus,
  onFocus,
}: {
  panel: Panel;
  sweep: string;
  settings: CurvesSettings;
  isDark: boolean;
  focus: string | undefined;
  onFocus(group: string | undefined): void;
}) {
  const xLabel = settings.x;
  const name = `${sweep} ${panel.title.replace(/,/g, '')}`.replace(/[^\w.-]+/g, '-');
  return (
    <section class="card panel-card" aria-label={panel.title}>
      <header>
        <h2>
          {panel.title}
          {panel.unit && <small> {panel.unit}</small>}
          {panel.isLog && <small> log</small>}
        </h2>
        {panel.meaning && (
          <Popover summary="?" label={`What ${panel.title} is`}>
            <p class="meaning">
              <Markdown text={panel.meaning} />
            </p>
          </Popover>
        )}
        <ExportMenu fileName={name} csv={() => panelCsv(panel, xLabel)} scene={() => lineScene(panel, xLabel, settings.zoom, LIGHT_INK)} />
      </header>
      <LineChart
        panel={panel}
        xLabel={xLabel}
        zoom={settings.zoom}
        height={280}
        isDark={dark}
        syncKey="curves"
        focus={focus}
        onFocus={onFocus}
        onZoom={(zoom) => change({ zoom: zoom?.map((at) => (settings.x === 'seconds' ? Number(at.toPrecision(5)) : Math.round(at))) })}
      />
    </section>
  );
}

function notesOf(panels: readonly Panel[]): string[] {
  return [panels.some(({ lines }) => lines.some(isPartly)) ? PARTIAL_TEXT : '', marksText(panels)].filter((note) => note !== '');
}

function NoCurves({ hasTrials, hasGroups, isChosen }: Record<'hasTrials' | 'hasGroups' | 'isChosen', boolean>) {
  if (!isChosen) return <EmptyNote title="No metric is chosen" />;
  if (!hasTrials) return <EmptyNote title="Every trial diverged, and those that did are dropped" />;
  if (!hasGroups) return <EmptyNote title="The filter leaves no arm" />;
  return (
    <EmptyNote title="No points here">
      <p>None of the chosen metrics was measured in these steps, at these sites and layers.</p>
    </EmptyNote>
  );
}

function stepRange({ x, zoom }: CurvesSettings, clocks: MeasuredCurve[]): [number, number] | undefined {
  if (!zoom) return undefined;
  return x === 'step' ? [Math.max(0, Math.floor(zoom[0])), Math.max(0, Math.ceil(zoom[1]))] : stepsOf(zoom, clocks);
}

function byId(groups: readonly Group[]): Map<string, Group> {
  return new Map(groups.map((group) => [group.id, group]));
}

function groupOfTrial(groups: readonly Group[]): Map<string, string> {
  return new Map(groups.flatMap((group) => group.trialIds.map((id): [string, string] => [id, group.id])));
}
