// Puts the frames of real queries through Grafana's own transformations, and checks that each panel finds in them what
// it needs. Reads a JSON list of {where, panel, frames} and prints problems, one a line: frames.ts FILE
import { readFileSync } from 'node:fs';

import {
  FieldMatcherID,
  FieldType,
  fieldMatchers,
  getFieldDisplayName,
  getValueFormats,
  standardTransformers,
  standardTransformersRegistry,
  toDataFrame,
  transformDataFrame,
  type DataFrame,
  type Field,
} from '@grafana/data';
import { lastValueFrom } from 'rxjs';

interface Shown {
  where: string;
  panel: {
    type: string;
    options: { xField?: string };
    transformations?: { id: string; options: Record<string, string> }[];
    fieldConfig: {
      defaults: { unit: string };
      overrides: { matcher: { id: string; options: string }; properties: { id: string; value?: unknown }[] }[];
    };
  };
  frames: { refId: string; fields: { name: string; type: FieldType; values: unknown[] }[] }[];
}

const transformers = new Map(
  Object.values(standardTransformers).map((transformation) => [transformation.id, transformation]),
);
standardTransformersRegistry.setInit(() =>
  [...transformers.values()].map(
    (transformation) =>
      ({ id: transformation.id, name: transformation.name, transformation: async () => transformation }) as never,
  ),
);
// @grafana/data looks into the browser for the language of dates, and for whether the page is one of scenes.
Object.assign(globalThis, { window: {}, navigator: { language: 'en', languages: ['en'] } });
const units = new Set(getValueFormats().flatMap((category) => category.submenu.map((unit) => unit.value)));

const isNumber = (field: Field) => field.type === FieldType.number;
const isEmptyOrNumber = (value: unknown) => value === null || typeof value === 'number';

function* trendProblems(panel: Shown['panel'], frames: DataFrame[]) {
  if (frames.length !== 1) return yield `a Trend panel wants one frame, not ${frames.length}`;
  const fields = frames[0].fields;
  const x = fields.find((field) => getFieldDisplayName(field, frames[0], frames) === panel.options.xField);
  if (x === undefined)
    return yield `no x field ${panel.options.xField} among ${fields.map((field) => field.name).join(', ')}`;
  if (!isNumber(x)) yield `x is of type ${x.type}`;
  if (x.values.some((value, row) => row > 0 && !(value > x.values[row - 1]))) yield 'x does not ascend';
  const series = fields.filter((field) => field !== x);
  if (series.length === 0) yield 'no series';
  for (const field of series) {
    if (!isNumber(field) || !field.values.every(isEmptyOrNumber)) yield `series ${field.name} is not numeric`;
    if (!field.values.some((value) => typeof value === 'number')) yield `series ${field.name} has no value`;
  }
}

function* scatterProblems(_: Shown['panel'], frames: DataFrame[]) {
  for (const frame of frames) {
    const numbers = frame.fields.filter(isNumber);
    for (const field of numbers) {
      const name = getFieldDisplayName(field, frame, frames);
      if (name !== field.name) yield `query ${frame.refId}: the legend would show ${name} for ${field.name}`;
    }
    if (numbers.length !== 2 || numbers[0].name !== 'x') {
      const given = frame.fields.map((field) => `${field.name} (${field.type})`).join(', ');
      yield `query ${frame.refId}: x and one y are wanted, not ${given}`;
    }
  }
}

function* tableProblems(panel: Shown['panel'], frames: DataFrame[]) {
  if (frames.length !== 1) return yield `a table shows one frame, not ${frames.length}`;
  for (const { id, options } of panel.transformations ?? []) {
    const corner = `${options.rowField}\\${options.columnField}`;
    if (id === 'groupingToMatrix' && frames[0].fields[0].name !== corner) yield `no matrix with the corner ${corner}`;
  }
  if (frames[0].length === 0 || frames[0].fields.length < 2) yield 'nothing in the table';
}

function* overrideProblems(panel: Shown['panel'], frames: DataFrame[]) {
  const named = (name: string) =>
    frames.some((frame) =>
      frame.fields.some((field) => fieldMatchers.get(FieldMatcherID.byName).get(name)(field, frame, frames)),
    );
  for (const { matcher, properties } of panel.fieldConfig.overrides) {
    if (matcher.id === FieldMatcherID.byName && !named(matcher.options))
      yield `an override for ${matcher.options}, which is not there`;
    for (const { id, value } of properties) {
      if (id === 'custom.fillBelowTo' && !named(value as string)) yield `fills down to ${value}, which is not there`;
    }
  }
}

function* unitProblems(panel: Shown['panel']) {
  const { unit } = panel.fieldConfig.defaults;
  if (!units.has(unit) && !unit.startsWith('suffix:')) yield `Grafana knows no unit ${unit}`;
}

const byType: Record<string, (panel: Shown['panel'], frames: DataFrame[]) => Iterable<string>> = {
  trend: trendProblems,
  xychart: scatterProblems,
  table: tableProblems,
};

async function main() {
  const problems: string[] = [];
  const shown = JSON.parse(readFileSync(process.argv[2], 'utf8')) as Shown[];
  for (const { where, panel, frames } of shown) {
    for (const { id } of panel.transformations ?? []) {
      if (!transformers.has(id)) problems.push(`${where}: @grafana/data has no transformation ${id}`);
    }
    const transformed = await lastValueFrom(
      transformDataFrame((panel.transformations ?? []) as never, frames.map(toDataFrame as never)),
    );
    const rules = [byType[panel.type] ?? (() => []), overrideProblems, unitProblems];
    for (const rule of rules) for (const problem of rule(panel, transformed)) problems.push(`${where}: ${problem}`);
  }
  console.log([...new Set(problems)].join('\n'));
}

void main();
