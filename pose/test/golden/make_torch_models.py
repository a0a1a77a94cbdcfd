"""Pose networks saved by PyTorch as the official RLE code, mmpose 0.x and 1.x and torchvision save theirs, with the
outputs (float64) that must come out of them. Names and layers as those codes have them, widths small.

python3 make_torch_models.py > torch_models.json    two tiny networks, gzip and base64 (committed from PyTorch 1.13)
python3 make_torch_models.py FOLDER                 all of them as files, and expected.json
"""
import base64, gzip, io, json, os, sys
import torch
from torch import nn

BLOCKS = {18: [2, 2, 2, 2], 50: [3, 4, 6, 3]}


class Block(nn.Module):
    def __init__(self, inputs, planes, outputs, stride, bottleneck):
        super().__init__()
        sizes = [(inputs, planes, 1), (planes, planes, 3), (planes, outputs, 1)] if bottleneck else \
            [(inputs, planes, 3), (planes, outputs, 3)]
        self.units = len(sizes)
        for i, (c, k, side) in enumerate(sizes):
            s = stride if i == (1 if bottleneck else 0) else 1
            setattr(self, f'conv{i + 1}', nn.Conv2d(c, k, side, s, side // 2, bias=False))
            setattr(self, f'bn{i + 1}', nn.BatchNorm2d(k))
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        h = x
        for i in range(1, self.units + 1):
            h = getattr(self, f'bn{i}')(getattr(self, f'conv{i}')(h))
            if i < self.units:
                h = torch.relu(h)
        return torch.relu(h + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    def __init__(self, depth, width):
        super().__init__()
        bottleneck = depth >= 50
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        channels = width
        for i, count in enumerate(BLOCKS[depth]):
            planes = width * 2**i
            outputs = 4 * planes if bottleneck else planes
            blocks = []
            for b in range(count):
                blocks.append(Block(channels, planes, outputs, 2 if b == 0 and i > 0 else 1, bottleneck))
                channels = outputs
            setattr(self, f'layer{i + 1}', nn.Sequential(*blocks))
        self.channels = channels

    def forward(self, x):
        h = nn.functional.max_pool2d(torch.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for i in range(1, 5):
            h = getattr(self, f'layer{i}')(h)
        return h.mean((2, 3))


class RealNVP(nn.Module):
    def __init__(self, dims, hidden, mmpose=False):
        super().__init__()
        net = lambda *last: nn.Sequential(nn.Linear(dims, hidden), nn.LeakyReLU(), nn.Linear(hidden, hidden),
                                          nn.LeakyReLU(), nn.Linear(hidden, dims), *last)
        if mmpose:
            self.register_buffer('loc', torch.zeros(dims))
            self.register_buffer('cov', torch.eye(dims))
        pair = [[0, 1], [1, 0]] if dims == 2 else [[0, 0, 1], [1, 1, 0]]
        self.register_buffer('mask', torch.tensor(pair * 3, dtype=torch.float32))
        self.t = nn.ModuleList([net() for _ in range(6)])
        self.s = nn.ModuleList([net(nn.Tanh()) for _ in range(6)])

    def log_prob(self, x):
        z, log_det = x, 0
        for i in reversed(range(6)):
            m = self.mask[i]
            seen = m * z
            s, t = self.s[i](seen) * (1 - m), self.t[i](seen) * (1 - m)
            z = (1 - m) * (z - t) * torch.exp(-s) + seen
            log_det = log_det - s.sum(-1)
        return -0.5 * (z**2).sum(-1) - 0.5 * z.shape[-1] * torch.log(torch.tensor(2 * torch.pi, dtype=x.dtype)) + log_det


class Linear(nn.Module):
    """The official layer around a layer, with or without the norm of its features."""
    def __init__(self, inputs, outputs, norm):
        super().__init__()
        self.linear, self.norm = nn.Linear(inputs, outputs), norm

    def forward(self, x):
        y = x @ self.linear.weight.t()
        return (y / x.norm(dim=1, keepdim=True) if self.norm else y) + self.linear.bias


class Official(nn.Module):
    def __init__(self, depth, width, joints, dims, hidden):
        super().__init__()
        self.preact = ResNet(depth, width)
        c, k = self.preact.channels, joints * dims
        self.fc_coord = Linear(c, k, True)
        self.fc_sigma = Linear(c, k, False) if dims == 2 else nn.Linear(c, k)
        self.dims = dims
        for d, name in [(2, 'flow')] if dims == 2 else [(2, 'flow2d'), (3, 'flow3d')]:
            setattr(self, name, RealNVP(d, hidden))

    def forward(self, x):
        h = self.preact(x)
        return [f(h).reshape(len(x), -1, self.dims) for f in (self.fc_coord, self.fc_sigma)]


class Mmpose(nn.Module):
    """mmpose 1.x: backbone, head.fc, head.loss_module.flow_model."""
    def __init__(self, depth, width, joints, hidden):
        super().__init__()
        self.backbone = ResNet(depth, width)
        self.head = nn.Module()
        self.head.fc = nn.Linear(self.backbone.channels, 4 * joints)
        self.head.loss_module = nn.Module()
        self.head.loss_module.flow_model = RealNVP(2, hidden, mmpose=True)

    def forward(self, x):
        y = self.head.fc(self.backbone(x)).reshape(len(x), -1, 4)
        return [y[..., :2], y[..., 2:]]


def prepare(model, seed):
    """Statistics and scales away from their initial values, as a trained model has them; then evaluation."""
    g = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            n = module.num_features
            module.running_mean.copy_(torch.rand(n, generator=g) - 0.5)
            module.running_var.copy_(torch.rand(n, generator=g) + 0.5)
            module.weight.data.copy_(torch.rand(n, generator=g) + 0.5)
            module.bias.data.copy_(torch.rand(n, generator=g) - 0.2)
            module.num_batches_tracked += 3
    return model.eval()


def outputs(model, size, flows):
    model = model.double()
    n = 2 * 3 * size[0] * size[1]
    images = torch.sin(torch.arange(n, dtype=torch.float64) * 0.37).reshape(2, 3, *size)
    with torch.no_grad():
        mu, logit = model(images)
        points = {name: torch.cos(torch.arange(3 * dims, dtype=torch.float64)).reshape(3, dims) for name, _, dims in flows}
        log_prob = {name: flow.log_prob(points[name]).tolist() for name, flow, _ in flows}
    return {'size': size, 'mu': mu.tolist(), 'logit': logit.tolist(), 'logProb': log_prob,
            'parameters': sum(p.numel() for p in model.parameters())}


def official(depth, width, joints, dims, hidden, size, seed):
    torch.manual_seed(seed)
    model = prepare(Official(depth, width, joints, dims, hidden), seed)
    state = {k: v.clone() for k, v in model.state_dict().items()}
    flows = [('flow', model.flow, 2)] if dims == 2 else [('flow2d', model.flow2d, 2), ('flow3d', model.flow3d, 3)]
    return state, outputs(model, size, flows)


def mmpose(depth, width, joints, hidden, size, seed):
    torch.manual_seed(seed)
    model = prepare(Mmpose(depth, width, joints, hidden), seed)
    state = {k: v.clone() for k, v in model.state_dict().items()}
    return state, outputs(model, size, [('flow', model.head.loss_module.flow_model, 2)])


def old_names(state):
    return {k.replace('head.loss_module.', 'head.loss.').replace('head.', 'keypoint_head.'): v for k, v in state.items()}


def saved(value, legacy=False):
    out = io.BytesIO()
    torch.save(value, out, _use_new_zipfile_serialization=not legacy)
    return out.getvalue()


META_0 = {'epoch': 210, 'iter': 1, 'mmcv_version': '1.4', 'config': "data_cfg = dict(\n    image_size=[288, 384],\n)"}
META_1 = {'epoch': 210, 'mmengine_version': '0.3', 'cfg': "codec = dict(\n    type='RegressionLabel', input_size=(192, 256))\n"}

if __name__ == '__main__':
    if len(sys.argv) == 1:
        official_state, official_out = official(18, 1, 2, 2, 4, [32, 24], 3)
        mmpose_state, mmpose_out = mmpose(50, 1, 2, 4, [32, 24], 2)
        files = {'official-legacy': saved(official_state, legacy=True),
                 'mmpose0-zip': saved({'meta': META_0, 'state_dict': old_names(mmpose_state)})}
        encoded = {name: base64.b64encode(gzip.compress(data, 9, mtime=0)).decode() for name, data in files.items()}
        expected = {'official-legacy': official_out, 'mmpose0-zip': mmpose_out}
        json.dump({'torch': torch.__version__, 'expected': expected, 'files': encoded}, sys.stdout)
        print()
    else:
        expected = {}

        def write(name, value, out, legacy=False):
            expected[name] = out
            with open(os.path.join(sys.argv[1], f'{name}.pth'), 'wb') as file:
                file.write(saved(value, legacy))

        state, out = official(18, 4, 17, 2, 64, [64, 48], 3)
        write('official-zip', state, out)
        write('official-wrapped', {'model': {f'module.{k}': v for k, v in state.items()}, 'epoch': 1}, out)
        state, out = official(50, 2, 17, 2, 64, [64, 48], 4)
        write('official-50-legacy', state, out, legacy=True)
        state, out = official(18, 4, 17, 3, 64, [64, 64], 5)
        write('official3d-zip', state, out)
        state, out = mmpose(50, 2, 17, 64, [64, 48], 6)
        write('mmpose1-zip', {'meta': META_1, 'state_dict': state, 'ema_state_dict': {f'module.{k}': v for k, v in state.items()}}, out)
        state, out = mmpose(18, 4, 16, 64, [64, 64], 7)
        write('mmpose0-legacy', {'meta': META_0, 'state_dict': old_names(state), 'optimizer': {'state': {0: {'exp_avg': torch.zeros(3)}}}}, out, legacy=True)
        try:
            import torchvision
            torch.manual_seed(8)
            model = prepare(torchvision.models.resnet18(num_classes=5), 8)
            write('torchvision-zip', {k: v.clone() for k, v in model.state_dict().items()}, {'features': None})
            model.fc = nn.Identity()
            n = 2 * 3 * 32 * 24
            images = torch.sin(torch.arange(n, dtype=torch.float64) * 0.37).reshape(2, 3, 32, 24)
            with torch.no_grad():
                expected['torchvision-zip'] = {'size': [32, 24], 'features': model.double()(images).tolist()}
        except ImportError:
            pass
        with open(os.path.join(sys.argv[1], 'expected.json'), 'w') as file:
            json.dump(expected, file)
