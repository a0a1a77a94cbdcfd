import { defineConfig } from 'vite';
import { tutorialPlugin } from './tutorialPlugin.js';

// Relative paths, so that the folder can be served from anywhere; this machine alone, so that a set-up opens no door.
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [tutorialPlugin()],
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // Browsers of 2023, the first with WebGPU, do not know light-dark().
    cssTarget: ['chrome113', 'firefox115', 'safari16.4'],
  },
  server: { host: '127.0.0.1' },
  preview: { host: '127.0.0.1' },
});
