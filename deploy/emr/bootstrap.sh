#!/usr/bin/env bash
# Bootstrap action: installs the project for the driver on every node. $1 is s3://bucket/deploy.
set -euo pipefail
sudo dnf install -y python3.11 python3.11-pip
sudo python3.11 -m venv /opt/image_assets
aws s3 cp "$1/" /tmp/deploy/ --recursive --exclude "environment.tar.gz"
sudo /opt/image_assets/bin/pip install --quiet uv
sudo /opt/image_assets/bin/uv pip install --quiet --python /opt/image_assets -r /tmp/deploy/requirements.lock
sudo /opt/image_assets/bin/uv pip install --quiet --python /opt/image_assets --no-deps /tmp/deploy/*.whl
