"""The tables of each chain in which every partition has rows once it is done, in the order in which they are made."""

FRUITS_TABLES = ("raw_images", "decoded_frames", "cnn_features", "reduced_features", "predictions")
SCENES_TABLES = ("source_tiles", "reconstructed_tiles", "tile_statistics", "scene_preview", "reconstructed_scene")
RECORDINGS_TABLES = (
    "recording_frames",
    "frame_projections",
    "pixel_series",
    "series_features",
    "time_covariance",
    "series_clusters",
)
