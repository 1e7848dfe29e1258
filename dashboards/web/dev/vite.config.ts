import base from '../vite.config';
import { mergeConfig } from 'vite';
import { coordinatorProxy } from './coordinator_proxy';

export default mergeConfig(base, {
  root: new URL('..', import.meta.url).pathname,
  plugins: [coordinatorProxy(process.env.OFSWEEP_COORDINATOR ?? '127.0.0.1:7070')],
  server: { host: '127.0.0.1' },
});
