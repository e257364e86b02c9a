"""What the label maps hold and what the network answers.

The maps carry FreeSurfer label values for the brain and SimNIBS "charm" values (502-530) for the
rest of the head. The meaning of the outer ones is not in the table that comes with the maps; it was
read off their geometry: 511 lies 1-4 mm under the surface (skin), 515 and 516 enclose the brain at
6 mm and lie inside one another (cortical and cancellous bone), 506 are two balls of 7 mL (eyes).
"""

from __future__ import annotations

import numpy as np

#: Output classes in channel order: key (as in packages/contract), zh, en, SNOMED CT, source labels.
#: Left and right are the patient's.
CLASSES: list[tuple[str, str, str, str, tuple[int, ...]]] = [
    ("background", "背景", "Background", "", (0,)),
    ("skin", "皮肤", "Skin", "39937001", (511,)),
    ("head_soft_tissue", "头部软组织", "Soft tissue of the head", "87784001",
     (502, 507, 508, 509, 512, 514, 530, 62, 30, 72, 85, 136, 137, 163, 164)),
    ("eyes", "眼球", "Eyes", "81745001", (506,)),
    ("skull", "颅骨", "Skull", "89546000", (515, 516)),
    ("cerebrospinal_fluid", "脑脊液", "Cerebrospinal fluid", "65216001", (24,)),
    ("white_matter_left", "左大脑白质", "Left cerebral white matter", "68523003", (2,)),
    ("white_matter_right", "右大脑白质", "Right cerebral white matter", "68523003", (41,)),
    ("cortex_left", "左大脑皮质", "Left cerebral cortex", "40146001", (3,)),
    ("cortex_right", "右大脑皮质", "Right cerebral cortex", "40146001", (42,)),
    ("lateral_ventricle_left", "左侧脑室", "Left lateral ventricle", "66720007", (4, 5)),
    ("lateral_ventricle_right", "右侧脑室", "Right lateral ventricle", "66720007", (43, 44)),
    ("third_ventricle", "第三脑室", "Third ventricle", "49841001", (14,)),
    ("fourth_ventricle", "第四脑室", "Fourth ventricle", "35918002", (15,)),
    ("cerebellum_left", "左小脑", "Left cerebellum", "113305005", (7, 8)),
    ("cerebellum_right", "右小脑", "Right cerebellum", "113305005", (46, 47)),
    ("brainstem", "脑干", "Brainstem", "15926001", (16,)),
    ("thalamus_left", "左丘脑", "Left thalamus", "42695009", (10,)),
    ("thalamus_right", "右丘脑", "Right thalamus", "42695009", (49,)),
    ("caudate_left", "左尾状核", "Left caudate nucleus", "11000004", (11,)),
    ("caudate_right", "右尾状核", "Right caudate nucleus", "11000004", (50,)),
    ("putamen_left", "左壳核", "Left putamen", "89278009", (12, 26)),
    ("putamen_right", "右壳核", "Right putamen", "89278009", (51, 58)),
    ("pallidum_left", "左苍白球", "Left globus pallidus", "14738005", (13,)),
    ("pallidum_right", "右苍白球", "Right globus pallidus", "14738005", (52,)),
    ("hippocampus_left", "左海马", "Left hippocampus", "5366008", (17, 18)),
    ("hippocampus_right", "右海马", "Right hippocampus", "5366008", (53, 54)),
    ("diencephalon_left", "左腹侧间脑", "Left ventral diencephalon", "87563008", (28,)),
    ("diencephalon_right", "右腹侧间脑", "Right ventral diencephalon", "87563008", (60,)),
]

KEYS = [c[0] for c in CLASSES]

#: Values of the maps that stand for small lesions and vessels inside the brain: they take the class
#: of the white matter of their side, so that no hole is taught.
_INSIDE_WHITE_MATTER = {25: "white_matter_left", 57: "white_matter_right"}


def class_of_label(values: np.ndarray) -> dict[int, int]:
    """Maps each label value found in a map to a class number.

    Raises ValueError for a value that nobody has assigned: silence would teach it as background.
    """
    table: dict[int, int] = {}
    for number, (_, _, _, _, labels) in enumerate(CLASSES):
        for label in labels:
            table[label] = number
    for label, key in _INSIDE_WHITE_MATTER.items():
        table[label] = KEYS.index(key)
    unknown = sorted({int(v) for v in values} - set(table))
    if unknown:
        raise ValueError(f"label values without a class: {unknown}")
    return {int(v): table[int(v)] for v in values}


def mirror_classes() -> list[int]:
    """Class number after a flip of the patient's left and right."""
    swapped = {k: k for k in KEYS}
    for key in KEYS:
        if key.endswith("_left"):
            swapped[key] = key[: -len("_left")] + "_right"
        elif key.endswith("_right"):
            swapped[key] = key[: -len("_right")] + "_left"
    return [KEYS.index(swapped[k]) for k in KEYS]
