"""A 3D U-Net that exports to plain operators: Conv, LeakyRelu, MaxPool, Resize, Concat.

Up-sampling is a nearest resize followed by a 1x1x1 convolution: no ConvTranspose, which WebGPU
lacks. BatchNorm is folded into the convolution before the export.
"""

from __future__ import annotations

import torch
from torch import nn


def _block(inputs: int, outputs: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for n in range(2):
        layers += [
            nn.Conv3d(inputs if n == 0 else outputs, outputs, 3, padding=1),
            nn.BatchNorm3d(outputs),
            nn.LeakyReLU(0.01, inplace=True),
        ]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """image [N, 1, X, Y, Z], sides multiples of 2^(levels - 1) -> logits [N, classes, X, Y, Z]."""

    def __init__(self, classes: int, widths: tuple[int, ...] = (16, 32, 64, 128, 256)) -> None:
        super().__init__()
        self.widths = widths
        self.down = nn.ModuleList(
            _block(1 if n == 0 else widths[n - 1], w) for n, w in enumerate(widths))
        self.pool = nn.MaxPool3d(2)
        self.narrow = nn.ModuleList(
            nn.Conv3d(widths[n + 1], widths[n], 1) for n in reversed(range(len(widths) - 1)))
        self.up = nn.ModuleList(
            _block(2 * widths[n], widths[n]) for n in reversed(range(len(widths) - 1)))
        self.head = nn.Conv3d(widths[0], classes, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kept: list[torch.Tensor] = []
        for n, block in enumerate(self.down):
            x = block(x if n == 0 else self.pool(x))
            kept.append(x)
        kept.pop()
        for narrow, block in zip(self.narrow, self.up):
            x = nn.functional.interpolate(narrow(x), scale_factor=2.0, mode="nearest")
            x = block(torch.cat([kept.pop(), x], 1))
        return self.head(x)


def folded(net: UNet) -> UNet:
    """The same function without BatchNorm, for inference."""
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    net = net.eval()
    for block in [*net.down, *net.up]:
        for n in (0, 3):
            block[n] = fuse_conv_bn_eval(block[n], block[n + 1])
            block[n + 1] = nn.Identity()
    return net
