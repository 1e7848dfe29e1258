// Ablation: what the arms of a sweep come to, and whether kurtosis goes with what quantisation costs. For whoever
// writes it up.
import * as units from '@grafana/grafana-foundation-sdk/units';

import { choice, finish, matrix } from './board';
import { chosen, column, databaseBoard, figures, rows, scatter } from './database';

const perplexities = ['w8a4_perplexity', 'w8a5_perplexity', 'w4a4_perplexity', 'int8_perplexity'];
const outliers = ['kurtosis_max', 'kurtosis_peak', 'kurtosis_mean', 'mmr_max'];

// A panel has a query for each colour, so the arms are written out: the values of model.block and optimizer.name. A
// test compares them with the trial keys.
const blocks = ['pre_norm', 'post_norm', 'op'];
const optimizers = ['adam', 'soap'];

const ofSweep = `sweep = ${chosen('sweep')}`;
const listed = `trial_id IN (SELECT trial_id FROM results WHERE ${ofSweep})`;

const scattered = (y: string) =>
  blocks.flatMap((block) =>
    optimizers.map(
      (optimizer) => `
SELECT ${column('outlier')} AS x, ${y} AS "${block} ${optimizer}"
FROM results
WHERE ${ofSweep} AND block = '${block}' AND optimizer = '${optimizer}'
  AND ${column('outlier')} IS NOT NULL AND ${y} IS NOT NULL
ORDER BY 1`,
    ),
  );

const cost = `ln(${column('bits')} / eval_perplexity)`;

const summary = [
  figures(
    {
      title: 'What became of the trials',
      description: 'Trials of the sweep, and what has become of them; the parts add up to them.',
      unit: units.Short,
      width: 24,
      height: 4,
    },
    `
SELECT
  count(*) AS trials,
  total(state IN ('pending', 'running')) AS unfinished,
  total(state = 'completed') AS completed,
  total(state = 'diverged') AS diverged,
  total(state = 'failed') AS failed,
  total(state = 'cancelled') AS cancelled,
  total(state = 'pruned') AS pruned
FROM results
WHERE ${ofSweep}`,
  ),
  rows(
    {
      title: 'Arms',
      description:
        'One row an arm: all keys that the sweep varies, but the seed (the view ablation). n trials have an outcome, ' +
        'completed or diverged, and count; failed and missing ones do not. For each figure: how many of the n have ' +
        'it, its mean and its sample standard deviation. Empty where one of these is NaN.',
      width: 24,
      height: 9,
    },
    `
SELECT
  arm, n, diverged, failed, missing,
  eval_loss_n, eval_loss_mean, eval_loss_std, kurtosis_max_n, kurtosis_max_mean, kurtosis_max_std,
  int8_perplexity_n, int8_perplexity_mean, int8_perplexity_std,
  w8a4_perplexity_n, w8a4_perplexity_mean, w8a4_perplexity_std
FROM ablation
WHERE ${ofSweep}
ORDER BY block, optimizer, learning_rate, arm`,
  ),
  rows(
    {
      title: 'Trials',
      description:
        'One row a trial: losses in nats a token, kurtosis of the worst layer at the end and at its peak, ' +
        'and the perplexity before and after rounding weights (w) and activations (a) to so many bits. ' +
        'Empty: not evaluated, or NaN.',
      width: 24,
      height: 10,
    },
    `
SELECT
  trial_id, state, block, optimizer, learning_rate, seed, steps, eval_loss, kurtosis_max, kurtosis_peak,
  eval_perplexity, int8_perplexity, w8a5_perplexity, w8a4_perplexity, w4a4_perplexity
FROM results
WHERE ${ofSweep}
ORDER BY block, optimizer, learning_rate, seed, trial_id`,
  ),
];

const relations = [
  scatter(
    {
      title: 'What quantisation costs against ${outlier}',
      description:
        'Each point is a trial: y is how many nats a token the loss rises when it is rounded (${bits}), x ' +
        'its outliers. A trial has a point once evaluate.bits or `ofsweep evaluate SWEEP --bits` has asked for ' +
        'it, and none where x or y is NaN, which the worst may be: the table Trials has every trial. Across optimizers outliers need not predict the cost (arXiv 2509.23500): look, do not assume.',
      unit: 'suffix:nats',
      xLabel: '${outlier}',
      height: 12,
    },
    scattered(cost),
  ),
  scatter(
    {
      title: 'Validation loss against ${outlier}',
      description:
        'Each point is a trial, before quantisation: whether an arm buys its small outliers with a worse model. ' +
        'A trial that diverged, or has NaN, has no point.',
      unit: 'suffix:nats',
      xLabel: '${outlier}',
      height: 12,
    },
    scattered('eval_loss'),
  ),
];

const trouble = [
  rows(
    {
      title: 'Trials that failed or diverged',
      description: 'With the reason of the last attempt. `ofsweep retry SWEEP` gives failed trials another one.',
      width: 24,
      height: 7,
    },
    `
SELECT
  trial_id, state, block, optimizer, learning_rate, seed, attempts, steps,
  failure_class, failure_message, worker, finished_at
FROM results
WHERE ${ofSweep} AND state IN ('failed', 'diverged')
ORDER BY finished_at DESC`,
  ),
];

const differing = `SELECT key FROM params WHERE ${listed} GROUP BY key HAVING count(DISTINCT value) > 1`;
const keys = [
  rows(
    {
      title: 'Keys that differ',
      description:
        'Trial keys with more than one value in the sweep, and in how many trials each value stands. Some ' +
        'follow from others (docs/trial-keys.md).',
      width: 8,
      height: 10,
    },
    `
SELECT key, CAST(value AS TEXT) AS value, count(*) AS trials
FROM params
WHERE ${listed} AND key IN (${differing})
GROUP BY key, value
ORDER BY key, params.value`,
  ),
  rows(
    {
      title: 'Keys that differ, trial by trial',
      description: 'One row a trial; empty where a key does not apply.',
      width: 16,
      height: 10,
    },
    `
SELECT trial_id, key, CAST(value AS TEXT) AS value
FROM params
WHERE ${listed} AND key IN (${differing})
ORDER BY trial_id, key`,
  ).withTransformation(matrix('trial_id', 'key', 'value')),
];

const head = {
  uid: 'ofsweep-ablation',
  title: 'ofsweep ablation',
  description: "The results of one sweep, from the coordinator's database.",
};

export const ablation = finish(
  databaseBoard(head)
    .withVariable(
      choice('bits', 'Rounded to', 'The perplexity after rounding that is compared with the one before.', perplexities),
    )
    .withVariable(choice('outlier', 'Outliers', 'What stands for outliers on the x axis.', outliers)),
  [
    { title: 'Results', panels: summary },
    { title: 'Outliers and quantisation', panels: relations },
    { title: 'Trouble', panels: trouble },
    { title: 'Keys', panels: keys },
  ],
);
