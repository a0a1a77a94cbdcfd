/** The flags of `GPUBufferUsage` by their numbers: in Node, WebGPU comes from a package and its constants are no globals. */
export const MAP_READ = 0x01;
export const COPY_SRC = 0x04;
export const COPY_DST = 0x08;
export const UNIFORM = 0x40;
export const STORAGE = 0x80;
export const QUERY_RESOLVE = 0x200;
