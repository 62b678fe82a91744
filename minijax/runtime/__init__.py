"""Running programs: clients, buffers, compilation and dispatch, on jaxlib."""
