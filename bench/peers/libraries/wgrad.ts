import { webgpu } from '../../../src/index.js';
import { measureCeilings } from '../../../src/testing/ceilings.js';
import { serve } from '../lane.js';
import { prepareWork } from '../wgradWork.js';

await serve(async () => {
  const device = await webgpu();
  return {
    description: device.description,
    isAdapter: true,
    software: device.capabilities.tier === 'software',
    ceilings: await measureCeilings(device),
    prepare(work, operands) {
      const { call, results } = prepareWork(device, work, operands);
      return {
        results,
        async run(repeats) {
          for (let i = 0; i < repeats; i++) call();
          await device.finished();
        },
      };
    },
  };
});
