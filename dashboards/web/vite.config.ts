import { defineConfig } from 'vitest/config';

export default defineConfig({
  base: './',
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: {
    target: 'es2022',
    // The coordinator's Content-Security-Policy is `default-src 'self'`: nothing inline.
    assetsInlineLimit: 0,
    modulePreload: false,
    cssCodeSplit: false,
    rollupOptions: {
      // Plain names: the coordinator answers with an ETag, and a rebuilt page is a change of a file, not another file.
      output: { entryFileNames: 'page.js', assetFileNames: 'page[extname]' },
    },
  },
  test: { include: ['test/**/*_test.{ts,tsx}'] },
});
