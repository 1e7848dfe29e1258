import { readFileSync } from 'node:fs';
import { connectNodeAdapter, createGrpcTransport } from '@connectrpc/connect-node';
import { ConnectError, type ConnectRouter, type HandlerContext, type ServiceImpl, createClient } from '@connectrpc/connect';
import type { Plugin } from 'vite';
import { SweepService } from '../src/gen/ofsweep/v1/sweep_pb';

// What the page is told of who looks at it: the coordinator decides by the proxy's own token.
const DEVELOPER = { name: 'developer', role: 'admin', asks: false };

// Answers the page's Connect calls as the coordinator itself does, by asking a coordinator over gRPC, with the token in the file that
// OFSWEEP_TOKEN_FILE names.
export function coordinatorProxy(coordinator: string): Plugin {
  const tokenFile = process.env.OFSWEEP_TOKEN_FILE;
  const token = tokenFile && readFileSync(tokenFile, 'utf8').trim();
  const transport = createGrpcTransport({
    baseUrl: `http://${coordinator}`,
    interceptors: [
      (next) => (request) => {
        if (token) request.header.set('Authorization', `Bearer ${token}`);
        return next(request);
      },
    ],
  });
  const client = createClient(SweepService, transport);
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
      server.middlewares.use((request, response, next) => {
        if (request.url?.startsWith(`/${SweepService.typeName}/`)) return adapter(request, response);
        if (request.url !== '/session') return next();
        response.setHeader('Content-Type', 'application/json');
        response.end(JSON.stringify(DEVELOPER));
      });
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
