"""MobileNetV2 (torchvision's) and HRNet (layers and names of the official code) at small widths, the heatmap head, and what
is made of heatmaps, in float64: outputs, gradients, statistics; and multiply-accumulates at full width, by hooks.

python3 make_model_golden.py > model_golden.json     (committed from PyTorch 1.13 and torchvision 0.14)

Every tensor comes from an integer hash of its name, so that the golden holds results only; layouts are PyTorch's.
"""
import copy, json, sys
import numpy as np, torch, torchvision
from torch import nn
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)


def uniform(name, *shape):
    """u(i) in [0, 1) by murmur3's finaliser over a counter, which starts at FNV-1a of the name."""
    seed = 0x811C9DC5
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x01000193) & 0xFFFFFFFF
    h = (np.uint64(seed) + np.arange(int(np.prod(shape)), dtype=np.uint64)) & np.uint64(0xFFFFFFFF)
    for mul, shift in ((0x85EBCA6B, 16), (0xC2B2AE35, 13)):
        h ^= h >> np.uint64(shift)
        h = (h * np.uint64(mul)) & np.uint64(0xFFFFFFFF)
    h ^= h >> np.uint64(16)
    return torch.from_numpy(h / 2.0**32).reshape(shape)


def signed(name, *shape):
    return 2 * uniform(name, *shape) - 1


def fill(model):
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.dim() > 1:
                p.copy_(signed(name, *p.shape) * np.sqrt(3 / p[0].numel()))
            elif name.endswith('weight'):
                p.copy_(uniform(name, *p.shape) + 0.5)
            else:
                p.copy_(signed(name, *p.shape) * 0.1)
    return model


def unit(inputs, outputs, kernel, stride=1, relu=True):
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, *([nn.ReLU()] if relu else []))


class Block(nn.Module):
    def __init__(self, inputs, planes, bottleneck):
        super().__init__()
        outputs = 4 * planes if bottleneck else planes
        sizes = [(inputs, planes, 1), (planes, planes, 3), (planes, outputs, 1)] if bottleneck else \
            [(inputs, planes, 3), (planes, outputs, 3)]
        self.units = len(sizes)
        for i, (c, k, side) in enumerate(sizes):
            setattr(self, f'conv{i + 1}', nn.Conv2d(c, k, side, 1, side // 2, bias=False))
            setattr(self, f'bn{i + 1}', nn.BatchNorm2d(k))
        self.relu = nn.ReLU()
        self.downsample = None if inputs == outputs else \
            nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        h = x
        for i in range(1, self.units + 1):
            h = getattr(self, f'bn{i}')(getattr(self, f'conv{i}')(h))
            h = self.relu(h) if i < self.units else h
        return self.relu(h + (self.downsample(x) if self.downsample else x))


class Module(nn.Module):
    def __init__(self, widths, outputs):
        super().__init__()
        self.branches = nn.ModuleList([nn.Sequential(*[Block(w, w, False) for _ in range(4)]) for w in widths])
        self.relu = nn.ReLU()
        self.fuse_layers = nn.ModuleList()
        for i in range(outputs):
            row = nn.ModuleList()
            for j in range(len(widths)):
                if j > i:
                    up = nn.Upsample(scale_factor=2**(j - i), mode='nearest')
                    row.append(nn.Sequential(*list(unit(widths[j], widths[i], 1, relu=False)), up))
                elif j < i:
                    last = i - j - 1
                    row.append(nn.Sequential(*[unit(widths[j], widths[i if k == last else j], 3, 2, k != last)
                                               for k in range(i - j)]))
                else:
                    row.append(None)
            self.fuse_layers.append(row)

    def forward(self, xs):
        xs = [branch(x) for branch, x in zip(self.branches, xs)]
        return [self.relu(sum(x if path is None else path(x) for path, x in zip(row, xs))) for row in self.fuse_layers]


class HRNet(nn.Module):
    def __init__(self, width, stem):
        super().__init__()
        w = [width * 2**i for i in range(4)]
        self.conv1, self.bn1 = nn.Conv2d(3, stem, 3, 2, 1, bias=False), nn.BatchNorm2d(stem)
        self.conv2, self.bn2 = nn.Conv2d(stem, stem, 3, 2, 1, bias=False), nn.BatchNorm2d(stem)
        self.relu = nn.ReLU()
        self.layer1 = nn.Sequential(*[Block(stem if b == 0 else 4 * stem, stem, True) for b in range(4)])
        self.transition1 = nn.ModuleList([unit(4 * stem, w[0], 3), nn.Sequential(unit(4 * stem, w[1], 3, 2))])
        self.stage2 = nn.Sequential(Module(w[:2], 2))
        self.transition2 = nn.ModuleList([None, None, nn.Sequential(unit(w[1], w[2], 3, 2))])
        self.stage3 = nn.Sequential(*[Module(w[:3], 3) for _ in range(4)])
        self.transition3 = nn.ModuleList([None, None, None, nn.Sequential(unit(w[2], w[3], 3, 2))])
        self.stage4 = nn.Sequential(*[Module(w, 4 if m < 2 else 1) for m in range(3)])

    def forward(self, x):
        x = self.relu(self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x))))))
        x = self.layer1(x)
        xs = self.stage2([t(x) for t in self.transition1])
        xs = self.stage3(xs + [self.transition2[2](xs[-1])])
        return self.stage4(xs + [self.transition3[3](xs[-1])])[0]


class HeatmapHead(nn.Module):
    def __init__(self, inputs, channels, joints):
        super().__init__()
        layers = []
        for i in range(3):
            layers += [nn.ConvTranspose2d(channels if i else inputs, channels, 4, 2, 1, bias=False),
                       nn.BatchNorm2d(channels), nn.ReLU()]
        self.deconv_layers = nn.Sequential(*layers)
        self.final_layer = nn.Conv2d(channels, joints, 1)

    def forward(self, x):
        return self.final_layer(self.deconv_layers(x))


class MobileNetV2(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.features = torchvision.models.mobilenet_v2(width_mult=width).features

    def forward(self, x):
        return self.features(x)


def training_gradients(model, x, cotangent, sides=None):
    """Gradients of a training pass, and for every ReLU the sides of its kinks, 0 and for ReLU6 also 6, that its inputs lie on;
    with `sides` given, they count as lying on these."""
    seen, handles = [], []

    def cut(module, inputs, output):
        top = 6 if isinstance(module, nn.ReLU6) else np.inf
        side = (inputs[0] > 0).int() + (inputs[0] >= top).int() if sides is None else sides[len(seen)]
        seen.append(side)
        return torch.where(side == 1, inputs[0], (side == 2) * torch.full((), min(top, 6), dtype=x.dtype))

    for module in model.modules():
        if isinstance(module, (nn.ReLU, nn.ReLU6)):
            module.inplace = False
            handles.append(module.register_forward_hook(cut))
    model.train().zero_grad()
    model(x).backward(cotangent)
    for handle in handles:
        handle.remove()
    return {k: p.grad.double() for k, p in model.named_parameters()}, seen


def float32_gap(model, x, cotangent):
    """How far PyTorch's own float32 gradients are from the float64 ones with ReLUs that cut alike: the error of all relative to
    their norm, and the worst tensor's relative to its own, or where a norm cancels all of it to a thousandth of the whole; the
    larger of two memory layouts."""
    gaps = []
    for layout in (torch.contiguous_format, torch.channels_last):
        narrow = lambda t: t.detach().float().contiguous(memory_format=layout)
        got, sides = training_gradients(copy.deepcopy(model).float().to(memory_format=layout), narrow(x), narrow(cotangent))
        want, _ = training_gradients(copy.deepcopy(model), x.detach(), cotangent, sides)
        whole = float(sum(g.square().sum() for g in want.values()).sqrt())
        error = {k: float((got[k] - g).norm()) for k, g in want.items()}
        size = {k: float(g.norm()) if g.norm() > 1e-9 * whole else 1e-3 * whole for k, g in want.items()}
        gaps.append((float(np.linalg.norm(list(error.values()))) / whole, max(error[k] / size[k] for k in want)))
    return {name: float(f'{max(values):.2g}') for name, values in zip(('whole', 'tensor'), zip(*gaps))}


def results(name, model, *shape):
    x = signed(f'{name} input', *shape).requires_grad_()
    fill(model).eval()
    with torch.no_grad():
        evaluated = model(x)
    y = model.train()(x)
    cotangent = signed(f'{name} cotangent', *y.shape)
    loss = (y * cotangent).sum()
    loss.backward()
    norm = lambda t: float(t.norm())
    return dict(input=shape, output=list(y.shape), evaluated=evaluated.flatten()[:12].tolist(), evaluatedNorm=norm(evaluated),
                trained=y.flatten()[:12].tolist(), loss=float(loss), inputGradient=norm(x.grad),
                float32=float32_gap(model, x, cotangent), gradients={k: norm(p.grad) for k, p in model.named_parameters()},
                statistics={k: norm(b) for k, b in model.named_buffers() if 'running' in k})


def macs(model, *size):
    total = 0

    def hook(module, inputs, output):
        nonlocal total
        # A transposed convolution has its weight as (in, out, ...): each input element meets every tap once.
        at = inputs[0] if isinstance(module, nn.ConvTranspose2d) else output
        total += at.numel() * module.weight[0].numel()

    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            module.register_forward_hook(hook)
    with torch.no_grad():
        model.eval()(torch.zeros(1, *size))
    return dict(input=size, parameters=sum(p.numel() for p in model.parameters()), macs=total)


def gaussian_targets(points, height, width, sigma):
    """As the official code of SimpleBaseline draws them: around the nearest pixel, cut off at three sigma."""
    maps = np.zeros((len(points), height, width))
    reach = int(3 * sigma)
    for k, (u, v) in enumerate(points):
        cx, cy = int(u + 0.5), int(v + 0.5)
        for y in range(max(0, cy - reach), min(height, cy + reach + 1)):
            for x in range(max(0, cx - reach), min(width, cx + reach + 1)):
                maps[k, y, x] = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * sigma**2))
    return maps


def heatmaps():
    """mmpose's integral head and its losses on maps [B, K, H, W]."""
    b, k, h, w = 2, 3, 9, 7
    maps = (signed('maps', b, k, h, w) * 3).requires_grad_()
    p = F.softmax(maps.reshape(b, k, h * w), -1).reshape(b, k, h, w)
    x = (p.sum(2) * torch.arange(w) / w).sum(-1)
    y = (p.sum(3) * torch.arange(h) / h).sum(-1)
    points = torch.stack([x, y], -1)
    c = maps.reshape(b, k, -1).exp().sum(-1)[..., None]
    debiased = c / (c - 1) * (points - 1 / (2 * c))
    target = torch.stack([uniform('u', b, k) * w, uniform('v', b, k) * h], -1)
    rows, columns = torch.arange(h)[:, None], torch.arange(w)
    q = torch.exp(-((columns - target[..., 0, None, None]) ** 2 + (rows - target[..., 1, None, None]) ** 2) / 2)
    q = q / (q.sum((2, 3), keepdim=True) + 1e-24)
    m = (p + q) / 2
    kl = lambda a: (a * ((a + 1e-24).log() - (m + 1e-24).log())).sum((2, 3))
    js = (kl(p) + kl(q)) / 2
    grad = lambda loss: torch.autograd.grad(loss, maps, retain_graph=True)[0].flatten().tolist()
    r = signed('points cotangent', b, k, 2)
    return dict(shape=[b, k, h, w], points=points.tolist(), debiased=debiased.tolist(), target=target.tolist(), js=js.tolist(),
                pointsGradient=grad((points * r).sum()), debiasedGradient=grad((debiased * r).sum()), jsGradient=grad(js.mean()))


def rounded(value):
    """Twelve digits, a thousand times what the tests allow."""
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(v) for v in value]
    return float(f'{value:.12g}') if isinstance(value, float) else value


TARGETS = [[3.2, 4.49], [0.6, 0.4], [-2.7, 5], [11.4, 15.6], [6, -8], [5.7, 20.2], [7.1, 21.7]]

if __name__ == '__main__':
    torch.manual_seed(0)
    json.dump(rounded({
        'torch': torch.__version__,
        'models': {'mobilenetv2': results('mobilenetv2', MobileNetV2(0.1), 2, 3, 96, 64),
                   'hrnet': results('hrnet', HRNet(4, 4), 2, 3, 96, 64),
                   'heatmapHead': results('heatmapHead', HeatmapHead(6, 5, 3), 2, 6, 3, 2)},
        'macs': {'mobilenetv2': macs(MobileNetV2(1), 3, 256, 192), 'hrnet-w32': macs(HRNet(32, 64), 3, 256, 192),
                 'heatmapHead': macs(HeatmapHead(2048, 256, 17), 2048, 8, 6)},
        'targets': {'points': TARGETS, 'sigma': 2, 'maps': gaussian_targets(TARGETS, 16, 12, 2).tolist()},
        'heatmaps': heatmaps(),
    }), sys.stdout)
    print()
