// What all dashboards share: datasources as variables, panels laid out row by row, links from one to the next.
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';
import * as common from '@grafana/grafana-foundation-sdk/common';
import {
  CustomVariableBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  FieldColorBuilder,
  FieldColorModeId,
  RowBuilder,
  type Dashboard,
  type DataTransformerConfig,
  type Panel,
} from '@grafana/grafana-foundation-sdk/dashboard';

export interface Section {
  title: string;
  panels: Builder<Panel>[];
}

export interface Head {
  uid: string;
  title: string;
  description: string;
  from: string; // the default time range begins here
  refresh: string; // '' for never
}

export function board(head: Head): DashboardBuilder {
  return new DashboardBuilder(head.title)
    .uid(head.uid)
    .description(head.description)
    .tags(['ofsweep'])
    .timezone('browser')
    .time({ from: head.from, to: 'now' })
    .refresh(head.refresh)
    .tooltip(DashboardCursorSync.Crosshair)
    .readonly()
    .link(new DashboardLinkBuilder('ofsweep').type(DashboardLinkType.Dashboards).tags(['ofsweep']).keepTime(true));
}

// Adds the sections and numbers panels in the order of the page, which keeps ids unique.
export function finish(builder: DashboardBuilder, sections: Section[]): Dashboard {
  for (const section of sections) {
    builder.withRow(new RowBuilder(section.title));
    for (const panel of section.panels) builder.withPanel(panel);
  }
  const dashboard = builder.build();
  dashboard.panels?.forEach((panel, index) => (panel.id = index + 1));
  return withoutLeftovers(dashboard);
}

// The SDK writes some defaults of older Grafanas; @grafana/schema no longer knows them.
function withoutLeftovers(dashboard: Dashboard): Dashboard {
  for (const variable of dashboard.templating?.list ?? []) {
    for (const key of ['auto', 'auto_min', 'auto_count'] as const) delete variable[key];
  }
  for (const panel of dashboard.panels ?? []) {
    if ('options' in panel) for (const key of ['footer', 'showTypeIcons']) delete panel.options[key];
  }
  return dashboard;
}

export function datasourceVariable(name: string, label: string, type: string): DatasourceVariableBuilder {
  return new DatasourceVariableBuilder(name)
    .label(label)
    .type(type)
    .description(`The datasource of type ${type} to read.`);
}

// A choice among fixed values; the first is the default.
export function choice(
  name: string,
  label: string,
  description: string,
  values: readonly string[],
): CustomVariableBuilder {
  return new CustomVariableBuilder(name)
    .label(label)
    .description(description)
    .values(values.join(','))
    .current({ text: values[0], value: values[0] })
    .options(values.map((value, index) => ({ text: value, value, selected: index === 0 })));
}

// The part of a panel builder that every kind of panel has.
interface AnyPanel {
  title(title: string): this;
  description(description: string): this;
  unit(unit: string): this;
  datasource(datasource: DataSourceRef): this;
  span(w: number): this;
  height(h: number): this;
  withTarget(target: Builder<Dataquery>): this;
}

export interface Face {
  title: string;
  description: string;
  unit: string;
  width?: number; // of 24
  height?: number;
}

export function dress<P extends AnyPanel>(
  panel: P,
  face: Face,
  source: DataSourceRef,
  targets: Builder<Dataquery>[],
): P {
  panel.title(face.title).description(face.description).unit(face.unit).datasource(source);
  panel.span(face.width ?? 12).height(face.height ?? 8);
  for (const target of targets) panel.withTarget(target);
  return panel;
}

export function legend(...calcs: string[]): common.VizLegendOptionsBuilder {
  return new common.VizLegendOptionsBuilder()
    .displayMode(calcs.length > 0 ? common.LegendDisplayMode.Table : common.LegendDisplayMode.List)
    .placement(common.LegendPlacement.Bottom)
    .showLegend(true)
    .calcs(calcs);
}

export function tooltip(): common.VizTooltipOptionsBuilder {
  return new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Descending);
}

// A colour for each series.
export function palette(): FieldColorBuilder {
  return new FieldColorBuilder().mode(FieldColorModeId.PaletteClassic);
}

export function oneColor(color: string): FieldColorBuilder {
  return new FieldColorBuilder().mode(FieldColorModeId.Fixed).fixedColor(color);
}

export function logAxis(): common.ScaleDistributionConfigBuilder {
  return new common.ScaleDistributionConfigBuilder().type(common.ScaleDistribution.Log).log(10);
}

// Without an explicit null, empty cells become '', which is no number.
export function matrix(rowField: string, columnField: string, valueField: string): DataTransformerConfig {
  return { id: 'groupingToMatrix', options: { rowField, columnField, valueField, emptyValue: 'null' } };
}
