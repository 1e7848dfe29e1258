// Live trials: how training goes now, trial by trial. For whoever waits for a sweep.
import * as units from '@grafana/grafana-foundation-sdk/units';

import { board, datasourceVariable, finish } from './board';
import { anyOf, chart, labelValues, mark } from './prometheus';

// Hyper-parameters stand on the info series alone, so each expression is joined to them. A trial may belong to several
// sweeps with an arm in each, which is why the dashboard shows one sweep: then trial_id is unique on the right of both
// joins.
const joined = (value: string, ...labels: string[]) =>
  `${value} * on (trial_id) group_left (arm) ofsweep_trial_sweep_info{sweep="$sweep"}` +
  ` * on (trial_id) group_left (${labels.join(', ')}) ofsweep_trial_info{block=~"$block", optimizer=~"$optimizer"}`;

const each = 'block, optimizer, learning_rate, seed'.split(', ');
const trial = (metric: string, selector = '') => `${metric}{trial_id=~"$trial"${selector && ', ' + selector}}`;
const legend = '{{arm}} seed {{seed}} {{trial_id}}';

const perTrial = (value: string) => [{ expr: joined(value, ...each), legend }];

const layers = (metric: string) => [
  {
    expr: joined(trial(metric, 'site="block"'), ...each),
    legend: '{{layer}} {{arm}} seed {{seed}}',
  },
];

const averaged = (by: string) => ({
  expr: `avg by (${by}, layer) (${joined(trial('ofsweep_trial_kurtosis', 'site="block"'), 'block', 'optimizer')})`,
  legend: `{{${by}}} layer {{layer}}`,
});

const progress = [
  chart({
    title: 'Progress',
    description: 'Updates done, of those wanted.',
    unit: units.PercentUnit,
    queries: perTrial(`(${trial('ofsweep_trial_step')} / on (trial_id) ${trial('ofsweep_trial_target_steps')})`),
  }),
  chart({
    title: 'Speed',
    description: 'Tokens trained on. A line that falls to 0 is a trial that stands still.',
    unit: 'suffix:tokens/s',
    queries: perTrial(`rate(${trial('ofsweep_trial_tokens_total')}[$__rate_interval])`),
  }),
  chart({
    title: 'Age of the last report',
    description: 'Time since the newest points of each trial were stored.',
    unit: units.Seconds,
    queries: perTrial(`(time() - ${trial('ofsweep_trial_last_report_timestamp_seconds')})`),
  }),
  chart({
    title: 'Trials of each worker',
    description: 'Which worker trains how many of the chosen trials.',
    unit: units.Short,
    stacked: true,
    queries: [
      {
        expr: `count by (worker) (${joined(trial('ofsweep_trial_assignment_info'), 'block')})`,
        legend: '{{worker}}',
      },
    ],
  }),
];

const training = [
  chart({
    title: 'Training loss',
    description: 'Mean cross entropy of the newest batch, in nats a token.',
    unit: 'suffix:nats',
    queries: perTrial(trial('ofsweep_trial_loss_nats', 'split="train"')),
  }),
  chart({
    title: 'Validation loss',
    description: 'Of the newest evaluation, in nats a token. Most trials evaluate at their end only (evaluate.every).',
    unit: 'suffix:nats',
    queries: perTrial(trial('ofsweep_trial_loss_nats', 'split="validation"')),
  }),
  chart({
    title: 'Gradient norm',
    description: 'Global norm before clipping.',
    unit: units.Short,
    log: true,
    queries: perTrial(trial('ofsweep_trial_gradient_norm')),
  }),
  chart({
    title: 'Learning rate',
    description: 'Of the newest update.',
    unit: units.Short,
    queries: perTrial(trial('ofsweep_trial_learning_rate')),
  }),
];

const outliers = [
  chart({
    title: 'Kurtosis by block',
    description:
      'Mean over the chosen trials of each block. 1: all neurons equally large; the width: one neuron has everything.',
    unit: units.Short,
    log: true,
    width: 8,
    queries: [averaged('block')],
  }),
  chart({
    title: 'Kurtosis by optimizer',
    description: 'Mean over the chosen trials of each optimizer.',
    unit: units.Short,
    log: true,
    width: 8,
    queries: [averaged('optimizer')],
  }),
  chart({
    title: 'Kurtosis by arm',
    description: 'Mean over the seeds of each arm: all keys that the sweep varies, but the seed.',
    unit: units.Short,
    log: true,
    width: 8,
    queries: [averaged('arm')],
  }),
  chart({
    title: 'Kurtosis by layer',
    description: 'After each block of the chosen trials; choose one trial to tell them apart.',
    unit: units.Short,
    log: true,
    width: 8,
    queries: layers('ofsweep_trial_kurtosis'),
  }),
  chart({
    title: 'Max over median',
    description: 'Mean over tokens of the largest activation over the median one, after each block.',
    unit: units.Short,
    log: true,
    width: 8,
    queries: layers('ofsweep_trial_mmr'),
  }),
  chart({
    title: 'Largest activation',
    description:
      'Largest absolute activation after each block; its distance to the root mean square is what ' +
      'quantisation pays for.',
    unit: units.Short,
    log: true,
    width: 8,
    queries: [
      ...layers('ofsweep_trial_max_abs').map((query) => ({ ...query, legend: `${query.legend} max` })),
      ...layers('ofsweep_trial_rms').map((query) => ({ ...query, legend: `${query.legend} rms` })),
    ],
  }),
];

const head = {
  uid: 'ofsweep-live-trials',
  title: 'ofsweep live trials',
  description:
    'The newest values of the trials of one sweep, from Prometheus, against time. A finished trial leaves after a ' +
    'few minutes: curves by step, of every trial there ever was, are in Kurtosis by step.',
  from: 'now-1h',
  refresh: '10s',
};

export const liveTrials = finish(
  board(head)
    .withVariable(datasourceVariable('prometheus', 'Prometheus', 'prometheus'))
    .withVariable(labelValues('sweep', 'Sweep', 'The sweep whose trials are shown.', 'ofsweep_trial_sweep_info'))
    .withVariable(anyOf(labelValues('block', 'Block', 'Values of model.block.', 'ofsweep_trial_info')))
    .withVariable(anyOf(labelValues('optimizer', 'Optimizer', 'Values of optimizer.name.', 'ofsweep_trial_info')))
    .withVariable(
      anyOf(
        labelValues('trial', 'Trial', 'Trials of the sweep.', 'ofsweep_trial_sweep_info{sweep="$sweep"}', 'trial_id'),
      ),
    )
    .annotation(
      mark(
        'Attempt ended without its trial',
        'orange',
        'sum by (reason) (increase(ofsweep_trial_restarts_total{sweep="$sweep"}[1m])) > 0',
        '{{reason}}',
      ),
    ),
  [
    { title: 'Progress', panels: progress },
    { title: 'Training', panels: training },
    { title: 'Outlier features', panels: outliers },
  ],
);
