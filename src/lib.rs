//! Array expressions as text, compiled into fused, cache-tiled, multi-threaded loops.

pub mod syntax;
