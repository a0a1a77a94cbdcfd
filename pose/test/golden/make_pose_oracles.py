"""Writes pose_oracles.json beside itself: values that numpy and scipy give, for the tests of wgrad-pose."""

import base64
import io
import json
from pathlib import Path

import numpy as np
import scipy.io
import scipy.ndimage
import scipy.stats

out = {}

# MATLAB 5 files in LSP's form: joint k of image n has x = k + n / 4 + 1, y = x + 10.
joints = np.array([[[10 * c + k + 0.25 * n + 1 for n in range(4)] for k in range(14)] for c in range(3)])
for name, compressed in (("plain", False), ("compressed", True)):
    file = io.BytesIO()
    numbers = np.arange(6, dtype=np.uint8).reshape(2, 3)
    scipy.io.savemat(file, {"joints": joints, "bytes": numbers, "note": "passed over"}, do_compression=compressed)
    out[f"mat_{name}"] = base64.b64encode(file.getvalue()).decode()

# Ridge regression with a free intercept on 96 thumbnails.
rows, targets = 96, 4
random = np.random.RandomState(3)
pixels = random.randint(0, 256, (rows, 256)).astype(np.uint8)
x = pixels / 255
y = np.array([[0.6 * (x[i, 3 * k : 3 * k + 40].sum() - 20) + 0.1 * np.sin(0.9 * i + k) for k in range(targets)] for i in range(rows)])


def fit(x, y, penalty):
    a = np.hstack([x, np.ones((len(x), 1))])
    penalties = penalty * np.eye(257)
    penalties[256, 256] = 0
    return np.linalg.solve(a.T @ a + penalties, a.T @ y)


def predict(weights, x):
    return np.hstack([x, np.ones((len(x), 1))]) @ weights


held = int(rows * 0.8)
penalties = [0.1, 1, 10, 100, 1000, 10000]
errors = [
    np.linalg.norm((predict(fit(x[:held], y[:held], p), x[held:]) - y[held:]).reshape(-1, 2), axis=1).mean()
    for p in penalties
]
best = penalties[int(np.argmin(errors))]
out["ridge"] = {
    "pixels": base64.b64encode(pixels.tobytes()).decode(),
    "poses": y.ravel().tolist(),
    "penalty": best,
    "prediction": predict(fit(x, y, best), x[:3]).ravel().tolist(),
}

# Correlations, with ties.
a = [3.1, -2, 7.5, 7.5, 0.2, 11, 4, -2, -2, 9]
b = [1.5, 0.2, 6, 5.5, -1, 7, 9, 0.1, 0.3, 9]
out["correlation"] = {
    "x": a,
    "y": b,
    "pearson": scipy.stats.pearsonr(a, b)[0],
    "spearman": scipy.stats.spearmanr(a, b)[0],
}

# A turned, mirrored crop that reaches over the edge, by scipy's linear interpolation with a zero border.
width, height = 7, 5
image = np.array(
    [[[(37 * i + 59 * j + 83 * c + (i * j * j) % 17) % 256 for c in range(3)] for i in range(width)] for j in range(height)]
)
cx, cy, w, h, angle = 3.3, 1.7, 8.5, 5.25, 0.6
columns, lines = 6, 4
values = np.zeros((lines, columns, 3))
for v in range(lines):
    for u in range(columns):
        tx, ty = -((u + 0.5) / columns - 0.5) * w, ((v + 0.5) / lines - 0.5) * h
        px = cx + np.cos(angle) * tx - np.sin(angle) * ty
        py = cy + np.sin(angle) * tx + np.cos(angle) * ty
        for c in range(3):
            plane = image[:, :, c].astype(float)
            values[v, u, c] = scipy.ndimage.map_coordinates(plane, [[py], [px]], order=1, mode="grid-constant")[0]
out["warp"] = {
    "image": {"width": width, "height": height, "data": image.ravel().tolist()},
    "crop": {"centreX": cx, "centreY": cy, "width": w, "height": h, "angle": angle, "mirrored": True},
    "width": columns,
    "height": lines,
    "values": values.ravel().tolist(),
}

Path(__file__).with_suffix("").with_name("pose_oracles.json").write_text(json.dumps(out))
print(best, errors)
