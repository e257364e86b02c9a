"""Images out of label maps by domain randomisation.

After Billot et al., "SynthSeg: segmentation of brain MRI scans of any contrast and resolution
without retraining", Medical Image Analysis 86 (2023) 102789. Every image has another contrast,
bias, resolution and shape, so the network can rely on shape alone. A part of them follows the order
of densities of a CT (air < fat < fluid < brain < bone), because an even draw reaches that corner
of the space too rarely. All of it runs on the device of the label map.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from labels import KEYS, mirror_classes

#: CT numbers of the regions, mean and spread in HU; everything else is drawn near soft tissue.
CT_HU = {-1: (-950, 60), 0: (-1000, 20), 24: (8, 8), 515: (1000, 350), 516: (450, 250), 507: (20, 60),
         511: (30, 40), 506: (10, 10), 2: (30, 5), 41: (30, 5), 3: (38, 5), 42: (38, 5)}


@dataclass(frozen=True)
class Options:
    patch: int = 128
    ct_share: float = 0.25
    #: Largest rotation (degrees), scaling and shear of the affine part.
    rotation: float = 20.0
    scaling: float = 0.2
    shear: float = 0.012
    #: Control points of the non-linear deformation per axis and its largest shift in mm.
    deformation_points: int = 8
    deformation: float = 6.0


def sample(label_map, options: Options, generator: torch.Generator, device: torch.device):
    """One training pair.

    Returns image float32 [1, P, P, P] in 0..1 and classes int64 [P, P, P].
    """
    regions = label_map.regions.to(device)
    grid, flipped = _grid(regions.shape, options, generator, device)
    taken = F.grid_sample(regions[None, None].float(), grid[None], mode="nearest",
                          padding_mode="zeros", align_corners=True)[0, 0].round().long()
    classes = label_map.classes.to(device)[taken].long()
    if flipped:
        classes = torch.tensor(mirror_classes(), device=device)[classes]
    image = _intensities(taken, label_map.values, options, generator, device)
    image = image * _bias(image.shape, generator, device)
    image = _resolution(image, generator)
    image = image + torch.randn(image.shape, generator=generator, device=device) * (
        image.std() * _uniform(0, 0.12, generator))
    return normalise(image)[None], classes


def normalise(image: torch.Tensor) -> torch.Tensor:
    """The 0.5 and 99.5 percent quantiles become 0 and 1; what lies outside is cut off.

    The server applies the same rule to the whole volume (manifest: percentile 0.5/99.5).
    """
    flat = image.flatten()
    step = max(1, flat.numel() // 1_000_000)
    low, high = torch.quantile(flat[::step], torch.tensor([0.005, 0.995], device=image.device))
    return ((image - low) / (high - low).clamp(min=1e-6)).clamp(0, 1)


def _uniform(low: float, high: float, generator: torch.Generator) -> float:
    return low + (high - low) * torch.rand((), generator=generator, device=generator.device).item()


def _grid(shape, options: Options, generator, device):
    """Where each voxel of the patch lies in the map, as grid_sample wants it (z, y, x order)."""
    size = torch.tensor(shape, device=device, dtype=torch.float32)
    angles = [math.radians(_uniform(-options.rotation, options.rotation, generator)) for _ in range(3)]
    matrix = torch.eye(3, device=device)
    for axis, angle in enumerate(angles):
        turn = torch.eye(3, device=device)
        i, j = [a for a in range(3) if a != axis]
        turn[i, i] = turn[j, j] = math.cos(angle)
        turn[i, j], turn[j, i] = -math.sin(angle), math.sin(angle)
        matrix = matrix @ turn
    stretch = torch.tensor([_uniform(1 - options.scaling, 1 + options.scaling, generator)
                            for _ in range(3)], device=device)
    shear = torch.tensor([[0.0 if i == j else _uniform(-options.shear, options.shear, generator)
                           for j in range(3)] for i in range(3)], device=device)
    matrix = matrix @ (torch.diag(stretch) + shear)
    flipped = _uniform(0, 1, generator) < 0.5
    if flipped:
        matrix = torch.diag(torch.tensor([-1.0, 1.0, 1.0], device=device)) @ matrix
    p = options.patch
    axis = torch.arange(p, device=device, dtype=torch.float32) - (p - 1) / 2
    points = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), -1)
    room = ((size - p) / 2).clamp(min=0)
    centre = (size - 1) / 2 + torch.tensor([_uniform(-1, 1, generator) for _ in range(3)], device=device) * room
    n = options.deformation_points
    strength = _uniform(0, options.deformation, generator)
    shifts = torch.randn((1, 3, n, n, n), generator=generator, device=device) * strength
    bend = F.interpolate(shifts, size=(p, p, p), mode="trilinear", align_corners=True)[0].permute(1, 2, 3, 0)
    voxels = points @ matrix.T + centre + bend
    # grid_sample counts the last axis first and runs from -1 to 1.
    return (2 * voxels / (size - 1) - 1).flip(-1), flipped


def _intensities(regions, values, options: Options, generator, device):
    """A mean and a spread for each region; half of the images also split regions at random."""
    count = len(values)
    mean = torch.rand(count, generator=generator, device=device)
    spread = torch.rand(count, generator=generator, device=device) * 0.08
    if _uniform(0, 1, generator) < options.ct_share:
        # A window on the CT numbers, wide or narrow: all of the range or mostly brain.
        low, high = (-1000.0, _uniform(1000, 2000, generator))
        if _uniform(0, 1, generator) < 0.5:
            low, high = (-_uniform(20, 150, generator), _uniform(100, 300, generator))
        for n, value in enumerate(values):
            hu, sd = CT_HU.get(int(value), (35, 10))
            centre = hu + sd * torch.randn((), generator=generator, device=device).item() * 0.5
            mean[n] = min(1.0, max(0.0, (centre - low) / (high - low)))
            spread[n] = min(0.15, sd / (high - low) * 0.7)
    else:
        for n, value in enumerate(values):
            # Air and background are dark in nearly every MR; sometimes not (no signal is not zero).
            if int(value) <= 0:
                mean[n] = mean[n] * (0.1 if _uniform(0, 1, generator) < 0.9 else 1.0)
    noise = torch.randn(regions.shape, generator=generator, device=device)
    return (mean[regions] + spread[regions] * noise).clamp(min=0)


def _bias(shape, generator, device):
    """A smooth field of receiver sensitivity, about 0.7 to 1.4."""
    field = torch.randn((1, 1, 4, 4, 4), generator=generator, device=device) * _uniform(0, 0.2, generator)
    return torch.exp(F.interpolate(field, size=tuple(shape), mode="trilinear", align_corners=True)[0, 0])


def _resolution(image, generator):
    """Thick slices along one axis or a coarser grid along all, then back to 1 mm."""
    shape = list(image.shape)
    small = list(shape)
    if _uniform(0, 1, generator) < 0.5:
        axis = int(_uniform(0, 2.999, generator))
        small[axis] = max(8, int(shape[axis] / _uniform(1, 7, generator)))
    else:
        factor = _uniform(1, 2.5, generator)
        small = [max(8, int(s / factor)) for s in shape]
    # Area interpolation averages over the thick slice: a box profile.
    coarse = F.interpolate(image[None, None], size=small, mode="area")
    fine = F.interpolate(coarse, size=shape, mode="trilinear", align_corners=False)[0, 0]
    return fine ** math.exp(_uniform(-0.4, 0.4, generator))


assert KEYS[0] == "background"
