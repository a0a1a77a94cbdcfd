"""Writes mpii_mat.json: a file of MPII's form, base64, as scipy writes it, and what wgrad must read from it.

python3 make_mpii_mat.py > mpii_mat.json     (committed from scipy 1.10)

The true file's irregularities: people without annopoints (a missing field, or an empty one), without a scale; is_visible as
number, as text, empty or missing; one person or one point, which is a struct and no array; images without people; test images.
"""
import base64, io, json, sys
import numpy as np
from scipy.io import savemat

EMPTY = np.zeros((0, 0))


def structs(rows):
    """A 1xN array of structs; a field that a row lacks is empty there."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    out = np.zeros((1, len(rows)), dtype=[(name, object) for name in names])
    for i, row in enumerate(rows):
        for name in names:
            out[0, i][name] = row.get(name, EMPTY)
    return out


def points(person, visible):
    """Joint k of a person at (10 person + k + 0.5, 20 + k), every third one missing."""
    kept = [k for k in range(16) if (k + person) % 3]
    return [{'x': 10.0 * person + k + 0.5, 'y': 20.0 + k, 'id': k, **({'is_visible': visible(k)} if visible else {})} for k in kept]


def person(number, visible, **more):
    head = {'x1': 1, 'y1': 2, 'x2': 5, 'y2': 9}
    place = {'scale': 0.5 + number / 4, 'objpos': structs([{'x': np.uint16(30 + number), 'y': np.uint16(40)}])}
    return {**head, 'annopoints': structs([{'point': structs(points(number, visible))}]), **place, **more}


def image(name, people):
    return {'image': structs([{'name': name}]), 'annorect': people if people is EMPTY else structs(people),
            'frame_sec': EMPTY, 'vididx': EMPTY}


as_number = lambda k: k % 2
as_text = lambda k: str(k % 2)
mixed = lambda k: EMPTY if k in (8, 9) else k % 2
only = {**person(5, None)}
only['annopoints'] = structs([{'point': structs(points(5, None)[:1])}])
without = {'scale': 1.0, 'objpos': structs([{'x': 3, 'y': 4}])}
images = [
    (0, image('test.jpg', [without, without])),
    (1, image('two.jpg', [person(1, as_number), person(2, as_text)])),
    (1, image('mixed.jpg', [person(3, mixed), {**without, 'annopoints': EMPTY}, person(4, as_number, scale=EMPTY)])),
    (1, image('nobody.jpg', EMPTY)),
    (1, image('one.jpg', [only])),
    (0, image('labelled_test.jpg', [person(6, as_number)])),
    (1, image('no_points.jpg', [without])),
]
release = structs([{
    'annolist': structs([entry for _, entry in images]),
    'img_train': np.array([[train for train, _ in images]], dtype=np.uint8),
    'version': '12',
    'single_person': np.array([[np.array([[1.0], [2.0]])], [EMPTY]], dtype=object),
    'act': structs([{'act_name': 'curling, "sweeping"', 'act_id': -1}]),
    'video_list': np.array([['https://example.org/v']], dtype=object),
}])


def saved(compressed):
    out = io.BytesIO()
    savemat(out, {'RELEASE': release}, do_compression=compressed, long_field_names=True)
    return base64.b64encode(out.getvalue()).decode()


def expected(number, count=None):
    joints = [None] * 16
    for p in points(number, None)[:count]:
        joints[p['id']] = [p['x'], p['y']]
    return {'center': [30 + number, 40], 'scale': 0.5 + number / 4, 'joints': joints, 'head': [1, 2, 5, 9]}


want = [[{'image': 'two.jpg', **expected(1)}, {'image': 'two.jpg', **expected(2)}], [{'image': 'mixed.jpg', **expected(3)}],
        [{'image': 'one.jpg', **expected(5, 1)}]]
json.dump({'plain': saved(False), 'compressed': saved(True), 'people': want}, sys.stdout)
print()
