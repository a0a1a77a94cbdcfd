"""Writes ultralytics_pose.json: a file as Ultralytics' trainer saves it, a whole network of half floats, but tiny, with
classes of the same names. base64 of zlib of the file, and what the flow in it holds and gives.

python3 make_ultralytics_pose.py > ultralytics_pose.json    (committed from PyTorch 1.13)
"""
import base64, io, json, math, sys, types, zlib
import torch

torch.manual_seed(26)
HIDDEN = 4


def module_of(name):
    """The module of this name, made if it is not there."""
    if name not in sys.modules:
        sys.modules[name] = types.ModuleType(name)
        parent, _, last = name.rpartition('.')
        if parent:
            setattr(module_of(parent), last, sys.modules[name])
    return sys.modules[name]


def called(name):
    """Gives a class the place that its name has in their code, so that a pickle names it there."""
    def place(cls):
        cls.__module__, _, cls.__qualname__ = name.rpartition('.')
        cls.__name__ = cls.__qualname__
        setattr(module_of(cls.__module__), cls.__name__, cls)
        return cls
    return place


@called('ultralytics.nn.modules.block.RealNVP')
class Flow(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer('loc', torch.zeros(2))
        self.register_buffer('cov', torch.eye(2))
        self.register_buffer('mask', torch.tensor([[0, 1], [1, 0]] * 3, dtype=torch.float32))
        net = lambda *last: torch.nn.Sequential(torch.nn.Linear(2, HIDDEN), torch.nn.SiLU(), torch.nn.Linear(HIDDEN, HIDDEN),
                                                torch.nn.SiLU(), torch.nn.Linear(HIDDEN, 2), *last)
        self.s = torch.nn.ModuleList([net(torch.nn.Tanh()) for _ in range(6)])
        self.t = torch.nn.ModuleList([net() for _ in range(6)])


@called('ultralytics.nn.modules.conv.Conv')
class Conv(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 2, 3, bias=False)
        self.bn = torch.nn.BatchNorm2d(2)


@called('ultralytics.nn.modules.head.Pose26')
class Head(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.flow_model = Flow()
        self.cv4_sigma = torch.nn.ModuleList([torch.nn.Conv2d(2, 4, 1)])
        self.register_buffer('cache', torch.zeros(1), persistent=False)
        self.stride, self.kpt_shape = torch.tensor([8.0]), [2, 3]


@called('ultralytics.nn.tasks.PoseModel')
class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.model = torch.nn.Sequential(Conv(), Head())
        self.yaml, self.args = {'kpt_shape': [2, 3]}, types.SimpleNamespace(rle=1.0)
        self.names = {0: 'person'}


def log_prob(flow, x):
    log_det = torch.zeros(len(x), dtype=x.dtype)
    for i in reversed(range(6)):
        keep = flow.mask[i]
        s, t = flow.s[i](keep * x) * (1 - keep), flow.t[i](keep * x) * (1 - keep)
        x = keep * x + (1 - keep) * (x - t) * torch.exp(-s)
        log_det = log_det - s.sum(1)
    return log_det - x.square().sum(1) / 2 - math.log(2 * math.pi)


model = Model()
with torch.no_grad():
    for p in model.model[1].flow_model.parameters():
        p.copy_(torch.randn(p.shape) * 0.5)
state = model.half().state_dict()
out = io.BytesIO()
torch.save({'epoch': -1, 'best_fitness': None, 'model': None, 'ema': model, 'updates': None, 'optimizer': None,
            'train_args': {'task': 'pose', 'imgsz': 640}, 'date': '2026-02-01T00:00:00', 'version': '8.4.12'}, out)
points = torch.tensor([[0.0, 0.0], [0.5, -1.0], [-2.0, 0.25]], dtype=torch.float64)
json.dump({'torch': torch.__version__, 'names': list(state), 'points': points.tolist(),
           'log_prob': log_prob(model.double().model[1].flow_model, points).tolist(),
           'first_bias': state['model.1.flow_model.t.0.0.bias'].tolist(),
           'file': base64.b64encode(zlib.compress(out.getvalue(), 9)).decode()}, sys.stdout)
