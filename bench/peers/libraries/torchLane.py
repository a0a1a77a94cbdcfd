"""The rows in PyTorch, for scale: `torchLane.py cpu` on two threads, `torchLane.py cuda [tf32]` on a GPU."""

import json
import os
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

LEARNING_RATE = 1e-3
COUPLINGS = 6
THREADS = 2

device = torch.device(sys.argv[1])
torch.set_num_threads(THREADS)
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = "tf32" in sys.argv
torch.backends.cudnn.benchmark = True


class Unable(Exception):
    pass


def oihw(a):
    """wgrad's filters [R, S, C, K] as [K, C, R, S]; other arrays as they are."""
    return a.permute(3, 2, 0, 1).contiguous() if a.dim() == 4 else a


def nchw(a):
    """NHWC as NCHW, on a GPU in the memory order that its kernels like best."""
    a = a.permute(0, 3, 1, 2)
    return a.contiguous() if device.type == "cpu" else a.contiguous(memory_format=torch.channels_last)


def nhwc(a):
    return a.permute(0, 2, 3, 1)


def convolution(work, at):
    x_shape = [work["x"][i] for i in (0, 3, 1, 2)]
    r, s, c, k = work["filter"]
    options = dict(stride=work["stride"], padding=work["padding"], groups=work["groups"])
    kind = work["kind"]
    if kind == "conv2dWeight":
        x, g = nchw(at("x")), nchw(at("g"))
        return lambda: {"y": torch.nn.grad.conv2d_weight(x, [k, c, r, s], g, **options)}, lambda y: y.permute(2, 3, 1, 0)
    w = oihw(at("filter"))
    if kind == "conv2d":
        x = nchw(at("x"))
        return lambda: {"y": F.conv2d(x, w, **options)}, nhwc
    if kind == "convTranspose2d":
        x = nchw(at("x"))
        return lambda: {"y": F.conv_transpose2d(x, w, **options)}, nhwc
    g = nchw(at("g"))
    return lambda: {"y": torch.nn.grad.conv2d_input(x_shape, w, g, **options)}, nhwc


def batch_norm(work, at):
    x = nchw(at("x")).requires_grad_()
    gamma, beta = at("gamma").requires_grad_(), at("beta").requires_grad_()
    g = nchw(at("g"))

    def call():
        y = F.batch_norm(x, None, None, gamma, beta, training=True, eps=1e-5)
        y = F.relu(y) if work["relu"] else y
        dx, dgamma, dbeta = torch.autograd.grad(y, [x, gamma, beta], g)
        return {"y": y.detach(), "x": dx, "gamma": dgamma, "beta": dbeta}

    return call, nhwc


def net(p, name, x):
    for layer in (0, 2):
        x = F.leaky_relu(F.linear(x, p[f"{name}.{layer}.weight"], p[f"{name}.{layer}.bias"]), 0.01)
    return F.linear(x, p[f"{name}.4.weight"], p[f"{name}.4.bias"])


MASKS = [torch.tensor([0.0, 1.0], device=device), torch.tensor([1.0, 0.0], device=device)]


def log_prob(p, x):
    z, log_scale = x, torch.zeros_like(x)
    for i in reversed(range(COUPLINGS)):
        mask = MASKS[i % 2]
        seen = z * mask
        s = torch.tanh(net(p, f"flow.s.{i}", seen)) * (1 - mask)
        t = net(p, f"flow.t.{i}", seen) * (1 - mask)
        z = (z - t) * torch.exp(-s)
        log_scale = log_scale - s
    return (log_scale - 0.5 * z * z).sum(-1) - float(np.log(2 * np.pi))


def rle_loss(p, mu, logit, target, weight):
    log_sigma = F.logsigmoid(logit)
    error = (mu - target) / torch.sigmoid(logit)
    log_phi = log_prob(p, error.reshape(-1, 2)).reshape(*mu.shape[:2], 1)
    base = log_sigma + 0.5 * float(np.log(2 * np.pi)) + error.abs() / (2**0.5 + 1e-9)
    return ((log_sigma - log_phi + base) * weight).sum() / mu.shape[0]


def gradients(variables, loss):
    names, values = list(variables), [v.requires_grad_() for v in variables.values()]

    def call():
        value = loss()
        found = torch.autograd.grad(value, values)
        return {"loss": value.detach().reshape(1), **{f"grad.{n}": g for n, g in zip(names, found)}}

    return call, None


def parameters(operands, at):
    names = [n for n in operands if "." in n and not n.startswith("grad.")]
    return {n: oihw(at(n)) for n in names}


def adam(operands, at):
    params = {n: at(n).requires_grad_() for n in operands if not n.startswith("grad.")}
    for n, p in params.items():
        p.grad = at(f"grad.{n}")
    optimizer = torch.optim.Adam(params.values(), lr=LEARNING_RATE)

    def call():
        optimizer.step()
        return {n: p.detach() for n, p in params.items()}

    return call, lambda a: a


def conv_norm(p, conv, bn, x, stride):
    w = p[f"{conv}.weight"]
    h = F.conv2d(x, w, stride=stride, padding=(w.shape[2] - 1) // 2)
    return F.batch_norm(h, None, None, p[f"{bn}.weight"], p[f"{bn}.bias"], training=True, eps=1e-5)


def features(p, depth, x):
    counts, units, strided = ([2, 2, 2, 2], 2, 1) if depth == 18 else ([3, 4, 6, 3], 3, 2)
    h = F.max_pool2d(F.relu(conv_norm(p, "preact.conv1", "preact.bn1", x, 2)), 3, 2, 1)
    for i, count in enumerate(counts):
        for b in range(count):
            name, stride = f"preact.layer{i + 1}.{b}", 2 if b == 0 and i > 0 else 1
            down = f"{name}.downsample"
            shortcut = conv_norm(p, f"{down}.0", f"{down}.1", h, stride) if f"{down}.0.weight" in p else h
            for u in range(1, units + 1):
                y = conv_norm(p, f"{name}.conv{u}", f"{name}.bn{u}", h, stride if u == strided else 1)
                h = F.relu(y + shortcut if u == units else y)
    return h.mean((2, 3))


def step(work, operands, at):
    params = {n: p.requires_grad_() for n, p in parameters(operands, at).items()}
    images, target, weight = nchw(at("images")), at("target"), at("weight")
    optimizer = torch.optim.Adam(params.values(), lr=LEARNING_RATE)

    def linear(name, x):
        y = F.linear(x, params[f"{name}.linear.weight"], params[f"{name}.linear.bias"])
        return y.reshape(work["batch"], work["joints"], 2)

    def advance():
        optimizer.zero_grad(set_to_none=True)
        x = features(params, work["depth"], images)
        loss = rle_loss(params, linear("fc_coord", x), linear("fc_sigma", x), target, weight)
        loss.backward()
        optimizer.step()
        return loss.detach().reshape(1)

    return lambda: {"loss": advance()}, lambda: {"loss": advance(), "loss after Adam": advance()}


def prepare(work, operands):
    """`call` computes once; the second result turns arrays of four axes into wgrad's layout, or computes what is checked."""

    def at(name):
        array = operands[name]
        data = np.fromfile(array["file"], dtype="<f4").reshape(array["shape"])
        return torch.from_numpy(data).to(device)

    kind = work["kind"]
    if kind == "matmul":
        a, b = at("a"), at("b")
        return lambda: {"y": a @ b}, None
    if kind.startswith("conv"):
        return convolution(work, at)
    if kind == "batchNorm":
        return batch_norm(work, at)
    if kind == "softmax":
        x = at("x")
        return lambda: {"y": torch.softmax(x, -1)}, None
    if kind == "flow":
        variables = {**parameters(operands, at), "x": at("x")}
        return gradients(variables, lambda: log_prob(variables, variables["x"]).sum())
    if kind == "rle":
        variables = {**parameters(operands, at), "mu": at("mu"), "logit": at("logit")}
        target, weight = at("target"), at("weight")
        return gradients(variables, lambda: rle_loss(variables, variables["mu"], variables["logit"], target, weight))
    if kind == "adam":
        return adam(operands, at)
    if kind == "step":
        return step(work, operands, at)
    raise Unable(f"no {kind}")


def store(results, layout, folder):
    stored = []
    for i, (name, a) in enumerate(results.items()):
        a = layout(a) if layout and a.dim() == 4 else a
        file = os.path.join(folder, f"{i}.f32")
        a.contiguous().cpu().numpy().astype("<f4").tofile(file)
        stored.append({"name": name, "shape": [a.numel()], "file": file})
    return stored


def finished():
    if device.type == "cuda":
        torch.cuda.synchronize()


def blas():
    """Whose products a CPU build calls. Debian's takes what the system has, if need be the reference BLAS: 20 times slower."""
    torch.ones(64, 64) @ torch.ones(64, 64)  # so that it is loaded
    if not os.path.exists("/proc/self/maps"):
        return "BLAS unknown"
    with open("/proc/self/maps") as maps:
        loaded = maps.read()
    found = [name for name in ("openblas", "libmkl", "libblis", "libblas") if name in loaded]
    return {"openblas": "OpenBLAS", "libmkl": "MKL", "libblis": "BLIS", "libblas": "reference BLAS"}[found[0]] if found else "own BLAS"


def main():
    call = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["ask"] == "open":
                where = torch.cuda.get_device_name() if device.type == "cuda" else f"{THREADS} threads, {blas()}"
                reply = {"description": f"PyTorch {torch.__version__}, {where}", "isAdapter": False}
            elif request["ask"] == "prepare":
                operands = {a["name"]: a for a in request["operands"]}
                call, other = prepare(request["work"], operands)
                is_step = request["work"]["kind"] == "step"
                results = other() if is_step else call()
                reply = {"results": store(results, None if is_step else other, request["folder"])}
            elif request["ask"] == "time":
                start = time.perf_counter()
                for _ in range(request["repeats"]):
                    call()
                finished()
                reply = {"ms": 1000 * (time.perf_counter() - start)}
            else:
                call, reply = None, {"closed": True}
        except Unable as reason:
            reply = {"unable": str(reason)}
        except Exception as error:  # whatever it is, it costs this row only
            reply = {"error": f"{type(error).__name__}: {error}".split("\n")[0]}
        print(json.dumps(reply), flush=True)


main()
