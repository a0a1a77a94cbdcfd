"""MobileNetV2, HRNet and networks with heatmaps, saved by PyTorch under the names of the codes that publish such files, with
the outputs (float64) that must come out of them: heatmaps, the coordinates of integral heads, or a backbone's features.
Names and layers as those codes have them, widths small, weights of few bits, so that the files compress.

python3 make_torch_networks.py > torch_networks.json    three networks, gzip and base64 (committed from PyTorch 1.13)
python3 make_torch_networks.py FOLDER                   all of them as files, and expected.json
"""
import base64, gzip, json, os, sys
import torch
from torch import nn
from make_model_golden import HRNet, HeatmapHead, unit
from make_torch_models import BLOCKS, META_1, ResNet, old_names, prepare, saved

torch.set_default_dtype(torch.float32)


class Images(nn.Module):
    """A ResNet's features before they are pooled."""
    def __init__(self, depth, width):
        super().__init__()
        whole = ResNet(depth, width)
        for name, child in whole.named_children():
            setattr(self, name, child)
        self.channels = whole.channels

    def forward(self, x):
        x = nn.functional.max_pool2d(torch.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for i in range(1, 5):
            x = getattr(self, f'layer{i}')(x)
        return x


class ConvModule(nn.Module):
    """mmcv's: convolution, norm and activation under the names `conv` and `bn`."""
    def __init__(self, inputs, outputs, kernel, stride=1, groups=1, act=True):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(outputs)
        self.act = act

    def forward(self, x):
        y = self.bn(self.conv(x))
        return nn.functional.relu6(y) if self.act else y


class InvertedResidual(nn.Module):
    def __init__(self, inputs, outputs, stride, expansion):
        super().__init__()
        hidden = inputs * expansion
        layers = [] if expansion == 1 else [ConvModule(inputs, hidden, 1)]
        layers += [ConvModule(hidden, hidden, 3, stride, groups=hidden), ConvModule(hidden, outputs, 1, act=False)]
        self.conv = nn.Sequential(*layers)
        self.shortcut = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.conv(x) if self.shortcut else self.conv(x)


class MmposeMobileNetV2(nn.Module):
    """mmpose's and mmcls's: conv1, layer1 to layer7, conv2."""
    SETTINGS = [[1, 16, 1, 1], [6, 24, 2, 2], [6, 32, 3, 2], [6, 64, 4, 2], [6, 96, 3, 1], [6, 160, 3, 2], [6, 320, 1, 1]]

    def __init__(self, factor):
        super().__init__()
        def divisible(c):
            nearest = max(8, int(c + 4) // 8 * 8)
            return nearest + 8 if nearest < 0.9 * c else nearest

        channels = divisible(32 * factor)
        self.conv1 = ConvModule(3, channels, 3, 2)
        for i, (expansion, c, count, stride) in enumerate(self.SETTINGS):
            outputs = divisible(c * factor)
            blocks = []
            for b in range(count):
                blocks.append(InvertedResidual(channels, outputs, stride if b == 0 else 1, expansion))
                channels = outputs
            setattr(self, f'layer{i + 1}', nn.Sequential(*blocks))
        self.channels = int(1280 * max(1, factor))
        self.conv2 = ConvModule(channels, self.channels, 1)

    def forward(self, x):
        x = self.conv1(x)
        for i in range(1, 8):
            x = getattr(self, f'layer{i}')(x)
        return self.conv2(x)


class Mmpose(nn.Module):
    """mmpose 1.x: `backbone` and, in `head`, layers of heatmaps."""
    def __init__(self, backbone, inputs, channels, joints, deconvs=3):
        super().__init__()
        self.backbone = backbone
        self.head = HeatmapHead(inputs, channels, joints)
        if deconvs == 0:
            self.head.deconv_layers = nn.Identity()
            self.head.final_layer = nn.Conv2d(inputs, joints, 1)

    def forward(self, x):
        return self.head(self.backbone(x))


class Integral(nn.Module):
    """mmpose 1.x's IntegralRegressionHead and DSNTHead, whose maps have their pixels' coordinates among the weights."""
    def __init__(self, backbone, inputs, channels, joints, size, beta=1.0, debias=False):
        super().__init__()
        self.backbone = backbone
        self.head = nn.Module()
        self.head.simplebaseline_head = HeatmapHead(inputs, channels, joints)
        h, w = size[0] // 4, size[1] // 4
        along = lambda n: torch.arange(0.0, n) / n
        self.head.linspace_x = nn.Parameter(along(w).reshape(1, 1, 1, w), requires_grad=False)
        self.head.linspace_y = nn.Parameter(along(h).reshape(1, 1, h, 1), requires_grad=False)
        self.beta, self.debias = beta, debias

    def forward(self, x):
        feats = self.head.simplebaseline_head(self.backbone(x))
        b, k, h, w = feats.shape
        p = torch.softmax((feats * self.beta).reshape(b, k, -1), 2).reshape(b, k, h, w)
        mean = lambda line: p.mul(line).reshape(b, k, -1).sum(2, keepdim=True)
        coords = torch.cat([mean(self.head.linspace_x), mean(self.head.linspace_y)], -1)
        if self.debias:
            c = feats.reshape(b, k, h * w).exp().sum(2).reshape(b, k, 1)
            coords = c / (c - 1) * (coords - 1 / (2 * c))
        return coords


class Bare(nn.Module):
    """The code of SimpleBaseline and HRNet: the backbone's layers and the head's without a prefix."""
    def __init__(self, backbone, final, deconvs=None):
        super().__init__()
        for name, child in backbone.named_children():
            setattr(self, name, child)
        object.__setattr__(self, 'features', lambda x: type(backbone).forward(self, x))
        self.raise_ = deconvs is not None
        if deconvs is not None:
            self.deconv_layers = deconvs
        self.final_layer = final

    def forward(self, x):
        y = self.features(x)
        return self.final_layer(self.deconv_layers(y) if self.raise_ else y)


def classifier_of(hrnet, width):
    """What HRNet's classifier has besides: the lower resolutions of the last exchange, and layers on all of them."""
    state = {}
    w = [width * 2**i for i in range(4)]
    for i in (1, 2, 3):
        for j in range(4):
            if j > i:
                state.update({f'stage4.2.fuse_layers.{i}.{j}.{k}': v for k, v in unit(w[j], w[i], 1).state_dict().items()})
    state.update({'incre_modules.0.0.conv1.weight': torch.zeros(2, w[0], 1, 1), 'downsamp_modules.0.0.weight': torch.zeros(2, 2, 3, 3),
                  'final_layer.0.weight': torch.zeros(2, 2, 1, 1), 'final_layer.0.bias': torch.zeros(2),
                  'final_layer.1.running_mean': torch.zeros(2), 'classifier.weight': torch.zeros(3, 2), 'classifier.bias': torch.zeros(3)})
    return {k: v for k, v in hrnet.state_dict().items()} | state


def coarse(model, seed):
    """Few different numbers in each tensor, none of them special."""
    prepare(model.float(), seed)
    with torch.no_grad():
        for name, t in list(model.named_parameters()) + list(model.named_buffers()):
            if 'linspace' in name or not t.is_floating_point() or t.numel() < 2:
                continue
            step = float(t.std()) / 2 if t.dim() > 1 else 1 / 8
            t.copy_(torch.round(t / step) * step)
            if name.endswith('running_var'):
                t.clamp_(min=0.25)
    return model


def outputs(model, size, what):
    n = 2 * 3 * size[0] * size[1]
    images = torch.sin(torch.arange(n, dtype=torch.float64) * 0.37).reshape(2, 3, *size)
    with torch.no_grad():
        y = model.double()(images)
    return {'size': size, what: rounded(y.tolist())}


def rounded(values):
    """Fourteen digits."""
    return [rounded(v) for v in values] if isinstance(values, list) else float(f'{values:.14g}')


def file_of(model, seed, size, what, names=lambda state: state):
    """The state dict and the outputs of a network."""
    coarse(model, seed)
    state = {k: v.clone() for k, v in names(model.state_dict()).items()}
    return state, outputs(model, size, what)


SIZE = [64, 32]
META_DSNT = {'mmengine_version': '0.3', 'cfg':
             "codec = dict(\n    type='IntegralRegressionLabel', input_size=(32, 64), heatmap_size=(8, 16))\n"
             "head = dict(type='DSNTHead', debias=True,\n        beta=2., loss=None)\noptimizer = dict(betas=(0.9, 0.999))\n"}
META_0 = {'mmcv_version': '1.4', 'config': "data_cfg = dict(\n    image_size=[32, 64],\n)"}


def mobilenet():
    torch.manual_seed(21)
    return file_of(Mmpose(MmposeMobileNetV2(0.1), 1280, 2, 3), 21, SIZE, 'maps')


def hrnet(width=1, stem=2):
    torch.manual_seed(22)
    return file_of(Bare(HRNet(width, stem).float(), nn.Conv2d(width, 3, 1)), 22, SIZE, 'maps')


def integral():
    torch.manual_seed(23)
    backbone = Images(18, 1)
    return file_of(Integral(backbone, backbone.channels, 4, 3, SIZE, 2.0, True), 23, SIZE, 'mu')


if __name__ == '__main__':
    mobilenet_state, mobilenet_out = mobilenet()
    hrnet_state, hrnet_out = hrnet()
    integral_state, integral_out = integral()
    expected = {'mmpose1-mobilenet': mobilenet_out, 'microsoft-hrnet': hrnet_out, 'mmpose1-dsnt': integral_out}
    files = {'mmpose1-mobilenet': saved({'meta': META_1, 'state_dict': mobilenet_state}, True),
             'microsoft-hrnet': saved(hrnet_state, True),
             'mmpose1-dsnt': saved({'meta': META_DSNT, 'state_dict': integral_state})}
    if len(sys.argv) == 1:
        encoded = {name: base64.b64encode(gzip.compress(data, 9, mtime=0)).decode() for name, data in files.items()}
        json.dump({'torch': torch.__version__, 'expected': expected, 'files': encoded}, sys.stdout, separators=(',', ':'))
        print()
        sys.exit()

    def write(name, value, out, legacy=False):
        expected[name] = out
        files[name] = saved(value, legacy)

    model = Mmpose(HRNet(4, 4).float(), 4, 0, 5, deconvs=0)
    state, out = file_of(model, 24, SIZE, 'maps', old_names)
    write('mmpose0-hrnet', {'meta': META_0, 'state_dict': state}, out)
    backbone = Images(50, 2)
    head = HeatmapHead(backbone.channels, 6, 16).float()
    state, out = file_of(Bare(backbone, head.final_layer, head.deconv_layers), 25, [64, 64], 'maps')
    write('microsoft-simplebaseline', {'state_dict': {f'module.{k}': v for k, v in state.items()}, 'epoch': 3}, out)
    backbone = Images(18, 2)
    model = Mmpose(backbone, backbone.channels, 6, 17)
    state, out = file_of(model, 26, SIZE, 'maps', old_names)
    write('mmpose0-simplebaseline', {'meta': META_0, 'state_dict': state}, out, legacy=True)
    net = HRNet(2, 2).float()
    coarse(net, 27)
    write('microsoft-hrnet-classifier', classifier_of(net, 2), outputs(net, SIZE, 'features'))
    try:
        import torchvision
        torch.manual_seed(28)
        model = coarse(torchvision.models.mobilenet_v2(width_mult=0.35, num_classes=3), 28)
        state = {k: v.clone() for k, v in model.state_dict().items()}
        write('torchvision-mobilenet', state, outputs(model.features, SIZE, 'features'))
    except ImportError:
        pass
    for name, data in files.items():
        with open(os.path.join(sys.argv[1], f'{name}.pth'), 'wb') as file:
            file.write(data)
    with open(os.path.join(sys.argv[1], 'expected.json'), 'w') as file:
        json.dump(expected, file)
