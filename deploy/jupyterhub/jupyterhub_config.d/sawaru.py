"""What this book asks of a JupyterHub besides its limits; The Littlest JupyterHub reads every file of this folder."""

c = get_config()  # noqa: F821  JupyterHub provides it

# One student, one core: forty kernels that each start a thread for every core of the machine slow each other down.
c.Spawner.environment = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # What a cell has freed goes back to the machine: an eighth less for a chapter that has run and waits.
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "131072",
    "MALLOC_TRIM_THRESHOLD_": "131072",
}

# A chapter that is left open gives its memory back long before the whole server is stopped.
c.Spawner.args = [
    "--MappingKernelManager.cull_idle_timeout=1200",
    "--MappingKernelManager.cull_interval=60",
    "--MappingKernelManager.cull_connected=True",
    "--ServerApp.shutdown_no_activity_timeout=0",
]

# When a class begins, everybody presses the link at once.
c.JupyterHub.concurrent_spawn_limit = 10
c.Spawner.start_timeout = 120
c.Spawner.http_timeout = 120
