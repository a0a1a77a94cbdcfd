/** Arrays that MPI can send as they lie in memory. */
export type HostArray = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;

/** What becomes of the elements that the ranks have at one place; `mean` is the sum divided by the number of ranks. */
export type Reduction = 'sum' | 'mean' | 'max' | 'min';

/** What C calls handles and constants, as numbers that pass for them: addresses in Open MPI, integers in MPICH. */
export interface Handles {
  readonly world: bigint;
  readonly inPlace: bigint;
  readonly errorsReturn: bigint;
  typeOf(values: HostArray): bigint;
  operation(by: Reduction): bigint;
}

/** The names that both libraries have for the types of elements. */
function cTypeOf(values: HostArray): 'float' | 'double' | 'int32_t' | 'uint32_t' | 'uint8_t' {
  if (values instanceof Float32Array) return 'float';
  if (values instanceof Float64Array) return 'double';
  if (values instanceof Int32Array) return 'int32_t';
  if (values instanceof Uint32Array) return 'uint32_t';
  return 'uint8_t';
}

/** In C a mean is a sum, too. */
const cOperationOf = (by: Reduction): 'sum' | 'max' | 'min' => (by === 'mean' ? 'sum' : by);

/** Open MPI's handles are the addresses of objects in its library. @param address of a symbol */
export function openMpiHandles(address: (symbol: string) => bigint): Handles {
  return {
    world: address('ompi_mpi_comm_world'),
    inPlace: 1n,
    errorsReturn: address('ompi_mpi_errors_return'),
    typeOf: (values) => address(`ompi_mpi_${cTypeOf(values)}`),
    operation: (by) => address(`ompi_mpi_op_${cOperationOf(by)}`),
  };
}

const MPICH_TYPES = {
  float: 0x4c00040an,
  double: 0x4c00080bn,
  int32_t: 0x4c000439n,
  uint32_t: 0x4c00043dn,
  uint8_t: 0x4c00013bn,
};
const MPICH_OPERATIONS = { max: 0x58000001n, min: 0x58000002n, sum: 0x58000003n };

/** Those of MPICH's common ABI, which Intel MPI and MVAPICH share: constants of its mpi.h. */
export const MPICH_HANDLES: Handles = {
  world: 0x44000000n,
  inPlace: -1n,
  errorsReturn: 0x54000001n,
  typeOf: (values) => MPICH_TYPES[cTypeOf(values)],
  operation: (by) => MPICH_OPERATIONS[cOperationOf(by)],
};
