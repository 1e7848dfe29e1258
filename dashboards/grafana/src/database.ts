// Panels and variables that read the coordinator's database with the plugin frser-sqlite-datasource.
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import * as common from '@grafana/grafana-foundation-sdk/common';
import {
  type DashboardBuilder,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as trend from '@grafana/grafana-foundation-sdk/trend';
import * as units from '@grafana/grafana-foundation-sdk/units';
import * as xychart from '@grafana/grafana-foundation-sdk/xychart';

import {
  board,
  datasourceVariable,
  dress,
  legend,
  logAxis,
  matrix,
  palette,
  tooltip,
  type Face,
  type Head,
} from './board';

export const database = { type: 'frser-sqlite-datasource', uid: '${database}' };

// The chosen value or values as SQL strings: 'a' or 'a','b'. A literal list, unlike a subquery, is pushed into the view
// `curves`, which then reads the points of these trials alone.
export const chosen = (variable: string) => '${' + variable + ':sqlstring}';

// A chosen name of a column.
export const column = (variable: string) => '${' + variable + ':raw}';

interface SqliteQuery extends Dataquery {
  refId: string;
  datasource: typeof database;
  queryText: string;
  rawQueryText: string;
  queryType: 'table';
  timeColumns: string[];
}

function target(sql: string, refId: string): Builder<Dataquery> {
  const text = sql.trim();
  const query: Omit<SqliteQuery, '_implementsDataqueryVariant'> = {
    refId,
    datasource: database,
    queryText: text,
    rawQueryText: text,
    queryType: 'table',
    timeColumns: [],
  };
  return { build: () => query as SqliteQuery };
}

export interface StepChart extends Face {
  sql: string; // one row a point, ordered by `step`
  series?: { column: string; value: string }; // the column whose values become series, and the one that they plot
  log?: boolean;
  points?: boolean; // of few values a line would show nothing
}

// The Trend panel wants one frame with an ascending numeric x: either the query has a column for each series, or its
// rows are turned into such columns.
export function stepChart(face: StepChart): trend.PanelBuilder {
  const panel = dress(new trend.PanelBuilder(), face, database, [target(face.sql, 'A')])
    .xField(face.series ? `step\\${face.series.column}` : 'step')
    .colorScheme(palette())
    .legend(legend())
    .tooltip(tooltip())
    .showPoints(face.points ? common.VisibilityMode.Always : common.VisibilityMode.Never)
    .spanNulls(true);
  if (face.log) panel.scaleDistribution(logAxis());
  if (face.series) panel.withTransformation(matrix('step', face.series.column, face.series.value));
  return panel;
}

// Figures as they are: a table holds seeds and learning rates beside losses.
export function rows(face: Omit<Face, 'unit'>, sql: string): table.PanelBuilder {
  return dress(new table.PanelBuilder(), { ...face, unit: units.NoUnit }, database, [target(sql, 'A')]).filterable(
    true,
  );
}

export function figures(face: Face, sql: string): stat.PanelBuilder {
  return dress(new stat.PanelBuilder(), face, database, [target(sql, 'A')])
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .colorMode(common.BigValueColorMode.Value)
    .graphMode(common.BigValueGraphMode.None);
}

// One query for each colour; in each the first number, `x`, is x, and the other, whose name the legend shows, is y.
export function scatter(face: Face & { xLabel: string }, queries: string[]): xychart.PanelBuilder {
  return dress(
    new xychart.PanelBuilder(),
    face,
    database,
    queries.map((sql, index) => target(sql, String.fromCharCode(65 + index))),
  )
    .mapping(xychart.SeriesMapping.Auto)
    .series([])
    .colorScheme(palette())
    .show(xychart.XYShowMode.Points)
    .overrideByName('x', [
      { id: 'unit', value: units.Short },
      { id: 'custom.axisLabel', value: face.xLabel },
    ])
    .legend(legend())
    .tooltip(new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Single));
}

// A variable whose query gives one column. Read when the dashboard loads, or when a variable in its query changes.
export function sqlValues(name: string, label: string, description: string, sql: string): QueryVariableBuilder {
  const query = sql.trim();
  return new QueryVariableBuilder(name)
    .label(label)
    .description(description)
    .datasource(database)
    .query(query)
    .refresh(VariableRefresh.OnDashboardLoad)
    .sort(VariableSort.Disabled);
}

// Several values at once, or all that the query gives.
export function severalOf(variable: QueryVariableBuilder): QueryVariableBuilder {
  return variable.multi(true).includeAll(true).current({ text: 'All', value: '$__all' });
}

// A dashboard over the database, of one sweep that is chosen at its top. Nothing in it depends on the time range.
export function databaseBoard(head: Pick<Head, 'uid' | 'title' | 'description'>): DashboardBuilder {
  return board({ ...head, from: 'now-30d', refresh: '' })
    .withVariable(datasourceVariable('database', 'Database', 'frser-sqlite-datasource'))
    .withVariable(
      sqlValues(
        'sweep',
        'Sweep',
        'Newest first.',
        'SELECT sweep FROM results GROUP BY sweep ORDER BY max(started_at) DESC, sweep',
      ),
    );
}
