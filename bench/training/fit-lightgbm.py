"""Fits LightGBM with its defaults on a table of doubles, so often, and prints the seconds. Arguments: the table, objective, threads, repeats."""

import json
import sys
import time

import lightgbm
import numpy

path, objective, threads, repeats = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
with open(path + ".json") as file:
    head = json.load(file)
columns = numpy.fromfile(path, dtype=numpy.float64).reshape(len(head["categorical"]) + 1, head["rows"])
features, target = numpy.ascontiguousarray(columns[:-1].T), columns[-1]
categorical = [index for index, each in enumerate(head["categorical"]) if each]
seconds = []
for _ in range(repeats):
    started = time.perf_counter()
    data = lightgbm.Dataset(features, target, categorical_feature=categorical, params={"verbose": -1})
    lightgbm.train({"objective": objective, "verbose": -1, "num_threads": threads}, data, 100)
    seconds.append(time.perf_counter() - started)
print(json.dumps(seconds))
