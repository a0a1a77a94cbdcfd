import { create, globals } from 'webgpu';

/** Held for the life of the process: Dawn's entry point must not be collected while in use. */
let gpu: GPU | undefined;

/** Gives Node the `navigator.gpu` that browser libraries look for; returns the adapter's description. */
export async function provideNavigator(): Promise<string> {
  process.env.XDG_RUNTIME_DIR ??= '/tmp'; // Mesa complains without it
  gpu = create([]);
  Object.assign(globalThis, globals);
  Object.defineProperty(globalThis, 'navigator', { value: { gpu, userAgent: 'node' }, configurable: true });
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  const { vendor, architecture, description } = adapter?.info ?? { vendor: '', architecture: '', description: '' };
  return [vendor, architecture, description].filter(Boolean).join(' ') || 'no adapter';
}

/** A device's first uncaptured error, to be thrown by the next one who waits: a faulty command has no time. */
export function watchErrors(device: GPUDevice): () => void {
  let first: string | undefined;
  device.addEventListener('uncapturederror', (event) => {
    event.preventDefault();
    first ??= (event as GPUUncapturedErrorEvent).error.message;
  });
  return () => {
    if (first !== undefined) throw new Error(`uncaptured GPU error: ${first}`);
  };
}
