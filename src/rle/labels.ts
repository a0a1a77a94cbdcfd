import { DataError } from '../errors.js';
import { formatShape, type Shape, sizeOf } from '../tensor/shape.js';

/** The names of images and joints in errors; by default their numbers. */
export interface LabelNames {
  readonly image?: (index: number) => string;
  readonly joints?: readonly string[];
}

/**
 * Throws unless every label that counts is finite, and every weight finite and >= 0; meant for the host, before upload.
 *
 * @param target row-major [B, K, D]
 * @param weight [B, K, D] or [B, K, 1], or absent; where it is 0 the target may be anything
 * @throws DataError naming image, joint and coordinate
 */
export function checkLabels(
  target: ArrayLike<number>,
  weight: ArrayLike<number> | undefined,
  shape: Shape,
  names: LabelNames = {},
): void {
  const [images, joints, dims] = shape;
  const count = sizeOf(shape);
  const perJoint = weight?.length === images * joints;
  if (shape.length !== 3 || target.length !== count || (weight && !perJoint && weight.length !== count)) {
    throw new DataError(
      `labels: ${target.length} values and ${weight?.length ?? 'no'} weights do not fill [B, K, D] = ${formatShape(shape)}`,
    );
  }
  for (let i = 0; i < count; i++) {
    const joint = Math.floor(i / dims);
    const w = weight ? weight[perJoint ? joint : i] : 1;
    const fault =
      !Number.isFinite(w) || w < 0
        ? `weight ${w}, expected a finite number >= 0`
        : w > 0 && !Number.isFinite(target[i])
          ? `label ${target[i]}, expected a finite number`
          : undefined;
    if (!fault) continue;
    const image = Math.floor(joint / joints);
    const name = names.joints?.[joint % joints] ?? `joint ${joint % joints}`;
    throw new DataError(
      `labels: ${names.image?.(image) ?? `image ${image}`}, ${name}, coordinate ${i % dims}: ${fault}; ` +
        'mend the label, or give the joint weight 0',
    );
  }
}
