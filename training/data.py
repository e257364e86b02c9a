"""Label maps from disk: 1 mm, voxel order R to L, A to P, F to H (LPS), as volumes of small ints."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import torch

from labels import class_of_label


class LabelMap:
    """One head.

    regions: uint8 [X, Y, Z], index into `values`: what gets an intensity of its own.
    classes: uint8 lookup, region -> output class.
    """

    def __init__(self, path: Path) -> None:
        image = nibabel.load(path)
        # nibabel's canonical order is RAS; both in-plane axes are reversed to get LPS.
        data = np.asarray(nibabel.as_closest_canonical(image).dataobj)[::-1, ::-1, :]
        data = np.rint(data).astype(np.int32)
        # Air inside the head is a region of its own: dark as the background, but not outside.
        data = np.where((data == 0) & _is_inside(data > 0), -1, data)
        values, regions = np.unique(data, return_inverse=True)
        table = class_of_label(np.array([v for v in values if v >= 0]))
        table[-1] = 0
        self.name = path.name
        self.values = values
        self.regions = torch.from_numpy(regions.reshape(data.shape).astype(np.uint8))
        self.classes = torch.tensor([table[int(v)] for v in values], dtype=torch.uint8)


def _is_inside(head: np.ndarray) -> np.ndarray:
    """Per axial slice: background that the outside cannot reach."""
    from scipy import ndimage

    inside = np.zeros_like(head)
    for z in range(head.shape[2]):
        inside[:, :, z] = ndimage.binary_fill_holes(head[:, :, z]) & ~head[:, :, z]
    return inside


def load(folder: Path, limit: int | None = None) -> list[LabelMap]:
    files = sorted(folder.glob("*.nii.gz"))[:limit]
    if not files:
        raise FileNotFoundError(f"no label map (*.nii.gz) in {folder}")
    return [LabelMap(f) for f in files]
