"""The `single` network of preset `small`, trained and attacked by PyTorch: a second opinion on docs/results.md.

    python3 scripts/small-study.py --train celeba_112.tar --train glint_112.tar --exclude 7398,7261,... \\
        --test lfw_112.tar --pairs pairs.txt [--initial-weights pytorch] [--seed 0]

Needs torch (1.13 was used), numpy and Pillow; about five minutes on a CPU. It shares no code and no weights with facet: its
own reader, resizing (bilinear), network, sampling and attack. What it prints can be held against a run of

    facet reproduce --preset small --defences single --initial-weights ... --attack-step 0.5
"""

import argparse
import io
import math
import tarfile

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

SIZE, EMBEDDING, BATCH, EPOCHS, RATE, WARMUP = 56, 128, 64, 8, 0.1, 100
# Expansion, channels, repeats, stride: table 1 of arXiv:1804.07573 at width 0.5.
BOTTLENECKS = ((2, 32, 5, 2), (4, 64, 1, 2), (2, 64, 6, 1), (4, 64, 1, 2), (2, 64, 2, 1))
FAR, STEPS, PAIRS = 0.01, 200, 200


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", action="append", required=True, help="tar of identity/image.jpg; may be repeated")
    parser.add_argument("--exclude", default="", help="identities to leave out, with commas between")
    parser.add_argument("--test", required=True, help="tar of LFW")
    parser.add_argument("--pairs", required=True, help="LFW's pairs.txt")
    parser.add_argument("--initial-weights", choices=("he", "pytorch"), default="pytorch")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--step", type=float, action="append", help="of I-FGSM in 1/255; may be repeated")
    return parser.parse_args()


def faces(path, wanted):
    """(identity/image.jpg, RGB bytes [SIZE, SIZE, 3]) of every image whose name `wanted` accepts."""
    with tarfile.open(path) as tar:
        for member in tar:
            name = "/".join(member.name.split("/")[-2:])
            if member.isfile() and wanted(name):
                image = Image.open(io.BytesIO(tar.extractfile(member).read())).convert("RGB")
                yield name, np.asarray(image.resize((SIZE, SIZE), Image.BILINEAR))


def convolution(cin, cout, kernel, stride, padding, groups=1, active=True):
    layers = [nn.Conv2d(cin, cout, kernel, stride, padding, groups=groups, bias=False), nn.BatchNorm2d(cout)]
    return nn.Sequential(*layers, *([nn.PReLU(cout)] if active else []))


class Bottleneck(nn.Module):
    def __init__(self, cin, cout, stride, expansion):
        super().__init__()
        wide = cin * expansion
        self.residual = stride == 1 and cin == cout
        self.layers = nn.Sequential(
            convolution(cin, wide, 1, 1, 0),
            convolution(wide, wide, 3, stride, 1, wide),
            convolution(wide, cout, 1, 1, 0, active=False),
        )

    def forward(self, x):
        return x + self.layers(x) if self.residual else self.layers(x)


def mobile_face_net():
    channels = 32
    layers = [convolution(3, channels, 3, 2, 1), convolution(channels, channels, 3, 1, 1, channels)]
    for expansion, cout, repeats, first in BOTTLENECKS:
        for i in range(repeats):
            layers.append(Bottleneck(channels, cout, 1 if i else first, expansion))
            channels = cout
    layers += [
        convolution(channels, 256, 1, 1, 0),
        convolution(256, 256, 4, 1, 0, 256, active=False),
        convolution(256, EMBEDDING, 1, 1, 0, active=False),
        nn.Flatten(),
    ]
    return nn.Sequential(*layers)


def he(network):
    """He's normal weights, with the gain of the PReLU that follows, if one does."""
    for block in network.modules():
        if isinstance(block, nn.Sequential) and len(block) > 1 and isinstance(block[0], nn.Conv2d):
            slope = 0.25 if len(block) == 3 else 1.0
            nn.init.kaiming_normal_(block[0].weight, a=slope, nonlinearity="leaky_relu")


def train(network, weights, images, labels):
    """Softmax over W·f; prints the training accuracy of every epoch."""
    parameters = [*network.parameters(), weights]
    optimiser = torch.optim.SGD(parameters, RATE, momentum=0.9, weight_decay=5e-4)
    per_epoch = len(labels) // BATCH
    total = EPOCHS * per_epoch
    for epoch in range(EPOCHS):
        order, correct = torch.randperm(len(labels)), 0
        for b in range(per_epoch):
            step = epoch * per_epoch + b
            rows = order[b * BATCH : (b + 1) * BATCH]
            x = (images[rows].float() - 127.5) / 128
            flipped = torch.rand(BATCH) < 0.5
            x[flipped] = x[flipped].flip(3)
            cosine = (1 + math.cos(math.pi * (step - WARMUP) / (total - WARMUP))) / 2
            optimiser.param_groups[0]["lr"] = RATE * (step / WARMUP if step < WARMUP else cosine)
            scores = network(x) @ weights.t()
            loss = F.cross_entropy(scores, labels[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            correct += (scores.argmax(1) == labels[rows]).sum().item()
        print(f"epoch {epoch + 1}: training accuracy {100 * correct / (per_epoch * BATCH):.1f} %", flush=True)


def lfw_pairs(path):
    """Names of every image that is compared, and the pairs of different people."""
    name = lambda who, number: f"{who}/{who}_{int(number):04d}.jpg"
    used, different = set(), []
    with open(path) as file:
        for line in list(file)[1:]:
            f = line.split()
            pair = (name(f[0], f[1]), name(f[0], f[2])) if len(f) == 3 else (name(f[0], f[1]), name(f[2], f[3]))
            used.update(pair)
            if len(f) == 4:
                different.append(pair)
    return used, different


def threshold(embeddings, names):
    """Cosine that FAR of the pairs of different people among 2,001 images are over, and how many pairs these are."""
    rows = np.random.permutation(len(names))[:2001]
    people = np.unique([names[i].split("/")[0] for i in rows], return_inverse=True)[1]
    upper = np.triu_indices(len(rows), 1)
    cosines = (embeddings[rows] @ embeddings[rows].t()).numpy()[upper]
    impostors = np.sort(cosines[people[upper[0]] != people[upper[1]]])[::-1]
    return float(impostors[int(len(impostors) * FAR)]), len(impostors)


def attack(embed, sources, targets, limit, step):
    """I-FGSM on 1 - cos until it is over the limit: L-infinity and RMS of every pair that came so far, in 1/255."""
    x, found = sources.clone(), {}
    for _ in range(STEPS):
        x.requires_grad_(True)
        similarity = (embed(x) * targets).sum(1)
        (gradient,) = torch.autograd.grad(-similarity.sum(), x)
        x = x.detach()
        for i in (similarity > limit).nonzero().flatten().tolist():
            change = 255 * (x[i] - sources[i])
            found.setdefault(i, (change.abs().max().item(), change.square().mean().sqrt().item()))
        if len(found) == len(sources):
            break
        x = (x - step / 255 * gradient.sign()).clamp(0, 1)
    return list(found.values())


def main():
    options = arguments()
    torch.manual_seed(options.seed)
    np.random.seed(options.seed)
    excluded = set(options.exclude.split(","))
    known = [face for path in options.train for face in faces(path, lambda n: n.split("/")[0] not in excluded)]
    people = {}
    labels = torch.tensor([people.setdefault(name.split("/")[0], len(people)) for name, _ in known])
    images = torch.tensor(np.stack([pixels for _, pixels in known])).permute(0, 3, 1, 2)
    print(f"{len(labels)} images of {len(people)} people", flush=True)

    network = mobile_face_net()
    if options.initial_weights == "he":
        he(network)
    weights = nn.Parameter(torch.empty(len(people), EMBEDDING).uniform_(-1, 1) / math.sqrt(EMBEDDING))
    train(network, weights, images, labels)

    network.eval().requires_grad_(False)
    embed = lambda x: F.normalize(network((255 * x - 127.5) / 128))
    used, different = lfw_pairs(options.pairs)
    test = list(faces(options.test, used.__contains__))
    names = [name for name, _ in test]
    pixels = torch.tensor(np.stack([image for _, image in test])).permute(0, 3, 1, 2).float() / 255
    embeddings = torch.cat([embed(part) for part in pixels.split(256)])
    limit, count = threshold(embeddings, names)
    print(f"threshold {limit:.3f} at a false accept rate of {FAR} over {count} pairs", flush=True)

    place = {name: i for i, name in enumerate(names)}
    pairs = [different[i * len(different) // PAIRS] for i in range(PAIRS)]
    pairs = [(place[a], place[b]) for a, b in pairs]
    pairs = [(a, b) for a, b in pairs if embeddings[a] @ embeddings[b] <= limit]
    for step in options.step or (0.5,):
        found = []
        for first in range(0, len(pairs), 50):
            rows = torch.tensor(pairs[first : first + 50])
            found += attack(embed, pixels[rows[:, 0]], embeddings[rows[:, 1]], limit, step)
        largest, rms = np.median(found, axis=0)
        print(f"I-FGSM, steps of {step}/255: {len(found)} of {len(pairs)} pairs, medians L-inf {largest:.2f}, RMS {rms:.2f}")


if __name__ == "__main__":
    main()
