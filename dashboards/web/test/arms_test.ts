import { expect, test } from 'vitest';
import { align } from '../src/data/alignment';
import { armId, armLabel, armOfTrial, matchesWords } from '../src/data/arms';
import { groupsOf, keptTrials, measuredOf, panelsOf, stepsOf } from '../src/pages/curves/panels';
import { bucketsFor } from '../src/pages/curves/buckets';
import { limitTargets, missingOf, readCurvesSettings, spread, targetsOf } from '../src/pages/curves/settings';
import type { MeasuredCurve } from '../src/data/curve';
import { create } from '@bufbuild/protobuf';
import { MeasuredMetricSchema } from '../src/gen/ofsweep/v1/results_pb';

test('an arm has the keys that are asked for and mean something here, each as a user types it', () => {
  const trial = { armKeys: '{"data.path":"a b=c seed=7","optimizer.name":"soap","optimizer.learning_rate":1e-05}', results: { seed: 12 } };
  const keys = ['data.path', 'optimizer.learning_rate', 'optimizer.refresh_every', 'seed'];
  expect(armOfTrial(trial, keys)).toEqual({ 'data.path': 'a b=c seed=7', 'optimizer.learning_rate': '1e-05', seed: '12' });
});

test('labels say names alone and numbers with their key', () => {
  const keys = ['model.block', 'optimizer.learning_rate', 'model.tie_embeddings'];
  expect(armLabel({ 'model.block': 'op', 'optimizer.learning_rate': '0.01', 'model.tie_embeddings': 'true' }, keys)).toBe(
    'op · learning rate 0.01 · tie embeddings true',
  );
  expect(armLabel({}, [])).toBe('all trials');
  expect(armId({ b: '2', a: '1' }, ['a', 'b'])).toBe('a=1 b=2');
});

test('filters are words', () => {
  expect(matchesWords('model.block=op Adam', 'adam OP')).toBe(true);
  expect(matchesWords('model.block=op adam', 'soap')).toBe(false);
  expect(matchesWords('anything', '')).toBe(true);
});

const metric = (name: string, sites: { name: string; layers: number[] }[], logAxis = false) =>
  create(MeasuredMetricSchema, { name, logAxis, sites });
const series = [
  metric('train_loss', [{ name: '', layers: [] }]),
  metric(
    'kurtosis',
    [
      { name: 'embedding', layers: [] },
      { name: 'block', layers: [0, 1, 2, 3, 4, 5] },
    ],
    true,
  ),
  metric('sink_rate', [{ name: 'attention', layers: [0, 1] }]),
];

test('defaults: kurtosis of some blocks, the loss, the arm', () => {
  const settings = readCurvesSettings(new URLSearchParams(), series, ['model.block'], 10);
  expect(settings.metrics).toEqual(['kurtosis', 'train_loss']);
  expect(settings.groupBy).toEqual(['model.block']);
  expect(settings.showsMembers).toBe(true);
  expect(targetsOf(settings, series)).toEqual([
    { metric: 'kurtosis', site: 'block', layers: [0, 3, 5] },
    { metric: 'train_loss', site: '', layers: [] },
  ]);
});

test('the URL decides, and what there is not is passed over', () => {
  const params = new URLSearchParams('m=sink_rate,gone&layers=1-9&by=&x=tokens&smooth=7&zoom=100,20&y=cubic');
  const settings = readCurvesSettings(params, series, ['model.block'], 10);
  expect(settings).toMatchObject({ groupBy: [], x: 'step', smoothing: 0.99, zoom: undefined, y: 'auto' });
  expect(targetsOf(settings, series)).toEqual([{ metric: 'sink_rate', site: 'attention', layers: [1] }]);
});

test('what the URL names and the sweep has not is told', () => {
  const missing = (query: string) => missingOf(readCurvesSettings(new URLSearchParams(query), series, ['model.block'], 10), series);
  expect(missing('m=sink_rate,gone&site=blok&layers=77')).toEqual(['metric gone', 'site blok', 'layers 77']);
  expect(missing('m=kurtosis&layers=4-9')).toEqual([]);
  expect(missing('')).toEqual([]);
});

test('a page of all panels is cut, and says by how many', () => {
  const targets = [
    { metric: 'a', site: 'block', layers: [0, 1, 2] },
    { metric: 'b', site: '', layers: [] },
    { metric: 'c', site: '', layers: [] },
  ];
  expect(limitTargets(targets, 4)).toEqual({ targets: targets.slice(0, 2), leftOut: 1 });
  expect(limitTargets(targets, 2)).toEqual({ targets: [{ metric: 'a', site: 'block', layers: [0, 1] }], leftOut: 3 });
});

test('buckets follow the width, and fewer are asked for of many lines', () => {
  expect(bucketsFor(0, 1)).toBe(0);
  expect(bucketsFor(360, 6)).toBe(200);
  expect(bucketsFor(1_100, 6)).toBe(600);
  expect(bucketsFor(3_840, 2)).toBe(1_000);
  expect(bucketsFor(1_100, 80)).toBe(100);
  expect(bucketsFor(1_100, 4_000)).toBe(50);
});

test('some of many, from first to last', () => {
  expect(spread([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], 3)).toEqual([0, 6, 11]);
  expect(spread([4, 5], 3)).toEqual([4, 5]);
  expect(spread([], 3)).toEqual([]);
});

const curve = (more: Partial<MeasuredCurve>): MeasuredCurve => ({
  metric: 'kurtosis',
  site: 'block',
  layer: 3,
  trialId: '',
  trials: 0, trialIds: [],
  arm: {},
  seed: 0,
  steps: [0, 10],
  values: [2, 4],
  counts: [],
  deviations: [],
  ...more,
});

test('a panel has members behind means, with a band', () => {
  const settings = readCurvesSettings(new URLSearchParams(), series, ['model.block'], 2);
  const arm = { 'model.block': 'op' };
  const groups = groupsOf(
    [
      { trialId: 'a', arm, label: '', step: 11 },
      { trialId: 'b', arm, label: '', step: 11 },
    ],
    settings.groupBy,
    () => ({ color: '#000000', dash: [] }),
  );
  const panels = panelsOf(
    {
      groups: [curve({ arm, trialIds: ['a', 'b'], counts: [2, 2], deviations: [1, NaN] })],
      members: [curve({ trialId: 'a' }), curve({ trialId: 'b' })],
      groupClocks: [],
      memberClocks: [],
    },
    {
      settings,
      series,
      groups: new Map(groups.map((group) => [group.id, group])),
      groupOfTrial: new Map([
        ['a', groups[0].id],
        ['b', groups[0].id],
      ]),
    },
  );
  expect(panels).toHaveLength(1);
  expect(panels[0]).toMatchObject({ id: 'kurtosis@block.3', title: 'kurtosis, block 3', isLog: true });
  expect(panels[0].lines.map((line) => line.role)).toEqual(['member', 'member', 'mean']);
  expect(panels[0].lines[2]).toMatchObject({ low: [1, NaN], high: [3, NaN], counts: [2, 2] });
});

test('a mean says of how many trials its group is, also where a zoom leaves the last of them', () => {
  const settings = readCurvesSettings(new URLSearchParams(), series, ['model.block'], 3);
  const arm = { 'model.block': 'op' };
  const trials = [200, 200, 40, 0].map((step, i) => ({ trialId: String(i), arm, label: '', step }));
  const [group] = groupsOf(trials, settings.groupBy, () => ({ color: '#000000', dash: [] }));
  const context = { settings, series, groups: new Map([[group.id, group]]), groupOfTrial: new Map([['0', group.id]]) };
  const mean = (counts: number[], trials: number) =>
    panelsOf({ groups: [curve({ arm, trialIds: ['0'], trials, counts })], members: [], groupClocks: [], memberClocks: [] }, context)[0].lines[0];
  expect(mean([3, 2], 3).trials).toBe(3);
  expect(mean([2, 2], 2).trials).toBe(3);
});

test('a legend counts the trials that have points', () => {
  const group = (id: string, ...trialIds: string[]) => ({ id, trialIds });
  const loaded = (means: object[], members: string[]) => ({
    groups: means.map((mean) => curve(mean)),
    members: members.map((trialId) => curve({ trialId })),
    groupClocks: [],
    memberClocks: [],
  });
  const groups = [group('g', 'a', 'b', 'c'), group('h', 'd'), group('i', 'e', 'f')];
  const measured = measuredOf(groups, loaded([{ trialIds: ['a'], trials: 2 }], ['e']));
  expect([...measured]).toEqual([
    ['g', 2],
    ['h', 0],
    ['i', 1],
  ]);
});

test('diverged trials are dropped where a link says so', () => {
  const trials = [{ state: 'completed' }, { state: 'diverged' }, { state: 'running' }];
  const drops = (query: string) => readCurvesSettings(new URLSearchParams(query), series, [], 3).dropDiverged;
  expect(keptTrials(trials, drops('drop=1'))).toEqual([{ state: 'completed' }, { state: 'running' }]);
  expect(keptTrials(trials, drops(''))).toBe(trials);
});

test('a zoom in tokens asks for the steps of all groups', () => {
  const clock = (values: number[]) => curve({ metric: 'tokens', steps: [0, 100], values });
  expect(stepsOf([100, 200], [clock([0, 1_000]), clock([0, 500])])).toEqual([10, 40]);
  expect(stepsOf([100, 200], [])).toBeUndefined();
});

test('x never goes back, though a group loses its slowest trial', () => {
  const settings = { ...readCurvesSettings(new URLSearchParams('x=tokens'), series, ['model.block'], 2), x: 'tokens' as const };
  const arm = { 'model.block': 'op' };
  const [group] = groupsOf([{ trialId: 'a', arm, label: '', step: 9 }], settings.groupBy, () => ({ color: '#000000', dash: [] }));
  const steps = [0, 10, 20, 30, 40];
  const clock = curve({ metric: 'tokens', trialIds: ['a'], steps, values: [0, 100, 60, 90, 120] });
  const [panel] = panelsOf(
    { groups: [curve({ arm, trialIds: ['a'], steps, values: [1, 2, 3, 4, 5], counts: [1, 1, 1, 1, 1] })], members: [], groupClocks: [clock], memberClocks: [] },
    { settings, series, groups: new Map([[group.id, group]]), groupOfTrial: new Map([['a', group.id]]) },
  );
  expect(panel.lines[0].xs).toEqual([0, 100, 100, 100, 120]);
  const { xs, values } = align(panel.lines, false, 0);
  expect(xs).toEqual([0, 100, 120]);
  expect(values).toEqual([[1, 4, 5]]);
  expect(stepsOf([50, 110], [clock])).toEqual([5, 35]);
});
