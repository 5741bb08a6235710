"""Batch norms folded into the convolutions before them, and unfolded again, the function kept.

Which norm belongs to which convolution is seen in a run of the network, so that any backbone will do.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.modules.batchnorm import BatchNorm2d

Pairs = list[tuple[str, str]]  # names of a convolution and of the norm that takes its output


def pairs_of(trunk: nn.Module, size: int) -> Pairs:
    """The batch norms that take a convolution's output as it is, with the convolution."""
    made: dict[
        int, tuple[str, torch.Tensor]
    ] = {}  # by id; the tensors are held, so ids stay theirs
    found: Pairs = []

    def after(name: str) -> object:
        return lambda _module, _given, output: made.__setitem__(id(output), (name, output))

    def before(name: str) -> object:
        def note(_module: nn.Module, given: tuple[torch.Tensor, ...]) -> None:
            if id(given[0]) in made:
                found.append((made[id(given[0])][0], name))

        return note

    hooks = []
    for name, module in trunk.named_modules():
        if isinstance(module, nn.Conv2d) and _is_plain(module):
            hooks.append(module.register_forward_hook(after(name)))
        elif isinstance(module, BatchNorm2d):
            hooks.append(module.register_forward_pre_hook(before(name)))
    trunk.eval()
    try:
        with torch.no_grad():
            trunk(torch.zeros(1, 3, size, size))
    finally:
        for hook in hooks:
            hook.remove()
    return found


def _is_plain(conv: nn.Conv2d) -> bool:
    """Whether it uses its weights as they are: some kinds standardise them first."""
    return type(conv) is nn.Conv2d or type(conv).__name__ == "Conv2dSame"


def fold(trunk: nn.Module, size: int) -> None:
    """Fold batch norms into the convolutions before them, in place; what a norm does besides stays."""
    for conv_name, norm_name in pairs_of(trunk, size):
        conv, norm = trunk.get_submodule(conv_name), trunk.get_submodule(norm_name)
        _put(trunk, conv_name, torch.nn.utils.fuse_conv_bn_eval(conv, norm))
        _put(trunk, norm_name, getattr(norm, "act", None) or nn.Identity())


def _put(root: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, own = name.rpartition(".")
    setattr(root.get_submodule(parent), own, module)


def unfolded(
    state: dict[str, torch.Tensor], trunk: nn.Module, size: int
) -> dict[str, torch.Tensor]:
    """The state of a trunk from that of its folded form: each norm adds the convolution's bias alone."""
    state = dict(state)
    for conv_name, norm_name in pairs_of(trunk, size):
        conv, norm = trunk.get_submodule(conv_name), trunk.get_submodule(norm_name)
        bias = state[f"{conv_name}.bias"]
        if conv.bias is None:
            del state[f"{conv_name}.bias"]
        else:
            state[f"{conv_name}.bias"] = torch.zeros_like(bias)
        state[f"{norm_name}.weight"], state[f"{norm_name}.bias"] = torch.ones_like(bias), bias
        state[f"{norm_name}.running_mean"] = torch.zeros_like(bias)
        state[f"{norm_name}.running_var"] = torch.full_like(bias, 1 - norm.eps)
        state[f"{norm_name}.num_batches_tracked"] = torch.tensor(0)
    return state


@torch.no_grad()
def recalibrate(trunk: nn.Module, photos: torch.Tensor) -> None:
    """Give unfolded norms the means and spreads of some photos, in place; the function stays.

    Without it a norm's first batches in training would change what every layer after it sees.
    """
    seen: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}

    def before(name: str) -> object:
        def note(_module: nn.Module, given: tuple[torch.Tensor, ...]) -> None:
            x = given[0]
            seen[name] = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)

        return note

    names = {norm for _, norm in pairs_of(trunk, photos.shape[-1])}
    hooks = [trunk.get_submodule(n).register_forward_pre_hook(before(n)) for n in sorted(names)]
    trunk.eval()
    try:
        trunk(photos)
    finally:
        for hook in hooks:
            hook.remove()
    for name, (mean, spread) in seen.items():
        norm = trunk.get_submodule(name)
        # It multiplied by `weight / sqrt(running_var + eps)` and shifted; it does the same after this.
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        norm.bias.add_((mean - norm.running_mean) * scale)
        norm.weight.copy_(scale * (spread + norm.eps).sqrt())
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(spread)
