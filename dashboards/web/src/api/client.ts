import { createClient, type Interceptor } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-web';
import { SweepService } from '../gen/ofsweep/v1/sweep_pb';
import { noteAnswer, noteLoss, probeWith } from './connection';
import { isServerGone } from './problem';

// Each answer and each loss is told to `connection`, whoever asked; a stream may be lost between its messages too.
export const watchConnection: Interceptor = (next) => async (request) => {
  try {
    const response = await next(request);
    noteAnswer();
    return response.stream ? { ...response, message: noteLossIn(response.message) } : response;
  } catch (error) {
    if (isServerGone(error)) noteLoss();
    else if (!request.signal.aborted) noteAnswer();
    throw error;
  }
};

async function* noteLossIn<T>(messages: AsyncIterable<T>): AsyncIterable<T> {
  try {
    yield* messages;
  } catch (error) {
    if (isServerGone(error)) noteLoss();
    throw error;
  }
}

const transport = createConnectTransport({ baseUrl: '', interceptors: [watchConnection], useBinaryFormat: true });

export const service = createClient(SweepService, transport);

probeWith(async () => {
  const silent = createConnectTransport({ baseUrl: '', useBinaryFormat: true });
  await createClient(SweepService, silent).listSweeps({ pageSize: 1 }, { timeoutMs: 5_000 });
});
