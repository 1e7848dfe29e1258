import type { MessageInitShape } from '@bufbuild/protobuf';
import { baselineFrom } from '../data/table';
import type { GetAblationTableRequestSchema, GetAblationTableResponse } from '../gen/ofsweep/v1/results_pb';
import { service } from './client';

export type TableRequest = MessageInitShape<typeof GetAblationTableRequestSchema>;

// The table, with the differences from `baseline`, "key=value", where its key is an axis. Where the coordinator chooses the axes they are
// not known before it has answered.
export async function askTable(request: TableRequest, baseline: string | undefined, signal: AbortSignal): Promise<GetAblationTableResponse> {
  const given = baselineFrom(baseline, [...(request.rows ?? []), ...(request.cols ?? [])]);
  const table = await service.getAblationTable({ ...request, baseline: given }, { signal });
  const found = baselineFrom(baseline, [...table.rows, ...table.cols]);
  if (Object.keys(given).length > 0 || Object.keys(found).length === 0) return table;
  return service.getAblationTable({ ...request, rows: table.rows, cols: table.cols, baseline: found }, { signal });
}
