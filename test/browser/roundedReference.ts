import { cpu, type Device } from 'wgrad';

/**
 * The reference with every result of an op rounded to float32. How far it strays from the float64 reference is what
 * float32 alone does to a computation, and the measure of what a GPU may.
 */
export function roundedReference(): Device {
  const device = cpu();
  const run = device.run.bind(device);
  device.run = (kernel, inputs, outputs, attrs) => {
    const rounded: typeof kernel = {
      ...kernel,
      reference(xs, ys, a) {
        kernel.reference(xs, ys, a);
        for (const { data } of ys) if (data instanceof Float64Array) data.set(Float32Array.from(data));
      },
    };
    run(rounded, inputs, outputs, attrs);
  };
  return device;
}
