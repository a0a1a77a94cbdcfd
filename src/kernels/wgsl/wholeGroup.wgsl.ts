/** Three words of a kernel's parameters, zero unless its launch was cut: where the dispatch begins in the launch's grid. */
export const baseWords = 'baseX: u32, baseY: u32, baseZ: u32';

/** The number of a workgroup in the grid of the whole launch, from its number in the dispatch. */
export const wholeGroup = 'workgroup + vec3u(p.baseX, p.baseY, p.baseZ)';
