"""Makes the lines of data-pickles.json: small InsightFace .bin files by real Python and NumPy.

    python2.7 data-pickles.py >> lines; python3 data-pickles.py >> lines   (with and without NumPy, any versions)

Prints JSON lines of {"by", "what", "base64"}. Every pickle holds the same four images and two flags.
"""
import base64
import json
import pickle
import sys

IMAGES = [b"\xff\xd8\xff\xe0 \x00\n\r\t'\"\\ \x80\x9f\xa0", b"", bytes(bytearray(range(256))), b"\x89PNG plain"]
FLAGS = [True, False]
PY2 = sys.version_info[0] == 2


def emit(by, what, value, protocol, dumps):
    data = dumps(value, protocol)
    line = {"by": by, "what": "%s, protocol %d" % (what, protocol), "base64": base64.b64encode(data).decode("ascii")}
    print(json.dumps(line, sort_keys=True))


def main():
    python = "Python %d.%d" % sys.version_info[:2]
    protocols = range(3) if PY2 else range(pickle.HIGHEST_PROTOCOL + 1)
    for protocol in protocols:
        emit(python, "bytes", (IMAGES, FLAGS), protocol, pickle.dumps)
        if PY2:
            import cPickle

            emit(python, "bytes by cPickle", (IMAGES, FLAGS), protocol, cPickle.dumps)
    try:
        import numpy
    except ImportError:
        return
    by = "%s, NumPy %s" % (python, numpy.__version__)
    arrays = [numpy.frombuffer(image, dtype=numpy.uint8) for image in IMAGES]
    objects = numpy.empty(len(IMAGES), dtype=object)
    objects[:] = IMAGES
    for protocol in protocols:
        emit(by, "arrays", (arrays, [numpy.bool_(flag) for flag in FLAGS]), protocol, pickle.dumps)
        emit(by, "an array of objects", [objects, numpy.array(FLAGS)], protocol, pickle.dumps)
        emit(by, "whole numbers", (arrays, numpy.array([1, 0])), protocol, pickle.dumps)


main()
