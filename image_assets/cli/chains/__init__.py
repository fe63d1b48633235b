"""The chains that `image-assets` knows, a module for each: add one here."""

from image_assets.cli.chains.chain import Chain
from image_assets.cli.chains.fruits import FRUITS
from image_assets.cli.chains.imagenet import IMAGENET
from image_assets.cli.chains.recordings import RECORDINGS
from image_assets.cli.chains.scenes import SCENES

CHAINS: dict[str, Chain] = {chain.name: chain for chain in (FRUITS, IMAGENET, RECORDINGS, SCENES)}
DEFAULT_CHAIN = FRUITS.name
