"""The RLE of YOLO26-pose written down from its formula, in float64: losses, gradients, and its flow, whose networks have SiLU.

    sigma = 1 / (1 + e^-logit),    e = clip((mu - target) / (sigma + 1e-9), -100, 100)
    L = sum w (log sigma - log phi(e) + log(2 sigma) + |e|) / N,    log phi once per coordinate

over the N joints that are seen and whose errors are finite; since February 2026 no less than 0.

python3 make_ultralytics.py > ultralytics.json    (committed from PyTorch 1.13)
"""
import json, math
import torch

torch.manual_seed(20260209)
torch.set_default_dtype(torch.float64)
INF, NAN = math.inf, math.nan


def golden_flow():
    """Weights as those of goldenFlow.ts: sin(0.7 i + 0.3) over t.0 .. t.5, s.0 .. s.5."""
    i, nets = 0, []
    for _ in range(12):
        net = []
        for shape in [(64, 2), (64,), (64, 64), (64,), (2, 64), (2,)]:
            scale = 2 / math.sqrt(shape[1]) if len(shape) == 2 else 0.05
            n = math.prod(shape)
            values = torch.sin(0.7 * torch.arange(i, i + n) + 0.3) * scale
            net.append(values.reshape(shape).requires_grad_())
            i += n
        nets.append(net)
    return nets[:6], nets[6:]


def perceptron(net, x):
    for layer in range(3):
        x = x @ net[2 * layer].T + net[2 * layer + 1]
        if layer < 2:
            x = x * torch.sigmoid(x)
    return x


def log_phi(flow, x):
    """Coupling c keeps coordinate 1 - c % 2 and moves the other one; from the last to the first."""
    t, s = flow
    log_det = torch.zeros(len(x))
    for c in reversed(range(6)):
        moved, kept = c % 2, 1 - c % 2
        seen = torch.zeros_like(x)
        seen[:, kept] = x[:, kept]
        log_scale = torch.tanh(perceptron(s[c], seen)[:, moved])
        shift = perceptron(t[c], seen)[:, moved]
        columns = [None, None]
        columns[kept] = x[:, kept]
        columns[moved] = (x[:, moved] - shift) / torch.exp(log_scale)
        x = torch.stack(columns, 1)
        log_det = log_det - log_scale
    return log_det - x.square().sum(1) / 2 - math.log(2 * math.pi)


def loss(flow, mu, logit, target, seen, joint_weights, residual=True, cut=True):
    total, count = torch.zeros(()), 0
    for b in range(mu.shape[0]):
        for k in range(mu.shape[1]):
            sigma = 1 / (1 + torch.exp(-logit[b, k]))
            error = (mu[b, k] - target[b, k]) / (sigma + 1e-9)
            if seen[b][k] == 0 or not all(math.isfinite(e) for e in error.tolist()):
                continue
            error = torch.clip(error, -100, 100)
            log_p = log_phi(flow, error[None])[0]
            count += 1
            for d in range(2):
                term = torch.log(sigma[d]) - log_p
                if residual:
                    term = term + torch.log(2 * sigma[d]) + abs(error[d])
                total = total + joint_weights[k] * term
    total = total / count
    return torch.clip(total, min=0) if cut else total


def plain(x):
    """JSON has no names for these three."""
    if isinstance(x, list):
        return [plain(v) for v in x]
    return 'nan' if x != x else {INF: 'inf', -INF: '-inf'}.get(x, x)


B, K = 3, 4
draw = lambda *shape: torch.round(torch.randn(*shape) * 1000) / 1000
seen = [[1, 0, 1, 1], [1, 1, 1, 1], [1, 1, 1, 0]]
joint_weights = [1.0, 1.2, 1.5, 1.0]
rough = (draw(B, K, 2) * 3, draw(B, K, 2) * 0.7, draw(B, K, 2) * 3)
close = (rough[0], draw(B, K, 2) * 0.2 - 4, rough[0] + draw(B, K, 2) * 0.005)
wild_target = rough[2].clone()
wild_target[0, 0, 1] = INF
wild_target[0, 1] = NAN  # not seen
wild_target[1, 2, 0] = NAN
wild_target[2, 1, 1] = 1e6  # beyond the limit
wild = (rough[0], rough[1] - 1, wild_target)

batches = {}
for name, (mu, logit, target) in {'rough': rough, 'close': close, 'wild': wild}.items():
    batch = {'mu': plain(mu.tolist()), 'logit': plain(logit.tolist()), 'target': plain(target.tolist())}
    for form, options in {'cut': {}, 'uncut': {'cut': False}, 'dle': {'residual': False, 'cut': False}}.items():
        flow = golden_flow()
        m, a = mu.clone().requires_grad_(), logit.clone().requires_grad_()
        value = loss(flow, m, a, target, seen, joint_weights, **options)
        value.backward()
        norms = [0.0 if p.grad is None else p.grad.norm().item() for nets in flow for net in nets for p in net]
        batch[form] = {'loss': value.item(), 'dmu': m.grad.tolist(), 'dlogit': a.grad.tolist(), 'flow_grad_norms': norms}
    batches[name] = batch

points = draw(9, 2) * 2
x = points.clone().requires_grad_()
log_prob = log_phi(golden_flow(), x)
log_prob.sum().backward()
json.dump({'torch': '1.13.0a0', 'flow': {'x': points.tolist(), 'log_prob': log_prob.tolist(), 'dx': x.grad.tolist()},
           'seen': seen, 'joint_weights': joint_weights, 'batches': batches}, __import__('sys').stdout)
