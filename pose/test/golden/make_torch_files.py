"""Writes torch_files.json: small files of torch.save, base64, with the values that must come out of them.

python3 make_torch_files.py > torch_files.json (any PyTorch from 1.6 on; committed with 1.13). With a folder as argument
it writes the files there as <name>.pth, and their values as expected.json.
"""
import base64, collections, io, json, os, sys
import numpy as np
import torch


class HistoryBuffer:
    """As mmengine pickles its logs: arrays, and methods by name."""
    def __init__(self):
        self.max_length = 10
        self._log_history = np.array([0.5, 0.25])
        self.statistics_methods = {'mean': HistoryBuffer.mean}

    def mean(self):
        return self._log_history.mean()


HistoryBuffer.__module__ = HistoryBuffer.mean.__module__ = 'mmengine.logging.history_buffer'
module = type(sys)('mmengine.logging.history_buffer')
module.HistoryBuffer = HistoryBuffer
for name in ('mmengine', 'mmengine.logging'):
    sys.modules[name] = type(sys)(name)
sys.modules[HistoryBuffer.__module__] = module

base = torch.arange(24.0).reshape(2, 3, 4)
dtypes = collections.OrderedDict(
    f64=torch.tensor([1 / 3, float('nan')], dtype=torch.float64),
    f32=base[1],                                   # a view behind an offset
    f16=torch.tensor([0.1, -65504, 6e-8, float('inf')]).half(),
    bf16=torch.tensor([0.1, 3e38]).bfloat16(),
    i64=torch.tensor(2**53 + 1),
    i32=torch.tensor([[-2**31, 7]], dtype=torch.int32),
    i8=torch.tensor([-128, 127], dtype=torch.int8),
    u8=torch.tensor([255], dtype=torch.uint8),
    bool=torch.tensor([True, False, True]),
    transposed=base.permute(2, 0, 1)[1:],
    empty=torch.zeros(0, 3),
    parameter=torch.nn.Parameter(torch.tensor([0.25])),
    tied=base[0],                                  # shares its storage with f32
)
module_state = torch.nn.DataParallel(torch.nn.BatchNorm1d(2)).state_dict()
optimizer = torch.optim.Adam([torch.nn.Parameter(torch.ones(2))], lr=0.5)
scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [2, 4])
training = {
    'state_dict': module_state, 'optimizer': optimizer.state_dict(), 'scheduler': scheduler.state_dict(), 'epoch': 7,
    'ema_state_dict': {'module.weight': torch.zeros(2), 'module.bias': torch.ones(2), 'steps': torch.tensor(9)},
    'meta': {'time': 'today', 'best': np.float64(0.5), 'iter': np.int64(12), 'colours': np.ones((2, 3), np.float32)},
    'message_hub': {'log_scalars': collections.OrderedDict(loss=HistoryBuffer())},
}


def listed(t):
    t = t.detach()
    values = (t.double() if t.is_floating_point() else t.long()).flatten().tolist()
    return {'shape': list(t.shape), 'data': ' '.join(map(str, values))}


expected = {
    'dtypes': {k: listed(v) for k, v in dtypes.items()},
    'training': {k[len('module.'):]: listed(v) for k, v in module_state.items()},
}
variants = {
    'zip': {},
    'legacy': {'_use_new_zipfile_serialization': False},
    'zip4': {'pickle_protocol': 4},
    'legacy4': {'_use_new_zipfile_serialization': False, 'pickle_protocol': 4},
}


def saved(value, options):
    out = io.BytesIO()
    torch.save(value, out, **options)
    return out.getvalue()


files = {f'{name}-{variant}': saved(value, options)
         for name, value in (('dtypes', dtypes), ('training', training)) for variant, options in variants.items()}
files['module-zip'] = saved(torch.nn.Linear(1, 1), {})
files['tensor-zip'] = saved(torch.ones(1), {})
files['expanded-zip'] = saved({'a': torch.ones(1).expand(1000)}, {})

if len(sys.argv) > 1:
    for name, data in files.items():
        with open(os.path.join(sys.argv[1], f'{name}.pth'), 'wb') as file:
            file.write(data)
    with open(os.path.join(sys.argv[1], 'expected.json'), 'w') as file:
        json.dump(expected, file)
else:
    encoded = {name: base64.b64encode(data).decode() for name, data in files.items() if not name.endswith('4')}
    json.dump({'torch': torch.__version__, 'expected': expected, 'files': encoded}, sys.stdout, indent=1)
    print()
