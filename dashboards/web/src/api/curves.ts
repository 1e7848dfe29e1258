import type { MessageInitShape } from '@bufbuild/protobuf';
import type { QueryCurvesRequestSchema } from '../gen/ofsweep/v1/results_pb';
import { type MeasuredCurve, joinPieces } from '../data/curve';
import { service } from './client';
import { createTurns } from './turns';

const turns = createTurns(2);

export type CurvesRequest = MessageInitShape<typeof QueryCurvesRequestSchema>;

// Whole curves, in the server's order.
export function queryCurves(request: CurvesRequest, signal: AbortSignal): Promise<MeasuredCurve[]> {
  return turns(async () => {
    signal.throwIfAborted();
    const pieces = [];
    for await (const response of service.queryCurves(request, { signal })) pieces.push(...response.curves);
    return joinPieces(pieces);
  });
}
