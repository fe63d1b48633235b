"""From the bytes of a picture to frames and features: decoding, labels, backbones and the inference engine."""
