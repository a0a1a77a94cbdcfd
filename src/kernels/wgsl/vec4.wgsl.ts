/** The components of a vec4, in their order. */
export const COMPONENTS = ['x', 'y', 'z', 'w'] as const;
