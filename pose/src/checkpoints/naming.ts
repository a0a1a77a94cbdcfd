import type { StateTensor } from 'wgrad/io';
import type { Conventions } from './conventions.js';

/** Tensors of a file by name, in PyTorch's layouts; the dtype, where known, goes along. */
export type NamedState = ReadonlyMap<string, StateTensor>;

/**
 * The names that one code gives to tensors. Own names, which `toOwn` returns and `fromOwn` takes, are those of wgrad's
 * networks. They are the official code's names, without the tensors that follow from others: a backbone below
 * `preact.`, a ResNet or MobileNetV2 as torchvision names it or an HRNet as its authors do; then
 * `fc_coord.linear.weight`, `fc_sigma.linear.weight`, `flow.t.0.0.weight` (in 3-D `flow2d` and `flow3d`),
 * `deconv_layers.0.weight`, `final_layer.weight`.
 */
export interface Naming {
  readonly name: 'official' | 'mmpose' | 'microsoft' | 'torchvision' | 'ultralytics';
  /** Part of a name that is typical of this naming, for the error about a file that no naming fits. */
  readonly sign: string;
  readonly matches: (names: readonly string[]) => boolean;
  /**
   * @param config the text of the configuration in the file, if there is one
   * @throws DataError where a tensor contradicts the model; the message begins with `where`
   */
  readonly toOwn: (state: NamedState, where: string, config?: string) => Map<string, StateTensor>;
  /**
   * Leaves out the tensors that this naming has no name for. @throws DataError where it cannot hold the model at all
   */
  readonly fromOwn: (
    own: NamedState,
    conventions: Pick<Conventions, 'size' | 'maps' | 'depth'>,
  ) => Map<string, StateTensor>;
}

export type NamingName = Naming['name'];
