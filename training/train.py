"""Trains the head network. See README.md for the command that makes the shipped weights."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import torch
import torch.nn.functional as F

import data
from generator import Options, sample
from labels import KEYS
from network import UNet


def dice_loss(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Mean soft Dice loss over the classes that the patch holds (Milletari 2016)."""
    p = torch.softmax(logits.float(), 1)
    truth = F.one_hot(target, p.shape[1]).permute(0, 4, 1, 2, 3).to(p.dtype)
    axes = (0, 2, 3, 4)
    overlap = 2 * (p * truth).sum(axes)
    size = p.sum(axes) + truth.sum(axes)
    there = truth.sum(axes) > 0
    return 1 - ((overlap + 1e-5) / (size + 1e-5))[there].mean()


@torch.no_grad()
def dice_per_class(logits: torch.Tensor, target: torch.Tensor) -> list[float | None]:
    answer = logits.argmax(1)
    scores: list[float | None] = []
    for c in range(logits.shape[1]):
        a, b = answer == c, target == c
        total = (a.sum() + b.sum()).item()
        scores.append(2 * (a & b).sum().item() / total if total else None)
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labels", type=Path, required=True, help="folder of label maps")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--patch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--widths", type=int, nargs="+", default=[16, 32, 64, 128, 256])
    parser.add_argument("--seed", type=int, default=20261127)
    parser.add_argument("--held-out", type=int, default=3, help="maps never trained on, for the score")
    parser.add_argument("--maps", type=int, help="read only so many maps (smoke test)")
    parser.add_argument("--minutes", type=float, help="stop after this time at the latest")
    parser.add_argument("--every", type=int, default=500, help="steps between two scores")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(options.seed)
    generator = torch.Generator(device=device).manual_seed(options.seed)
    maps = data.load(options.labels, options.maps)
    if len(maps) <= options.held_out:
        raise SystemExit(f"{len(maps)} maps are too few to hold out {options.held_out}")
    train, held_out = maps[: -options.held_out], maps[-options.held_out :]
    settings = Options(patch=options.patch)
    net = UNet(len(KEYS), tuple(options.widths)).to(device)
    optimiser = torch.optim.AdamW(net.parameters(), lr=options.rate, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, options.rate, total_steps=options.steps + 1)
    log = (options.out / "log.jsonl").open("w")

    def note(**row: object) -> None:
        print(json.dumps(row), flush=True)
        log.write(json.dumps(row) + "\n")
        log.flush()

    note(device=str(device), torch=torch.__version__, parameters=sum(p.numel() for p in net.parameters()),
         maps=[m.name for m in train], held_out=[m.name for m in held_out],
         options={k: str(v) if isinstance(v, Path) else v for k, v in vars(options).items()})

    def batch(source: list, count: int, source_of_chance: torch.Generator):
        pairs = []
        for _ in range(count):
            n = int(torch.randint(len(source), (), generator=source_of_chance, device=device))
            pairs.append(sample(source[n], settings, source_of_chance, device))
        return torch.stack([p[0] for p in pairs]), torch.stack([p[1] for p in pairs])

    def score(step: int) -> None:
        net.eval()
        # The same images every time, so that scores can be compared.
        chance = torch.Generator(device=device).manual_seed(options.seed + 1)
        sums: dict[str, list[float]] = {}
        for _ in range(4 * len(held_out)):
            image, classes = batch(held_out, 1, chance)
            with torch.no_grad():
                for key, value in zip(KEYS, dice_per_class(net(image), classes)):
                    if value is not None:
                        sums.setdefault(key, []).append(value)
        note(step=step, dice={k: round(sum(v) / len(v), 4) for k, v in sums.items()})
        net.train()

    started = time.monotonic()
    running = 0.0
    last = 0
    for step in range(1, options.steps + 1):
        last = step
        image, classes = batch(train, options.batch, generator)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            logits = net(image)
        loss = dice_loss(logits, classes) + F.cross_entropy(logits.float(), classes)
        if not torch.isfinite(loss):
            raise SystemExit(f"the loss is {loss.item()} at step {step}")
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 12)
        optimiser.step()
        schedule.step()
        running = loss.item() if step == 1 else 0.98 * running + 0.02 * loss.item()
        if step == 1 or step % max(1, options.every // 10) == 0:
            note(step=step, loss=round(loss.item(), 4), mean=round(running, 4),
                 seconds=round(time.monotonic() - started, 1))
        if step % options.every == 0:
            score(step)
            torch.save({"net": net.state_dict(), "widths": options.widths, "step": step},
                       options.out / "checkpoint.pt")
        if options.minutes and time.monotonic() - started > 60 * options.minutes:
            break
    score(last)
    torch.save({"net": net.state_dict(), "widths": options.widths, "step": last},
               options.out / "checkpoint.pt")


if __name__ == "__main__":
    main()
