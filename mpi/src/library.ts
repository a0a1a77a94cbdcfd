import { DataError, DeviceError } from 'wgrad';
import { type Handles, MPICH_HANDLES, openMpiHandles } from './handles.js';
import type { Launcher } from './launcher.js';

/** The MPI library that was found. */
export interface MpiInstallation {
  /** File or name under which the system's loader found it. */
  readonly path: string;
  readonly kind: 'Open MPI' | 'MPICH';
  /** In the library's own words: its name and version. */
  readonly version: string;
}

/** A function of C, called here or, by `async`, in a thread of its own; both give its return code. */
export interface CFunction {
  (...args: readonly unknown[]): number;
  async(...args: readonly unknown[]): void;
}

/** An MPI library, loaded and not yet initialised. */
export interface MpiLibrary extends MpiInstallation {
  readonly handles: Handles;
  /** @param definition a prototype as C writes it; handles are `intptr_t` */
  func(definition: string): CFunction;
}

const OPEN_MPI = [
  'libmpi.so.40',
  'libmpi.40.dylib',
  '/opt/homebrew/lib/libmpi.40.dylib',
  '/usr/local/lib/libmpi.40.dylib',
];
const MPICH = ['libmpich.so.12', 'libmpi.so.12', 'libmpi.12.dylib', '/opt/homebrew/lib/libmpi.12.dylib'];

const REMEDY =
  'install Open MPI: sudo apt-get install openmpi-bin libopenmpi-dev (Debian, Ubuntu), sudo dnf install openmpi (Fedora), ' +
  'brew install open-mpi (macOS), module load openmpi (clusters); or name the library in WGRAD_MPI';

/** `MPI_MAX_LIBRARY_VERSION_STRING` of all libraries known. */
const LONGEST_VERSION = 8192;

/**
 * UCX, which MPICH and some builds of Open MPI send with, wants to be told of all memory that is given back. While MPI starts it
 * rewrites functions of the C library for that, and tries them out: it moves the end of the heap up and down again, unlocked. If
 * another thread allocates meanwhile, as V8's do, memory that is in use is gone. What it gains is to keep registrations of memory
 * for the next message; here every message has memory of its own. UCX reads the variable when it is loaded.
 */
function keepHeapFromUcx(): void {
  process.env.UCX_MEM_EVENTS ??= 'no';
}

/** Bytes of stack of the threads that call MPI, as the system's threads have it; MPICH crashes on koffi's 128 KiB. */
const STACK = 2 ** 23;

/**
 * Which MPI this machine has, without starting it.
 * @throws DataError where there is none, with how to install it, or none that wgrad-mpi knows
 */
export async function findMpi(): Promise<MpiInstallation> {
  const { path, kind, version } = await loadMpi();
  return { path, kind, version };
}

/**
 * Loads the library that `WGRAD_MPI` names, or the first one found; that of the launcher's family comes first.
 * @throws DataError where there is none, or none that wgrad-mpi knows
 */
export async function loadMpi(launcher?: Launcher): Promise<MpiLibrary> {
  const { default: koffi } = await import('koffi').catch((cause: Error) => {
    throw new DeviceError(`MPI: the package koffi, which calls the library, does not load here: ${cause.message}`, {
      cause,
    });
  });
  try {
    koffi.config({ async_stack_size: STACK });
  } catch {
    // Somebody in this process has loaded a library before, with the stacks that are set already.
  }
  keepHeapFromUcx();
  const asked = process.env.WGRAD_MPI;
  const names = asked ? [asked] : launcher === 'PMI' ? [...MPICH, ...OPEN_MPI] : [...OPEN_MPI, ...MPICH];
  const reasons: string[] = [];
  for (const path of names) {
    let library: ReturnType<typeof koffi.load>;
    try {
      // Open MPI loads parts of itself later, which look for its symbols among the global ones.
      library = koffi.load(path, { global: true });
    } catch (error) {
      reasons.push((error as Error).message);
      continue;
    }
    return known(path, library, (symbol) => koffi.address(library.symbol(symbol)));
  }
  throw new DataError(asked ? `WGRAD_MPI=${asked}: ${reasons[0]}; ${REMEDY}` : `MPI: no library found; ${REMEDY}`);
}

/** @throws DataError naming a library that is neither Open MPI nor of MPICH's family */
function known(
  path: string,
  library: { func(definition: string): unknown },
  address: (symbol: string) => bigint,
): MpiLibrary {
  const func = (definition: string) => library.func(definition) as CFunction;
  const version = versionOf(path, func);
  if (/open mpi/i.test(version)) {
    return { path, kind: 'Open MPI', version, handles: openMpiHandles(address), func };
  }
  // Intel MPI and MVAPICH keep to MPICH's ABI.
  if (/mpich|intel|mvapich/i.test(version)) return { path, kind: 'MPICH', version, handles: MPICH_HANDLES, func };
  throw new DataError(`MPI: ${path} is '${version}', expected Open MPI or MPICH; ${REMEDY}`);
}

function versionOf(path: string, func: (definition: string) => CFunction): string {
  const text = Buffer.alloc(LONGEST_VERSION);
  const length = [0];
  try {
    func('int MPI_Get_library_version(void *version, _Out_ int *length)')(text, length);
  } catch (cause) {
    throw new DataError(`MPI: ${path} is no MPI library of version 3 or later; ${REMEDY}`, { cause });
  }
  // How it was built comes behind it.
  const [name] = text.toString('utf8', 0, length[0]).split(/[\n,\0]/);
  return name.replace(/\s+/g, ' ').trim();
}
