"""What PyTorch says to layers and losses whose conventions differ between libraries: values and gradients in float64.

python3 make_layers.py > layers.json    (committed from PyTorch 1.13)
"""
import json, sys
import torch
from torch.nn import functional as F

torch.manual_seed(20261129)
draw = lambda *shape: torch.round(torch.rand(shape, dtype=torch.float64) * 200 - 100) / 100
cases = []


def case(op, attrs, f, **inputs):
    """`inputs`: floats that get a gradient; what is in `attrs` does not."""
    xs = {k: v.clone().requires_grad_() for k, v in inputs.items()}
    y = f(**xs)
    g = draw(*y.shape)
    grads = torch.autograd.grad(y, list(xs.values()), g)
    cases.append({'op': op, 'attrs': attrs, 'inputs': {k: v.tolist() for k, v in inputs.items()}, 'y': y.tolist(),
                  'cotangent': g.tolist(), 'grads': {k: v.tolist() for k, v in zip(xs, grads)}})


for shape in [(4, 5), (2, 5, 3)]:
    target = torch.randint(0, 5, (shape[0], *shape[2:]))
    some = target.clone()
    some.view(-1)[1] = -100
    soft = torch.softmax(draw(*shape), 1)
    for reduction in ['mean', 'sum', 'none']:
        for smoothing in [0.0, 0.1]:
            options = {'reduction': reduction, 'label_smoothing': smoothing}
            loss = lambda t: lambda logits: F.cross_entropy(3 * logits, t, **options)
            case('cross_entropy', {**options, 'target': target.tolist()}, loss(target), logits=draw(*shape))
            case('cross_entropy', {**options, 'target': some.tolist()}, loss(some), logits=draw(*shape))
            case('cross_entropy', {**options, 'soft': soft.tolist()}, loss(soft), logits=draw(*shape))

for shape in [(3, 5), (2, 3, 8)]:
    for eps in [1e-5, 0.1]:
        n = shape[-1]
        case('layer_norm', {'eps': eps}, lambda x, weight, bias: F.layer_norm(x, (n,), weight, bias, eps),
             x=draw(*shape), weight=draw(n), bias=draw(n))
for shape, groups in [((2, 6, 3, 2), 3), ((2, 4, 5), 2), ((3, 6), 2), ((1, 4, 2, 3), 1), ((2, 3, 2, 2), 3)]:
    c = shape[1]
    case('group_norm', {'groups': groups}, lambda x, weight, bias: F.group_norm(x, groups, weight, bias),
         x=draw(*shape), weight=draw(c), bias=draw(c))

for align in [False, True]:
    for shape, size in [((2, 3, 3, 4), (5, 7)), ((1, 4, 7, 5), (3, 2)), ((1, 1, 3, 8), (11, 3)), ((1, 2, 1, 4), (3, 1)),
                        ((1, 2, 4, 6), (8, 12)), ((1, 1, 2, 2), (1, 1))]:
        case('interpolate', {'size': size, 'align_corners': align},
             lambda x: F.interpolate(x, size=size, mode='bilinear', align_corners=align), x=draw(*shape))

for attrs in [{}, {'stride': 2, 'padding': 3}, {'dilation': 2, 'padding': 1}, {'groups': 2}]:
    case('conv1d', attrs, lambda x, weight, bias: F.conv1d(x, weight, bias, **attrs), x=draw(2, 4, 11),
         weight=draw(6, 4 // attrs.get('groups', 1), 3), bias=draw(6))

for dim, unbiased in [([0], True), ([1], False), ([0, 2], True), ([0, 1, 2], False)]:
    case('var', {'dim': dim, 'unbiased': unbiased}, lambda x: x.var(dim=dim, unbiased=unbiased), x=draw(3, 4, 2))

index = torch.tensor([[[0, 3], [1, 1]], [[2, 0], [3, 3]]])
case('gather', {'dim': 1, 'index': index.tolist()}, lambda x: x.gather(1, index), x=draw(2, 4, 2))
tokens = torch.tensor([[0, 3, 1], [1, 1, 2]])
case('embedding', {'index': tokens.tolist()}, lambda weight: F.embedding(tokens, weight), weight=draw(4, 5))

json.dump({'torch': torch.__version__, 'one_hot': {'index': tokens.tolist(), 'y': F.one_hot(tokens, 5).tolist()},
           'cases': cases}, sys.stdout)
print()
