// Panels and variables that read Prometheus.
import {
  QueryVariableBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  VariableRefresh,
  VariableSort,
  AnnotationQueryBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
import * as common from '@grafana/grafana-foundation-sdk/common';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';

import { dress, legend, logAxis, palette, tooltip, type Face } from './board';

export const prometheus = { type: 'prometheus', uid: '${prometheus}' };

export interface Query {
  expr: string;
  legend: string; // {{label}} stands for a label of the result
}

function targets(queries: Query[], shape: (builder: DataqueryBuilder) => DataqueryBuilder): DataqueryBuilder[] {
  return queries.map((query, index) =>
    shape(
      new DataqueryBuilder()
        .refId(String.fromCharCode(65 + index))
        .datasource(prometheus)
        .expr(query.expr)
        .legendFormat(query.legend),
    ),
  );
}

export interface Chart extends Face {
  queries: Query[];
  stacked?: boolean;
  log?: boolean;
}

export function chart(face: Chart): timeseries.PanelBuilder {
  const panel = dress(
    new timeseries.PanelBuilder(),
    face,
    prometheus,
    targets(face.queries, (query) => query.range()),
  )
    .colorScheme(palette())
    .legend(legend('lastNotNull', 'max'))
    .tooltip(tooltip())
    .fillOpacity(face.stacked ? 30 : 0)
    .showPoints(common.VisibilityMode.Never);
  if (face.stacked) panel.stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal));
  if (face.log) panel.scaleDistribution(logAxis());
  return panel;
}

export interface Figure extends Face {
  queries: Query[];
  alarm?: number; // red from here on
  nameOnly?: boolean; // show the legend instead of the value
}

export function figure(face: Figure): stat.PanelBuilder {
  const steps = [
    { value: null, color: 'green' },
    ...(face.alarm === undefined ? [] : [{ value: face.alarm, color: 'red' }]),
  ];
  return dress(
    new stat.PanelBuilder(),
    { width: 4, height: 4, ...face },
    prometheus,
    targets(face.queries, (query) => query.instant()),
  )
    .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps))
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .colorMode(common.BigValueColorMode.Value)
    .graphMode(common.BigValueGraphMode.None)
    .noValue('0') // a state that no trial is in has no series
    .textMode(face.nameOnly ? common.BigValueTextMode.Name : common.BigValueTextMode.Auto);
}

export function listing(face: Face, queries: Query[]): table.PanelBuilder {
  return dress(
    new table.PanelBuilder(),
    face,
    prometheus,
    targets(queries, (query) => query.instant().format(PromQueryFormat.Table)),
  );
}

// The values of a label in the series that `selector` picks. Read again when the time range changes, because trials
// come and go.
export function labelValues(
  name: string,
  title: string,
  description: string,
  selector: string,
  label = name,
): QueryVariableBuilder {
  const query = `label_values(${selector}, ${label})`;
  return new QueryVariableBuilder(name)
    .label(title)
    .description(description)
    .datasource(prometheus)
    .query({ qryType: 1, query, refId: 'PrometheusVariableQueryEditor-VariableQuery' })
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc);
}

// Several values at once, or any: `.*` matches series without the label too.
export function anyOf(variable: QueryVariableBuilder): QueryVariableBuilder {
  return variable.multi(true).includeAll(true).allValue('.*').current({ text: 'All', value: '$__all' });
}

export function mark(name: string, color: string, expr: string, text: string): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name(name)
    .datasource(prometheus)
    .enable(true)
    .iconColor(color)
    .target(new DataqueryBuilder().refId('A').datasource(prometheus).expr(expr).range())
    .titleFormat(name)
    .textFormat(text);
}
