"""A PyTorch model of every layer whose weights have a layout, its state dict as a safetensors file, and what it computes.

python3 make_weights.py > weights.json    (committed from PyTorch 1.13)
python3 make_weights.py FILE              loads a safetensors file into that model, and prints what it computes
"""
import base64, json, struct, sys
import torch
from torch import nn

DTYPES = {'F32': torch.float32, 'F64': torch.float64, 'I64': torch.int64}


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 6, (3, 2), groups=2)
        self.bn = nn.BatchNorm2d(6)
        self.up = nn.ConvTranspose2d(6, 4, (2, 3), stride=2)
        self.norm = nn.GroupNorm(2, 4)
        self.blocks = nn.ModuleList([nn.Conv1d(4, 5, 3), nn.Conv1d(5, 3, 1)])
        self.ln = nn.LayerNorm(3)
        self.fc = nn.Linear(3, 2)

    def forward(self, x):
        h = self.norm(self.up(torch.relu(self.bn(self.conv(x)))))
        h = h.flatten(2)
        for block in self.blocks:
            h = block(h)
        return self.fc(self.ln(h.mean(2)))


def write(state):
    """The format has 8 bytes of header length, a JSON header and the tensors' bytes."""
    header, data = {'__metadata__': {'format': 'pt'}}, b''
    for name, t in state.items():
        raw = t.contiguous().numpy().tobytes()
        kind = next(k for k, v in DTYPES.items() if v == t.dtype)
        header[name] = {'dtype': kind, 'shape': list(t.shape), 'data_offsets': [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    return struct.pack('<Q', len(text)) + text + data


def read(path):
    raw = open(path, 'rb').read()
    n = struct.unpack('<Q', raw[:8])[0]
    header, data = json.loads(raw[8:8 + n]), raw[8 + n:]
    header.pop('__metadata__', None)
    part = lambda e: bytearray(data[slice(*e['data_offsets'])])
    return {k: torch.frombuffer(part(e), dtype=DTYPES[e['dtype']]).reshape(e['shape']) for k, e in header.items()}


torch.manual_seed(20261129)
model = Model()
for _ in range(3):
    model(torch.rand(2, 4, 5, 4) * 2 - 1)  # moves the running statistics
with torch.no_grad():
    for p in [model.bn.weight, model.norm.bias, model.ln.weight]:
        p += torch.rand(p.shape)
model.eval()
x = torch.rand(2, 4, 5, 4) * 2 - 1
if len(sys.argv) > 1:
    for p in model.state_dict().values():
        p.zero_()
    print(model.load_state_dict(read(sys.argv[1])))
    print(json.dumps(model.double()(x.double()).tolist()))
else:
    file = base64.b64encode(write(model.state_dict())).decode()
    y = model.double()(x.double())
    json.dump({'torch': torch.__version__, 'file': file, 'x': x.tolist(), 'y': y.tolist()}, sys.stdout)
    print()
