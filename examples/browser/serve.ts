// Serves the example page and the compiled, unbundled modules on this machine alone:
// `npm run example examples/browser/serve.ts`, then open the address that it prints.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** All that a page may ask for. */
const FOLDERS = /^\/(dist|examples|test\/browser)\//;
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.map': 'application/json',
};

export interface PageServer {
  /** Without a slash at the end. */
  readonly origin: string;
  close(): void;
}

/** Starts to serve; port 0 takes any that is free. */
export async function serve(port = 0): Promise<PageServer> {
  const server = createServer(async (request, response) => {
    // URL resolves `..`, so what passes the pattern stays inside of the folder.
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const type = TYPES[extname(pathname)];
    try {
      if (!FOLDERS.test(pathname) || !type) throw new Error('not served');
      const body = await readFile(join(root, pathname));
      response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
    } catch {
      response.writeHead(404, { 'content-type': 'text/plain' }).end(`${pathname} is not here`);
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  const { port: taken } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${taken}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { origin } = await serve(8080);
  console.log(`${origin}/examples/browser/index.html (Ctrl-C ends)`);
}
