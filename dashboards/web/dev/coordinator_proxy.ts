import { connectNodeAdapter, createGrpcTransport } from '@connectrpc/connect-node';
import { type ConnectRouter, type HandlerContext, type ServiceImpl, createClient } from '@connectrpc/connect';
import type { Plugin } from 'vite';
import { SweepService } from '../src/gen/sweep_pb';

// Answers the page's Connect calls as the coordinator itself does, by asking a coordinator over gRPC.
export function coordinatorProxy(coordinator: string): Plugin {
  const client = createClient(SweepService, createGrpcTransport({ baseUrl: `http://${coordinator}` }));
  const calls = Object.fromEntries(
    SweepService.methods.map(({ localName }) => [
      localName,
      // One client for all methods: what they take and give is the router's and the client's business.
      (request: never, { signal }: HandlerContext) => client[localName](request, { signal }),
    ]),
  ) as ServiceImpl<typeof SweepService>;
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
