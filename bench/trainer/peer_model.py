"""The Pre-Norm decoder as a good user of PyTorch writes it. The mathematics is ofsweep's (trainer/decoder.cc)."""

import torch
from torch import nn
from torch.nn import functional as F

NORMS = {"layer_norm": nn.LayerNorm, "rms_norm": nn.RMSNorm}
ACTIVATIONS = {"relu": F.relu, "gelu": F.gelu}


class Attention(nn.Module):
    """Query, key and value come from one linear layer, except where an optimiser has to see three weights."""

    def __init__(self, width, heads, bias, separate):
        super().__init__()
        self.heads = heads
        if separate:
            self.q, self.k, self.v = (nn.Linear(width, width, bias=bias) for _ in range(3))
        else:
            self.qkv = nn.Linear(width, 3 * width, bias=bias)
        self.out = nn.Linear(width, width, bias=bias)

    def forward(self, x):
        rows, tokens, width = x.shape
        parts = self.qkv(x).split(width, dim=2) if hasattr(self, "qkv") else (self.q(x), self.k(x), self.v(x))
        q, k, v = (part.view(rows, tokens, self.heads, width // self.heads).transpose(1, 2) for part in parts)
        context = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(context.transpose(1, 2).reshape(rows, tokens, width))


class Mlp(nn.Module):
    def __init__(self, width, ffn_width, bias, activation):
        super().__init__()
        self.up = nn.Linear(width, ffn_width, bias=bias)
        self.down = nn.Linear(ffn_width, width, bias=bias)
        self.activation = ACTIVATIONS[activation]

    def forward(self, x):
        return self.down(self.activation(self.up(x)))


class Block(nn.Module):
    def __init__(self, shape, separate):
        super().__init__()
        width, bias, epsilon = shape["width"], shape["bias"] == "all", shape["norm_epsilon"]
        norm = NORMS[shape["norm"]]
        self.attn_norm = norm(width, eps=epsilon)
        self.attn = Attention(width, shape["heads"], bias, separate)
        self.mlp_norm = norm(width, eps=epsilon)
        self.mlp = Mlp(width, shape["ffn_width"], bias, shape["activation"])

    def forward(self, h):
        h = h + self.attn(self.attn_norm(h))
        return h + self.mlp(self.mlp_norm(h))


class Decoder(nn.Module):
    """`shape` holds trial.json's model keys. Parameters have ofsweep's names, but for the joined attn.qkv."""

    def __init__(self, shape, separate):
        super().__init__()
        width = shape["width"]
        self.embed = nn.ModuleDict({
            "token": nn.Embedding(shape["vocabulary"], width),
            "position": nn.Embedding(shape["context"], width),
        })
        self.blocks = nn.ModuleList(Block(shape, separate) for _ in range(shape["layers"]))
        self.final_norm = NORMS[shape["norm"]](width, eps=shape["norm_epsilon"])

    def forward(self, inputs, targets):
        positions = torch.arange(inputs.shape[1], device=inputs.device)
        h = self.embed["token"](inputs) + self.embed["position"](positions)
        for block in self.blocks:
            h = block(h)
        logits = F.linear(self.final_norm(h), self.embed["token"].weight)
        return F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten())

    def load(self, weights):
        """Takes weights of ofsweep's names."""
        joined = dict(weights)
        if hasattr(self.blocks[0].attn, "qkv"):
            for layer in range(len(self.blocks)):
                for kind in {name.rsplit(".", 1)[1] for name in weights if ".attn.q." in name}:
                    prefix = f"blocks.{layer}.attn."
                    parts = [joined.pop(f"{prefix}{part}.{kind}") for part in "qkv"]
                    joined[f"{prefix}qkv.{kind}"] = torch.cat(parts)
        self.load_state_dict(joined)


def draw_weights(model):
    """normal(0, 0.02) matrices and biases 0; gains are 1 from the start."""
    weights = model.state_dict()
    generator = torch.Generator(weights["embed.token.weight"].device).manual_seed(0)
    for name, parameter in weights.items():
        if parameter.dim() >= 2:
            parameter.normal_(0, 0.02, generator=generator)
        elif name.endswith(".bias"):
            parameter.zero_()


def separate_weights(shape):
    """Initial weights under ofsweep's names."""
    model = Decoder(shape, separate=True)
    draw_weights(model)
    return model.state_dict()
