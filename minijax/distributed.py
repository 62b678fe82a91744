"""Programs of several processes, which minijax does not run: there is one process."""

__all__ = ["initialize", "is_initialized", "shutdown"]

_initialized = False


def initialize(
    coordinator_address: str | None = None,
    num_processes: int | None = None,
    process_id: int | None = None,
    local_device_ids=None,
    cluster_detection_method: str | None = None,
    initialization_timeout: int = 300,
    heartbeat_timeout_seconds: int = 100,
    shutdown_timeout_seconds: int = 300,
    coordinator_bind_address: str | None = None,
    slice_index: int | None = None,
    partition_index: int | None = None,
) -> None:
    """Connect the processes of a program: with `num_processes=1` there is none to find.

    Raises:
      NotImplementedError: for more processes, or if their number is not given.

    >>> initialize(num_processes=1, process_id=0)
    >>> is_initialized()
    True
    >>> shutdown()
    """
    global _initialized
    if num_processes != 1:
        raise NotImplementedError(
            f"distributed.initialize: runs with num_processes=1, got {num_processes}: "
            "minijax has no communication between processes. Leave the call out, or "
            "pass num_processes=1."
        )
    if process_id not in (None, 0):
        raise ValueError(
            f"distributed.initialize: process_id must be 0 of one process, got "
            f"{process_id}."
        )
    if _initialized:
        raise RuntimeError(
            "distributed.initialize: should only be called once. Call shutdown first."
        )
    _initialized = True


def is_initialized() -> bool:
    """Whether `initialize` has been called."""
    return _initialized


def shutdown() -> None:
    """Take `initialize` back."""
    global _initialized
    _initialized = False
