"""Golden values of MobileFaceNet training and attack gradients, computed by PyTorch.

    python3 test/golden/mobilefacenet_step.py        # needs numpy and torch (1.13 was used); about 20 seconds
    npx biome format --write test/golden/mobilefacenet-step.json

Writes mobilefacenet-step.json beside this file. Nothing else is read: weights, images, labels and targets
come from a seeded generator (mulberry32) that mobilefacenet-init.ts repeats number for number.

What is computed, for each image size (batch 8, 1000 classes, embedding 128):
  training  five SGD steps (rate .05, momentum .9) of CosFace (scale 32, margin .35) with batch statistics;
            of the first step also the norm of every gradient and the gradient of the loss by the image
  attack    with running statistics at their start (mean 0, variance 1): the gradient by the image of
            sum over the batch of 1 - cos(embedding, target)

Every value is float64. The same is computed in float32 and the deviation is stored beside it, as a guide
to what a float32 engine can be asked for: mostly it is a few activations next to a PReLU's kink that fall on the
other side. Biases whose gradient is zero by mathematics (a batch norm follows) are stored as 0. Indices of sampled gradients are flat into [batch, S, S, 3].
"""

import json
import os

import numpy as np
import torch
import torch.nn.functional as F

BATCH, CLASSES, EMBEDDING = 8, 1000, 128
RATE, MOMENTUM, SCALE, MARGIN, EPSILON, SLOPE = 0.05, 0.9, 32.0, 0.35, 1e-5, 0.25
SIZES = (56, 41)  # 41 -> 21 -> 11 -> 6 -> 3: strides meet odd and even inputs, and the last kernel is 3x3
STEPS, SAMPLES = 5, 64

# Table 1 of the paper: expansion, channels, repeats, stride.
BOTTLENECKS = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))


def layers(size):
    """The network as a flat list of convolutions, each followed by batch norm and perhaps a PReLU."""
    out, channels = [], 64

    def conv(name, cin, cout, kernel, stride, padding, active, **residual):
        out.append(dict(name=name, depthwise=False, cin=cin, cout=cout, kernel=kernel, stride=stride,
                        padding=padding, active=active, **residual))

    def depthwise(name, ch, kernel, stride, padding, active):
        out.append(dict(name=name, depthwise=True, cin=ch, cout=ch, kernel=kernel, stride=stride,
                        padding=padding, active=active))

    conv("stem", 3, channels, 3, 2, 1, True)
    depthwise("stemDepthwise", channels, 3, 1, 1, True)
    block = 0
    for expansion, cout, repeats, first_stride in BOTTLENECKS:
        for i in range(repeats):
            stride = 1 if i else first_stride
            residual = stride == 1 and channels == cout
            wide = channels * expansion
            conv(f"blocks.{block}.expand", channels, wide, 1, 1, 0, True, **({"push": True} if residual else {}))
            depthwise(f"blocks.{block}.depthwise", wide, 3, stride, 1, True)
            conv(f"blocks.{block}.project", wide, cout, 1, 1, 0, False, **({"add": True} if residual else {}))
            channels = cout
            block += 1
    conv("head", channels, 512, 1, 1, 0, True)
    depthwise("global", 512, -(-size // 16), 1, 0, False)
    conv("embedding", 512, EMBEDDING, 1, 1, 0, False)
    return out


class Mulberry32:
    """The small generator of the JavaScript side; its state is a counter, so draws can be made in bulk."""

    def __init__(self, seed):
        self.seed, self.drawn = seed, 0

    def draw(self, count):
        k = np.arange(self.drawn + 1, self.drawn + count + 1, dtype=np.uint64)
        self.drawn += count
        t = ((np.uint64(self.seed) + k * np.uint64(0x6D2B79F5)) & np.uint64(0xFFFFFFFF)).astype(np.uint32)
        t = (t ^ (t >> np.uint32(15))) * (t | np.uint32(1))
        t = t ^ (t + (t ^ (t >> np.uint32(7))) * (t | np.uint32(61)))
        return (t ^ (t >> np.uint32(14))).astype(np.float64) / 4294967296.0

    def uniform(self, shape, bound):
        """Float32 numbers in [-bound, bound): the rounding to float32 is part of the definition."""
        values = (self.draw(int(np.prod(shape))) * 2 - 1) * bound
        return values.astype(np.float32).reshape(shape)


def initial(size):
    """Weights (OIHW), classifier, images (NHWC), labels and targets, in the order in which they are drawn."""
    random, network = Mulberry32(7), layers(size)
    weights = []
    for layer in network:
        cin, k = 1 if layer["depthwise"] else layer["cin"], layer["kernel"]
        fan = cin * k * k
        bound = np.sqrt(3 / fan) * (1.3 if layer["active"] else 1)
        weights.append(random.uniform((layer["cout"], cin, k, k), bound))
    classifier = random.uniform((CLASSES, EMBEDDING), 1)
    images = random.uniform((BATCH, size, size, 3), 1)
    labels = np.floor(random.draw(BATCH) * CLASSES).astype(np.int64)
    targets = random.uniform((BATCH, EMBEDDING), 1)
    return network, weights, classifier, images, labels, targets


def embed(network, tensors, images, training):
    """[batch, S, S, 3] to [batch, embedding]. Running statistics stay at their start."""
    h = images.permute(0, 3, 1, 2)
    for layer, p in zip(network, tensors):
        if layer.get("push"):
            kept = h
        groups = layer["cout"] if layer["depthwise"] else 1
        h = F.conv2d(h, p["weight"], stride=layer["stride"], padding=layer["padding"], groups=groups)
        zero, one = torch.zeros_like(p["beta"]), torch.ones_like(p["gamma"])
        h = F.batch_norm(h, zero, one, p["gamma"], p["beta"], training, 0.1, EPSILON)
        if layer["active"]:
            h = F.prelu(h, p["slope"])
        if layer.get("add"):
            h = h + kept
    return h.flatten(1)


def measure(size, dtype):
    """All values of one size, as flat lists of Python floats."""
    network, weights, classifier, images, labels, targets = initial(size)
    tensors = []
    for layer, w in zip(network, weights):
        c = layer["cout"]
        p = dict(weight=torch.tensor(w, dtype=dtype), gamma=torch.ones(c, dtype=dtype),
                 beta=torch.zeros(c, dtype=dtype))
        if layer["active"]:
            p["slope"] = torch.full((c,), SLOPE, dtype=dtype)
        tensors.append(p)
    cls, x = torch.tensor(classifier, dtype=dtype), torch.tensor(images, dtype=dtype)
    y, target = torch.tensor(labels), torch.tensor(targets, dtype=dtype)

    # Attack first: it needs the untrained network.
    adversary = x.clone().requires_grad_(True)
    features = embed(network, tensors, adversary, False)
    attack_loss = (1 - (F.normalize(features) * F.normalize(target)).sum(1)).sum()
    (attack_gradient,) = torch.autograd.grad(attack_loss, adversary)
    attack_features = features.detach()

    named = [(f"{layer['name']}.{key}", t) for layer, p in zip(network, tensors) for key, t in p.items()]
    named.append(("classifier", cls))
    for _, t in named:
        t.requires_grad_(True)
    optimiser = torch.optim.SGD([t for _, t in named], RATE, MOMENTUM)
    losses, norms, image_gradient, train_features = [], {}, None, None
    for step in range(STEPS):
        optimiser.zero_grad()
        batch = x.clone().requires_grad_(True)
        features = embed(network, tensors, batch, True)
        logits = F.normalize(features) @ F.normalize(cls).T
        logits = (logits - MARGIN * F.one_hot(y, CLASSES).to(dtype)) * SCALE
        loss = F.cross_entropy(logits, y)
        loss.backward()
        if step == 0:
            norms = {name: float(t.grad.norm()) for name, t in named}
            image_gradient, train_features = batch.grad.clone(), features.detach()
        optimiser.step()
        losses.append(float(loss))
    return dict(losses=losses, norms=norms, image_gradient=image_gradient, train_features=train_features,
                attack_loss=float(attack_loss), attack_gradient=attack_gradient, attack_features=attack_features)


def sampled(exact, single, indices):
    """Norm, sum and samples of a tensor; deviation is ‖float32 − float64‖ / ‖float64‖."""
    flat = exact.flatten()
    out = dict(norm=number(flat.norm()), sum=number(flat.sum()), largest=number(flat.abs().max()),
               values=[number(flat[i]) for i in indices])
    out["deviation"] = number((single.double().flatten() - flat).norm() / flat.norm(), 3)
    return out


def number(value, digits=11):
    return float(f"{float(value):.{digits}g}")


def record(size):
    exact, single = measure(size, torch.float64), measure(size, torch.float32)
    count = BATCH * size * size * 3
    # Samples spread over all images, rows and channels, corners included; the step is coprime to the sizes.
    pixels = sorted({(i * (count // SAMPLES | 1)) % count for i in range(SAMPLES - 2)} | {0, count - 1})
    entries = list(range(0, BATCH * EMBEDDING, 61))
    # Nothing but rounding is left of a bias in front of a batch norm: such a norm would not repeat.
    exact["norms"] = {k: v if v > 1e-12 else 0.0 for k, v in exact["norms"].items()}
    relative = [abs(single["norms"][k] / v - 1) for k, v in exact["norms"].items() if v]
    return dict(
        size=size,
        imageIndices=pixels,
        featureIndices=entries,
        training=dict(
            losses=[number(v) for v in exact["losses"]],
            lossDeviations=[number(abs(a - b), 3) for a, b in zip(exact["losses"], single["losses"])],
            features=sampled(exact["train_features"], single["train_features"], entries),
            gradientNorms={k: number(v, 9) for k, v in exact["norms"].items()},
            gradientNormDeviation=dict(median=number(np.median(relative), 3), largest=number(max(relative), 3)),
            imageGradient=sampled(exact["image_gradient"], single["image_gradient"], pixels),
        ),
        attack=dict(
            loss=number(exact["attack_loss"]),
            features=sampled(exact["attack_features"], single["attack_features"], entries),
            imageGradient=sampled(exact["attack_gradient"], single["attack_gradient"], pixels),
        ),
    )


def main():
    torch.set_num_threads(1)
    settings = dict(batch=BATCH, classes=CLASSES, embedding=EMBEDDING, rate=RATE, momentum=MOMENTUM, scale=SCALE,
                    margin=MARGIN, epsilon=EPSILON, slope=SLOPE, seed=7)
    result = dict(script="mobilefacenet_step.py", torch=torch.__version__, settings=settings,
                  cases=[record(size) for size in SIZES])
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mobilefacenet-step.json")
    with open(path, "w") as file:
        json.dump(result, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
