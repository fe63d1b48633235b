"""Convolutional networks with ImageNet weights: which there are, where their weights come from, their exported graph.

- `registry`: the backbones by name;
- `weights`: finds a weights file and computes its digest;
- `model`: the Keras model of a backbone and a feature form;
- `export`: that model as the bytes of an ONNX graph.
"""
