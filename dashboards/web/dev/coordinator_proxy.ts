import { connectNodeAdapter, createGrpcTransport } from '@connectrpc/connect-node';
import { ConnectError, type ConnectRouter, type HandlerContext, type ServiceImpl, createClient } from '@connectrpc/connect';
import type { Plugin } from 'vite';
import { SweepService } from '../src/gen/ofsweep/v1/sweep_pb';

// Answers the page's Connect calls as the coordinator itself does, by asking a coordinator over gRPC.
export function coordinatorProxy(coordinator: string): Plugin {
  const client = createClient(SweepService, createGrpcTransport({ baseUrl: `http://${coordinator}` }));
  const calls = Object.fromEntries(
    SweepService.methods.map(({ localName, methodKind }) => {
      // One shape for all methods: what they take and give is the router's and the client's business.
      const call = client[localName] as (request: unknown, options: { signal: AbortSignal }) => unknown;
      return [
        localName,
        methodKind === 'unary'
          ? (request: unknown, { signal }: HandlerContext) => (call(request, { signal }) as Promise<unknown>).catch(rethrow)
          : async function* (request: unknown, { signal }: HandlerContext) {
              try {
                yield* call(request, { signal }) as AsyncIterable<unknown>;
              } catch (error) {
                rethrow(error);
              }
            },
      ];
    }),
  ) as unknown as ServiceImpl<typeof SweepService>;
  const adapter = connectNodeAdapter({
    routes(router: ConnectRouter) {
      router.service(SweepService, calls);
    },
  });
  return {
    name: 'ofsweep-coordinator',
    configureServer(server) {
      server.middlewares.use((request, response, next) =>
        request.url?.startsWith(`/${SweepService.typeName}/`) ? adapter(request, response) : next(),
      );
    },
  };
}

// Without the headers that it came with: gRPC's content type is not Connect's.
function rethrow(error: unknown): never {
  const { rawMessage, code, details } = ConnectError.from(error);
  const plain = new ConnectError(rawMessage, code);
  plain.details = details;
  throw plain;
}
