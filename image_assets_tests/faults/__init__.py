"""What must hold when machines, processes, networks, disks and pictures are bad: `make test-faults`."""
