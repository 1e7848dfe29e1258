// Fleet: is the service well, and does the work get done? For whoever operates it.
import * as units from '@grafana/grafana-foundation-sdk/units';

import { board, datasourceVariable, finish, matrix } from './board';
import { anyOf, chart, figure, labelValues, listing, mark } from './prometheus';

const quantiles = (metric: string, by: string, selector = '') =>
  [0.5, 0.99].map((quantile) => ({
    expr: `histogram_quantile(${quantile}, sum by (le, ${by}) (rate(${metric}_bucket${selector}[$__rate_interval])))`,
    legend: `{{${by}}} p${quantile * 100}`,
  }));

const inEach = 'A trial that several sweeps hold counts in each.';

const trials = (state: string) => ({ expr: `sum(ofsweep_trials{sweep=~"$sweep", state=~"${state}"})`, legend: '' });

const glance = [
  figure({
    title: 'Version',
    description: 'Version and revision of the coordinator.',
    unit: 'none',
    nameOnly: true,
    queries: [{ expr: 'ofsweep_build_info', legend: '{{version}} {{revision}}' }],
  }),
  figure({
    title: 'Running',
    description: 'Trials of the chosen sweeps that a worker trains now, each once.',
    unit: units.Short,
    queries: [
      {
        expr:
          'count(ofsweep_trial_assignment_info and on (job, instance, trial_id) ' +
          'ofsweep_trial_sweep_info{sweep=~"$sweep"})',
        legend: '',
      },
    ],
  }),
  figure({
    title: 'Waiting',
    description: `Trials that wait for a slot. ${inEach}`,
    unit: units.Short,
    queries: [trials('pending')],
  }),
  figure({
    title: 'Failed',
    description:
      'Trials that failed for good; `ofsweep show SWEEP` and the dashboard Ablation say why. Diverged ones ' +
      `are not among them. ${inEach}`,
    unit: units.Short,
    alarm: 1,
    queries: [trials('failed')],
  }),
  figure({
    title: 'Workers lost',
    description:
      'Workers that fell silent without having been stopped, until they are back or the coordinator starts anew, and ' +
      'those that are given no work because trials kept failing on them.',
    unit: units.Short,
    alarm: 1,
    queries: [{ expr: 'sum(ofsweep_workers{state=~"lost|quarantined"})', legend: '' }],
  }),
  figure({
    title: 'Series left out',
    description:
      'Series of trials that /metrics has left out because there were too many. The database has their points.',
    unit: units.Short,
    alarm: 1,
    queries: [{ expr: 'ofsweep_trial_series_dropped_total', legend: '' }],
  }),
];

const work = [
  chart({
    title: 'Trials by state',
    description: `All trials of the chosen sweeps. ${inEach}`,
    unit: units.Short,
    stacked: true,
    queries: [{ expr: 'sum by (state) (ofsweep_trials{sweep=~"$sweep"})', legend: '{{state}}' }],
  }),
  listing(
    {
      title: 'Trials by sweep and state',
      description: 'Now, one row a sweep.',
      unit: units.Short,
    },
    [{ expr: 'sum by (sweep, state) (ofsweep_trials{sweep=~"$sweep"})', legend: '' }],
  ).withTransformation(matrix('sweep', 'state', 'Value')),
  chart({
    title: 'Tokens',
    description: 'That all trials together are trained on.',
    unit: 'suffix:tokens/s',
    width: 8,
    queries: [{ expr: 'sum(rate(ofsweep_trial_tokens_total[$__rate_interval]))', legend: 'all trials' }],
  }),
  chart({
    title: 'Trials finished',
    description: `In the hour before each moment, by outcome. ${inEach}`,
    unit: units.Short,
    width: 8,
    queries: [
      {
        expr: 'sum by (outcome) (increase(ofsweep_trials_finished_total{sweep=~"$sweep"}[1h]))',
        legend: '{{outcome}}',
      },
    ],
  }),
  chart({
    title: 'Attempts that ended without their trial',
    description:
      'In the hour before each moment, by reason: the trial went back to the queue. `lost` is a worker that ' +
      `vanished. ${inEach}`,
    unit: units.Short,
    width: 8,
    queries: [
      { expr: 'sum by (reason) (increase(ofsweep_trial_restarts_total{sweep=~"$sweep"}[1h]))', legend: '{{reason}}' },
    ],
  }),
];

const workers = [
  chart({
    title: 'Workers by state',
    description: 'As the coordinator sees them. One that was stopped leaves; `lost` fell silent.',
    unit: units.Short,
    stacked: true,
    width: 8,
    queries: [{ expr: 'sum by (state) (ofsweep_workers)', legend: '{{state}}' }],
  }),
  chart({
    title: 'Slots in use',
    description: 'Trials that each worker trains; a worker without any has no line.',
    unit: units.Short,
    stacked: true,
    width: 8,
    queries: [{ expr: 'count by (worker) (ofsweep_trial_assignment_info)', legend: '{{worker}}' }],
  }),
  chart({
    title: 'Age of the last heartbeat',
    description:
      'Time since each worker last called. A worker whose lease runs out is lost, and its trials go to others; one ' +
      'that was stopped leaves.',
    unit: units.Seconds,
    width: 8,
    queries: [{ expr: 'time() - max by (worker) (ofsweep_worker_heartbeat_timestamp_seconds)', legend: '{{worker}}' }],
  }),
  chart({
    title: 'Lease expirations',
    description: 'In the hour before each moment: leases that no worker renewed in time.',
    unit: units.Short,
    width: 8,
    queries: [{ expr: 'increase(ofsweep_lease_expirations_total[1h])', legend: 'expired' }],
  }),
  chart({
    title: 'Duration of a step',
    description:
      'Median and 99th percentile over all workers, by what the step did. Needs workers that serve metrics ' +
      '(ofsweep worker --http).',
    unit: units.Seconds,
    log: true,
    width: 8,
    queries: quantiles('ofsweep_worker_step_duration_seconds', 'phase'),
  }),
  chart({
    title: 'GPU memory',
    description: 'Used by all processes, and the size of each device. Empty where no worker has a GPU.',
    unit: units.BytesIEC,
    width: 8,
    queries: [{ expr: 'ofsweep_worker_cuda_memory_bytes', legend: '{{worker}} {{device}} {{kind}}' }],
  }),
];

const points = [
  chart({
    title: 'Points',
    description:
      'What workers sent: stored; duplicate, because an answer was lost; rejected, because the attempt was overtaken.',
    unit: units.CountsPerSecond,
    width: 8,
    queries: [{ expr: 'sum by (result) (rate(ofsweep_metric_points_total[$__rate_interval]))', legend: '{{result}}' }],
  }),
  chart({
    title: 'Points that wait in outboxes',
    description:
      'Of each worker that serves metrics, and of all connected workers, as the coordinator last heard. They rise ' +
      'while the coordinator cannot be reached.',
    unit: units.Short,
    width: 8,
    queries: [
      { expr: 'ofsweep_unsent_points', legend: 'all, as {{job}} heard' },
      { expr: 'ofsweep_worker_unsent_points', legend: '{{worker}}' },
    ],
  }),
  chart({
    title: 'Points that are no number',
    description: 'Stored points that are NaN or infinite: a trial that diverges.',
    unit: units.CountsPerSecond,
    width: 8,
    queries: [{ expr: 'rate(ofsweep_metric_points_non_finite_total[$__rate_interval])', legend: 'NaN or infinite' }],
  }),
];

const service = [
  chart({
    title: 'RPCs',
    description: 'Finished calls by method and status.',
    unit: units.RequestsPerSecond,
    queries: [
      {
        expr: 'sum by (method, code) (rate(ofsweep_rpc_requests_total[$__rate_interval]))',
        legend: '{{method}} {{code}}',
      },
    ],
  }),
  chart({
    title: 'Duration of an RPC',
    description:
      'Median and 99th percentile by method, from arrival to status. A watch lasts as long as someone watches.',
    unit: units.Seconds,
    log: true,
    queries: quantiles('ofsweep_rpc_duration_seconds', 'method'),
  }),
  chart({
    title: 'Duration of a write transaction',
    description: 'Median and 99th percentile by kind, with the commit.',
    unit: units.Seconds,
    log: true,
    width: 8,
    queries: quantiles('ofsweep_db_transaction_duration_seconds', 'op'),
  }),
  chart({
    title: 'Write transactions',
    description: 'By kind: insert (a sweep), change (a state), append (points), seal (a trial that ended).',
    unit: units.OpsPerSecond,
    width: 8,
    queries: [
      { expr: 'sum by (op) (rate(ofsweep_db_transaction_duration_seconds_count[$__rate_interval]))', legend: '{{op}}' },
    ],
  }),
  chart({
    title: 'Size of the database',
    description: 'The file and its write-ahead log. A log that only grows means that a reader never lets go.',
    unit: units.BytesIEC,
    width: 8,
    queries: [
      { expr: 'ofsweep_db_bytes', legend: 'database' },
      { expr: 'ofsweep_db_wal_bytes', legend: 'write-ahead log' },
    ],
  }),
];

const processes = [
  chart({
    title: 'Memory',
    description: 'Of the coordinator and of each worker that serves metrics, without its trainers.',
    unit: units.BytesIEC,
    queries: [{ expr: 'process_resident_memory_bytes{job=~"ofsweep.*"}', legend: '{{job}} {{worker}}' }],
  }),
  chart({
    title: 'CPU',
    description: 'Cores that the coordinator and each worker that serves metrics keep busy, without its trainers.',
    unit: units.Short,
    queries: [
      {
        expr: 'rate(process_cpu_seconds_total{job=~"ofsweep.*"}[$__rate_interval])',
        legend: '{{job}} {{worker}}',
      },
    ],
  }),
];

const head = {
  uid: 'ofsweep-fleet',
  title: 'ofsweep fleet',
  description: 'The coordinator, its workers and the trials of all sweeps, from Prometheus.',
  from: 'now-6h',
  refresh: '30s',
};

export const fleet = finish(
  board(head)
    .withVariable(datasourceVariable('prometheus', 'Prometheus', 'prometheus'))
    .withVariable(anyOf(labelValues('sweep', 'Sweep', 'Sweeps whose trials are counted.', 'ofsweep_trials')))
    .annotation(
      mark(
        'Attempt ended without its trial',
        'orange',
        'sum by (sweep, reason) (increase(ofsweep_trial_restarts_total{sweep=~"$sweep"}[1m])) > 0',
        '{{sweep}}: {{reason}}',
      ),
    ),
  [
    { title: 'At a glance', panels: glance },
    { title: 'Work', panels: work },
    { title: 'Workers', panels: workers },
    { title: 'Points', panels: points },
    { title: 'Coordinator', panels: service },
    { title: 'Processes', panels: processes },
  ],
);
