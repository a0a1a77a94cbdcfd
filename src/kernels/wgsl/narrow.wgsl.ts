/** A kernel with the subgroup size that it asks for, if any (see `Capabilities.narrowSubgroup`). */
export function withSubgroups(size: number | undefined, code: string): string {
  if (!size) return code;
  return `enable subgroups;\nenable subgroup_size_control;\n${code.replace('@compute', `@compute @subgroup_size(${size})`)}`;
}
