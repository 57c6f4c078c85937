"""Folders of images that hold too little, or what is no image."""

from pathlib import Path

from tests.faults.scene import Outcome, Scene, fault
from tests.tiny_vision import COLOURS, draw_classes


def gather(scene: Scene, *flags: object) -> Outcome:
    """Gather a corpus of small images."""
    output = ["--size", 16, "--output", "corpus.npy", "--units", "units.parquet"]
    return scene.script("kinds.image.gather_images", *flags, *output)


@fault
def image_that_is_broken(scene: Scene) -> Outcome:
    draw_classes(Path("photos"), COLOURS, 2)
    Path("photos/red/00.png").write_bytes(b"\x89PNG and then nothing")
    return gather(scene, "--images", "photos")


@fault
def image_cut_short(scene: Scene) -> Outcome:
    draw_classes(Path("photos"), COLOURS, 2)
    whole = Path("photos/red/01.jpg").read_bytes()
    Path("photos/red/01.jpg").write_bytes(whole[: len(whole) // 2])
    return gather(scene, "--images", "photos")


@fault
def folder_without_images(scene: Scene) -> Outcome:
    Path("photos").mkdir()
    Path("photos/list.txt").write_text("none")
    return gather(scene, "--images", "photos")


@fault
def images_without_classes(scene: Scene) -> Outcome:
    draw_classes(Path("photos"), COLOURS, 2)
    return gather(scene, "--train", "photos/red")


@fault
def images_of_one_class(scene: Scene) -> Outcome:
    draw_classes(Path("photos"), {"red": COLOURS["red"]}, 8)
    return gather(scene, "--train", "photos")


@fault
def class_of_one_image(scene: Scene) -> Outcome:
    draw_classes(Path("photos"), COLOURS, 1)
    return gather(scene, "--train", "photos")


@fault
def class_that_train_has_not(scene: Scene) -> Outcome:
    draw_classes(Path("photos"), COLOURS, 4)
    draw_classes(Path("others"), {"yellow": (200, 200, 0)}, 4)
    return gather(scene, "--train", "photos", "--test", "others")


@fault
def image_of_a_name_with_braces(scene: Scene) -> Outcome:
    draw_classes(Path("photos"), COLOURS, 2)
    Path("photos/red/00.png").rename("photos/red/{0}.png")
    return gather(scene, "--images", "photos")
