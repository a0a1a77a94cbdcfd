/** MPI for wgrad: one communicator of all ranks, which reduces and broadcasts host arrays, device tensors and gradient arenas. */

export { type Communicator, communicator, type Traffic } from './communicator.js';
export type { HostArray, Reduction } from './handles.js';
export { findMpi, type MpiInstallation } from './library.js';
