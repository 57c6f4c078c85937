"""Vectors of images from all families of vision networks, against each family's documentation.

A reference reads one image at a time with the family's own class, as the documentation of
transformers shows it, and takes the patch tokens where that documentation says they are.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers as t
from PIL import Image
from torch import Tensor, nn
from transformers import PreTrainedConfig

from workflow_scripts.common.script import UserError
from workflow_scripts.kinds.image.feature_settings import VisionFeatureSettings
from workflow_scripts.kinds.image.vision_model import VisionModel, load_vision_model

SIZE = 32
CPU = torch.device("cpu")
TOKENS = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2}
TOKENS |= {"image_size": SIZE, "patch_size": 8}
MLP = TOKENS | {"intermediate_size": 32}
STAGES = {"image_size": SIZE, "patch_size": 4, "embed_dim": 8, "depths": [1, 1]}
PYRAMID = {"num_encoder_blocks": 2, "depths": [1, 1], "hidden_sizes": [8, 16]}
PYRAMID |= {"num_attention_heads": [1, 2], "patch_sizes": [7, 3], "strides": [4, 2]}
WORDS = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
WORDS |= {"intermediate_size": 16, "vocab_size": 50, "bos_token_id": 0, "eos_token_id": 1}
WORDS |= {"pad_token_id": 2}
OPT = {"model_type": "opt", "hidden_size": 16, "word_embed_proj_dim": 16, "ffn_dim": 16}
OPT |= {"num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 50}
SAM = TOKENS | {"output_channels": 12, "mlp_dim": 32, "window_size": 2, "num_pos_feats": 4}
SAM |= {"global_attn_indexes": [1]}

Mean = Callable[[Tensor, Any], Tensor]


@dataclass(frozen=True)
class Family:
    """A family of networks, and where its documentation says that the patches are.

    Attributes:
        config: of a tiny network.
        reads: the family's own class for images.
        mean: [1, d] over the patches of a layer, given its state and the configuration.
        has_class_token: in the last layer, in front.
        last: the same as ``mean`` of the whole output, where the last layer differs from others.
        layer: another layer to read.
    """

    config: PreTrainedConfig
    reads: type[Any]
    mean: Mean
    has_class_token: bool = False
    last: Callable[[Any], Tensor] | None = None
    layer: int = 1


def after(count: int) -> Mean:
    """The tokens after so many others, in networks whose number of those is fixed."""
    return lambda state, _: state[:, count:].mean(1)


def every_token(state: Tensor, _: Any) -> Tensor:
    return state.mean(1)


def after_registers(state: Tensor, config: Any) -> Tensor:
    # As the example of DINOv3's documentation and the classifier of DINOv2 with registers have it.
    return state[:, 1 + config.num_register_tokens :].mean(1)


def feature_map(state: Tensor, _: Any) -> Tensor:
    return state.mean((2, 3))


def feature_map_with_channels_last(state: Tensor, _: Any) -> Tensor:
    return state.mean((1, 2))


def pooled(output: Any) -> Tensor:
    """For networks whose documented ``pooler_output`` is the mean over all positions."""
    vector: Tensor = output.pooler_output.flatten(1)
    return vector


def both(config: type[Any], **vision: Any) -> PreTrainedConfig:
    """The configuration of a network of images and texts."""
    made: PreTrainedConfig = config(vision_config=MLP | vision, text_config=WORDS, projection_dim=8)
    return made


FAMILIES: dict[str, Family] = {
    # A class token, then the patches.
    "vit": Family(t.ViTConfig(**MLP), t.ViTModel, after(1), True),
    "vit_msn": Family(t.ViTMSNConfig(**MLP), t.ViTMSNModel, after(1), True),
    "dinov2": Family(t.Dinov2Config(**TOKENS), t.Dinov2Model, after(1), True),
    "beit": Family(t.BeitConfig(**MLP), t.BeitModel, after(1), True),
    "data2vec-vision": Family(t.Data2VecVisionConfig(**MLP), t.Data2VecVisionModel, after(1), True),
    "dpt": Family(
        t.DPTConfig(**MLP, backbone_out_indices=[0, 0, 1, 1]), t.DPTModel, after(1), True
    ),
    "mlcd": Family(t.MLCDVisionConfig(**MLP), t.MLCDVisionModel, after(1), True),
    # The vision encoder of networks of images and texts: the same.
    "clip": Family(both(t.CLIPConfig), t.CLIPVisionModel, after(1), True),
    "clip_vision_model": Family(t.CLIPVisionConfig(**MLP), t.CLIPVisionModel, after(1), True),
    "metaclip_2": Family(both(t.MetaClip2Config), t.MetaClip2VisionModel, after(1), True),
    "altclip": Family(both(t.AltCLIPConfig), t.AltCLIPModel, after(1), True),
    "chinese_clip": Family(both(t.ChineseCLIPConfig), t.ChineseCLIPVisionModel, after(1), True),
    "clipseg": Family(both(t.CLIPSegConfig), t.CLIPSegVisionModel, after(1), True),
    "blip": Family(both(t.BlipConfig), t.BlipModel, after(1), True),
    "blip-2": Family(
        t.Blip2Config(
            vision_config=MLP,
            qformer_config=WORDS | {"encoder_hidden_size": 24},
            text_config=OPT,
        ),
        t.Blip2Model,
        after(1),
        True,
    ),
    "kosmos-2": Family(
        t.Kosmos2Config(
            vision_config=MLP,
            text_config={"vocab_size": 50, "embed_dim": 16, "layers": 1, "ffn_dim": 16}
            | {"attention_heads": 2, "max_position_embeddings": 16},
            latent_query_num=2,
        ),
        t.Kosmos2Model,
        after(1),
        True,
    ),
    "internvl_vision": Family(
        t.InternVLVisionConfig(**MLP | {"image_size": [SIZE, SIZE], "patch_size": [8, 8]}),
        t.InternVLVisionModel,
        after(1),
        True,
    ),
    "owlv2": Family(both(t.Owlv2Config), t.Owlv2VisionModel, after(1), True),
    "owlvit": Family(both(t.OwlViTConfig), t.OwlViTVisionModel, after(1), True),
    # A class token and a distillation token; DeiTForMaskedImageModeling drops both.
    "deit": Family(t.DeiTConfig(**MLP), t.DeiTModel, after(2), True),
    # A class token and registers.
    "dinov2_with_registers": Family(
        t.Dinov2WithRegistersConfig(**TOKENS, num_register_tokens=3),
        t.Dinov2WithRegistersModel,
        after_registers,
        True,
    ),
    "dinov3_vit": Family(
        t.DINOv3ViTConfig(**MLP, num_register_tokens=4), t.DINOv3ViTModel, after_registers, True
    ),
    "sapiens2": Family(
        t.Sapiens2Config(
            **MLP,
            num_register_tokens=8,
            num_key_value_attention_heads=2,
            num_first_full_attention_layers=1,
            num_last_full_attention_layers=1,
        ),
        t.Sapiens2Model,
        after_registers,
        True,
    ),
    "tipsv2_vision_model": Family(
        t.Tipsv2VisionConfig(**TOKENS, num_register_tokens=1),
        t.Tipsv2VisionModel,
        after_registers,
        True,
    ),
    # Several class tokens, in RADIO with registers behind them.
    "radio": Family(
        t.RadioConfig(**TOKENS, max_img_size=SIZE),
        t.RadioModel,
        lambda state, config: state[:, config.num_cls_tokens + config.num_registers :].mean(1),
        True,
    ),
    "pixio": Family(
        t.PixioConfig(**TOKENS, n_cls_tokens=8),
        t.PixioModel,
        lambda state, config: state[:, config.n_cls_tokens :].mean(1),
        True,
    ),
    # A class token in front, detection tokens at the end.
    "yolos": Family(
        t.YolosConfig(**MLP | {"image_size": [SIZE, SIZE]}, num_detection_tokens=5),
        t.YolosModel,
        lambda state, config: state[:, 1 : -config.num_detection_tokens].mean(1),
        True,
    ),
    # Patches alone, of which IJepaForImageClassification takes the mean.
    "ijepa": Family(t.IJepaConfig(**MLP), t.IJepaModel, every_token),
    "siglip": Family(both(t.SiglipConfig), t.SiglipVisionModel, every_token),
    "aimv2_vision_model": Family(t.Aimv2VisionConfig(**MLP), t.Aimv2VisionModel, every_token),
    # Tokens that are merged from stage to stage; the pooler is the mean of the last.
    "swin": Family(
        t.SwinConfig(**STAGES, num_heads=[1, 2], window_size=4),
        t.SwinModel,
        every_token,
        last=pooled,
    ),
    "swinv2": Family(
        t.Swinv2Config(**STAGES, num_heads=[1, 2], window_size=4),
        t.Swinv2Model,
        every_token,
        last=pooled,
    ),
    "donut-swin": Family(
        t.DonutSwinConfig(**STAGES, num_heads=[1, 2], window_size=4),
        t.DonutSwinModel,
        every_token,
        last=pooled,
    ),
    "focalnet": Family(
        t.FocalNetConfig(**STAGES, hidden_sizes=[8, 16], focal_levels=[1, 1], focal_windows=[3, 3]),
        t.FocalNetModel,
        every_token,
        last=pooled,
    ),
    "levit": Family(
        t.LevitConfig(
            image_size=SIZE * 2,
            hidden_sizes=[8, 16, 24],
            num_attention_heads=[1, 2, 2],
            depths=[1, 1, 1],
            key_dim=[4, 4, 4],
        ),
        t.LevitModel,
        every_token,
        last=pooled,
    ),
    "hiera": Family(
        t.HieraConfig(
            embed_dim=8,
            image_size=[SIZE * 2, SIZE * 2],
            depths=[1, 1],
            num_heads=[1, 2],
            masked_unit_attention=[True, False],
            num_query_pool=1,
            masked_unit_size=[8, 8],
        ),
        t.HieraModel,
        every_token,
    ),
    # The last stage has a class token ("the final hidden state of the [CLS] token"), others none.
    "pvt": Family(
        t.PvtConfig(
            **PYRAMID | {"patch_sizes": [4, 2]},
            image_size=SIZE,
            sequence_reduction_ratios=[2, 1],
            mlp_ratios=[2, 2],
        ),
        t.PvtModel,
        every_token,
        True,
        last=lambda output: output.last_hidden_state[:, 1:].mean(1),
        layer=0,
    ),
    # Maps, [b, d, height, width]; where there is a pooler, it averages the last.
    "resnet": Family(
        t.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1]),
        t.ResNetModel,
        feature_map,
        last=pooled,
    ),
    "regnet": Family(
        t.RegNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], groups_width=8),
        t.RegNetModel,
        feature_map,
        last=pooled,
    ),
    "bit": Family(
        t.BitConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], num_groups=2),
        t.BitModel,
        feature_map,
        last=pooled,
    ),
    "textnet": Family(
        t.TextNetConfig(
            hidden_sizes=[8, 8, 16],
            stem_out_channels=8,
            conv_layer_kernel_sizes=[[[3, 3]], [[3, 3]]],
            conv_layer_strides=[[1], [2]],
            image_size=[SIZE, SIZE],
        ),
        t.TextNetModel,
        feature_map,
    ),
    "convnext": Family(
        t.ConvNextConfig(hidden_sizes=[8, 16], depths=[1, 1], num_stages=2),
        t.ConvNextModel,
        feature_map,
    ),
    "convnextv2": Family(
        t.ConvNextV2Config(hidden_sizes=[8, 16], depths=[1, 1], num_stages=2),
        t.ConvNextV2Model,
        feature_map,
    ),
    "mobilenet_v1": Family(
        t.MobileNetV1Config(image_size=SIZE * 2, depth_multiplier=0.1, min_depth=8),
        t.MobileNetV1Model,
        feature_map,
        last=pooled,
    ),
    "mobilenet_v2": Family(
        t.MobileNetV2Config(image_size=SIZE * 2, depth_multiplier=0.1),
        t.MobileNetV2Model,
        feature_map,
        last=pooled,
    ),
    "mobilevit": Family(
        t.MobileViTConfig(
            hidden_sizes=[8, 12, 16],
            neck_hidden_sizes=[4, 8, 8, 8, 8, 8, 16],
            num_attention_heads=2,
            image_size=SIZE * 2,
        ),
        t.MobileViTModel,
        feature_map,
        last=pooled,
    ),
    "mobilevitv2": Family(
        t.MobileViTV2Config(
            base_attn_unit_dims=[8, 8, 8],
            n_attn_blocks=[1, 1, 1],
            width_multiplier=0.1,
            image_size=SIZE * 2,
        ),
        t.MobileViTV2Model,
        feature_map,
        last=pooled,
    ),
    "efficientnet": Family(
        t.EfficientNetConfig(
            width_coefficient=0.1, depth_coefficient=0.1, hidden_dim=128, image_size=SIZE
        ),
        t.EfficientNetModel,
        feature_map,
        last=pooled,
    ),
    "align": Family(
        t.AlignConfig(
            vision_config={"width_coefficient": 0.1, "depth_coefficient": 0.1, "image_size": SIZE}
            | {"hidden_dim": 128},
            text_config=WORDS,
            projection_dim=8,
        ),
        t.AlignModel,
        feature_map,
        last=pooled,
    ),
    "poolformer": Family(
        t.PoolFormerConfig(
            num_encoder_blocks=2,
            depths=[1, 1],
            hidden_sizes=[8, 16],
            patch_sizes=[7, 3],
            strides=[4, 2],
            padding=[2, 1],
        ),
        t.PoolFormerModel,
        feature_map,
    ),
    "segformer": Family(
        t.SegformerConfig(**PYRAMID, sr_ratios=[2, 1], mlp_ratios=[2, 2]),
        t.SegformerModel,
        feature_map,
    ),
    "glpn": Family(
        t.GLPNConfig(**PYRAMID, sr_ratios=[2, 1], mlp_ratios=[2, 2]), t.GLPNModel, feature_map
    ),
    "pvt_v2": Family(
        t.PvtV2Config(**PYRAMID, sr_ratios=[2, 1], mlp_ratios=[2, 2]), t.PvtV2Model, feature_map
    ),
    "swiftformer": Family(
        t.SwiftFormerConfig(depths=[1, 1, 1, 1], embed_dims=[8, 8, 16, 16], mlp_ratio=2),
        t.SwiftFormerModel,
        feature_map,
    ),
    "swin2sr": Family(
        t.Swin2SRConfig(
            image_size=SIZE, embed_dim=8, depths=[1, 1], num_heads=[1, 2], window_size=4
        ),
        t.Swin2SRModel,
        every_token,
        last=lambda output: output.last_hidden_state.mean((2, 3)),
    ),
    # Its class token stands beside the map, and goes through the last stage alone.
    "cvt": Family(
        t.CvtConfig(embed_dim=[8, 8, 16], num_heads=[1, 1, 2], depth=[1, 2, 3]),
        t.CvtModel,
        feature_map,
    ),
    "vitdet": Family(t.VitDetConfig(**TOKENS), t.VitDetModel, feature_map),
    # The mean of the patches, "global representation, a.k.a [CLS] token", then the patches.
    "dinov3_convnext": Family(
        t.DINOv3ConvNextConfig(hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], image_size=64),
        t.DINOv3ConvNextModel,
        feature_map,
        True,
        last=lambda output: output.last_hidden_state[:, 1:].mean(1),
    ),
    # Hidden states with the channels last; the neck's map has them first.
    "sam_vision_model": Family(
        t.SamVisionConfig(**SAM),
        t.SamVisionModel,
        feature_map_with_channels_last,
        last=lambda output: output.last_hidden_state.mean((2, 3)),
    ),
    "sam_hq_vision_model": Family(
        t.SamHQVisionConfig(**SAM),
        t.SamHQVisionModel,
        feature_map_with_channels_last,
        last=lambda output: output.last_hidden_state.mean((2, 3)),
    ),
    "sam2_hiera_det_model": Family(
        t.Sam2HieraDetConfig(
            hidden_size=8,
            image_size=[64, 64],
            window_positional_embedding_background_size=[4, 4],
            num_query_pool_stages=1,
            blocks_per_stage=[1, 2],
            embed_dim_per_stage=[8, 16],
            num_attention_heads_per_stage=[1, 2],
            window_size_per_stage=[4, 4],
            global_attention_blocks=[2],
        ),
        t.AutoModel,
        feature_map_with_channels_last,
        layer=0,
    ),
    "sam3_vit_model": Family(
        t.Sam3ViTConfig(**MLP, pretrain_image_size=SIZE, window_size=2, global_attn_indexes=[1]),
        t.AutoModel,
        feature_map_with_channels_last,
        last=lambda output: output.last_hidden_state.mean(1),
    ),
}


def side(config: PreTrainedConfig) -> int:
    """Of the square that a network reads, in pixels."""
    size = getattr(getattr(config, "vision_config", config), "image_size", SIZE)
    return size if isinstance(size, int) else size[0]


def square(size: int) -> t.ViTImageProcessor:
    return t.ViTImageProcessor(size={"height": size, "width": size})


def save(config: PreTrainedConfig, folder: Path, processor: Any) -> None:
    """Save a network with random weights to which images do not look alike."""
    torch.manual_seed(0)
    network = t.AutoModel.from_config(config)
    for weights in network.parameters():
        if weights.ndim > 1:
            nn.init.kaiming_normal_(weights)
    # Batch norms that have seen no images let signals fade.
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    if norms:
        for norm in norms:
            nn.init.ones_(norm.weight)
            norm.momentum = None
        reads = getattr(network, "vision_model", network).train()
        reads(torch.randn(16, 3, side(config), side(config)))
    network.save_pretrained(folder)
    processor.save_pretrained(folder)


def some_images(count: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, 40, 40, 3), dtype=np.uint8)


@dataclass(frozen=True)
class Built:
    """A saved family, and what its own class makes of images, one by one."""

    family: Family
    model: VisionModel
    outputs: list[Any]

    @property
    def config(self) -> Any:
        """Of the part that reads images."""
        return getattr(self.family.config, "vision_config", self.family.config)

    def last_mean(self, output: Any) -> Tensor:
        if self.family.last:
            return self.family.last(output)
        return self.family.mean(output.last_hidden_state, self.config)

    def check(self, layer: int, pooling: str, reference: Callable[[Any], Tensor]) -> None:
        settings = VisionFeatureSettings(layer=layer, pooling=pooling)
        found = self.model.features(some_images(len(self.outputs)), settings)
        expected = torch.cat([reference(output) for output in self.outputs]).numpy()
        assert found.dtype == np.float32
        # Features of different images must differ by far more than what is tolerated.
        assert np.abs(expected - expected[::-1]).max() > 1e-3
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def build(family: Family, folder: Path) -> Built:
    processor = square(side(family.config))
    save(family.config, folder, processor)
    network = family.reads.from_pretrained(folder).eval()
    # In double precision, so that the depth of a network adds nothing to what is tolerated.
    network = getattr(network, "vision_model", network).double()
    outputs = []
    for image in some_images(3):
        pixels = processor(images=Image.fromarray(image), return_tensors="pt").pixel_values
        with torch.no_grad():
            outputs.append(network(pixels.double(), output_hidden_states=True))
    model = load_vision_model(folder, CPU)
    model.network.double()
    return Built(family, model, outputs)


@pytest.fixture(scope="module", params=FAMILIES)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(FAMILIES[request.param], tmp_path_factory.mktemp(request.param))


def test_the_mean_is_over_the_patches_of_the_last_layer(built: Built) -> None:
    built.check(-1, "mean", built.last_mean)
    if built.family.has_class_token:
        # Otherwise the comparison could not notice that token.
        for output in built.outputs:
            all_tokens = output.last_hidden_state.mean(1)
            assert (built.last_mean(output) - all_tokens).abs().max() > 1e-3


def test_the_mean_is_over_the_patches_of_another_layer(built: Built) -> None:
    layer = built.family.layer
    built.check(
        layer, "mean", lambda output: built.family.mean(output.hidden_states[layer], built.config)
    )


def test_first_is_the_class_token_or_refused(built: Built) -> None:
    if built.family.has_class_token:
        built.check(-1, "first", lambda output: output.last_hidden_state[:, 0])
        return
    settings = VisionFeatureSettings(pooling="first")
    with pytest.raises(UserError, match="layer -1 of this network has none; choose mean"):
        built.model.features(some_images(1), settings)


# What single families need.


def test_a_masked_autoencoder_reads_whole_images_in_the_same_way_every_time(tmp_path: Path) -> None:
    save(t.ViTMAEConfig(**MLP), tmp_path, square(SIZE))
    images = some_images(3)
    found = load_vision_model(tmp_path, CPU).features(images, VisionFeatureSettings())
    again = load_vision_model(tmp_path, CPU).features(images, VisionFeatureSettings())
    np.testing.assert_array_equal(found, again)
    # After pre-training the weights are those of a ViT, which masks nothing.
    vit = t.ViTModel(t.ViTConfig(**MLP), add_pooling_layer=False).eval()
    vit.load_state_dict(t.ViTMAEModel.from_pretrained(tmp_path).state_dict())
    pixels = square(SIZE)(images=[Image.fromarray(one) for one in images], return_tensors="pt")
    with torch.no_grad():
        expected = vit(**pixels).last_hidden_state[:, 1:].mean(1)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_padding_is_left_out_whatever_the_shape_of_an_image(tmp_path: Path) -> None:
    processor = t.Siglip2ImageProcessor(patch_size=8, max_num_patches=20)
    config = t.Siglip2VisionConfig(**WORDS | {"hidden_size": 24}, patch_size=8, num_patches=16)
    save(config, tmp_path, processor)
    network = t.Siglip2VisionModel.from_pretrained(tmp_path).eval()
    model = load_vision_model(tmp_path, CPU)
    for height, width in ((40, 40), (40, 24)):
        images = some_images(3)[:, :height, :width]
        found = model.features(images, VisionFeatureSettings())
        for row, image in zip(found, images, strict=True):
            inputs = processor(images=Image.fromarray(image), return_tensors="pt")
            seen = inputs.pixel_attention_mask[0].bool()
            assert not seen.all()
            with torch.no_grad():
                expected = network(**inputs).last_hidden_state[0, seen].mean(0)
            np.testing.assert_allclose(row, expected, rtol=1e-5, atol=1e-5)


def test_images_of_several_sizes_have_patches_of_their_own(tmp_path: Path) -> None:
    save(t.Dinov2Config(**TOKENS), tmp_path, t.ViTImageProcessor(do_resize=False))
    network = t.Dinov2Model.from_pretrained(tmp_path).eval()
    model = load_vision_model(tmp_path, CPU)
    for size in (SIZE, SIZE - 8, SIZE):
        images = some_images(2)[:, :size, :size]
        pixels = torch.from_numpy(images).permute(0, 3, 1, 2) / 127.5 - 1
        with torch.no_grad():
            expected = network(pixels).last_hidden_state[:, 1:].mean(1)
        found = model.features(images, VisionFeatureSettings())
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_patches_are_found_in_half_precision_too(tmp_path: Path, dtype: torch.dtype) -> None:
    config = t.Dinov2WithRegistersConfig(**TOKENS, num_register_tokens=5)
    save(config, tmp_path, square(SIZE))
    model = load_vision_model(tmp_path, CPU)
    expected = model.features(some_images(3), VisionFeatureSettings())
    model.network.to(dtype)
    half = VisionModel("half", model.network, CPU, model.processor)
    found = half.features(some_images(3), VisionFeatureSettings())
    # One token more among the patches would change it by 0.1.
    np.testing.assert_allclose(found, expected, atol=0.05)


# Networks that are refused, each by one sentence.

DETECTION = {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "num_queries": 4}
DETECTION |= {"encoder_attention_heads": 2, "decoder_attention_heads": 2}
DETECTION |= {"encoder_ffn_dim": 16, "decoder_ffn_dim": 16}
ALONE = "this network cannot read images by themselves"
UNKNOWN = "which tokens of layer {} are patches of the image cannot be known"

REFUSED: dict[str, tuple[PreTrainedConfig, int, str]] = {
    # Eight groups of patches, which fill no square.
    "groupvit": (
        t.GroupViTConfig(
            vision_config=MLP
            | {"depths": [1, 1], "num_group_tokens": [8, 0], "num_output_groups": [8, 0]},
            text_config=WORDS,
            projection_dim=8,
            projection_intermediate_dim=8,
        ),
        -1,
        UNKNOWN.format(-1),
    ),
    # Its hidden states are tuples.
    "maskformer-swin": (
        t.MaskFormerSwinConfig(**STAGES, num_heads=[1, 2], window_size=4),
        1,
        UNKNOWN.format(1),
    ),
    # It joins the patches of all images.
    "pixtral": (
        t.PixtralVisionConfig(**MLP | {"head_dim": 12}),
        -1,
        UNKNOWN.format(-1),
    ),
    # Its last hidden states are those of queries for objects.
    "detr": (
        t.DetrConfig(
            **DETECTION,
            backbone_config=t.ResNetConfig(
                embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], out_features=["stage2"]
            ),
        ),
        -1,
        "its hidden states are those of a decoder, which stand for objects and not for the image",
    ),
    # It continues a text.
    "git": (
        t.GitConfig(**WORDS, vision_config=MLP),
        -1,
        rf"{ALONE} \(.*input_ids.*\)",
    ),
    # It reads films.
    "videomae": (
        t.VideoMAEConfig(**MLP, num_frames=2),
        -1,
        rf"{ALONE} \(.*\)",
    ),
    # It gives the maps of a backbone and no last hidden state.
    "hgnet_v2": (
        t.HGNetV2Config(
            stem_channels=[3, 8, 8],
            stage_in_channels=[8, 8],
            stage_mid_channels=[8, 8],
            stage_out_channels=[8, 16],
            stage_num_blocks=[1, 1],
            stage_downsample=[False, True],
            stage_downsample_strides=[2, 2],
            stage_light_block=[False, True],
            stage_kernel_size=[3, 3],
            stage_numb_of_layers=[1, 1],
            hidden_sizes=[8, 16],
            depths=[1, 1],
            embedding_size=8,
        ),
        -1,
        rf"{ALONE} \(.*last_hidden_state.*\)",
    ),
}


@pytest.mark.parametrize("family", REFUSED)
def test_a_network_without_an_image_embedding_is_refused(family: str, tmp_path: Path) -> None:
    config, layer, sentence = REFUSED[family]
    save(config, tmp_path, square(SIZE))
    model = load_vision_model(tmp_path, CPU)
    with pytest.raises(UserError, match=f"^{tmp_path}: {sentence}; choose another "):
        model.features(some_images(2), VisionFeatureSettings(layer=layer))


def test_a_network_of_depth_maps_alone_is_refused(tmp_path: Path) -> None:
    t.ZoeDepthConfig().save_pretrained(tmp_path)
    square(SIZE).save_pretrained(tmp_path)
    with pytest.raises(UserError, match="transformers cannot load it as a vision model"):
        load_vision_model(tmp_path, CPU)


def test_a_network_that_reads_at_random_is_refused() -> None:
    network = t.ViTMAEModel(t.ViTMAEConfig(**MLP, mask_ratio=0.75)).eval()
    model = VisionModel("random", network, CPU, square(SIZE))
    with pytest.raises(UserError, match="reads the same image differently every time"):
        model.features(some_images(2), VisionFeatureSettings())
