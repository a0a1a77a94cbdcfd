"""Edges of ops as PyTorch has them, in float64: transposed convolutions with random attributes and every output padding,
and special values of powers, softmax and its kin.

python3 make_torch_edges.py > torch_edges.json    (committed from PyTorch 1.13)
"""
import itertools, json, math, random
import torch
import torch.nn.functional as F

random.seed(1)
torch.manual_seed(1)
torch.set_default_dtype(torch.float64)


def plain(t):
    """Nested lists; JSON has no names for these three."""
    names = {math.inf: 'inf', -math.inf: '-inf'}
    each = lambda v: [each(w) for w in v] if isinstance(v, list) else 'nan' if v != v else names.get(v, v)
    return each(t.tolist())


def draw(*shape):
    return (torch.rand(shape) * 2 - 1).mul(64).round().div(64).requires_grad_()


def transposed():
    cases = []
    while len(cases) < 60:
        one = lambda least, most: [random.randint(least, most) for _ in range(2)]
        stride, dilation, padding, kernel = one(1, 3), one(1, 3), one(0, 2), one(1, 3)
        output_padding = [random.randrange(max(s, d)) for s, d in zip(stride, dilation)]
        groups = random.choice([1, 1, 2])
        size = one(1, 3)
        extent = [(n - 1) * s - 2 * p + d * (k - 1) + o + 1
                  for n, s, p, d, k, o in zip(size, stride, padding, dilation, kernel, output_padding)]
        if min(extent) < 1:
            continue
        x, weight = draw(2, 2 * groups, *size), draw(2 * groups, random.randint(1, 2), *kernel)
        attrs = dict(stride=stride, padding=padding, output_padding=output_padding, groups=groups, dilation=dilation)
        y = F.conv_transpose2d(x, weight, None, **attrs)
        cotangent = draw(*y.shape).detach()
        y.backward(cotangent)
        cases.append(dict(attrs=attrs, x=plain(x), weight=plain(weight), y=plain(y), cotangent=plain(cotangent),
                          dx=plain(x.grad), dweight=plain(weight.grad)))
    return cases


def powers():
    bases = [0.0, -0.0, 1, -1, 0.5, -0.5, 2, -2, 3, -3, math.inf, -math.inf, math.nan]
    exponents = [0.0, -0.0, 1, -1, 2, -2, 3, -3, 0.5, -0.5, 0.3, -1.7, 8388607, -8388606, 16777215, -16777215, math.inf,
                 -math.inf, math.nan]
    pairs = list(itertools.product(bases, exponents))
    a = torch.tensor([p[0] for p in pairs], dtype=torch.float64, requires_grad=True)
    b = torch.tensor([p[1] for p in pairs], dtype=torch.float64, requires_grad=True)
    y = torch.pow(a, b)
    y.backward(torch.ones_like(y))
    return dict(a=plain(a), b=plain(b), y=plain(y), da=plain(a.grad), db=plain(b.grad))


def rows():
    specials = [math.inf, -math.inf, math.nan, 1.0, 2.0]
    x = torch.tensor(list(itertools.product(specials, repeat=3)))
    return dict(x=plain(x), softmax=plain(torch.softmax(x, 1)), logSoftmax=plain(torch.log_softmax(x, 1)),
                logSumExp=plain(torch.logsumexp(x, 1)))


print(json.dumps(dict(torch=torch.__version__, convTranspose2d=transposed(), pow=powers(), rows=rows())))
