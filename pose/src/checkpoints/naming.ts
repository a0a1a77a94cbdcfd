import type { StateTensor } from 'wgrad/io';
import type { Conventions } from './conventions.js';

/** Tensors of a file by name, in PyTorch's layouts; the dtype, where known, goes along. */
export type NamedState = ReadonlyMap<string, StateTensor>;

/**
 * Who named the tensors of a file. Own names, what `fromOwn` takes and `toOwn` gives, are those of wgrad's networks, the
 * official code's without what follows from the rest: below `preact.` a ResNet or MobileNetV2 as torchvision names it or an
 * HRNet as its authors do, then `fc_coord.linear.weight`, `fc_sigma.linear.weight`, `flow.t.0.0.weight` (in 3-D `flow2d`,
 * `flow3d`), `deconv_layers.0.weight`, `final_layer.weight`.
 */
export interface Naming {
  readonly name: 'official' | 'mmpose' | 'microsoft' | 'torchvision';
  /** Part of a name by which a file of this naming is told, for the message of a file that is none. */
  readonly sign: string;
  readonly matches: (names: readonly string[]) => boolean;
  /**
   * @param config the text of the configuration that the file carries, if any
   * @throws DataError where a tensor contradicts the model, with `where` in front
   */
  readonly toOwn: (state: NamedState, where: string, config?: string) => Map<string, StateTensor>;
  /** What this naming has no word for is left out. @throws DataError where it cannot hold the model at all */
  readonly fromOwn: (
    own: NamedState,
    conventions: Pick<Conventions, 'size' | 'maps' | 'depth'>,
  ) => Map<string, StateTensor>;
}

export type NamingName = Naming['name'];
