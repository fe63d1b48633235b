"""The ways from files to features that are compared, each a program that starts cold and reports what it did.

What runs in another environment (`with_*`) imports nothing but the standard library, `image_assets.vision.engine` and
what its way needs.
"""
