// Kurtosis by step: how outlier features grow, for every trial there ever was. For whoever studies them.
import * as units from '@grafana/grafana-foundation-sdk/units';

import { choice, finish, oneColor } from './board';
import { chosen, databaseBoard, severalOf, sqlValues, stepChart } from './database';

// Every name that measure.metrics takes, which a test compares, and the sites of docs/trainer.md.
const metrics = [
  'kurtosis',
  'kurtosis_centred',
  'mmr',
  'mmr_left_out',
  'rms',
  'max_abs',
  'feature_corr_rms',
  'token_corr_mean',
  'token_corr_rms',
  'massive_activations',
  'delta_m2',
  'delta_m4_second',
  'attention_entropy',
  'sink_rate',
];
const sites = ['block', 'residual', 'embedding', 'final_norm', 'attention'];

const label = `r.optimizer || ' ' || r.learning_rate || ' seed ' || r.seed || ' ' || substr(r.trial_id, 1, 6)`;
const listed = (prefix: string) => `${prefix}trial_id IN (${chosen('trial')})`;
const measured = `c.metric = ${chosen('metric')} AND c.site = ${chosen('site')}`;

// (trial_id, arm): what the key that was chosen for comparison is in each trial.
const arms = `arms AS MATERIALIZED (
  SELECT trial_id, CAST(value AS TEXT) AS arm
  FROM params
  WHERE ${listed('')} AND key = ${chosen('key')}
)`;
// (step, arm, value): of each trial the layer with the largest value.
const members = `members AS (
  SELECT c.step AS step, arms.arm AS arm, max(c.value) AS value
  FROM curves c JOIN arms ON arms.trial_id = c.trial_id
  WHERE ${listed('c.')} AND ${measured}
  GROUP BY c.step, c.trial_id
)`;

const ofBlocks = stepChart({
  title: '${metric} of each trial: ${block}',
  description:
    'The layer with the largest value at each measured step, one line a trial: optimizer, learning rate, ' +
    'seed and the start of its id. A NaN is passed over, and so are values of 0 and less, as the axis is logarithmic.',
  unit: units.Short,
  width: 24,
  height: 10,
  log: true,
  series: { column: 'trial', value: 'value' },
  sql: `
SELECT c.step, ${label} AS trial, max(c.value) AS value
FROM curves c JOIN results r ON r.trial_id = c.trial_id
WHERE ${listed('c.')} AND ${measured} AND r.sweep = ${chosen('sweep')} AND r.block IN (${chosen('block')})
GROUP BY c.step, r.trial_id
ORDER BY c.step, r.optimizer, r.learning_rate, r.seed, r.trial_id`,
})
  .repeat('block')
  .repeatDirection('h')
  .maxPerRow(3);

const membersByStep = (column: string) => `
WITH ${arms}, ${members}
SELECT step, arm, ${column}
FROM members
GROUP BY step, arm
ORDER BY step, arm`;

const ofArms = stepChart({
  title: '${metric} by ${key}',
  description:
    'Mean over the trials of each value of the key, of the layer with the largest value in each trial. A NaN is ' +
    'passed over, and a trial that has ended is no longer in the mean: how many are stands in the panel below.',
  unit: units.Short,
  width: 24,
  height: 10,
  log: true,
  series: { column: 'arm', value: 'value' },
  sql: membersByStep('avg(value) AS value'),
});

const ofHowMany = stepChart({
  title: 'Trials in the mean',
  description:
    'How many trials of each value of the key have a value at the step. Where a line falls, the mean goes on without ' +
    'trials that have ended, diverged or given NaN.',
  unit: 'suffix:trials',
  width: 24,
  height: 6,
  series: { column: 'arm', value: 'trials' },
  sql: membersByStep('count(value) AS trials'),
});

const upper = 'mean + std';
const lower = 'mean − std';
const hidden = [
  { id: 'custom.lineWidth', value: 0 },
  { id: 'custom.hideFrom', value: { legend: true, tooltip: false, viz: false } },
];
const spread = stepChart({
  title: '${metric}, ${key} = ${arm}: mean ± std',
  description:
    'Over the trials with this value of the key that have a number at the step (the panel above counts them): mean ' +
    'and sample standard deviation, without a band where there is one trial. The band ends at the smallest trial ' +
    'where it would reach below, since a logarithmic axis has no 0.',
  unit: units.Short,
  width: 24,
  height: 9,
  log: true,
  sql: `
WITH ${arms}, ${members}, moments AS (
  SELECT
    step,
    avg(value) AS mean,
    ifnull(sqrt(max((sum(value * value) - count(value) * avg(value) * avg(value)) / (count(value) - 1), 0)), 0) AS std,
    min(value) AS smallest
  FROM members
  WHERE arm IN (${chosen('arm')})
  GROUP BY step
)
SELECT step, mean, max(mean - std, smallest) AS "${lower}", mean + std AS "${upper}"
FROM moments
ORDER BY step`,
})
  .colorScheme(oneColor('blue'))
  .repeat('arm')
  .repeatDirection('h')
  .maxPerRow(3)
  .overrideByName(upper, [
    ...hidden,
    { id: 'custom.fillBelowTo', value: lower },
    { id: 'custom.fillOpacity', value: 20 },
  ])
  .overrideByName(lower, hidden);

const ofLayers = stepChart({
  title: '${metric} by layer: ${one}',
  description: 'Every layer of one trial at the chosen site.',
  unit: units.Short,
  width: 24,
  height: 10,
  log: true,
  series: { column: 'layer', value: 'value' },
  sql: `
SELECT c.step, CASE WHEN c.layer IS NULL THEN c.site ELSE printf('layer %02d', c.layer) END AS layer, c.value
FROM curves c
WHERE c.trial_id = ${chosen('one')} AND ${measured}
ORDER BY c.step, c.layer`,
});

const trainingLoss = stepChart({
  title: 'Training loss',
  description:
    'Cross entropy in nats a token, one line a trial. Long trials are averaged over neighbouring steps to at ' +
    'most 1,000 points.',
  unit: 'suffix:nats',
  series: { column: 'trial', value: 'loss' },
  sql: `
WITH bucket AS MATERIALIZED (
  SELECT max(1, (max(steps) + 999) / 1000) AS width FROM results WHERE ${listed('')}
)
SELECT c.step / bucket.width * bucket.width AS step, r.block || ' ' || ${label} AS trial, avg(c.value) AS loss
FROM bucket CROSS JOIN curves c JOIN results r ON r.trial_id = c.trial_id
WHERE ${listed('c.')} AND c.metric = 'train_loss' AND r.sweep = ${chosen('sweep')}
GROUP BY c.step / bucket.width, r.trial_id
ORDER BY 1, r.block, r.optimizer, r.learning_rate, r.seed, r.trial_id`,
});

const validationLoss = stepChart({
  title: 'Validation loss',
  description:
    'Cross entropy in nats a token at each evaluation; most trials evaluate at their end only (evaluate.every).',
  unit: 'suffix:nats',
  points: true,
  series: { column: 'trial', value: 'loss' },
  sql: `
SELECT c.step, r.block || ' ' || ${label} AS trial, c.value AS loss
FROM curves c JOIN results r ON r.trial_id = c.trial_id
WHERE ${listed('c.')} AND c.metric = 'eval_loss' AND r.sweep = ${chosen('sweep')}
ORDER BY c.step, r.block, r.optimizer, r.learning_rate, r.seed, r.trial_id`,
});

// A query variable of this plugin has one column; the regular expression takes text and value from it.
const trialChoice = (name: string, title: string, description: string) =>
  sqlValues(
    name,
    title,
    description,
    `
SELECT r.block || ' ' || ${label} || ' [' || r.trial_id || ']'
FROM results r
WHERE r.sweep = ${chosen('sweep')} AND r.block IN (${chosen('block')}) AND r.optimizer IN (${chosen('optimizer')})
ORDER BY r.block, r.optimizer, r.learning_rate, r.seed, r.trial_id`,
  ).regex('/(?<text>.*) \\[(?<value>.*)\\]/');

const ofSweep = (key: string) => `SELECT DISTINCT ${key} FROM results WHERE sweep = ${chosen('sweep')} ORDER BY 1`;

const head = {
  uid: 'ofsweep-kurtosis-by-step',
  title: 'ofsweep kurtosis by step',
  description: "Outlier features, losses and their spread against the step, from the coordinator's database.",
};

export const kurtosisByStep = finish(
  databaseBoard(head)
    .withVariable(choice('metric', 'Metric', 'A name of measure.metrics; docs/trainer.md says what each is.', metrics))
    .withVariable(choice('site', 'Site', 'Where in the model it was measured.', sites))
    .withVariable(severalOf(sqlValues('block', 'Block', 'Values of model.block.', ofSweep('block'))))
    .withVariable(severalOf(sqlValues('optimizer', 'Optimizer', 'Values of optimizer.name.', ofSweep('optimizer'))))
    .withVariable(
      severalOf(trialChoice('trial', 'Trials', 'Trials that are shown, with their blocks and optimizers as chosen.')),
    )
    .withVariable(trialChoice('one', 'Trial of the layers', 'The trial whose layers are shown.'))
    .withVariable(
      sqlValues(
        'key',
        'Compare',
        'A trial key that differs among the trials: each of its values is an arm.',
        `
SELECT key FROM params WHERE ${listed('')} AND key <> 'seed' GROUP BY key HAVING count(DISTINCT value) > 1
UNION
SELECT 'model.block'
ORDER BY 1`,
      ),
    )
    .withVariable(
      severalOf(
        sqlValues(
          'arm',
          'Arms',
          'Values of that key.',
          `
SELECT DISTINCT CAST(value AS TEXT)
FROM params
WHERE ${listed('')} AND key = ${chosen('key')}
ORDER BY value`,
        ),
      ),
    ),
  [
    { title: 'Trials', panels: [ofBlocks] },
    { title: 'Arms', panels: [ofArms, ofHowMany, spread] },
    { title: 'Layers', panels: [ofLayers] },
    { title: 'Loss', panels: [trainingLoss, validationLoss] },
  ],
);
