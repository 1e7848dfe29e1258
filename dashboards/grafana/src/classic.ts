// What Grafana itself says a classic dashboard is, for the check that the generated JSON satisfies it.
import type {
  AnnotationQuery,
  Dashboard,
  DataSourceRef,
  GraphFieldConfig,
  Panel,
  RowPanel,
  TableFieldOptions,
} from '@grafana/schema';
import type { Options as StatOptions } from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type { Options as TableOptions } from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type { Options as TimeSeriesOptions } from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';
import type { Options as TrendOptions } from '@grafana/schema/dist/esm/raw/composable/trend/panelcfg/x/TrendPanelCfg_types.gen';
import type {
  FieldConfig as XyFieldConfig,
  Options as XyOptions,
} from '@grafana/schema/dist/esm/raw/composable/xychart/panelcfg/x/XYChartPanelCfg_types.gen';

// JSON has the values of enums, not the enums.
type Json<T> = T extends string
  ? `${T}`
  : T extends (infer Item)[]
    ? Json<Item>[]
    : T extends object
      ? { [Key in keyof T]: Json<T[Key]> }
      : T;

interface Of<Type extends string, Options, Custom> extends Omit<Panel, 'type' | 'options' | 'fieldConfig'> {
  type: Type;
  options: Partial<Options>;
  fieldConfig: {
    defaults: NonNullable<Panel['fieldConfig']>['defaults'] & { custom?: Partial<Custom> };
    overrides: NonNullable<Panel['fieldConfig']>['overrides'];
  };
}

type AnyPanel =
  | Of<'timeseries', TimeSeriesOptions, GraphFieldConfig>
  | Of<'trend', TrendOptions, GraphFieldConfig>
  | Of<'xychart', XyOptions, XyFieldConfig>
  | Of<'stat', StatOptions, Record<string, never>>
  | Of<'table', TableOptions, TableFieldOptions>
  | RowPanel;

// What the Prometheus datasource reads of an annotation besides.
interface Annotation extends Omit<AnnotationQuery, 'target'> {
  target: { refId: string; datasource: DataSourceRef; expr: string; range: boolean; instant: boolean };
  titleFormat: string;
  textFormat: string;
}

export type ClassicDashboard = Json<
  Omit<Dashboard, 'panels' | 'annotations'> & { panels: AnyPanel[]; annotations: { list?: Annotation[] } }
>;
